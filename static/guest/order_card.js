import { WORDS, clock } from '../languages/language.js';
import { called } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { controls, coursesLine, fellThrough, hint, itemList, leftNote, noteLine, progress, promise, service, statusWords, why } from './order_view.js';

/** @typedef {import('./order_view.js').State} State */

/**
 * An order's card on the table's page.
 *
 * @param {any} order @param {State} state
 */
export function orderCard(order, state) {
  return h('article.order', { 'data-order': order.id, 'data-status': order.status, 'data-key': order.id, 'aria-labelledby': `order-${order.id}`, 'tabindex': -1 },
    h('header.order__head', {},
      h('h3.order__title', { id: `order-${order.id}` }, WORDS.order(called(order)), service(order)),
      h('span.badge', {}, WORDS[`short_${order.status}`])),
    h('p.order__status', {}, statusWords(order)),
    state.left === undefined ? h('p.order__hint', {}, promise(order, state.now) ?? hint(order, state)) : leftNote(state.left, state.doubted),
    state.refusal,
    progress(order),
    coursesLine(order),
    itemList(order),
    order.note && h('p.order__note', {}, noteLine(order)),
    state.left === undefined && h('footer.order__foot', {}, followLink(order), controls(order, state)));
}

/**
 * A rejected or cancelled order, shown until the guest has read the reason. Its dishes are folded.
 *
 * @param {any} order @param {State & {open: boolean}} state
 */
export function refusedOrder(order, state) {
  return h('article.order', { 'data-order': order.id, 'data-status': order.status, 'data-key': order.id, 'aria-labelledby': `order-${order.id}` },
    h('header.order__head', {},
      h('h3.order__title', { id: `order-${order.id}` }, WORDS.order(called(order)), service(order)),
      h('span.badge', {}, WORDS[`short_${order.status}`])),
    state.refusal,
    h('details.order__more', { 'data-folds': order.id, open: state.open },
      h('summary', {}, WORDS.items),
      itemList(order),
      h('footer.order__foot', {}, followLink(order), controls(order, state))));
}

/**
 * A finished order: a line that can be opened, with the reason if it was rejected or cancelled. @param {any} order @param
 * {State & {open: boolean}} state
 */
export function finishedOrder(order, state) {
  return h(`details.order.order--finished${state.refusal ? '.order--unread' : ''}`, { 'data-order': order.id, 'data-status': order.status, 'data-key': order.id, 'data-folds': order.id, open: state.open },
    h('summary', {},
      h('span.order__title', {}, WORDS.order(called(order)), service(order)),
      h('span.muted', {}, clock(order.placed_at)),
      h('span.badge', {}, WORDS[`short_${order.status}`]),
      fellThrough(order) && h('span.order__why', {}, why(order).join(' '))),
    state.refusal,
    itemList(order),
    h('footer.order__foot', {}, followLink(order), controls(order, state)));
}

/** @param {any} order */
function followLink({ id }) {
  return h('a.button', { href: `/orders/${id}` }, WORDS.follow);
}
