import { fullJitter } from './backoff.js';
import { OrderbellError, errorRule } from './codes.js';

/** Bound: unanswered commands; more are refused with `queue_full`. */
export const OUTBOX_BOUND = 200;
/** How often a command may be answered `later` (or `token`) before it is given up. */
export const MAX_TRIES = 5;
/** How long an unanswered order or round may wait; a later one would surprise its diner. */
export const PLACE_LIFETIME_MS = 10 * 60_000;
const PLACES = new Set(['place', 'add_items']);
/** The server remembers ids for a day; half of that leaves a margin. */
export const COMMAND_LIFETIME_MS = 12 * 3_600_000;
/** How long an answer may take until the command counts as stuck. A link that is alive answers sooner. */
export const STUCK_AFTER_MS = 2_000;

/** @typedef {import('./types.js').Entry} Entry */
/** @typedef {import('./types.js').Pending} Pending */

/**
 * Unanswered commands. Sends each again with the same id on every new link, one at a time for each order and each visit, and no faster than
 * the server allows. With a keeper they survive a reload.
 */
export class Outbox {
  /** @type {Map<string, Entry>} */ #entries = new Map();
  /** @type {import('./types.js').OutboxHooks} */ #hooks;
  /** Keeps a copy, where there is one. @type {import('./types.js').Keeper | null} */ #keeper = null;
  #waits;
  #up = false;
  /** The feature level of the linked server. */ #level = 0;
  #spacingMs = 0;
  /** @type {any} */ #hold = null;

  /** @param {import('./types.js').OutboxHooks} hooks @param {boolean} waits for `attach`: stored commands are sent first */
  constructor(hooks, waits) {
    this.#hooks = hooks;
    this.#waits = waits;
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
      const added = entry(frame, this.#hooks.wallClock(), !this.#up);
      if (this.#up) added.patience = this.#hooks.setTimeout(() => this.#stick(added), STUCK_AFTER_MS);
      added.settle.push({ resolve, reject });
      this.#entries.set(frame.id, added);
      this.#keeper?.added(frame, added.pending.at);
      this.#hooks.changed();
      this.#drain();
    });
  }

