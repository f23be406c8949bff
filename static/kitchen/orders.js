import { Api } from '../client/api.js';
import { Emitter } from '../client/emitter.js';
import { OrderBook } from '../shared/order_book.js';
import { findClosed } from '../shared/lost.js';
import { leastIdOf } from '../shared/time_ids.js';
import { isUpcoming } from '../shared/order_facts.js';
import { becameRush, changesBetween, heldBetween, isOpen, marksBetween, ticketOf } from './tickets.js';

/** How many closed orders to read at once. */
const PAGE = 100;

/**
 * The tickets of a kitchen screen. Emits `change`, and `noticed` when a ticket in preparation has changed.
 */
export class KitchenOrders extends Emitter {
  #room; #memory; #api; #restaurant; #station; #book;
  /**
   * Orders that were still to be cooked and were closed while this screen was disconnected.
   * @type {Map<string, any>}
   */
  #found = new Map();
  /**
   * Orders that a snapshot of a rewritten history did not list, until the screen knows whether they were closed or lost.
   * @type {Map<string, any>}
   */
  #suspects = new Map();
  #isLooking = false;
  /**
   * The ticket of each document, so that an unchanged order is not converted again.
   * @type {WeakMap<object, import('./tickets.js').Ticket>}
   */
  #made = new WeakMap();
  /** The station of these tickets. @type {string | undefined} */ #madeFor;

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
    // Reads again after an error, since some calls fail right after a failover.
    for (const name of ['live', 'sync']) room.on(name, () => this.#suspects.size > 0 && !this.#isLooking && this.#lookForMissing());
  }

  /** @param {string | undefined} station @param {number} now server ms @returns {import('./tickets.js').Ticket[]} */
  tickets(station, now) {
    const orders = this.#book.orders([...this.#memory.cancelled, ...this.#found.values()]);
    if (station !== this.#madeFor) this.#made = new WeakMap();
    this.#madeFor = station;
    return orders.map((order) => this.#ticket(order, station, now));
  }

  /** @param {any} order @param {string | undefined} station @param {number} now server ms */
  #ticket(order, station, now) {
    const known = this.#made.get(order);
    const isBegun = known?.state === 'upcoming' && !isUpcoming(order, now);
    const ticket = known && !isBegun ? known : ticketOf(order, station, now);
    this.#made.set(order, ticket);
    return ticket;
  }

  /** @param {any} change */
  #changed({ kind, order, before, after, replaced, rewritten }) {
    if (kind === 'snapshot') {
      if (rewritten) {
        for (const [id, old] of replaced) this.#suspects.set(id, old);
        this.#memory.regain(this.#room.documents);
      }
      this.#lookForMissing();
      for (const [id, old] of replaced) this.#compare(id, old, this.#room.documents.get(id));
    }
    if (order) this.#compare(order, before, after);
    this.emit('change');
  }

  /**
   * Records the changes of a ticket in preparation.
   * @param {string} id
   * @param {any} before
   * @param {any} after
   */
  #compare(id, before, after) {
    if (!before || !after) return;
    const marks = marksBetween(before, after, this.#station);
    const isMarked = Object.keys(marks).length > 0;
    if (isMarked) this.#memory.addMarks(id, marks);
    const held = heldBetween(before, after);
    if (held.length > 0) this.#memory.dropCalls(id, held);
    // A bumped ticket that returns with another round rings as a new one.
    if (!isOpen(ticketOf(before, this.#station))) return;
    const words = changesBetween(before, after, this.#station);
    if (words.length > 0) this.#memory.addChanges(id, words);
    const hasMoved = before.table !== undefined && before.table !== after.table;
    if (hasMoved) this.#memory.move(id, before.table);
    if (words.length > 0 || isMarked || hasMoved || becameRush(before, after)) this.emit('noticed', id);
  }

  /**
   * Asks whether tickets that were on the screen were closed, since a snapshot lists only open orders. After an error the next
   * snapshot asks again. Tickets beyond the bound are dropped.
   */
  async #lookForMissing() {
    this.#found.clear();
    this.#isLooking = true;
    const suspects = new Map(this.#suspects);
    const missing = this.#memory.missing(this.#room.documents.keys());
    try {
      const { closed, absent } = await findClosed(missing, (from) => this.#listClosed(from));
      this.#found = closed;
      const gone = absent.filter((id) => !this.#room.documents.has(id) && suspects.has(id));
      for (const id of gone) this.#memory.lose(suspects.get(id));
      for (const id of missing) if (!closed.has(id) && !gone.includes(id)) this.#memory.forget(id);
    } catch {
      return;
    } finally {
      this.#isLooking = false;
    }
    for (const id of suspects.keys()) this.#suspects.delete(id);
    this.emit('change');
  }

  /** @param {string} from an order's id */
  #listClosed(from) {
    const query = new URLSearchParams({ status: 'closed', limit: String(PAGE), after: leastIdOf(from) });
    return this.#api.get(`/api/v1/restaurants/${this.#restaurant}/orders?${query}`);
  }
}
