import { keepLocal, recallLocal } from '../shared/storage.js';
import { UNDO_MS, isOpen, movedWords, splitWords } from './tickets.js';

/** The most unconfirmed cancelled tickets to keep. The newest are kept. */
export const MOST_CANCELLED = 100;

const NO_MARKS = Object.freeze({});

/** @param {string | undefined} state of a ticket @returns {boolean} whether a cook still has work to do on it */
const isOwed = (state) => state === 'new' || state === 'cooking';

/**
 * Remembers what a screen has shown. Decides on sounds and undo. Keeps a cancelled ticket or a change until a cook has
 * confirmed it, even across reloads.
 */
export class TicketMemory {
  #name = '';
  /** The last observed state of each ticket. @type {Map<string, string>} */
  #states = new Map();
  /** Unconfirmed cancelled or lost orders, with their last documents. @type {Map<string, any>} */
  #cancelled = new Map();
  /** @type {Map<string, number>} */
  #bumpedAt = new Map();
  /** @type {Map<string, string[]>} */
  #changes = new Map();
  /** @type {Map<string, Record<string, import('./tickets.js').Mark>>} */
  #marks = new Map();
  /** The table where a cook last saw an order that was moved since. @type {Map<string, string>} */
  #tables = new Map();
  #first = true;
  /** The last text written to storage. */ #kept = '';

