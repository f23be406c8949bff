import { firesAt } from '../shared/courses.js';
import { called, chosenOptions } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { STATUS_WORDS, clock, count, money, place, whyWords } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { ageView, noteView, notesView, placeView, promiseView } from '../shared/order_parts.js';
import { levelAt, promisedAt } from '../shared/urgency.js';
import { clockAt, whenAt } from '../shared/zone.js';
import { canBeCalledBack, laneClock, progress } from './lanes.js';

/** The preparation times to offer, beside the restaurant's default. */
const MINUTES = [10, 20, 30, 45];
/** @type {Record<string, Parameters<typeof icon>[0]>} */
const COURSE_ICONS = { serve: 'tray', fire: 'flame', hold: 'pause' };
const OPEN = new Set(['placed', 'accepted', 'preparing', 'ready']);

/**
 * @typedef {{now: number, zone?: string, minutes?: number, lane: import('./lanes.js').Lane, isOpen?: boolean, corrects?: boolean}} Look
 *   zone: the restaurant's; minutes: the restaurant's default, if known; isOpen: whether an incoming order shows its dishes; corrects:
 *   whether the server supports corrections and stories
 */

/**
 * A card and its dependencies. It is rebuilt only when one of these changes.
 * @param {any} order @param {Look} look @returns {import('../shared/keyed.js').Entry}
 */
export function orderEntry(order, look) {
  const { now, zone, minutes, lane, isOpen, corrects } = look;
  const deps = [order, zone, lane, minutes, isOpen, corrects, levelAt(laneClock(order, lane), now), canBeCalledBack(order, now)];
  const view = { incoming: incomingCard, upcoming: upcomingCard }[/** @type {string} */ (lane)] ?? orderCard;
  return { key: order.id, deps, view: () => view(order, look) };
}

/**
 * An incoming order: a compact row with what is needed to accept it, so that a phone shows many. A touch shows its dishes.
 * @param {any} order @param {Look} look
 */
function incomingCard(order, look) {
  const { now, minutes, isOpen = false } = look;
  return h('article.card.order.order--row', {
    'data-key': order.id, 'data-order': order.id, 'data-status': order.status, 'data-pending': Boolean(order.pending), 'data-open': isOpen,
    'aria-label': `Order ${called(order)}, ${place(order)}`,
  },
  h('h3.order__head', {}, h('button.order__open', { 'type': 'button', 'data-do': 'open-order', 'aria-expanded': String(isOpen) },
    h('span.order__line', {}, h('span.order__number', {}, h('span.visually-hidden', {}, 'Order '), called(order)), h('span.order__place', {}, placeView(order))),
    h('span.order__line', {}, ageView(laneClock(order, 'incoming'), now, 'span'), h('span.order__fact', {}, count(progress(order).all, 'dish', 'dishes')),
      order.rush && h('span.badge.badge--rush', {}, icon('bolt'), 'Rush'),
      order.stuck && h('span.badge.order__stuck', {}, 'Not sent yet')))),
  acceptChips(minutes),
  isOpen ? [
    noteView(order),
    h('ul.order__items', {}, Object.entries(order.items).map(([id, item]) => itemLine(id, item, order, look))),
    h('p.order__total', {}, count(progress(order).all, 'dish', 'dishes'), amountDue(order)),
  ] : [h('p.order__dishes', {}, dishesIn(order)), notesView(order)],
  h('div.actions.order__actions.order__more', {}, rush(order), button('reject', 'close', 'Reject', '.button--quiet.button--danger'), rider(order, look), story(look)));
}

/**
 * An order for later: when it is due, and when the kitchen gets it. It has no age, and does not ring.
 * @param {any} order @param {Look} look
 */
