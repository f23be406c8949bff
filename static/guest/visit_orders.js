import { changeOf, newestOrder } from './last_seen.js';
import { isFinal } from './order_view.js';

/** Bound: the orders that a phone follows live at once, since a connection limits its rooms. Open orders come first. */
export const FOLLOWED = 24;

/** This visit's orders, each in its newest known form: a room's document wins over a call's answer. */
export class VisitOrders {
  /** @type {Map<string, any>} */ #answered = new Map();
  /** @type {Map<string, any>} */ #rooms = new Map();
  #bell; #changed;

  /** @param {import('../client/orderbell.js').Orderbell} bell @param {(change: any) => void} changed */
  constructor(bell, changed) {
    this.#bell = bell;
    this.#changed = changed;
  }

  /** @returns {any[]} newest first */
  get all() {
    return [...this.#answered.keys()].map((id) => this.get(id)).sort((a, b) => b.number - a.number);
  }

  /** @param {string} id */
  get(id) {
    return newestOrder(this.#rooms.get(id), id, this.#answered.get(id));
  }

  /** @param {any[]} documents from a call or an ack; the open ones are followed live, then the newest of the others */
  take(documents) {
    for (const document of documents) {
      const held = this.#answered.get(document.id);
      if (!held || held.position < document.position) this.#answered.set(document.id, document);
    }
    const followed = this.all.sort((a, b) => Number(isFinal(a)) - Number(isFinal(b))).slice(0, FOLLOWED).map(({ id }) => id);
    for (const id of this.#rooms.keys()) if (!followed.includes(id)) this.#leave(id);
    for (const id of followed) this.#follow(id);
  }

  /** Keeps what the room knew. @param {string} id */
  #leave(id) {
    const room = this.#rooms.get(id);
    this.#answered.set(id, this.get(id));
    this.#rooms.delete(id);
    room.leave();
  }

  /** @param {string} id */
  #follow(id) {
    if (this.#rooms.has(id)) return;
    const room = this.#bell.room(`order:${id}`);
    this.#rooms.set(id, room);
    room.on('change', (/** @type {any} */ change) => this.#told(id, room, change));
  }

  /**
   * Passes a change on. A snapshot may bring news as well: what happened before the room was joined, or during a long absence.
   * @param {string} id @param {any} room @param {any} change
   */
  #told(id, room, change) {
    if (change.kind !== 'snapshot') return this.#changed(change);
    this.#changed(changeOf(id, room, change, this.#answered.get(id)));
  }
}
