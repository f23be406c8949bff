import { called } from '../shared/order_facts.js';
import { compareHistories, findClosed } from '../shared/lost.js';
import { keepLocal, recallLocal } from '../shared/storage.js';

/** Bound: the newest lost orders to keep. */
export const KEPT_LOST = 100;
/** How long to keep a lost order that nobody dismisses. */
const KEPT_FOR_MS = 24 * 3_600_000;

/**
 * A lost order, with everything that the staff need to enter it again. `back`: the database has it, but without its last
 * changes. `again`: the name of the new order, if the guest has sent it again. `at`: when the loss was noticed, ms since 1970.
 *
 * @typedef {{id: string, number: number, ticket?: string, status: string, service: string, table?: string, guest_name?: string,
 *   placed_at: string, note?: string, allergy?: boolean, items: any[], total: any, at: number, back?: boolean, again?: string}} Lost
 */

/**
 * The orders that this page has shown and the database has lost, until somebody dismisses them. They survive a reload.
 *
 * Bound: `KEPT_LOST`, and the orders that a snapshot left out, until the closed orders are read.
 */
export class LostOrders {
  #room; #list; #name; #changed; #tell; #now;
  /** Orders that the new history does not list as open. @type {Map<string, any>} */ #missing = new Map();
  #isAsking = false;
  /** @type {Lost[]} */ #orders;

  /**
   * @param {{room: any, restaurant: string, list: (from: string) => Promise<any>, tell: () => void, changed: () => void,
   *   now?: () => number}} parts list: a page of closed orders from an id on; tell: says that orders were lost
   */
  constructor({ room, restaurant, list, tell, changed, now = Date.now }) {
    this.#room = room;
    this.#list = list;
    this.#name = `lost.${restaurant}`;
    this.#tell = tell;
    this.#changed = changed;
    this.#now = now;
    this.#orders = this.#recall();
    room.on('change', (/** @type {any} */ change) => this.#follow(change));
    for (const name of ['live', 'sync']) room.on(name, () => this.#ask());
  }

  /** @returns {Lost[]} sorted by number */
  get orders() {
    return this.#orders;
  }

  /** @param {string} id */
  dismiss(id) {
    this.#keep(this.#orders.filter((order) => order.id !== id));
  }

  /** Forgets the lost orders, before another person uses this device. */
  forget() {
    this.#keep([]);
  }

  /** Adopts the changes of another tab. */
  reload() {
    this.#orders = this.#recall();
    this.#changed();
  }

  /** The key under which they are stored. */
  get name() {
    return this.#name;
  }

  /** @param {any} change of the room */
  #follow({ kind, event, after, replaced, rewritten }) {
    if (rewritten) {
      const { missing, back } = compareHistories(replaced, this.#room.documents);
      for (const order of missing) this.#missing.set(order.id, order);
      if (back.length > 0) this.#add(back.map((order) => ({ ...this.#lost(order), back: true })));
    }
    if (kind === 'order.placed') this.#placed(event.command, called(after));
    const isBack = (/** @type {Lost} */ { id, back }) => !back && this.#room.documents.has(id);
    if (this.#orders.some(isBack)) this.#keep(this.#orders.filter((order) => !isBack(order)));
  }

  /**
   * Handles a new order: a guest sends a lost order again under its old id. @param {string | undefined} command @param {string}
   * name of the new order
   */
  #placed(command, name) {
    if (!this.#orders.some(({ id }) => id === command)) return;
    this.#keep(this.#orders.map((order) => (order.id === command ? { ...order, again: name } : order)));
  }

  /**
   * Asks whether the missing orders were closed. After an error, the next `sync` asks again, since some calls fail right after
   * a failover.
   */
  async #ask() {
    if (this.#missing.size === 0 || this.#isAsking) return;
    this.#isAsking = true;
    const asked = new Map(this.#missing);
    try {
      const { absent } = await findClosed([...asked.keys()], this.#list);
      const lost = absent.filter((id) => !this.#room.documents.has(id));
      for (const id of asked.keys()) this.#missing.delete(id);
      if (lost.length > 0) this.#add(lost.map((id) => this.#lost(asked.get(id))));
    } catch {
      // The banner reports an unreachable server.
    } finally {
      this.#isAsking = false;
    }
  }

  /** @param {Lost[]} orders */
  #add(orders) {
    const all = new Map([...this.#orders, ...orders].map((order) => [order.id, order]));
    this.#keep([...all.values()].sort((a, b) => a.number - b.number).slice(-KEPT_LOST));
    this.#tell();
  }

  /** @param {any} order a document @returns {Lost} */
  #lost({ id, number, ticket, status, service, table, guest_name, placed_at, note, allergy, items, total }) {
    const lines = Object.values(items).filter((item) => item.status !== 'voided')
      .map(({ name, quantity, options, choices, note: words, allergy: isAllergy }) => ({ name, quantity, options, choices, note: words, allergy: isAllergy }));
    return { id, number, ticket, status, service, table, guest_name, placed_at, note, allergy, items: lines, total, at: this.#now() };
  }

  /** @param {Lost[]} orders */
  #keep(orders) {
    this.#orders = orders;
    keepLocal(this.#name, orders.length > 0 ? orders : undefined);
    this.#changed();
  }

  /** @returns {Lost[]} */
  #recall() {
    return recallLocal(this.#name, []).filter((/** @type {Lost} */ { at }) => this.#now() - at < KEPT_FOR_MS);
  }
}
