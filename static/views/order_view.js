import { WORDS } from './diner_words.js';
import { h } from './dom.js';
import { clock, money } from './format.js';
import { icon } from './icons.js';

const MINUTE = 60_000;
/** A promise is shown as a window this wide; nobody cooks to the minute. */
const PROMISE_WINDOW_MS = 10 * MINUTE;
const PROMISE_GRAIN_MS = 5 * MINUTE;

const STEPS = ['placed', 'accepted', 'preparing', 'ready', 'served'];
const FINAL = new Set(['served', 'rejected', 'cancelled']);

/** @param {any} order */
export function isFinal(order) {
  return FINAL.has(order.status);
}

/**
 * @param {any} order @param {number} now server ms
 * @returns {string | null} when it is promised, in words; null when it is not, or no longer matters
 */
export function promise(order, now) {
  if (!order.promised_at || (order.status !== 'accepted' && order.status !== 'preparing')) return null;
  const promised = Date.parse(order.promised_at);
  if (promised - now < MINUTE) return WORDS.promisedSoon;
  const from = Math.floor(promised / PROMISE_GRAIN_MS) * PROMISE_GRAIN_MS;
  return WORDS.promised(`${clock(from)} – ${clock(from + PROMISE_WINDOW_MS)}`);
}

/**
 * An order among others, on the table's page.
 *
 * @param {any} order @param {{now: number, cancelling: boolean}} state
 */
export function orderCard(order, state) {
  return h('article.order', { 'data-order': order.id, 'data-status': order.status, 'data-key': order.id, 'aria-labelledby': `order-${order.id}` },
    h('header.order__head', {},
      h('h3.order__title', { id: `order-${order.id}` }, WORDS.order(order.number)),
      h('span.badge', {}, WORDS.statusShort[order.status])),
    h('p.order__status', {}, WORDS.status[order.status]),
    h('p.order__hint', {}, promise(order, state.now) ?? hint(order)),
    progress(order),
    itemList(order),
    h('footer.order__foot', {},
      h('a.button', { href: `/orders/${order.id}` }, WORDS.follow),
      controls(order, state)));
}

/** An order that is over: one line that opens. @param {any} order @param {{now: number, cancelling: boolean, open: boolean}} state */
export function finishedOrder(order, state) {
  return h('details.order.order--finished', { 'data-order': order.id, 'data-status': order.status, 'data-key': order.id, open: state.open },
    h('summary', {},
      h('span.order__title', {}, WORDS.order(order.number)),
      h('span.muted', {}, clock(order.placed_at)),
      h('span.badge', {}, WORDS.statusShort[order.status])),
    ended(order),
    itemList(order),
    h('footer.order__foot', {},
      h('a.button', { href: `/orders/${order.id}` }, WORDS.follow),
      controls(order, state)));
}

/** The whole of one order, on a page of its own. @param {any} order @param {{now: number, cancelling: boolean}} state */
export function orderPage(order, state) {
  return h('article.track', { 'data-order': order.id, 'data-status': order.status },
    h('header.track__head', {},
      h('p.track__number', {}, WORDS.order(order.number), order.table && ` · ${WORDS.table(order.table)}`),
      h('h1.track__status', {}, WORDS.status[order.status]),
      h('p.track__promise', {}, promise(order, state.now) ?? hint(order)),
      progress(order)),
    ended(order),
    h('section.card', { 'aria-labelledby': 'items-title' },
      h('h2', { id: 'items-title' }, WORDS.items),
      itemList(order),
      order.note && h('p.order__note', {}, order.note),
      h('p.order__total', {}, h('span', {}, WORDS.total), h('span', {}, money(order.total)))),
    h('section.card', { 'aria-labelledby': 'timeline-title' },
      h('h2', { id: 'timeline-title' }, WORDS.timeline),
      timeline(order)),
    h('footer.order__foot', {}, controls(order, state)));
}

/** @param {any} order */
function hint(order) {
  return order.status === 'ready' && order.service !== 'dine_in' ? WORDS.readyTakeaway : WORDS.statusHint[order.status];
}

/** Why an order ended otherwise than on the table. @param {any} order */
function ended(order) {
  if (order.status !== 'rejected' && order.status !== 'cancelled') return null;
  // Who asked for it needs no warning.
  const reason = order.reason === 'customer_request' ? '' : WORDS.reasons[order.reason];
  const why = [reason, order.detail].filter(Boolean).join(' ');
  return why && h('p.banner.banner--bad', {}, icon('alert'), h('span', {}, why));
}

/** @param {any} order */
function progress(order) {
  const reached = STEPS.indexOf(order.status);
  if (reached < 0) return null;
  return h('ol.steps', { 'aria-label': WORDS.status[order.status] }, STEPS.map((step, at) => h(
    'li.steps__step', { 'data-reached': at <= reached, 'aria-current': at === reached && 'step' },
    h('span', {}, WORDS.statusShort[step]),
  )));
}

/** @param {any} order */
function itemList(order) {
  return h('ul.items', {}, Object.entries(order.items).map(([id, item]) => h(
    'li.item', { 'data-item': id, 'data-status': item.status, 'data-key': id },
    h('span.item__quantity', {}, `${item.quantity}×`),
    h('span.item__text', {},
      h('span.item__name', {}, item.name),
      item.options?.length > 0 && h('span.item__more', {}, item.options.join(', ')),
      item.note && h('span.item__more', {}, item.note)),
    itemState(order, item))));
}

/** @type {Record<string, 'clock' | 'flame' | 'check' | 'close'>} */
const ITEM_ICONS = { queued: 'clock', cooking: 'flame', done: 'check', voided: 'close' };

/** Before the kitchen starts, an item has no state of its own worth a word. @param {any} order @param {any} item */
function itemState(order, item) {
  const silent = item.status === 'queued' && order.status !== 'preparing';
  if (silent) return null;
  return h('span.item__state', {}, icon(ITEM_ICONS[item.status]), h('span', {}, WORDS.itemStatus[item.status]));
}

/** @param {any} order */
function timeline(order) {
  const steps = Object.entries(WORDS.steps).filter(([field]) => order[field]).map(([field, name]) => ({ name, at: order[field] }));
  if (order.status === 'rejected' || order.status === 'cancelled') steps.push({ name: WORDS.status[order.status], at: order.closed_at });
  return h('ol.timeline', {}, steps.filter(({ at }) => at).map(({ name, at }) => h(
    'li', {}, h('span', {}, name), h('time', { datetime: at }, clock(at)))));
}

/** @param {any} order @param {{cancelling: boolean}} state */
function controls(order, { cancelling }) {
  if (order.status === 'placed') {
    return h('button.button.button--quiet.button--danger', { type: 'button', 'data-action': 'cancel', disabled: cancelling, 'aria-busy': cancelling && 'true' },
      cancelling ? WORDS.cancelling : WORDS.cancel);
  }
  return isFinal(order) && h('button.button', { type: 'button', 'data-do': 'again' }, WORDS.orderAgain);
}
