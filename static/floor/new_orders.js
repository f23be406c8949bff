import { newId } from '../client/ids.js';
import { asRoundOf } from '../shared/basket.js';
import { Checkout } from '../shared/checkout.js';

/** Bound: orders that are being entered or sent. */
export const MOST_NEW = 20;

/**
 * The orders that a waiter is entering, without the DOM. Each has its own checkout, so that the waiter can serve the next table
 * while an order waits for the network. They survive a reload.
 *
 * @typedef {{table?: string, service: string, guest?: string}} Place
 * @typedef {{key: string, checkout: Checkout}} NewOrder
 */
export class NewOrders {
  /** @type {Map<string, Checkout>} */ #orders = new Map();
  #bell; #menu; #store; #on;

  /**
   * @param {object} parts
   * @param {any} parts.bell
   * @param {() => any} parts.menu
   * @param {{recall: () => Record<string, import('../shared/basket.js').Basket>, keep: (baskets: Record<string, any>) => void}} parts.store
   * @param {{changed: () => void, placed: (order: any, key: string, round: boolean) => void, sentBefore: (key: string) => void, refused: (key: string) => void}} parts.on
   */
  constructor({ bell, menu, store, on }) {
    this.#bell = bell;
    this.#menu = menu;
    this.#store = store;
    this.#on = on;
    for (const key of Object.keys(store.recall())) this.#open(key);
  }

  /** @returns {NewOrder[]} the orders with a dish, oldest first */
  get all() {
    return [...this.#orders].map(([key, checkout]) => ({ key, checkout })).filter(({ checkout }) => checkout.count > 0);
  }

  /** @param {string} key @returns {Checkout | undefined} */
  get(key) {
    return this.#orders.get(key);
  }

  /**
   * Begins an order, or returns to an unfinished one for the same place.
   * @param {Place} place @param {any} [order] the order to which the dishes are added @returns {string | null} its key; null if
   * there are too many unsent orders
   */
  begin(place, order) {
    const same = this.all.find(({ checkout: { basket, sending } }) =>
      !sending && basket.round?.order === order?.id && basket.table === place.table && basket.service === place.service && (place.table !== undefined || basket.guest === place.guest));
    if (same) return same.key;
    if (this.all.length >= MOST_NEW) return null;
    const key = newId();
    const checkout = this.#open(key);
    checkout.change(asRoundOf({ ...checkout.basket, ...place }, order));
    return key;
  }

  /** Forgets an order, unless it is being sent. @param {string} key */
  discard(key) {
    const checkout = this.#orders.get(key);
    if (!checkout || checkout.sending) return;
    checkout.close();
    this.#orders.delete(key);
    this.#keep(key, undefined);
    this.#on.changed();
  }

  menuChanged() {
    for (const checkout of this.#orders.values()) checkout.menuChanged();
  }

  /** Adopts the orders that another tab has stored. */
  reread() {
    const kept = Object.keys(this.#store.recall());
    for (const [key, checkout] of [...this.#orders]) {
      if (kept.includes(key)) checkout.reread();
      else if (checkout.count > 0) this.#end(key);
    }
    for (const key of kept) if (!this.#orders.has(key)) this.#open(key);
    this.#on.changed();
  }

  /** @param {string} key */
  #open(key) {
    const checkout = new Checkout({
      bell: this.#bell, menu: this.#menu,
      store: { recall: () => this.#store.recall()[key] ?? null, keep: (basket) => this.#keep(key, basket) },
      on: {
        changed: () => this.#on.changed(),
        placed: (order, { round }) => { this.#end(key); this.#on.placed(order, key, round); },
        sentBefore: () => { this.#end(key); this.#on.sentBefore(key); },
        refused: () => this.#on.refused(key),
      },
    });
    this.#orders.set(key, checkout);
    return checkout;
  }

  /** @param {string} key */
  #end(key) {
    this.#orders.get(key)?.close();
    this.#orders.delete(key);
  }

  /** @param {string} key @param {any} basket */
  #keep(key, basket) {
    const { [key]: _, ...others } = this.#store.recall();
    this.#store.keep(basket ? { ...others, [key]: basket } : others);
  }
}

/**
 * Accepts an order that a waiter has entered, so that the kitchen gets it. The `answer` event reports a refusal.
 * @param {any} bell @param {any} order @param {() => void} sent called once it is sent
 */
export async function sendToKitchen(bell, order, sent) {
  try {
    if (order.status === 'placed') await bell.command({ action: 'accept', order: order.id });
  } catch {
    return;
  }
  sent();
}
