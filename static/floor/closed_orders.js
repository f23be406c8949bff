import { place } from '../shared/format.js';
import { closedAt, listed } from './lanes.js';

/** Bound: closed orders that are kept, the last ones. */
const KEPT = 500;

/**
 * Closed orders that the floor's room does not list: a snapshot has open ones only. Says which of the orders on this page
 * were cancelled while it was disconnected.
 *
 * Bound: `KEPT` orders, and one entry for each that the last snapshots left out, until the closed orders are read.
 */
export class ClosedOrders {
  #room; #read; #tell; #changed;
  /** @type {any[]} */ #orders = [];
  /** Orders that were open here, and that a snapshot no longer lists. @type {Set<string>} */ #missing = new Set();

  /**
   * @param {{room: any, read: () => Promise<any[]>, tell: (words: string) => void, changed: () => void}} parts read: what was
   *   closed lately; tell: says that orders were cancelled
   */
  constructor({ room, read, tell, changed }) {
    this.#room = room;
    this.#read = read;
    this.#tell = tell;
    this.#changed = changed;
    room.on('change', (/** @type {any} */ { kind, replaced }) => kind === 'snapshot' && this.#compare(replaced));
    // After a failure the next connection reads again.
    room.on('live', () => this.#missing.size > 0 && this.read());
  }

  /** @returns {any[]} documents of the room are newer */
  get orders() {
    return this.#orders;
  }

  /** Reads what was closed lately. On failure the last result stays. */
  async read() {
    const missing = this.#missing;
    try {
      const read = await this.#read();
      this.#keep(read);
      // Those that were closed too long ago to be read are no news.
      if (missing === this.#missing) this.#missing = new Set();
      const cancelled = read.filter(({ id, status }) => missing.has(id) && status === 'cancelled');
      if (cancelled.length > 0) this.#tell(cancelledWords(cancelled));
      this.#changed();
    } catch {
      // The lane fills as orders are closed, and the banner reports an unreachable server.
    }
  }

  /** @param {Map<string, any>} replaced the documents of before the snapshot */
  #compare(replaced) {
    const gone = [...replaced.values()].filter(({ id }) => !this.#room.documents.has(id));
    this.#keep(gone.filter(({ closed_at }) => closed_at));
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
  const names = orders.sort((a, b) => a.number - b.number).map((order) => `${order.number} (${place(order)})`);
  const isOne = names.length === 1;
  return `Order${isOne ? '' : 's'} ${listed(names)} ${isOne ? 'was' : 'were'} cancelled while this page was disconnected.`;
}
