import { Api, Orderbell, OrderbellError, TokenSource } from '../client/orderbell.js';
import { pageVersion } from '../shared/dom.js';
import { database, keepLocal, localStore, recallLocal, sessionStore } from '../shared/storage.js';
import { forgetOrders, leaveOrders } from './last_seen.js';

/** @typedef {{restaurant: {id: string, slug: string, name: string, currency: string}, table: string, diner: string}} Place */

/** A diner's session at one table, stored on the phone under the table's key. */
export class Visit {
  #key; #tokens;
  /** @type {Place | null} */ #place;
  /**
   * When the table's visit began, in ms; null before its first order, or if the server does not report it. @type {number |
   * null}
   */
  since = null;
  /** True if this page began the session, false if it found a stored one. */ #begun = false;

  /** @param {string} tableKey from the address of the table's page */
  constructor(tableKey) {
    this.#key = tableKey;
    this.#tokens = new TokenSource({ url: location.origin, store: localStore, key: `orderbell.diner.${tableKey}` });
    this.#place = recallLocal(`visit.${tableKey}`, null);
    this.api = new Api({ url: location.origin, tokens: this.#tokens });
  }

  get tableKey() {
    return this.#key;
  }

  /** The diner's restaurant and table; null before `open`. @returns {Place | null} */
  get place() {
    return this.#place;
  }

  get begun() {
    return this.#begun;
  }

  /** Whether the staff have ended this page's session. */
  get wasEnded() {
    return this.#tokens.endReason === 'ended_by_staff';
  }

  /**
   * Resumes the stored session, or begins a new one if there is none or it has ended.
   * @returns {Promise<Place>}
   * @throws {import('../client/codes.js').OrderbellError}
   */
  async open() {
    keepLocal('table', this.#key);
    const isGood = this.#place !== null && (await this.#stillGood());
    if (!isGood && this.wasEnded) throw new OrderbellError({ code: 'unauthorized', reason: 'ended_by_staff' });
    if (!isGood) await this.#begin();
    return /** @type {Place} */ (this.#place);
  }

  /**
   * Drops a session that has expired or failed while the guest is still at the table. The next `open` begins another one unless
   * another tab has. Open orders stay on the phone.
   */
  lapse() {
    if (!this.#tokens.over) this.#tokens.clear();
  }

  /** Forgets the session and its orders. The next `open` begins another session. */
  end() {
    this.#tokens.clear();
    this.#place = null;
    keepLocal(`visit.${this.#key}`, undefined);
    forgetOrders();
  }

  /** @returns {Promise<any[]>} documents of this visit, newest first */
  async orders() {
    const path = '/api/v1/diner-sessions/current';
    let { orders, visit, table, next } = await this.api.get(path);
    while (next) {
      const page = await this.api.get(`${path}?after=${next}`);
      orders = orders.concat(page.orders);
      next = page.next;
    }
    this.since = visit ? Date.parse(visit.opened_at) : null;
    this.remember(...orders);
    this.moveTo(table);
    return orders;
  }

  /** Follows the guests to another table. @param {string} table @returns {boolean} whether they were at another table before */
  moveTo(table) {
    if (!this.#place || !table || this.#place.table === table) return false;
    this.#place = { ...this.#place, table };
    keepLocal(`visit.${this.#key}`, this.#place);
    return true;
  }

  /** Remembers the table of orders, so that their own pages find the token. @param {...any} orders */
  remember(...orders) {
    const known = recallLocal('orders', {});
    for (const { id } of orders) known[id] = this.#key;
    keepLocal('orders', known);
  }

  /**
   * @param {{resume?: boolean}} [how] whether to restore commands of an earlier page, and store new ones, before the link is up
   * @returns {Orderbell} a link for this diner, not yet started
   */
  bell({ resume = false } = {}) {
    const diner = this.#place?.diner;
    return new Orderbell({
      url: location.origin, slug: this.#place?.restaurant.slug, tokens: this.#tokens, version: pageVersion(),
      storage: database(), session: sessionStore, resume, storageKey: `orderbell.outbox.${diner}`,
    });
  }

  /** Whether the session may still be used. True without a network, since only the server can end a session. */
  async #stillGood() {
    try {
      await this.#tokens.get();
      return true;
    } catch (error) {
      return /** @type {any} */ (error).code !== 'unauthorized';
    }
  }

  async #begin() {
    const answer = await new Api({ url: location.origin }).post('/api/v1/diner-sessions', { table_key: this.#key });
    const { restaurant, table, diner } = answer;
    this.#tokens.save(answer);
    this.#place = { restaurant, table, diner };
    this.#begun = true;
    leaveOrders((order) => tableOf(order) === this.#key);
    keepLocal(`visit.${this.#key}`, this.#place);
  }
}

/** @param {string} order its id @returns {Visit | null} the visit on this phone in which it was placed */
export function visitOf(order) {
  const key = tableOf(order);
  return key ? new Visit(key) : null;
}

/** @param {string} order its id @returns {string | undefined} the key of the table at which this phone placed it */
export function tableOf(order) {
  return recallLocal('orders', {})[order];
}