  /** @param {string} name one for each restaurant and station; each name has its own memory */
  use(name) {
    if (this.#name === `kitchen.${name}`) return;
    this.#name = `kitchen.${name}`;
    this.#kept = '';
    const kept = recallLocal(this.#name, {});
    this.#states = new Map(Object.entries(kept.states ?? {}));
    this.#cancelled = new Map(Object.entries(kept.cancelled ?? {}));
    this.#changes = new Map(Object.entries(kept.changes ?? {}));
    this.#marks = new Map(Object.entries(kept.marks ?? {}));
    this.#tables = new Map(Object.entries(kept.tables ?? {}));
    this.#bumpedAt.clear();
    this.#first = true;
  }

  /** Documents of cancelled and lost orders that no cook has confirmed. */
  get cancelled() {
    return [...this.#cancelled.values()];
  }

  /**
   * @param {import('./tickets.js').Ticket[]} tickets all of them, shown or not
   * @param {number} now monotonic ms
   * @returns {Set<string>} sounds: new, changed, cancelled, incoming
   */
  observe(tickets, now) {
    /** @type {Set<string>} */
    const sounds = new Set();
    for (const ticket of tickets) {
      const was = this.#states.get(ticket.id);
      // Right after a reload, the stored room may be older than what this screen has shown.
      if (ticket.state === 'incoming' && isOwed(was)) continue;
      const sound = this.#step(ticket, was, now);
      if (sound && !(this.#first && sound !== 'cancelled')) sounds.add(sound);
      this.#states.set(ticket.id, ticket.state);
    }
    this.#first = false;
    this.#prune(new Set(tickets.map(({ id }) => id)), now);
    this.#keep();
    return sounds;
  }

  /**
   * @param {import('./tickets.js').Ticket} ticket
   * @param {string | undefined} was
   * @param {number} now
   * @returns {string | undefined} a sound
   */
  #step(ticket, was, now) {
    const { id, order, state } = ticket;
    const wasOpen = isOwed(was);
    // The stored room may be older than the cancellation, too.
    if (state !== 'cancelled' && !(order.position < this.#cancelled.get(id)?.position)) this.#cancelled.delete(id);
    if (was === state) return undefined;
    if (state === 'incoming') return 'incoming';
    if (state === 'bumped' && wasOpen) this.#bumpedAt.set(id, now);
    if (state === 'cancelled' && (wasOpen || this.undoable(id, now))) {
      this.#hold(order);
      return 'cancelled';
    }
    if (!isOpen(ticket) || wasOpen) return undefined;
    if (was === undefined && order.split_from && !this.#first) return this.#comeFrom(order);
    if (was !== 'bumped' && was !== 'gone') return 'new';
    if (this.#marks.has(id)) return 'new';
    if (order.pending || this.undoable(id, now)) return undefined;
    if (!this.#changes.has(id)) this.#changes.set(id, ['Recalled']);
    return 'changed';
  }

  /** Marks a ticket that was split off: this screen has shown its lines on another one. @param {any} order @returns {string} a sound */
  #comeFrom({ id, table, split_from: from }) {
    if (from.table !== undefined && from.table !== table) this.#tables.set(id, from.table);
    this.#changes.set(id, [splitWords(from)]);
    return 'changed';
  }

  /** @param {any} order cancelled */
  #hold(order) {
    this.#cancelled.set(order.id, order);
    for (const old of [...this.#cancelled.keys()].slice(0, -MOST_CANCELLED)) this.#cancelled.delete(old);
  }

  /**
   * Keeps a ticket that the database has lost among the cancelled ones, so that a cook learns of it.
   * @param {any} order as it was last known
   */
  lose(order) {
    this.#hold({ ...order, status: 'cancelled', lost: true });
    this.#keep();
  }

  /**
   * Adopts the open orders of a rewritten history, whatever their positions. They are neither cancelled nor lost, and may have
   * to be accepted again.
   * @param {Map<string, any>} open documents by id
   */
  regain(open) {
    for (const [id, { status }] of open) {
      this.#cancelled.delete(id);
      if (status === 'placed') this.#states.delete(id);
    }
    this.#keep();
  }

  /**
   * Drops finished tickets, since a screen runs for months.
   * @param {Set<string>} present
   * @param {number} now monotonic ms
   */
  #prune(present, now) {
    for (const [id, state] of this.#states) {
      if (!present.has(id) && !isOwed(state)) this.#states.delete(id);
    }
    for (const id of this.#bumpedAt.keys()) if (!this.undoable(id, now)) this.#bumpedAt.delete(id);
    for (const kept of [this.#changes, this.#marks, this.#tables]) for (const id of kept.keys()) if (!this.#states.has(id)) kept.delete(id);
  }

  /** @param {string} id @param {number} now monotonic ms */
  undoable(id, now) {
    return now - (this.#bumpedAt.get(id) ?? -UNDO_MS) < UNDO_MS;
  }

  /** @param {import('./tickets.js').Ticket} ticket @param {number} now monotonic ms */
  shows({ id, state }, now) {
    if (state === 'bumped') return this.undoable(id, now);
    if (state === 'cancelled') return this.#cancelled.has(id);
    return state !== 'gone';
  }

  /** @param {string} id @param {string[]} words */
  addChanges(id, words) {
    this.#changes.set(id, [...new Set([...(this.#changes.get(id) ?? []), ...words])]);
    this.#keep();
  }

  /** @param {any} order @returns {string[]} the changes that a cook has to confirm, in words */
  changes({ id, table }) {
    const was = this.#tables.get(id);
    const moved = was !== undefined && was !== table ? [movedWords(was, table)] : [];
    return [...moved, ...this.#changes.get(id) ?? []];
  }

  /**
   * Records a move. After several moves, or an undone one, only the present table matters to a cook.
   * @param {string} id @param {string} was the table that the order has left
   */
  move(id, was) {
    if (!this.#tables.has(id)) this.#tables.set(id, was);
    this.#keep();
  }

  /**
   * Adds marks. A mark that a cook has not confirmed keeps its earlier state.
   * @param {string} id @param {Record<string, import('./tickets.js').Mark>} marks by line
   */
  addMarks(id, marks) {
    this.#marks.set(id, { ...marks, ...this.#marks.get(id) });
    this.#keep();
  }

  /**
   * Drops the marks of new or fired lines. Keeps the marks of corrections.
   * @param {string} id @param {string[]} lines
   */
  dropCalls(id, lines) {
    const kept = Object.entries(this.marks(id)).filter(([line, { was }]) => was || !lines.includes(line));
    if (kept.length > 0) this.#marks.set(id, Object.fromEntries(kept));
    else this.#marks.delete(id);
    this.#keep();
  }

  /** @param {string} id @returns {Record<string, import('./tickets.js').Mark>} by line */
  marks(id) {
    return this.#marks.get(id) ?? NO_MARKS;
  }

  /** Drops the changes that a cook has confirmed. @param {string} id */
  confirm(id) {
    this.#changes.delete(id);
    this.#marks.delete(id);
    this.#tables.delete(id);
    this.#cancelled.delete(id);
    this.#keep();
  }

  /** Drops a ticket that has no document. @param {string} id */
  forget(id) {
    this.#states.delete(id);
  }

  /**
   * @param {Iterable<string>} present ids
   * @returns {string[]} ids of tickets that were still to be cooked and are no longer listed
   */
  missing(present) {
    const here = new Set(present);
    const owed = [...this.#states].filter(([id, state]) => isOwed(state) && !here.has(id));
    return owed.map(([id]) => id);
  }

  #keep() {
    const states = Object.fromEntries([...this.#states].filter(([, state]) => isOwed(state)));
    const [cancelled, changes, marks, tables] = [this.#cancelled, this.#changes, this.#marks, this.#tables].map((kept) => Object.fromEntries(kept));
    const value = { states, cancelled, changes, marks, tables };
    // Called with every draw, but the text seldom changes, and a write waits for the disk.
    const text = JSON.stringify(value);
    if (text !== this.#kept) keepLocal(this.#name, value);
    this.#kept = text;
  }
}
