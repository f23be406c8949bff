import { called, dishWords } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { STATUS_WORDS, clock, count, money } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { noteView, placeView } from '../shared/order_parts.js';

/** @typedef {import('./lost_orders.js').Lost} Lost */

/** Lists the acknowledged orders that the database has lost. @param {Lost[]} orders */
export function lostView(orders) {
  const back = orders.filter((order) => order.back);
  const gone = orders.filter((order) => !order.back);
  return [
    h('div.lost__head', { 'data-key': 'head', 'role': 'alert' }, icon('alert'),
      h('div.lost__words', {},
        gone.length > 0 && h('h2', {}, `The database has lost ${count(gone.length, 'order')}.`),
        gone.length > 0 && h('p', {}, 'It came back after a fault without them. Ask the guests, and enter them again.'),
        back.length > 0 && h('h2', {}, `The database has lost the last changes of ${count(back.length, 'order')}.`),
        back.length > 0 && h('p', {}, 'Ask the kitchen how far each is, and mark it again.'))),
    h('ul.lost__orders', { 'data-key': 'orders', 'tabindex': 0, 'aria-label': 'Lost orders' }, [...gone, ...back].map(lostOrder)),
  ];
}

/** @param {Lost} order */
function lostOrder(order) {
  const { id, status, placed_at: placed, items, total, back, again } = order;
  return h('li.lost__order', { 'data-key': id, 'data-lost': id },
    h('p.lost__title', {}, h('b', {}, `Order ${called(order)}`), placeView(order)),
    h('p.muted', {}, back ? `is ${STATUS_WORDS[status]} again` : `was ${STATUS_WORDS[status]}, placed ${clock(placed)}`),
    again !== undefined && h('p.lost__again', {}, icon('check'), `The guest has sent it again: order ${again}.`),
    !back && h('ul.lost__items', {}, items.map(lostLine)),
    !back && noteView(order),
    h('div.lost__foot', {}, !back && h('b.numeric', {}, money(total)),
      h('button.button', { 'type': 'button', 'data-do': 'lost-done' }, icon('check'), 'Done', h('span.visually-hidden', {}, `: order ${called(order)}`))));
}

/** @param {any} item */
function lostLine(item) {
  return h('li', {}, dishWords(item), noteView(item));
}
