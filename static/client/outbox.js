import { fullJitter } from './backoff.js';
import { OrderbellError, errorRule } from './codes.js';

/** More unanswered commands than this are refused with `queue_full`. */
export const OUTBOX_BOUND = 200;
/** A command answered `later` (or `token`) this often is given up. */
export const MAX_TRIES = 5;
/** An order nobody answered for this long is not placed behind its diner's back. */
export const PLACE_LIFETIME_MS = 10 * 60_000;
/** The server remembers ids for a day; half of it is certain. */
export const COMMAND_LIFETIME_MS = 12 * 3_600_000;

/**
 * An unanswered command, as `Orderbell.pending` lists it: its own fields (`item`, `reason` …), and `at`, the
 * wall-clock ms of the touch. An order being placed has the action `place` and its `body`.
 *
 * @typedef {{id: string, action: string, at: number, order?: string, item?: string, rush?: boolean, body?: any}} Pending
 */

/** @typedef {{pending: Pending, frame: any, sent: boolean, tries: number, settle: {resolve(ack: any): void, reject(error: Error): void}[]}} Entry */

/**
 * @typedef {object} Ways
 * @property {(frame: any) => boolean} send
 * @property {() => void} renew asks for a new token
 * @property {() => void} changed
 * @property {(outcome: {pending: Pending, ack?: any, error?: OrderbellError}) => void} answered
 * @property {() => number} wallClock ms since 1970
 * @property {() => number} random
 * @property {(task: () => void, ms: number) => any} setTimeout
 * @property {(handle: any) => void} clearTimeout
 */

/**
 * Commands on their way: kept until answered, sent again with the same id on every new link, one at a time for
 * each order, and no faster than the server allows. With a store they outlive a reload.
 */
export class Outbox {
  /** @type {Map<string, Entry>} */ #entries = new Map();
  /** @type {Ways} */ #ways;
  /** @type {import('./tokens.js').Store | null} */ #store;
  #key;
  #up = false;
  #spacingMs = 0;
  /** @type {any} */ #hold = null;

  /** @param {{ways: Ways, store: import('./tokens.js').Store | null, key: string}} parts */
  constructor({ ways, store, key }) {
    this.#ways = ways;
    this.#store = store;
    this.#key = key;
    for (const { frame, at } of this.#kept()) this.#entries.set(frame.id, entry(frame, at));
  }

  /** @returns {Pending[]} oldest first */
  get pending() {
    return [...this.#entries.values()].map(({ pending }) => pending);
  }

  /**
   * @param {any} frame a `command` or `place` with its id; one that is under way already is not sent twice
   * @returns {Promise<any>} the ack
   */
  add(frame) {
    return new Promise((resolve, reject) => {
      const known = this.#entries.get(frame.id);
      if (known) return void known.settle.push({ resolve, reject });
      if (this.#entries.size >= OUTBOX_BOUND) {
        return reject(new OrderbellError({ code: 'queue_full', message: 'too many commands wait for an answer' }));
      }
      const added = entry(frame, this.#ways.wallClock());
      added.settle.push({ resolve, reject });
      this.#entries.set(frame.id, added);
      this.#changed();
      this.#drain();
    });
  }

  /** A link is up: everything unanswered goes again. @param {{messages_per_second?: number}} limits */
  up({ messages_per_second: rate } = {}) {
    this.#up = true;
    this.#spacingMs = rate ? Math.ceil(1000 / rate) : 0;
    for (const waiting of this.#entries.values()) waiting.sent = false;
    this.#release();
  }

  down() {
    this.#up = false;
    this.#clearHold();
  }

  /** @param {any} frame an `ack`, or an `error` with an id; one for a command answered before is nothing new */
  answer(frame) {
    const known = this.#entries.get(frame.id);
    if (!known) return;
    if (frame.type === 'ack') return this.#settle(known, { ack: frame });
    const rule = errorRule(frame.code);
    known.tries += 1;
    if (rule === 'final' || known.tries >= MAX_TRIES) {
      return this.#settle(known, { error: new OrderbellError(frame) });
    }
    known.sent = false;
    if (rule === 'token') this.#ways.renew();
    else this.#pause(frame.retry_after_ms ?? fullJitter(known.tries, this.#ways.random));
  }

  /** Nobody waits any longer. With `forget` the store is emptied too. @param {boolean} forget */
  close(forget) {
    const error = new OrderbellError({ code: 'closed', message: 'the connection was closed' });
    const left = [...this.#entries.values()];
    this.down();
    if (forget) for (const each of left) this.#settle(each, { error });
    else for (const each of left) for (const { reject } of each.settle.splice(0)) reject(error);
  }

  #drain() {
    if (!this.#up || this.#hold !== null) return;
    const busy = new Set();
    for (const next of [...this.#entries.values()]) {
      if (this.#expired(next)) continue;
      const lane = next.pending.order ?? next.pending.id;
      if (!next.sent && !busy.has(lane)) {
        next.sent = this.#ways.send(next.frame);
        if (!next.sent) return;
        if (this.#spacingMs > 0) return this.#pause(this.#spacingMs);
      }
      busy.add(lane);
    }
  }

  /** @param {Entry} each */
  #expired(each) {
    const { action, at } = each.pending;
    const lifetime = action === 'place' ? PLACE_LIFETIME_MS : COMMAND_LIFETIME_MS;
    if (this.#ways.wallClock() - at < lifetime) return false;
    this.#settle(each, { error: new OrderbellError({ code: 'expired', message: 'no answer came in time' }) });
    return true;
  }

  /** @param {number} ms */
  #pause(ms) {
    this.#clearHold();
    this.#hold = this.#ways.setTimeout(() => this.#release(), ms);
  }

  #release() {
    this.#clearHold();
    this.#drain();
  }

  #clearHold() {
    if (this.#hold !== null) this.#ways.clearTimeout(this.#hold);
    this.#hold = null;
  }

  /** @param {Entry} done @param {{ack?: any, error?: OrderbellError}} outcome */
  #settle(done, outcome) {
    this.#entries.delete(done.pending.id);
    for (const { resolve, reject } of done.settle) outcome.error ? reject(outcome.error) : resolve(outcome.ack);
    this.#changed();
    this.#ways.answered({ pending: done.pending, ...outcome });
    this.#drain();
  }

  #changed() {
    this.#keep();
    this.#ways.changed();
  }

  #keep() {
    const kept = [...this.#entries.values()].map(({ frame, pending }) => ({ frame, at: pending.at }));
    try {
      if (kept.length === 0) this.#store?.removeItem(this.#key);
      else this.#store?.setItem(this.#key, JSON.stringify(kept));
    } catch {
      // A full or forbidden store costs the copy for a reload; the commands themselves are in memory.
    }
  }

  /** @returns {{frame: any, at: number}[]} */
  #kept() {
    try {
      return JSON.parse(this.#store?.getItem(this.#key) ?? '[]');
    } catch {
      return [];
    }
  }
}

/** @param {any} frame @param {number} at @returns {Entry} */
function entry(frame, at) {
  const { type, ...fields } = frame;
  const pending = type === 'place' ? { id: frame.id, action: 'place', body: frame.order, at } : { ...fields, at };
  return { pending, frame, sent: false, tries: 0, settle: [] };
}
