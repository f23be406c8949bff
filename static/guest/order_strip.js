import { WORDS } from '../languages/language.js';
import { called } from '../shared/order_facts.js';
import { h, render } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { promisedRange } from './order_view.js';

/** The statuses of an open order; the last one is nearest to the table. */
const PROGRESS = ['placed', 'accepted', 'preparing', 'ready'];

/**
 * @param {any[]} orders open ones, newest first @returns {any} the order to show: the one with the most progress; of
 * several such orders, the oldest
 */
export function nearest(orders) {
  const progress = (/** @type {any} */ { status }) => PROGRESS.indexOf(status);
  return orders.reduce((best, order) => (!best || progress(order) >= progress(best) ? order : best), undefined);
}

/** Shows the order in progress while its card is out of sight: its number, its status, and its promised time. */
export class OrderStrip {
  #root; #changed;
  /** @type {any} */ #order;
  /** The cards of open orders, and whether each is visible. @type {Map<Element, boolean>} */ #cards = new Map();
  #watch = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) if (this.#cards.has(target)) this.#cards.set(target, isIntersecting);
    this.#draw();
  });

  /** @param {HTMLElement} root the strip's element @param {() => void} changed */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
  }

  /** Follows the open orders. Call it after their cards were drawn. @param {any[]} orders newest first */
  follow(orders) {
    this.#order = nearest(orders);
    /** @type {Set<Element>} */
    const cards = new Set(orders.map(({ id }) => cardOf(id)).filter((card) => card !== null));
    for (const card of [...this.#cards.keys()]) {
      if (cards.has(card)) continue;
      this.#watch.unobserve(card);
      this.#cards.delete(card);
    }
    for (const card of cards) {
      if (this.#cards.has(card)) continue;
      // A card counts as visible until the browser has checked: a strip that appears for a moment would flicker.
      this.#cards.set(card, true);
      this.#watch.observe(card);
    }
    this.#draw();
  }

  /** Goes to the order's card. */
  open() {
    const card = this.#order && cardOf(this.#order.id);
    if (!card) return;
    card.scrollIntoView({ block: 'center' });
    card.focus({ preventScroll: true });
  }

  #draw() {
    const isShown = this.#cards.size > 0 && ![...this.#cards.values()].includes(true);
    render(this.#root, isShown && strip(this.#order, this.#cards.size - 1));
    this.#changed();
  }
}

/** @param {any} order @param {number} others how many other orders are open */
function strip(order, others) {
  const range = promisedRange(order);
  return h('button.order-strip', { 'type': 'button', 'data-do': 'to-order', 'data-status': order.status },
    h('span.order-strip__number', {}, WORDS.order(called(order))),
    h('span.badge', {}, WORDS[`short_${order.status}`]),
    range && h('span.order-strip__time', {}, range),
    others > 0 && h('span.order-strip__others', {}, WORDS.moreOrders(others)),
    icon('up'));
}

/** @param {string} id @returns {HTMLElement | null} */
function cardOf(id) {
  return document.querySelector(`#main [data-order="${CSS.escape(id)}"]`);
}
