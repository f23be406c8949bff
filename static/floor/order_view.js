import { h } from '../shared/dom.js';
import { STATUS_WORDS, count, money, place, whyWords } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { ageView, noteView, notesView, placeView, promiseView } from '../shared/order_parts.js';
import { levelAt, promisedAt } from '../shared/urgency.js';
import { canBeCalledBack, laneClock, progress } from './lanes.js';

/** The times that are offered beside the restaurant's own. */
const MINUTES = [10, 20, 30, 45];
const OPEN = new Set(['placed', 'accepted', 'preparing', 'ready']);

/**
 * @typedef {{now: number, minutes?: number, lane: import('./lanes.js').Lane, isOpen?: boolean}} Look
 *   minutes: the restaurant's default, if known; isOpen: an incoming order shows its dishes
 */

/**
 * A card and its dependencies: it is rebuilt only when one of these changes.
 * @param {any} order @param {Look} look @returns {import('../shared/keyed.js').Entry}
 */
export function orderEntry(order, look) {
  const { now, minutes, lane, isOpen } = look;
  const deps = [order, lane, minutes, isOpen, levelAt(laneClock(order, lane), now), canBeCalledBack(order, now)];
  return { key: order.id, deps, view: () => (lane === 'incoming' ? incomingCard(order, look) : orderCard(order, look)) };
}

/**
 * An incoming order: a row with what to accept it needs, so that a phone shows many; its dishes on request.
 * @param {any} order @param {Look} look
 */
function incomingCard(order, look) {
  const { now, minutes, isOpen = false } = look;
  return h('article.card.order.order--row', {
    'data-key': order.id, 'data-order': order.id, 'data-status': order.status, 'data-pending': Boolean(order.pending), 'data-open': isOpen,
    'aria-label': `Order ${order.number}, ${place(order)}`,
  },
  h('h3.order__head', {}, h('button.order__open', { 'type': 'button', 'data-do': 'open-order', 'aria-expanded': String(isOpen) },
    h('span.order__line', {}, h('span.order__number', {}, h('span.visually-hidden', {}, 'Order '), order.number), h('span.order__place', {}, placeView(order))),
    h('span.order__line', {}, ageView(laneClock(order, 'incoming'), now, 'span'), h('span.order__fact', {}, count(progress(order).all, 'dish', 'dishes')),
      order.rush && h('span.badge.badge--rush', {}, icon('bolt'), 'Rush'),
      order.pending && h('span.badge.order__pending', {}, 'Not sent yet')))),
  acceptChips(minutes),
  isOpen ? [
    noteView(order),
    h('ul.order__items', {}, Object.entries(order.items).map(([id, item]) => itemLine(id, item, order))),
    h('p.order__total', {}, count(progress(order).all, 'dish', 'dishes'), amountDue(order)),
  ] : [h('p.order__dishes', {}, dishesIn(order)), notesView(order)],
  h('div.actions.order__actions.order__more', {}, rush(order), button('reject', 'close', 'Reject', '.button--quiet.button--danger')));
}

/** @param {any} order @returns {string} `2 Beef rezala, 1 Firni` */
function dishesIn({ items }) {
  return Object.values(items).filter(({ status }) => status !== 'voided').map(({ quantity, name }) => `${quantity} ${name}`).join(', ');
}

/** One touch accepts and promises. @param {number | undefined} own the restaurant's default, if known */
function acceptChips(own) {
  const choices = own === undefined ? MINUTES : [...new Set([...MINUTES, own])].sort((a, b) => a - b);
  return h('div.minutes', { role: 'group', 'aria-label': 'Accept, ready in' },
    own === undefined && h('button.chip', { 'type': 'button', 'data-key': 'own', 'data-action': 'accept', 'aria-label': 'Accept' }, icon('check')),
    choices.map((minutes) => h('button.chip', {
      'type': 'button', 'data-key': minutes, 'data-action': 'accept', 'data-minutes': minutes, 'data-default': minutes === own,
      'aria-label': `Accept, ready in ${minutes} minutes${minutes === own ? ', the usual time' : ''}`,
    }, minutes === own && icon('check'), minutes)),
    h('span.muted', { 'aria-hidden': true }, 'min'));
}

