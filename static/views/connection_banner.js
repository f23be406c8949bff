import { h, render } from './dom.js';
import { ageInWords, clock } from './format.js';
import { icon } from './icons.js';

/** A short break is not worth a banner that makes everything jump. */
const PATIENCE_MS = 1500;

/** @type {Record<string, string>} */
const WORDS = {
  connecting: 'Connecting', live: 'Live', 'catching-up': 'Catching up', offline: 'Offline', stopped: 'Stopped',
};

/**
 * Says whether what is on the page is true now, and if not, how old it is.
 * `<html data-connection>` carries the state for styles and tests.
 */
export class ConnectionBanner {
  #bell; #banner; #word; #promise;
  #startedAt;

  /**
   * @param {any} bell an `Orderbell`
   * @param {{banner: Element, word: Element, promise: string}} parts `promise`: what happens to touches meanwhile
   */
  constructor(bell, { banner, word, promise }) {
    this.#bell = bell;
    this.#banner = banner;
    this.#word = word;
    this.#promise = promise;
    this.#startedAt = bell.now();
    bell.on('state', () => this.draw());
    bell.on('pending', () => this.draw());
    this.draw();
  }

  /** Also to be called every second or so: the age grows. */
  draw() {
    const { state } = this.#bell;
    document.documentElement.dataset.connection = state;
    this.#word.textContent = WORDS[state] ?? state;
    const heardAt = this.#bell.heardAt ?? this.#startedAt;
    const old = this.#bell.now() - heardAt;
    const onItsWay = state === 'connecting' || state === 'catching-up';
    const shown = state === 'offline' || (onItsWay && old > PATIENCE_MS);
    this.#banner.toggleAttribute('hidden', !shown);
    if (shown) render(this.#banner, icon('offline'), h('span', {}, this.#sentence(old, heardAt)));
  }

  /** @param {number} old ms @param {number} heardAt server ms */
  #sentence(old, heardAt) {
    if (this.#bell.heardAt === null) return 'No connection to the server yet. Trying again all the time.';
    const waiting = this.#bell.pending.length;
    const kept = waiting > 0 ? ` ${waiting} waiting to be sent.` : '';
    return `No connection. What you see is ${ageInWords(old)} old (${clock(heardAt)}). ${this.#promise}${kept}`;
  }
}