  /**
   * Starts to store copies, or gives up on them where there is no storage.
   * @param {import('./types.js').Keeper | null} keeper @param {{frame: any, at: number}[]} left by a page that is gone, oldest first
   */
  attach(keeper, left) {
    if (keeper) for (const { frame, pending } of this.#entries.values()) keeper.added(frame, pending.at);
    this.#keeper = keeper;
    this.#waits = false;
    this.adopt(left);
    this.#drain();
  }

  /** @param {{frame: any, at: number}[]} left oldest first; sent before the commands that were added on this page */
  adopt(left) {
    const unknown = left.filter(({ frame }) => !this.#entries.has(frame.id));
    if (unknown.length === 0) return;
    const present = [...this.#entries];
    this.#entries = new Map([...unknown.map(({ frame, at }) => /** @type {const} */ ([frame.id, entry(frame, at, true)])), ...present]);
    this.#hooks.changed();
    this.#drain();
  }

  /** Sends everything unanswered again on a new link. @param {{messages_per_second?: number}} limits @param {number} [level] the feature level in force */
  up({ messages_per_second: rate } = {}, level = 0) {
    this.#up = true;
    this.#level = level;
    this.#spacingMs = rate ? Math.ceil(1000 / rate) : 0;
    for (const waiting of this.#entries.values()) waiting.sent = false;
    this.#resume();
  }

  /** Checks again whether held commands may be sent. */
  release() {
    this.#drain();
  }

  /** Takes back commands that were never sent. @param {(pending: Pending) => boolean} which @param {OrderbellError} error */
  withdraw(which, error) {
    for (const each of [...this.#entries.values()]) if (!each.sent && which(each.pending)) this.#settle(each, { error });
  }

  down() {
    this.#up = false;
    this.#clearHold();
    const loose = [...this.#entries.values()].filter(({ pending }) => !pending.stuck);
    for (const each of loose) this.#markStuck(each);
    if (loose.length > 0) this.#hooks.changed();
  }

  /** @param {any} frame an `ack`, or an `error` with an id; ignored if the command was answered before */
  answer(frame) {
    const known = this.#entries.get(frame.id);
    if (!known) return;
    if (frame.type === 'ack') return this.#settle(known, { ack: frame });
    const rule = errorRule(frame.code, frame.reason);
    known.tries += 1;
    if (rule === 'final' || known.tries >= MAX_TRIES) {
      return this.#settle(known, { error: new OrderbellError(frame) });
    }
    known.sent = false;
    if (rule === 'token') this.#hooks.renew();
    else this.#pause(frame.retry_after_ms ?? fullJitter(known.tries, this.#hooks.random));
  }

  /** Rejects all commands; with `forget` it deletes their copies, too. @param {boolean} forget */
  close(forget) {
    const error = new OrderbellError({ code: 'closed', message: 'the connection was closed' });
    const left = [...this.#entries.values()];
    this.down();
    if (forget) for (const each of left) this.#settle(each, { error });
    else for (const each of left) for (const { reject } of each.settle.splice(0)) reject(error);
  }

  #drain() {
    if (!this.#up || this.#waits || this.#hold !== null) return;
    const busy = new Set();
    for (const next of [...this.#entries.values()]) {
      if (this.#expired(next)) continue;
      const lane = next.pending.order ?? next.pending.visit ?? next.pending.id;
      if (!next.sent && !busy.has(lane) && !this.#hooks.holds?.(next.pending)) {
        next.sent = this.#hooks.send(next.pending.body ? understood(next.frame, this.#level) : understoodCommand(next.frame, this.#level));
        if (!next.sent) return;
        if (this.#spacingMs > 0) return this.#pause(this.#spacingMs);
      }
      busy.add(lane);
    }
  }

  /** @param {Entry} each */
  #expired(each) {
    const { action, at } = each.pending;
    const lifetime = PLACES.has(action) ? PLACE_LIFETIME_MS : COMMAND_LIFETIME_MS;
    if (this.#hooks.wallClock() - at < lifetime) return false;
    this.#settle(each, { error: new OrderbellError({ code: 'expired', message: 'no answer came in time' }) });
    return true;
  }

  /** Handles a command whose answer is overdue. @param {Entry} each */
  #stick(each) {
    this.#markStuck(each);
    this.#hooks.changed();
    this.#hooks.overdue();
  }

  /** @param {Entry} each */
  #markStuck(each) {
    this.#hooks.clearTimeout(each.patience);
    each.pending.stuck = true;
  }

  /** @param {number} ms */
  #pause(ms) {
    this.#clearHold();
    this.#hold = this.#hooks.setTimeout(() => this.#resume(), ms);
  }

  #resume() {
    this.#clearHold();
    this.#drain();
  }

  #clearHold() {
    if (this.#hold !== null) this.#hooks.clearTimeout(this.#hold);
    this.#hold = null;
  }

  /** @param {Entry} done @param {{ack?: any, error?: OrderbellError}} outcome */
  #settle(done, outcome) {
    this.#entries.delete(done.pending.id);
    this.#hooks.clearTimeout(done.patience);
    this.#keeper?.settled(done.pending.id);
    for (const { resolve, reject } of done.settle) outcome.error ? reject(outcome.error) : resolve(outcome.ack);
    this.#hooks.changed();
    this.#hooks.answered({ pending: done.pending, ...outcome });
    this.#drain();
  }
}

/**
 * Returns an order as servers of a feature level understand it. Fields that such a server does not know go into the note.
 * @param {any} frame a `place` @param {number} level
 */
function understood(frame, level) {
  const { order } = level < 1 ? plain(frame) : frame;
  if (level >= 2 || !order?.guest_name) return { ...frame, order };
  const { guest_name: name, ...unnamed } = order;
  const note = unnamed.note ? `For ${name}. ${unnamed.note}` : `For ${name}`;
  return { ...frame, order: note.length <= 200 ? { ...unnamed, note } : unnamed };
}

/**
 * Returns a command as servers of a feature level understand it. Below level 2 orders do not grow, so the command needs no
 * `only`.
 * @param {any} frame @param {number} level
 */
function understoodCommand({ only, ...frame }, level) {
  return only && level >= 2 ? { ...frame, only } : frame;
}

/** Returns an order for feature level 0: without an agreed total, and with an allergy in the note. @param {any} frame */
function plain(frame) {
  const { expected_total: _, ...order } = frame.order;
  if (!Array.isArray(order.items)) return frame;
  return { ...frame, order: { ...inWords(order), items: order.items.map(inWords) } };
}

/** Returns the note with the word for an allergy; a note too long for it stays as it is. @param {any} said with its `allergy` */
function inWords({ allergy, ...said }) {
  const note = `Allergy: ${said.note}`;
  return allergy && note.length <= 200 ? { ...said, note } : said;
}

/** @param {any} frame @param {number} at @param {boolean} stuck @returns {Entry} */
function entry(frame, at, stuck) {
  const { type, ...fields } = frame;
  const { shift } = frame;
  const pending = type === 'place' ? { id: frame.id, action: 'place', body: frame.order, ...(shift && { shift }), at, stuck } : { ...fields, at, stuck };
  return { pending, frame, sent: false, tries: 0, settle: [], patience: null };
}
