import { called } from '../shared/order_facts.js';
import { place } from '../shared/format.js';
import { closedAt, listed } from './lanes.js';

/** The most closed orders to keep. Overflow: the oldest are dropped. */
const KEPT = 500;

/**
 * The closed orders for the floor's page, since snapshots of its room have only open ones. Reports the orders that were
 * cancelled while the page was disconnected.
 *
 * Bound: `KEPT` orders, and one entry for each order that a snapshot left out, until the closed orders are read.
 */
export class ClosedOrders {
  #room; #read; #tell; #changed;
  /** @type {any[]} */ #orders = [];
  /** Orders that this page showed as open and that a later snapshot no longer lists. @type {Set<string>} */
  #missing = new Set();
  /** Whether the stored closed orders belong to another history. */ #isStale = false;

  /**
   * @param {{room: any, read: () => Promise<any[]>, tell: (words: string) => void, changed: () => void}} parts read: returns
   * the recently closed orders; tell: reports cancelled orders
   */
  constructor({ room, read, tell, changed }) {
    this.#room = room;
    this.#read = read;
    this.#tell = tell;
    this.#changed = changed;
    room.on('change', (/** @type {any} */ { kind, replaced, rewritten }) => kind === 'snapshot' && this.#compare(replaced, rewritten));
    // If reading failed, the next connection reads again.
    room.on('live', () => (this.#missing.size > 0 || this.#isStale) && this.read());
  }

  /** Returns the closed orders. A document in the room is newer than a stored one. @returns {any[]} */
  get orders() {
    return this.#orders;
  }

  /** Reads the recently closed orders. If that fails, the last result stays. */
  async read() {
    const missing = this.#missing;
    try {
      const read = await this.#read();
      this.#isStale = false;
      this.#keep(read);
      // An order that was closed too long ago to be listed needs no report.
      if (missing === this.#missing) this.#missing = new Set();
      const cancelled = read.filter(({ id, status }) => missing.has(id) && status === 'cancelled');
      if (cancelled.length > 0) this.#tell(cancelledWords(cancelled));
      this.#changed();
    } catch {
      // The lane fills as orders are closed, and the banner reports an unreachable server.
    }
  }

  /**
   * @param {Map<string, any>} replaced the documents before the snapshot @param {boolean} rewritten whether they belong to
   * another history
   */
  #compare(replaced, rewritten) {
    const gone = [...replaced.values()].filter(({ id }) => !this.#room.documents.has(id));
    this.#isStale ||= rewritten;
    if (rewritten) this.#orders = [];
    else this.#keep(gone.filter(({ closed_at }) => closed_at));
    this.#missing = new Set([...this.#missing, ...gone.filter(({ closed_at }) => !closed_at).map(({ id }) => id)]);
  }

  /** @param {any[]} closed */
  #keep(closed) {
    const all = new Map([...this.#orders, ...closed].map((order) => [order.id, order]));
    this.#orders = [...all.values()].sort((a, b) => Date.parse(closedAt(b)) - Date.parse(closedAt(a))).slice(0, KEPT);
  }
}

/** @param {any[]} orders @returns {string} */
export function cancelledWords(orders) {
  const names = orders.sort((a, b) => a.number - b.number).map((order) => `${called(order)} (${place(order)})`);
  const isOne = names.length === 1;
  return `Order${isOne ? '' : 's'} ${listed(names)} ${isOne ? 'was' : 'were'} cancelled while this page was disconnected.`;
}
