import { isEmptied } from '../shared/order_facts.js';
import { changeOf, isRewritten, newestOrder } from './last_seen.js';
import { isFinal } from './order_view.js';

/** Bound: how many orders a phone follows live, since a connection limits its rooms. Open orders come first. */
export const FOLLOWED = 24;

/** The codes with which a server refuses the room of an order that it does not have. */
const GONE = new Set(['forbidden', 'not_found']);

/** The orders of this visit, each in its newest known form: a room's document takes precedence over the answer to a call. */
export class VisitOrders {
  /** The documents from calls and answers, with their epochs. @type {Map<string, {document: any, epoch?: string}>} */
  #answered = new Map();
  /** @type {Map<string, any>} */ #rooms = new Map();
  /** Open orders that the database has lost, in their last known state. @type {Map<string, any>} */ #lost = new Map();
  #bell; #changed;

  /**
   * @param {import('../client/orderbell.js').Orderbell} bell @param {(change: any) => void} changed called with each change of
   * an order; a change with `lost` has an order that the database has lost
   */
  constructor(bell, changed) {
    this.#bell = bell;
    this.#changed = changed;
  }

  /** @returns {any[]} newest first */
  get all() {
    return [...this.#answered.keys()].map((id) => this.get(id)).filter((order) => !isEmptied(order)).sort((a, b) => b.number - a.number);
  }

  /** @returns {any[]} newest first */
  get lost() {
    return [...this.#lost.values()].sort((a, b) => b.number - a.number);
  }

  /** @param {string} id */
  get(id) {
    return newestOrder(this.#rooms.get(id), id, this.#answered.get(id)?.document);
  }

  /** Returns the epoch of an order's document. @param {string} id @returns {string | undefined} */
  epochOf(id) {
    const room = this.#rooms.get(id);
    return room?.documents.has(id) ? room.epoch : this.#answered.get(id)?.epoch;
  }

  /**
   * @param {any[]} documents from a call, an answer or an earlier page; follows the open ones live, then the newest of the
   * others
   * @param {(id: string) => string | undefined} [epochOf] the epoch of a document, for those of an earlier page
   */
  take(documents, epochOf = () => this.#bell.welcome?.epoch) {
    for (const document of documents) {
      const held = this.#answered.get(document.id);
      const epoch = epochOf(document.id);
      const isNewer = !held || held.document.position < document.position || isRewritten(held.epoch, epoch);
      if (isNewer) this.#answered.set(document.id, { document, epoch });
    }
    const followed = this.all.sort((a, b) => Number(isFinal(a)) - Number(isFinal(b))).slice(0, FOLLOWED).map(({ id }) => id);
    for (const id of this.#rooms.keys()) if (!followed.includes(id)) this.#leave(id);
    for (const id of followed) this.#follow(id);
  }

  /**
   * Receives all orders of the visit. A known order of an older history that is missing from the list is lost. @param {any[]}
   * documents
   */
  takeAll(documents) {
    const ids = new Set(documents.map(({ id }) => id));
    this.take(documents);
    for (const id of [...this.#answered.keys()]) if (!ids.has(id)) this.#loseIfRewritten(id);
  }

  /** Drops a lost order. @param {string} id @returns {any} its document */
  drop(id) {
    const order = this.#lost.get(id);
    this.#lost.delete(id);
    return order;
  }

  /** Keeps the last document of a room. @param {string} id */
  #leave(id) {
    const room = this.#rooms.get(id);
    this.#answered.set(id, { document: this.get(id), epoch: this.epochOf(id) });
    this.#rooms.delete(id);
    room.leave();
  }

  /** @param {string} id */
  #follow(id) {
    if (this.#rooms.has(id)) return;
    const room = this.#bell.room(`order:${id}`);
    this.#rooms.set(id, room);
    room.on('change', (/** @type {any} */ change) => this.#told(id, room, change));
    room.on('refused', (/** @type {any} */ { code }) => GONE.has(code) && this.#loseIfRewritten(id));
  }

  /** @param {string} id */
  #loseIfRewritten(id) {
    if (!isRewritten(this.epochOf(id), this.#bell.welcome?.epoch)) return;
    const order = this.get(id);
    const room = this.#rooms.get(id);
    this.#rooms.delete(id);
    this.#answered.delete(id);
    room?.leave();
    // Nobody waits for a finished order.
    if (!isFinal(order)) this.#lost.set(id, order);
    this.#changed({ lost: order });
  }

  /**
   * Passes a change on. A snapshot counts as one: it may include events from before the room was joined, or from a long
   * absence.
   * @param {string} id @param {any} room @param {any} change
   */
  #told(id, room, change) {
    if (change.kind !== 'snapshot') return this.#changed(change);
    this.#changed(changeOf(id, room, change, this.#answered.get(id)?.document));
  }
}
