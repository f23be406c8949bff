import { WORDS, clock, errorWords } from '../languages/language.js';
import { backClosesSheets } from '../shared/back.js';
import { h, onAction, render } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';
import { UNSEEN_MS } from './order_view.js';

/** How long before the same call can be made again. */
const AGAIN_AFTER_MS = 60_000;
/** How often the page asks for the state of its calls. */
const EVERY_MS = 4_000;
/** How long the phone remembers a call. */
const FORGOTTEN_MS = 60 * 60_000;

/** @type {Record<string, 'hand' | 'list' | 'water'>} */
const ICONS = { help: 'hand', bill: 'list', water: 'water' };

/**
 * A call of this phone. `at`: server ms. `state`: `seen` once the call was visible on a floor page, `unseen` once the server
 * reports that it was not, `done` once the staff have closed it.
 * @typedef {{id: string, reason: string, at: number, state: 'sent' | 'unseen' | 'seen' | 'done'}} Call
 */

/** The sheet in which a diner calls a waiter or asks for the bill or water, and the strip with the state of each call. */
export class Calls {
  #bell; #api; #name; #sheet; #body; #strip;
  /** Unanswered calls, and when they were made. @type {Map<string, number>} */ #calling = new Map();

  /**
   * @param {{bell: any, api: any, tableKey: string, sheet: HTMLDialogElement, body: Element, strip: HTMLElement}} parts `strip`
   * shows the state of each call
   */
  constructor({ bell, api, tableKey, sheet, body, strip }) {
    this.#bell = bell;
    this.#api = api;
    this.#name = `calls.${tableKey}`;
    this.#sheet = sheet;
    this.#body = body;
    this.#strip = strip;
    backClosesSheets();
    onAction(sheet, 'data-action', (_, control) => this.#call(control.dataset.reason ?? 'help'));
    onAction(strip, 'data-do', (does, control) => {
      if (does === 'call-read') this.#keep(this.#calls.filter(({ id }) => id !== control.closest('[data-call]')?.getAttribute('data-call')));
    });
    addEventListener('storage', ({ key }) => key === `orderbell.${this.#name}` && this.draw());
    document.addEventListener('visibilitychange', () => this.#ask());
    setInterval(() => this.#ask(), EVERY_MS);
    this.draw();
    this.#ask();
  }

  /** @returns {Call[]} */
  get #calls() {
    return recallLocal(this.#name, []).filter((/** @type {Call} */ { at }) => this.#bell.now() - at < FORGOTTEN_MS);
  }

  open() {
    this.#drawSheet();
    this.#sheet.showModal();
  }

  /** Draws the strip in the current language. */
  draw() {
    const calls = this.#calls;
    this.#strip.hidden = calls.length === 0;
    render(this.#strip, calls.map((call) => h(`div.call-state.banner${call.state === 'unseen' ? '.banner--warn' : ''}`, { 'data-key': call.id, 'data-call': call.id, 'data-state': call.state },
      icon(ICONS[call.reason] ?? 'hand'),
      h('p', {}, h('b', {}, WORDS[`call_${call.reason}`]), ': ', this.#words(call)),
      call.state === 'done' && h('button.button', { type: 'button', 'data-do': 'call-read' }, WORDS.ok))));
  }

  /** @param {Call} call */
  #words({ state, at }) {
    if (state === 'unseen' && this.#bell.now() - at > UNSEEN_MS) return WORDS.unseen;
    if (state === 'seen') return WORDS.onScreen;
    return state === 'done' ? WORDS.callDone : WORDS.callAgain(clock(at));
  }

  #drawSheet() {
    render(this.#body, h('div.calls', {}, Object.entries(ICONS).map(([reason, sign]) => {
      const at = this.#calling.get(reason) ?? this.#calls.find((call) => call.reason === reason && call.state !== 'done')?.at;
      const recent = at !== undefined && this.#bell.now() - at < AGAIN_AFTER_MS;
      return h('button.button.button--large.calls__call', { type: 'button', 'data-action': 'call_waiter', 'data-reason': reason, disabled: recent },
        icon(sign), h('span', {}, WORDS[`call_${reason}`]), recent && at !== undefined && h('span.muted', {}, WORDS.callAgain(clock(at))));
    })));
  }

  /** @param {string} reason */
  async #call(reason) {
    this.#calling.set(reason, this.#bell.now());
    this.#drawSheet();
    try {
      const answered = this.#bell.command({ action: 'call_waiter', reason });
      this.#sheet.close();
      const { document: call } = await answered;
      const raised = { id: call.id, reason, at: Date.parse(call.raised_at), state: /** @type {const} */ ('sent') };
      this.#keep([...this.#calls.filter(({ reason: other }) => other !== reason), raised]);
      toast(WORDS.called);
      this.#ask();
    } catch (error) {
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
    }
    this.#calling.delete(reason);
  }

  /** Updates the state of open calls. If the server has no receipts, they stay `sent`. */
  async #ask() {
    this.draw();
    if (this.#bell.state === 'stopped' || document.visibilityState !== 'visible' || this.#calls.every(({ state }) => state === 'done')) return;
    try {
      const { calls: open } = await this.#api.get('/api/v1/diner-sessions/current/calls');
      const stateOf = (/** @type {Call} */ { id, state }) => {
        const call = open.find((/** @type {any} */ each) => each.id === id);
        if (!call) return 'done';
        if (call.floor_seen === undefined) return state;
        return call.floor_seen ? 'seen' : 'unseen';
      };
      this.#keep(this.#calls.map((call) => ({ ...call, state: stateOf(call) })));
    } catch {
      // A failed request does not mean "not seen".
      this.#keep(this.#calls.map((call) => (call.state === 'unseen' ? { ...call, state: 'sent' } : call)));
    }
  }

  /** @param {Call[]} calls */
  #keep(calls) {
    if (JSON.stringify(calls) !== JSON.stringify(this.#calls)) keepLocal(this.#name, calls.length > 0 ? calls : undefined);
    this.draw();
  }
}
