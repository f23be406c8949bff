import { WORDS, clock, dueWhen, money, number, timeRange } from '../languages/language.js';
import { called, chosenOptions, isUpcoming } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { SERVICE_ICONS, icon } from '../shared/icons.js';

const MINUTE = 60_000;
/** The width of the window in which a promised time is shown. */
const PROMISE_WINDOW_MS = 10 * MINUTE;
const PROMISE_GRAIN_MS = 5 * MINUTE;
/** A promise is broken once its window has passed. */
const LATE_AFTER_MS = PROMISE_WINDOW_MS;

/** After this long without being seen, an order or a call asks the guest to wave to a waiter. */
export const UNSEEN_MS = MINUTE;
/** After this long, an order that was seen but not answered suggests asking a waiter. */
const UNANSWERED_MS = 3 * MINUTE;

const STEPS = ['placed', 'accepted', 'preparing', 'ready', 'served'];
const TIMES = ['placed_at', 'accepted_at', 'started_at', 'ready_at', 'served_at'];
const FINAL = new Set(['served', 'rejected', 'cancelled']);

/**
 * How to show an order. `now`: server ms. `cancelling`: the cancellation is unanswered. `seen`: whether it was visible on a
 * floor page, if known. `sure`: the next touch cancels it. `refusal`: the unconfirmed refusals (guest/refusals.js). `shared`:
 * for a person with a shared link, who has no controls. `round`: the guest may add a round. `left`: when it was last seen, if
 * it can no longer be followed. `doubted`: it may be lost. `extras`: controls from modules that are loaded later.
 *
 * @typedef {{now: number, cancelling?: boolean, seen?: boolean, sure?: boolean, refusal?: HTMLElement | null, shared?: boolean, round?: boolean, left?: number, doubted?: boolean, extras?: (HTMLElement | null)[]}} State
 */

/** @param {any} order */
export function isFinal(order) {
  return FINAL.has(order.status);
}

/** The id of a refusal of the whole order, beside the ids of its lines. */
export const WHOLE = 'order';

/** @param {any} order @returns {string[]} the refused parts: the whole order, or the ids of the voided lines */
export function refusalsOf(order) {
  if (fellThrough(order)) return [WHOLE];
  return Object.entries(order.items).filter(([, item]) => item.status === 'voided').map(([id]) => id);
}

/**
 * @param {{reason?: string, detail?: string}} of an order or a line @returns {string[]} the reason for the refusal, and the
 * staff's own words
 */
export function why({ reason, detail }) {
  return [reason === 'other' && detail ? '' : WORDS[`reason_${reason}`], detail && `“${detail}”`].filter(Boolean);
}

/** @param {any} order @returns {string | null} the promised window; null if nothing is promised, or it no longer matters */
export function promisedRange(order) {
  if (!order.promised_at || (order.status !== 'accepted' && order.status !== 'preparing')) return null;
  const from = Math.floor(Date.parse(order.promised_at) / PROMISE_GRAIN_MS) * PROMISE_GRAIN_MS;
  return timeRange(from, from + PROMISE_WINDOW_MS);
}

/**
 * @param {any} order @param {number} now server ms
 * @returns {string | null} the promised time in words
 */
export function promise(order, now) {
  if (isUpcoming(order, now)) return laterWords(order, now);
  const range = promisedRange(order);
  if (range === null) return null;
  const left = Date.parse(order.promised_at) - now;
  if (left < -LATE_AFTER_MS) return WORDS.promisedLate;
  return left < MINUTE ? WORDS.promisedSoon : WORDS.promised(range);
}

/**
 * The text for an order for later: the requested or promised time, and that the kitchen has not begun. @param {any} order
 * @param {number} now
 */
function laterWords({ status, service: how, due_at: due }, now) {
  const words = status === 'placed' ? WORDS.dueAsked : WORDS[`dueReady_${how}`] ?? WORDS.dueReady_takeaway;
  return words(dueWhen(due, now));
}

/**
 * The note on an order that this phone can no longer follow. @param {number} at when it was last seen @param {boolean}
 * [isDoubted] it may be lost
 */
export function leftNote(at, isDoubted = false) {
  const words = isDoubted ? WORDS.leftLost(clock(at)) : WORDS.leftNote(clock(at));
  return h('p.banner.banner--warn', {}, icon('alert'), h('span', {}, words));
}

