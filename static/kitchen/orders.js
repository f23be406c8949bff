import { Api } from '../client/api.js';
import { Emitter } from '../client/emitter.js';
import { OrderBook } from '../shared/order_book.js';
import { becameRush, changesBetween, isOpen, ticketOf } from './tickets.js';

/**
 * The tickets of a kitchen screen. Emits `change`, and `noticed` when a ticket that is being cooked has changed.
 */
export class KitchenOrders extends Emitter {
  #room; #memory; #api; #station; #book;
  /** Orders that were to be cooked and closed while this screen was disconnected. @type {Map<string, any>} */
  #found = new Map();
  /** The ticket of each document: an order that has not changed is not read again. @type {WeakMap<object, import('./tickets.js').Ticket>} */
  #made = new WeakMap();
  /** The station that they are for. @type {string | undefined} */ #madeFor;

  /**
   * @param {{bell: any, room: any, memory: import('./ticket_memory.js').TicketMemory, tokens: any, station?: string}} parts
   */
  constructor({ bell, room, memory, tokens, station }) {
    super();
    this.#room = room;
    this.#memory = memory;
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

  /** Notes what has changed on a ticket that is being cooked. @param {string} id @param {any} before @param {any} after */
  #compare(id, before, after) {
    if (!before || !after || !isOpen(ticketOf(before, this.#station))) return;
    const words = changesBetween(before, after, this.#station);
    if (words.length > 0) this.#memory.addChanges(id, words);
    if (words.length > 0 || becameRush(before, after)) this.emit('noticed', id);
  }

  /** Asks what became of tickets that were on the screen: a snapshot lists open orders only. */
  async #lookForMissing() {
    this.#found.clear();
    for (const id of this.#memory.missing(this.#room.documents.keys())) {
      try {
        this.#found.set(id, await this.#api.get(`/api/v1/orders/${id}`));
        this.emit('change');
      } catch (error) {
        const { code } = /** @type {any} */ (error);
        if (code === 'not_found' || code === 'forbidden') this.#memory.forget(id);
      }
    }
  }
}
