import { isOwed, onlyOwed } from '../shared/optimistic.js';
import { UNDO_MS } from './tickets.js';

/**
 * A bump on this screen: the items that it finished, and the items that were done before. Bumping a ticket is one command on
 * the server; bumping an item affects only that item.
 * @typedef {{at: number, whole: boolean, items: string[], doneBefore: string[]}} Bump
 */

/** Turns a cook's touches into commands. */
export class KitchenCommands {
  #bell; #station; #now;
  /** The last bump of each order, which an undo reverses exactly. @type {Map<string, Bump>} */
  #bumps = new Map();

  /**
   * @param {{bell: any, station?: string, now?: () => number}} parts station: the token's station;
   *   now: monotonic ms
   */
  constructor({ bell, station, now = () => performance.now() }) {
    this.#bell = bell;
    this.#station = station;
    this.#now = now;
  }

  /**
   * @param {string} action
   * @param {import('./tickets.js').Ticket} ticket
   * @param {{item?: string, filter?: string, course?: number}} [how] filter: the station that a screen without its own station
   * shows
   */
  act(action, ticket, { item, filter, course } = {}) {
    if (action === 'fire') return this.#send({ action, order: ticket.id, ...(item ? { item } : { course }) });
    if (action === 'recall' && this.#isUndo(ticket.id)) return this.#undo(ticket.id);
    const whole = !item && !(filter && !this.#station);
    if (action === 'ready' || action === 'finish_item') this.#remember(ticket, whole, item);
    else this.#bumps.delete(ticket.id);
    if (item) this.#send({ action, order: ticket.id, item });
    else if (whole) this.#send({ action, order: ticket.id, ...(action !== 'recall' && onlyOwed(ticket.items)) });
    else this.#byItem(action, ticket);
  }

  /** Reverses this screen's last bump. @returns {boolean} whether there was a recent one */
  undo() {
    const [order] = [...this.#bumps.keys()].slice(-1);
    if (!order || !this.#isUndo(order)) return false;
    this.#undo(order);
    return true;
  }

  /** @param {import('./tickets.js').Ticket} ticket @param {boolean} whole @param {string} [item] */
  #remember(ticket, whole, item) {
    // Delete and insert, so that the latest bump is the map's last entry.
    this.#bumps.delete(ticket.id);
    this.#bumps.set(ticket.id, {
      at: this.#now(), whole, items: item ? [item] : idsOf(ticket, isOwed), doneBefore: idsOf(ticket, (one) => one.status === 'done'),
    });
    for (const [id] of this.#bumps) if (!this.#isUndo(id)) this.#bumps.delete(id);
  }

  /** @param {string} order */
  #isUndo(order) {
    return this.#now() - (this.#bumps.get(order)?.at ?? -UNDO_MS) < UNDO_MS;
  }

  /** @param {string} order */
  #undo(order) {
    const { whole, items, doneBefore } = /** @type {Bump} */ (this.#bumps.get(order));
    this.#bumps.delete(order);
    if (whole) this.#send({ action: 'recall', order });
    for (const item of whole ? doneBefore : items) this.#send({ action: whole ? 'finish_item' : 'recall_item', order, item });
  }

  /**
   * Acts on each item separately: a command for the ticket would act on the items of all stations, but the cook sees only one.
   * @param {string} action
   * @param {import('./tickets.js').Ticket} ticket
   */
  #byItem(action, ticket) {
    /** @type {Record<string, [string, (item: any) => boolean]>} */
    const each = {
      start: ['start_item', (item) => item.status === 'queued' && !item.held],
      ready: ['finish_item', isOwed],
      recall: ['recall_item', (item) => item.status === 'done'],
    };
    const [itemAction, wanted] = each[action];
    for (const item of idsOf(ticket, wanted)) this.#send({ action: itemAction, order: ticket.id, item });
  }

  /**
   * Sends a command. The connection's `answer` event reports a refusal, even after a reload.
   * @param {any} command
   */
  #send(command) {
    this.#bell.command(command).catch(() => {});
  }
}

/** @param {import('./tickets.js').Ticket} ticket @param {(item: any) => boolean} wanted */
function idsOf(ticket, wanted) {
  return ticket.items.filter(([, item]) => wanted(item)).map(([id]) => id);
}
