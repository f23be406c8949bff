import { Api } from '../client/api.js';
import { Emitter } from '../client/emitter.js';
import { changesBetween, isOpen, ticketOf } from '../views/kitchen_model.js';
import { withPending } from '../views/optimistic.js';

/**
 * The orders of a kitchen screen: the room's documents, the answers that came before their events, and what waits
 * to be sent, as one. Emits `change`, and `noticed` when a ticket that is being cooked became another.
 */
export class KitchenOrders extends Emitter {
  #bell; #room; #memory; #api; #station;
  /** Documents of acks that ran ahead of the room. @type {Map<string, any>} */
  #answered = new Map();
  /** Orders that were to be cooked and closed while nobody listened. @type {Map<string, any>} */
  #found = new Map();

  /**
   * @param {{bell: any, room: any, memory: import('../views/kitchen_memory.js').TicketMemory, tokens: any, station?: string}} parts
   */
  constructor({ bell, room, memory, tokens, station }) {
    super();
    this.#bell = bell;
    this.#room = room;
    this.#memory = memory;
    this.#station = station;
    this.#api = new Api({ url: location.origin, tokens });
    bell.on('answer', (/** @type {any} */ { ack }) => ack?.document && this.#answered.set(ack.document.id, ack.document));
    room.on('change', (/** @type {any} */ change) => this.#changed(change));
  }

  /** @param {string | undefined} station @returns {import('../views/kitchen_model.js').Ticket[]} */
  tickets(station) {
    const orders = new Map(this.#memory.cancelled.map((order) => [order.id, order]));
    for (const [id, order] of this.#found) orders.set(id, order);
    for (const [id, order] of this.#room.documents) orders.set(id, this.#newest(id, order));
    const { pending } = this.#bell;
    return [...orders.values()].map((order) => ticketOf(withPending(order, pending, this.#station), station));
  }

  /** @param {string} id @param {any} order */
  #newest(id, order) {
    const answered = this.#answered.get(id);
    if (answered && answered.position > order.position) return answered;
    this.#answered.delete(id);
    return order;
  }

  /** @param {any} change */
  #changed({ kind, order, before, after }) {
    if (kind === 'snapshot') this.#lookForMissing();
    if (order && before && isOpen(ticketOf(before, this.#station))) {
      const words = changesBetween(before, after, this.#station);
      if (words.length > 0) {
        this.#memory.addChanges(order, words);
        this.emit('noticed', order);
      }
    }
    this.emit('change');
  }

  /** A snapshot lists open orders only: what became of a ticket that was on the screen has to be asked. */
  async #lookForMissing() {
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