function upcomingCard(order, look) {
  const { now, zone, isOpen = false } = look;
  return h('article.card.order.order--row', {
    'data-key': order.id, 'data-order': order.id, 'data-status': order.status, 'data-pending': Boolean(order.pending), 'data-open': isOpen,
    'aria-label': `For later: order ${called(order)}, ${place(order)}`,
  },
  h('h3.order__head', {}, h('button.order__open', { 'type': 'button', 'data-do': 'open-order', 'aria-expanded': String(isOpen) },
    h('span.order__line', {}, h('b.order__due', {}, whenAt(order.due_at, zone, now)), h('span.order__number', {}, 'Order ', called(order)),
      h('span.order__place', {}, placeView(order))),
    h('span.order__line', {}, h('span.order__fact', {}, `to the kitchen at ${whenAt(order.starts_at, zone, now)}`), h('span.order__fact', {}, count(progress(order).all, 'dish', 'dishes')),
      h('span.badge', {}, order.status === 'placed' ? 'Not accepted yet' : 'Accepted'),
      order.rush && h('span.badge.badge--rush', {}, icon('bolt'), 'Rush'),
      order.pending && h('span.badge.order__pending', {}, 'Not sent yet')))),
  isOpen ? [
    noteView(order),
    h('ul.order__items', {}, Object.entries(order.items).map(([id, item]) => itemLine(id, item, order, look))),
    h('p.order__total', {}, count(progress(order).all, 'dish', 'dishes'), amountDue(order)),
  ] : [h('p.order__dishes', {}, dishesIn(order)), notesView(order)],
  h('div.actions.order__actions.order__later', {},
    order.status === 'placed' && button('accept', 'check', 'Accept', '.button--go'),
    button('start_now', 'flame', 'Start now', '.button--quiet'), button('reschedule', 'clock', 'Time', '.button--quiet'),
    order.status === 'placed' ? button('reject', 'close', 'Reject', '.button--quiet.button--danger') : button('cancel', 'close', 'Cancel', '.button--quiet.button--danger'),
    more(look), rider(order, look), story(look)));
}

/** @param {any} order @returns {string} `2 Beef rezala, 1 Firni` */
function dishesIn({ items }) {
  return Object.values(items).filter(({ status }) => status !== 'voided').map(({ quantity, name }) => `${quantity} ${name}`).join(', ');
}

/** One touch accepts the order and promises a time. @param {number | undefined} own the restaurant's default, if known */
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
    'aria-label': `Order ${called(order)}, ${place(order)}`,
  },
  h('header.order__head', {},
    h('h3.order__number', {}, h('span.visually-hidden', {}, 'Order '), called(order)),
    h('p.order__place', {}, placeView(order)),
    ageView(laneClock(order, look.lane), look.now)),
  facts(order, look),
  noteView(order),
  h('ul.order__items', {}, Object.entries(order.items).map(([id, item]) => itemLine(id, item, order, look))),
  h('p.order__total', {}, count(progress(order).all, 'dish', 'dishes'), amountDue(order)),
  actions(order, look));
}

/** The amount to pay: nothing for a rejected or cancelled order. @param {any} order */
function amountDue({ status, total }) {
  if (status !== 'rejected' && status !== 'cancelled') return h('b.numeric', {}, money(total));
  return h('span', {}, 'Nothing to pay ', h('s.numeric', { 'aria-hidden': true }, money(total)));
}

/**
 * The facts under a card's head. If all orders of a lane have the same status, only the lane's title names it. @param {any}
 * order @param {Look} look
 */
function facts(order, look) {
  const { lane, now } = look;
  const cooking = lane === 'kitchen';
  const { done, all } = progress(order);
  const promised = promisedAt(order);
  const shown = [
    order.due_at && lane !== 'done' && h('span.badge', {}, `For ${clockAt(order.due_at, look.zone)}`),
    (cooking || lane === 'done') && h('span.badge', {}, STATUS_WORDS[order.status]),
    lane === 'done' && whyWords(order) && h('span.order__fact', {}, whyWords(order)),
    order.auto_accepted && h('span.badge', {}, icon('check'), 'By the rule'),
    order.rush && h('span.badge.badge--rush', {}, icon('bolt'), 'Rush'),
    rounds(order) > 1 && h('span.badge', {}, `Round ${rounds(order)}`),
    order.stuck && h('span.badge.order__stuck', {}, 'Not sent yet'),
    cooking && h('span.order__fact', {}, `${done} of ${all} done`),
    cooking && promised !== undefined && promiseView(promised, now),
  ].filter(Boolean);
  return shown.length > 0 && h('p.order__facts', {}, shown);
}

/** @param {any} order @returns {number} the number of its last round */
function rounds(order) {
  return Math.max(1, ...Object.values(order.items).map(({ round = 1 }) => round));
}

