import { Api } from '../client/api.js';
import { Emitter } from '../client/emitter.js';
import { OrderBook } from '../shared/order_book.js';
import { leastIdOf } from '../shared/time_ids.js';
import { becameRush, changesBetween, isOpen, ticketOf } from './tickets.js';

/**
 * How many tickets are looked for after a snapshot, on how many pages of how many closed orders.
 */
const MOST_MISSING = 100;
const MOST_PAGES = 5;
const PAGE = 100;

/**
 * The tickets of a kitchen screen. Emits `change`, and `noticed` when a ticket that is being cooked
 * has changed.
 */
export class KitchenOrders extends Emitter {
  #room; #memory; #api; #restaurant; #station; #book;
  /**
   * Orders that were to be cooked and closed while this screen was disconnected.
   * @type {Map<string, any>}
   */
  #found = new Map();
  /**
   * The ticket of each document: an order that has not changed is not read again.
   * @type {WeakMap<object, import('./tickets.js').Ticket>}
   */
  #made = new WeakMap();
  /** The station that they are for. @type {string | undefined} */ #madeFor;

  /**
   * @param {{bell: any, room: any, memory: import('./ticket_memory.js').TicketMemory, tokens: any,
   *   restaurant: string, station?: string}} parts
   */
  constructor({ bell, room, memory, tokens, restaurant, station }) {
    super();
    this.#room = room;
    this.#memory = memory;
    this.#restaurant = restaurant;
    this.#station = station;
    this.#book = new OrderBook({ bell, room, station });
    this.#api = new Api({ url: location.origin, tokens });
    room.on('change', (/** @type {any} */ change) => this.#changed(change));
  }

  /** @param {string | undefined} station @returns {import('./tickets.js').Ticket[]} */
  tickets(station) {
    const orders = this.#book.orders([...this.#memory.cancelled, ...this.#found.values()]);
    if (station !== this.#madeFor) this.#made = new WeakMap();
    this.#madeFor = station;
    return orders.map((order) => this.#ticket(order, station));
  }

  /** @param {any} order @param {string | undefined} station */
  #ticket(order, station) {
    const ticket = this.#made.get(order) ?? ticketOf(order, station);
    this.#made.set(order, ticket);
    return ticket;
  }

  /** @param {any} change */
  #changed({ kind, order, before, after, replaced }) {
    if (kind === 'snapshot') {
      this.#lookForMissing();
      for (const [id, old] of replaced) this.#compare(id, old, this.#room.documents.get(id));
    }
    if (order) this.#compare(order, before, after);
    this.emit('change');
  }

  /**
   * Notes what has changed on a ticket that is being cooked.
   * @param {string} id
   * @param {any} before
   * @param {any} after
   */
  #compare(id, before, after) {
    if (!before || !after || !isOpen(ticketOf(before, this.#station))) return;
    const words = changesBetween(before, after, this.#station);
    if (words.length > 0) this.#memory.addChanges(id, words);
    if (words.length > 0 || becameRush(before, after)) this.emit('noticed', id);
  }

  /**
   * Asks what became of tickets that were on the screen: a snapshot lists open orders only. After
   * an error the next snapshot asks again. Bound: `MOST_MISSING` tickets, the newest, in
   * `MOST_PAGES` pages; the others are forgotten.
   */
  async #lookForMissing() {
    this.#found.clear();
    const missing = this.#memory.missing(this.#room.documents.keys()).sort();
    const asked = missing.slice(-MOST_MISSING);
    let left = asked;
    try {
      for (let page = 0; page < MOST_PAGES && left.length > 0; page += 1) left = await this.#findFrom(left);
    } catch {
      return;
    }
    for (const id of missing) if (!this.#found.has(id)) this.#memory.forget(id);
    this.emit('change');
  }

  /**
   * Finds tickets on one page of closed orders, which begins with the oldest of them.
   * @param {string[]} ids by age @returns {Promise<string[]>} those that come after the page
   */
  async #findFrom(ids) {
    const query = new URLSearchParams({ status: 'closed', limit: String(PAGE), after: leastIdOf(ids[0]) });
    const { orders, next } = await this.#api.get(`/api/v1/restaurants/${this.#restaurant}/orders?${query}`);
    for (const order of orders) if (ids.includes(order.id)) this.#found.set(order.id, order);
    return next ? ids.filter((id) => id > next) : [];
  }
}