/** The content of an order's own page. @param {any} order @param {State} state */
export function orderPage(order, state) {
  return h('article.track', { 'data-order': order.id, 'data-status': order.status },
    h('header.track__head', {},
      h('p.track__number', {}, WORDS.order(called(order)), order.table && ` · ${WORDS.table(order.table)}`, service(order)),
      h('h1.track__status', {}, statusWords(order)),
      h('p.track__promise', {}, promise(order, state.now) ?? hint(order, state)),
      progress(order)),
    state.refusal ?? ended(order),
    state.extras,
    h('section.card', { 'aria-labelledby': 'items-title' },
      h('h2', { id: 'items-title' }, WORDS.items),
      coursesLine(order),
      itemList(order),
      order.note && h('p.order__note', {}, noteLine(order)),
      totalLine(order)),
    h('section.card', { 'aria-labelledby': 'timeline-title' },
      h('h2', { id: 'timeline-title' }, WORDS.timeline),
      timeline(order)),
    !state.shared && h('footer.order__foot', {}, shareButton(), controls(order, state)));
}

/**
 * The status in words. A "served" delivery was handed to the rider; nobody knows whether the guest has it. @param {any} order
 * @returns {string}
 */
export function statusWords({ status, service: how }) {
  return status === 'served' && how === 'delivery' ? WORDS.served_delivery : WORDS[`status_${status}`];
}

/** How the order leaves the restaurant, unless it is eaten at the table. @param {any} order */
export function service({ service: how, guest_name: name }) {
  return [
    how !== 'dine_in' && [' ', h(`span.service.service--${how}`, {}, icon(SERVICE_ICONS[how]), WORDS[`service_${how}`])],
    name && [' ', h('span.guest-name', {}, name)],
  ];
}

/**
 * The sentence about the state of an order, and about how certain it is. @param {any} order @param {{now: number, seen?:
 * boolean}} state @returns {string}
 */
export function hint({ status, service: how, placed_at: placed }, { now, seen }) {
  const age = now - Date.parse(placed);
  if (status === 'placed' && seen) return age > UNANSWERED_MS ? WORDS.unanswered : WORDS.onScreen;
  if (status === 'placed' && seen === false && age > UNSEEN_MS) return WORDS.unseen;
  if (status === 'served' && how === 'delivery') return WORDS.served_deliveryHint;
  return (status === 'ready' && WORDS[`ready_${how}`]) || WORDS[`hint_${status}`];
}

/** Whether an order was rejected or cancelled. @param {any} order */
export function fellThrough({ status }) {
  return status === 'rejected' || status === 'cancelled';
}

/** The amount to pay: nothing for a rejected or cancelled order. @param {any} order */
function totalLine(order) {
  const { total } = order;
  const isDue = !fellThrough(order);
  return h('p.order__total', {}, h('span', {}, isDue ? WORDS.total : WORDS.nothingToPay),
    isDue ? h('span', {}, money(total)) : h('s.muted', { 'aria-hidden': 'true' }, money(total)));
}

/** Why an order was rejected or cancelled. @param {any} order */
function ended(order) {
  if (!fellThrough(order)) return null;
  return h('p.banner.banner--bad', {}, icon('alert'), h('span', {}, why(order).join(' ')));
}

/** @param {any} order */
export function progress(order) {
  const reached = STEPS.indexOf(order.status);
  if (reached < 0) return null;
  return h('ol.steps', { 'aria-label': WORDS[`status_${order.status}`] }, STEPS.map((step, at) => h(
    'li.steps__step', { 'data-reached': at <= reached, 'aria-current': at === reached && 'step' },
    h('span', {}, WORDS[`short_${step}`]),
  )));
}

/** The lines of an order. If it has several rounds, each has its number and time as a heading. @param {any} order */
export function itemList(order) {
  const rounds = [...new Set(Object.values(order.items).map(({ round = 1 }) => round))].sort((a, b) => a - b);
  const entries = Object.entries(order.items);
  if (rounds.length < 2) return h('ul.items', {}, lines(order, entries));
  const of = (/** @type {number} */ number) => entries.filter(([, { round = 1 }]) => round === number);
  const since = (/** @type {number} */ number) => of(number)[0][1].added_at ?? order.placed_at;
  return rounds.map((number) => [
    h('p.items__round', { 'data-key': `round ${number}` }, WORDS.round(number, clock(since(number)))),
    h('ul.items', { 'data-key': `items ${number}` }, lines(order, of(number)))]);
}

