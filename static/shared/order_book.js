import { withPending } from './optimistic.js';

/**
 * The orders of a room as a screen shows them: the documents, answers that arrived before their events, and unanswered
 * commands.
 */
export class OrderBook {
  #bell; #room; #station;
  /** Documents of answers that are newer than the room. @type {Map<string, any>} */
  #answered = new Map();

  /** @param {{bell: any, room: any, station?: string}} parts station: the one that the token is bound to */
  constructor({ bell, room, station }) {
    this.#bell = bell;
    this.#room = room;
    this.#station = station;
    // Answers from before a restore of the database are void.
    room.on('change', (/** @type {any} */ { rewritten }) => rewritten && this.#answered.clear());
    bell.on('answer', (/** @type {any} */ { ack }) => ack?.document?.id && this.#answered.set(ack.document.id, ack.document));
  }

  /**
   * @param {any[]} [others] documents that the room does not list; if it does list one, the room's wins
   * @returns {any[]}
   */
  orders(others = []) {
    const orders = new Map(others.map((order) => [order.id, order]));
    for (const [id, order] of this.#room.documents) orders.set(id, this.#newest(id, order));
    const { pending } = this.#bell;
    return [...orders.values()].map((order) => withPending(order, pending, this.#station));
  }

  /** @param {string} id @param {any} order */
  #newest(id, order) {
    const answered = this.#answered.get(id);
    if (answered && answered.position > order.position) return answered;
    this.#answered.delete(id);
    return order;
  }
}