/** @param {string} id @param {any} item @param {any} order @param {Look} look */
function itemLine(id, item, order, { corrects }) {
  const open = OPEN.has(order.status);
  return h('li.line', { 'data-key': id, 'data-item': id, 'data-status': item.status },
    h('span.line__quantity.numeric', {}, item.quantity, h('span.visually-hidden', {}, ' times ')),
    h('span.line__body', {},
      h('span.line__name', {}, item.name),
      chosenOptions(item).map((option) => h('span.line__option', {}, `+ ${option}`)),
      (item.seat || item.course || item.held || item.served_at) && h('span.line__option', {}, courseWords(item, order)),
      item.round && h('span.line__option', {}, `Round ${item.round}, ${clock(item.added_at)}`),
      noteView(item),
      item.status === 'voided' && whyWords(item) && h('span.line__why', {}, whyWords(item))),
    mark(item),
    open && item.status !== 'voided' && h('span.line__tools', {},
      item.course && item.status === 'done' && !item.served_at && tool('serve_item', 'tray', 'Serve', item.name),
      // A course is fired with the order's button.
      item.held && !item.course && tool('fire', 'flame', 'Fire', item.name),
      corrects && item.status === 'queued' && tool('change_item', 'edit', 'Change', item.name),
      tool('void_item', 'close', 'Void', item.name)));
}

/** @param {any} item @param {any} order @returns {string} `Seat 2, Mains, held, fires at 19:42` */
function courseWords(item, order) {
  const { seat, course, held, served_at: served } = item;
  const at = firesAt(item, order);
  return [seat && `Seat ${seat}`, course?.name, held && 'held', at !== undefined && `fires at ${clock(at)}`, served && 'served'].filter(Boolean).join(', ');
}

/** @param {string} action @param {Parameters<typeof icon>[0]} sign @param {string} word @param {string} name of the dish */
function tool(action, sign, word, name) {
  return h('button.button.button--quiet.line__void', {
    'type': 'button', 'data-key': action, 'data-action': action, 'aria-label': `${word} ${name}`, 'title': word,
  }, icon(sign));
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
      courses(order).map(({ action, number, words }) => h('button.button', {
        'type': 'button', 'data-key': `${action} ${number}`, 'data-action': action, 'data-course': number,
      }, icon(COURSE_ICONS[action]), words)),
      button('ready', 'check', 'Ready', '.order__main'), rush(order), button('promise', 'clock', 'Time', '.button--quiet'),
      more(look), rider(order, look), button('cancel', 'close', 'Cancel', '.button--quiet.button--danger'), story(look)),
    ready: () => row(
      button('serve', 'tray', 'Serve', '.button--go.order__main'), button('recall', 'undo', 'Back', '.button--quiet'),
      more(look), rider(order, look), button('cancel', 'close', 'Cancel', '.button--quiet.button--danger'), story(look)),
    done: () => (canBeCalledBack(order, look.now) || look.corrects) && row(canBeCalledBack(order, look.now) && button('recall', 'undo', 'Call back', '.button--quiet'), rider(order, look), story(look)),
  };
  return rows[look.lane]();
}

/**
 * The floor's buttons for courses: serve one whose dishes are all done, fire the next held one, and hold the last one that the
 * kitchen has not begun.
 * @param {any} order @returns {{action: string, number: number, words: string}[]}
 */
function courses(order) {
  const lines = Object.values(order.items).filter(({ course, status }) => course && status !== 'voided');
  const all = [...new Map(lines.map(({ course }) => [course.number, course.name]))].sort(([a], [b]) => a - b);
  const of = (/** @type {number} */ number) => lines.filter(({ course }) => course.number === number);
  const ready = all.filter(([number]) => of(number).every(({ status }) => status === 'done') && of(number).some(({ served_at: at }) => !at));
  const held = all.filter(([number]) => of(number).some((line) => line.held)).slice(0, 1);
  const waiting = all.filter(([number]) => all.length > 1 && of(number).every(({ status, held: is }) => status === 'queued' && !is)).slice(-1);
  return [
    ...ready.map(([number, name]) => ({ action: 'serve', number, words: `Serve ${name}` })),
    ...held.map(([number, name]) => ({ action: 'fire', number, words: `Fire ${name}` })),
    ...waiting.map(([number, name]) => ({ action: 'hold', number, words: `Hold ${name}` })),
  ];
}

/** @param {...any} buttons */
function row(...buttons) {
  return h('div.actions.order__actions', {}, buttons);
}

/** The button that adds dishes to the order. @param {Look} look */
function more({ corrects }) {
  return corrects && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'more' }, icon('plus'), 'Add');
}

/** The button for the rider's data. @param {any} order @param {Look} look */
function rider({ service }, { corrects }) {
  return corrects && service === 'delivery' && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'delivery' }, icon('list'), 'Address');
}

/** The button for the order's story, unless the server is too old to have stories. @param {Look} look */
function story({ corrects }) {
  return corrects && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'story' }, icon('list'), 'Story');
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
