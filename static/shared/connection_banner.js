import { h, render, setText } from './dom.js';
import { icon } from './icons.js';

/** The banner waits this long, since it makes the page jump. */
const PATIENCE_MS = 1500;

/**
 * The texts about the link, in the page's language.
 *
 * @typedef {object} ConnectionWords
 * @property {(state: string) => string} state a word for one of the link's states
 * @property {() => string} never the text before the first frame
 * @property {(old: number, heardAt: number) => string} silent the server does not answer at the moment; `old` in ms, `heardAt`
 *   in server ms
 * @property {(old: number, heardAt: number, waiting: number) => string} lost `waiting`: how many commands
 */

/**
 * Shows whether the page is up to date, and its age if it is not. `<html data-connection>` carries the state for styles and
 * tests.
 */
export class ConnectionBanner {
  #bell; #banner; #word; #words; #startedAt;
  /** When the server became unreachable, in this page's wall-clock ms; null while it can be reached. @type {number | null} */
  lostAt = null;
  /** When the stored content was current, until this page hears from the server. @type {number | null} */ #keptAt;

  /**
   * @param {any} bell an `Orderbell`
   * @param {{banner: Element, word: Element, words: ConnectionWords, keptAt?: number | null}} parts
   *   `keptAt`: when the stored content of an earlier page was current, server ms
   */
  constructor(bell, { banner, word, words, keptAt = null }) {
    this.#bell = bell;
    this.#banner = banner;
    this.#word = word;
    this.#words = words;
    this.#keptAt = keptAt;
    this.#startedAt = bell.now();
    bell.on('state', () => this.draw());
    bell.on('pending', () => this.draw());
    this.draw();
  }

  /** Redraws the banner. Call it about every second, since the age grows. */
  draw() {
    const { state } = this.#bell;
    if (state === 'live' || state === 'catching-up') this.lostAt = null;
    else if (state === 'offline') this.lostAt ??= Date.now();
    document.documentElement.dataset.connection = state;
    setText(this.#word, this.#words.state(state));
    // What an earlier page has heard says nothing about how long this one waits.
    const quietSince = Math.max(this.#bell.heardAt ?? 0, this.#startedAt);
    const onItsWay = state === 'connecting' || state === 'catching-up';
    const shown = state === 'offline' || state === 'checking' || (onItsWay && this.#bell.now() - quietSince > PATIENCE_MS);
    this.#banner.toggleAttribute('hidden', !shown);
    if (shown) render(this.#banner, icon('offline'), h('span', {}, this.#sentence()));
  }

  #sentence() {
    const trueAt = this.#bell.heardAt ?? this.#keptAt;
    if (trueAt === null) return this.#words.never();
    const old = this.#bell.now() - trueAt;
    if (this.#bell.state === 'checking') return this.#words.silent(old, trueAt);
    return this.#words.lost(old, trueAt, this.#bell.pending.length);
  }
}
