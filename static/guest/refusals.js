import { WORDS, money, number } from '../languages/language.js';
import { called } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { endToasts, toast } from '../shared/toasts.js';
import { WHOLE, refusalsOf, why } from './order_view.js';
import { vibrate } from './page_state.js';

/** A refusal that was visible for this long needs no toast, in ms. */
const SIGHT_MS = 6_000;
/** Bound: orders whose read refusals are stored; the least recently read is dropped first. */
const KEPT_ORDERS = 40;

/**
 * Shows the restaurant's refusals until the guest has confirmed them, across reloads. Orders that guests cancel themselves
 * are not refusals.
 */
export class Refusals {
  #bell; #changed;
  /** Refusals that this page has announced. @type {Set<string>} */ #told = new Set();
  /** When the refusals of an order came into sight, by order. @type {Map<string, number>} */ #sightedAt = new Map();

  /** @param {any} bell @param {() => void} changed redraws */
  constructor(bell, changed) {
    this.#bell = bell;
    this.#changed = changed;
    bell.on('answer', (/** @type {any} */ { pending, ack }) => {
      if (pending.action === 'cancel' && ack?.changed) this.read(ack.document);
    });
    addEventListener('storage', ({ key }) => key === 'orderbell.read' && changed());
  }

  /** @param {any} order @returns {string[]} refusals that are not confirmed */
  unread(order) {
    const { [order.id]: read = [] } = recallLocal('read', {});
    // A cancellation may be the guest's own; its answer shows that.
    const isOwn = order.status === 'cancelled'
      && this.#bell.pending.some((/** @type {any} */ { action, order: id }) => action === 'cancel' && id === order.id);
    return isOwn ? [] : refusalsOf(order).filter((refusal) => !read.includes(refusal));
  }

  /** @param {any} order @param {boolean} [mine] whether the guest may confirm the refusal and order something else */
  view(order, mine = true) {
    const unread = this.unread(order);
    return unread.length > 0 ? refusalView(order, unread, mine) : null;
  }

  /** Announces new refusals. @param {any} order @param {any} [event] the event that changed the order */
  tell(order, event) {
    if (event?.kind === 'order.cancelled' && event.by?.role === 'diner') return this.read(order);
    const fresh = this.unread(order).filter((refusal) => !this.#told.has(`${order.id} ${refusal}`));
    if (fresh.length === 0) return;
    for (const refusal of fresh) this.#told.add(`${order.id} ${refusal}`);
    toast(refusalWords(order, fresh), { bad: true, about: order.id });
    vibrate();
  }

  /** Ends the toast about a refusal that has been visible for a while. Call it every second. */
  tick() {
    const isSeen = !document.hidden && !document.querySelector('dialog[open]');
    for (const view of document.querySelectorAll('[data-refusal]')) {
      const order = view.closest('[data-order]')?.getAttribute('data-order') ?? '';
      const { top, bottom } = view.getBoundingClientRect();
      const since = this.#sightedAt.get(order) ?? performance.now();
      if (!isSeen || top < 0 || bottom > innerHeight) this.#sightedAt.delete(order);
      else if (performance.now() - since >= SIGHT_MS) endToasts(order);
      else this.#sightedAt.set(order, since);
    }
  }

  /** Marks the refusals of an order as read: the guest has confirmed them, or has cancelled the order. @param {any} order */
  read(order) {
    const { [order.id]: known = [], ...others } = recallLocal('read', {});
    const kept = [...Object.entries(others), [order.id, [...new Set([...known, ...refusalsOf(order)])]]];
    keepLocal('read', Object.fromEntries(kept.slice(-KEPT_ORDERS)));
    endToasts(order.id);
    this.#changed();
  }
}

/** @param {any} order @param {string[]} refusals @returns {string} the text for the guest */
export function refusalWords(order, refusals) {
  return [title(order, refusals), ...reasons(order, refusals)].join(' ');
}

/**
 * @param {any} order @param {string[]} refusals some of `refusalsOf`
 * @param {boolean} mine whether the guest may confirm the refusal and order something else
 */
function refusalView(order, refusals, mine) {
  return h('section.banner.banner--bad.refusal', { 'data-refusal': refusals.join(' '), 'data-key': 'refusal' },
    h('b.refusal__title', {}, icon('alert'), ' ', title(order, refusals)),
    reasons(order, refusals).map((words) => h('p', {}, words)),
    mine && h('p.actions', {},
      h('button.button.button--primary', { type: 'button', 'data-do': 'else' }, WORDS.orderElse),
      h('button.button', { type: 'button', 'data-do': 'read' }, WORDS.read)));
}

/** @param {any} order @param {string[]} refusals */
function title(order, refusals) {
  const what = refusals.includes(WHOLE) ? order.status : 'items';
  return WORDS[`refused_${what}`](called(order));
}

/** @param {any} order @param {string[]} refusals @returns {string[]} */
function reasons(order, refusals) {
  if (refusals.includes(WHOLE)) return why(order);
  const lines = refusals.map((id) => order.items[id]);
  const less = lines.reduce((sum, { price, quantity }) => sum + price.amount * quantity, 0);
  const before = { ...order.total, amount: order.total.amount + less };
  return [
    ...lines.map((line) => [`${number(line.quantity)} × ${line.name}:`, ...why(line)].join(' ')),
    WORDS.totalFell(money(order.total), money(before)),
  ];
}