/** @param {any} order @param {Look} look */
function orderCard(order, look) {
  return h('article.card.order', {
    'data-key': order.id, 'data-order': order.id, 'data-status': order.status, 'data-pending': Boolean(order.pending),
    'aria-label': `Order ${order.number}, ${place(order)}`,
  },
  h('header.order__head', {},
    h('h3.order__number', {}, h('span.visually-hidden', {}, 'Order '), order.number),
    h('p.order__place', {}, placeView(order)),
    ageView(laneClock(order, look.lane), look.now)),
  facts(order, look),
  noteView(order),
  h('ul.order__items', {}, Object.entries(order.items).map(([id, item]) => itemLine(id, item, order))),
  h('p.order__total', {}, count(progress(order).all, 'dish', 'dishes'), amountDue(order)),
  actions(order, look));
}

/** The amount to pay: nothing for a rejected or cancelled order. @param {any} order */
function amountDue({ status, total }) {
  if (status !== 'rejected' && status !== 'cancelled') return h('b.numeric', {}, money(total));
  return h('span', {}, 'Nothing to pay ', h('s.numeric', { 'aria-hidden': true }, money(total)));
}

/** The facts under a card's head. Lanes with a single status name it in their title. @param {any} order @param {Look} look */
function facts(order, look) {
  const { lane, now } = look;
  const cooking = lane === 'kitchen';
  const { done, all } = progress(order);
  const promised = promisedAt(order);
  const shown = [
    (cooking || lane === 'done') && h('span.badge', {}, STATUS_WORDS[order.status]),
    lane === 'done' && whyWords(order) && h('span.order__fact', {}, whyWords(order)),
    order.rush && h('span.badge.badge--rush', {}, icon('bolt'), 'Rush'),
    order.pending && h('span.badge.order__pending', {}, 'Not sent yet'),
    cooking && h('span.order__fact', {}, `${done} of ${all} done`),
    cooking && promised !== undefined && promiseView(promised, now),
  ].filter(Boolean);
  return shown.length > 0 && h('p.order__facts', {}, shown);
}

/** @param {string} id @param {any} item @param {any} order */
function itemLine(id, item, order) {
  const open = OPEN.has(order.status);
  return h('li.line', { 'data-key': id, 'data-item': id, 'data-status': item.status },
    h('span.line__quantity.numeric', {}, item.quantity, h('span.visually-hidden', {}, ' times ')),
    h('span.line__body', {},
      h('span.line__name', {}, item.name),
      (item.options ?? []).map((/** @type {string} */ option) => h('span.line__option', {}, `+ ${option}`)),
      noteView(item),
      item.status === 'voided' && whyWords(item) && h('span.line__why', {}, whyWords(item))),
    mark(item),
    open && item.status !== 'voided' && h('button.button.button--quiet.line__void', {
      'type': 'button', 'data-action': 'void_item', 'aria-label': `Void ${item.name}`, 'title': 'Void',
    }, icon('close')));
}

/** @param {any} item */
function mark(item) {
  /** @type {Record<string, any>} */
  const marks = {
    done: [icon('check'), h('span.visually-hidden', {}, 'Done')],
    cooking: [icon('flame'), h('span.visually-hidden', {}, 'Cooking')],
    voided: h('span.badge', {}, 'Void'),
  };
  return h('span.line__mark', {}, marks[item.status]);
}

/** @param {any} order @param {Look} look */
function actions(order, look) {
  /** @type {Record<string, () => any>} */
  const rows = {
    kitchen: () => row(
      button('ready', 'check', 'Ready', '.order__main'), rush(order), button('promise', 'clock', 'Time', '.button--quiet'),
      button('cancel', 'close', 'Cancel', '.button--quiet.button--danger')),
    ready: () => row(
      button('serve', 'tray', 'Serve', '.button--go.order__main'), button('recall', 'undo', 'Back', '.button--quiet'),
      button('cancel', 'close', 'Cancel', '.button--quiet.button--danger')),
    done: () => canBeCalledBack(order, look.now) && row(button('recall', 'undo', 'Call back', '.button--quiet')),
  };
  return rows[look.lane]();
}

/** @param {...any} buttons */
function row(...buttons) {
  return h('div.actions.order__actions', {}, buttons);
}

/** @param {any} order */
function rush(order) {
  return h('button.button.button--quiet', { 'type': 'button', 'data-action': 'rush', 'aria-pressed': String(Boolean(order.rush)) },
    icon('bolt'), 'Rush');
}

/** @param {string} action @param {Parameters<typeof icon>[0]} sign @param {string} words @param {string} looks */
function button(action, sign, words, looks) {
  return h(`button.button${looks}`, { 'type': 'button', 'data-action': action }, icon(sign), words);
}
