import { WORDS } from '../languages/language.js';
import { called } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { itemList, noteLine, service } from './order_view.js';

/**
 * Says that the restaurant's database has lost an order, and offers to send it again.
 * @param {any} order its last known document @param {string} [heading] the tag of its title
 */
export function lostOrder(order, heading = 'h3') {
  return h('article.order', { 'data-lost': order.id, 'data-key': order.id, 'aria-labelledby': `order-${order.id}` },
    h('header.order__head', {},
      h(`${heading}.order__title`, { id: `order-${order.id}` }, WORDS.order(called(order)), service(order)),
      h('span.badge', { 'data-tone': 'bad' }, WORDS.short_lost)),
    h('section.banner.banner--bad.refusal', { 'data-key': 'lost' },
      h('b.refusal__title', {}, icon('alert'), ' ', WORDS.lost(called(order))),
      h('p', {}, WORDS.lostHint),
      h('p.actions', {},
        h('button.button.button--primary', { 'type': 'button', 'data-do': 'resend' }, WORDS.lostAgain),
        h('button.button', { 'type': 'button', 'data-do': 'let-go' }, WORDS.lostDone))),
    itemList(order),
    order.note && h('p.order__note', {}, noteLine(order)));
}