/** The progress of each course, for an order with several. @param {any} order */
export function coursesLine(order) {
  const live = Object.values(order.items).filter(({ course, status }) => course && status !== 'voided');
  const names = [...new Map(live.map(({ course }) => [course.number, course.name]))].sort(([a], [b]) => a - b);
  if (names.length < 2 || isFinal(order) || order.status === 'placed') return null;
  const state = (/** @type {number} */ number) => courseState(live.filter(({ course }) => course.number === number));
  return h('p.order__courses', {}, names.map(([number, name]) => WORDS.course(name, WORDS[`course_${state(number)}`])).join(' · '));
}

/** @param {any[]} lines */
function courseState(lines) {
  if (lines.every(({ served_at: at }) => at)) return 'served';
  if (lines.every(({ status }) => status === 'done')) return 'done';
  if (lines.some(({ status }) => status !== 'queued')) return 'cooking';
  return lines.every(({ held }) => held) ? 'held' : 'queued';
}

/** @param {any} order @param {[string, any][]} entries */
function lines(order, entries) {
  return entries.map(([id, item]) => h(
    'li.item', { 'data-item': id, 'data-status': item.status, 'data-key': id },
    h('span.item__quantity', {}, `${number(item.quantity)}×`),
    h('span.item__text', {},
      h('span.item__name', {}, item.name),
      item.options?.length > 0 && h('span.item__more', {}, chosenOptions(item).join(', '))),
    itemState(order, item),
    item.note && h('span.item__note', {}, noteLine(item)),
    item.status === 'voided' && h('span.item__note.item__more', {}, why(item).join(' '))));
}

/**
 * The guest's note, and whether it is marked as an allergy. @param {{note: string, allergy?: boolean}} of an order or a line
 */
export function noteLine({ note, allergy }) {
  if (!allergy) return h('span.item__more', {}, note);
  return h('span.allergy-note', {}, icon('alert'), h('span', {}, h('b', {}, `${WORDS.allergySeen}: `), note));
}

/** @type {Record<string, 'clock' | 'flame' | 'check' | 'close'>} */
const ITEM_ICONS = { queued: 'clock', cooking: 'flame', done: 'check', voided: 'close' };

/**
 * Before the kitchen starts, and after a rejection or cancellation, the state of a single item is not shown. @param {any} order
 * @param {any} item
 */
function itemState(order, item) {
  const silent = fellThrough(order) || (item.status === 'queued' && order.status !== 'preparing');
  if (silent) return null;
  return h('span.item__state', {}, icon(ITEM_ICONS[item.status]), h('span', {}, WORDS[`item_${item.status}`]));
}

/** @param {any} order */
function timeline(order) {
  const steps = TIMES.map((field) => ({ name: WORDS[`step_${field}`], at: order[field] }));
  if (fellThrough(order)) steps.push({ name: WORDS[`status_${order.status}`], at: order.closed_at });
  return h('ol.timeline', {}, steps.filter(({ at }) => at).map(({ name, at }) => h(
    'li', {}, h('span', {}, name), h('time', { datetime: at }, clock(at)))));
}

function shareButton() {
  return h('button.button', { type: 'button', 'data-do': 'share' }, icon('share'), h('span', {}, WORDS.share));
}

/** @param {any} order @param {State} state */
export function controls(order, { cancelling, sure, round }) {
  const more = round && h('button.button', { 'type': 'button', 'data-do': 'round-again', 'data-key': 'round' }, WORDS.anotherRound);
  if (order.status === 'placed') {
    return [more, h(`button.button.button--danger${sure ? '' : '.button--quiet'}`, { type: 'button', 'data-action': 'cancel', disabled: cancelling, 'aria-busy': cancelling && 'true' },
      cancelling ? WORDS.cancelling : sure ? WORDS.cancelSure : WORDS.cancel)];
  }
  if (!isFinal(order)) return more;
  return h('button.button', { type: 'button', 'data-do': 'again' }, WORDS.orderAgain);
}
