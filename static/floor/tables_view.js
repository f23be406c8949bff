import { called } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { STATUS_WORDS, age, clock, count, money, place } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { listOf } from '../shared/keyed.js';
import { ageView, notesView, placeView, serviceBadge } from '../shared/order_parts.js';
import { levelAt } from '../shared/urgency.js';
import { callLevel, callView } from './calls_view.js';
import { DONE_FOR_MS, LANES, closedAt, isTable, laneClock, progress, wantsStaff } from './lanes.js';
import { clearSearch, hiddenWords, nothingFound } from './parts.js';

/**
 * The next action for each status, shown as the one button of an order's line. @type {Record<string, [string, Parameters<typeof
 * icon>[0], string]>}
 */
const NEXT = { placed: ['accept', 'check', 'Accept'], ready: ['serve', 'tray', 'Serve'] };

/** @typedef {ReturnType<typeof import('./lanes.js').tablesOf>[number]} Table */

/** With this many tables, the page offers a filter. */
const MANY = 7;

/**
 * @param {Table[]} tables @param {number} now
 * @param {{search: string, free: string[], waiting: boolean, answered: Set<string>, moves?: boolean}} wish free: unoccupied tables;
 *   waiting: whether to show only tables that need the staff; answered: calls that are marked as done and can still be undone; moves:
 *   whether the server supports moves of visits
 * @returns {import('../shared/keyed.js').Listed}
 */
export function tablesView(tables, now, { search, free, waiting, answered, moves = false }) {
  const found = tables.filter((table) => isTable(table, search));
  const open = free.filter((table) => isTable({ table }, search));
  const number = found.length + open.length;
  const hidden = hiddenWords(tables.length + free.length - number, 'table');
  if (number === 0) {
    if (search.trim()) return { view: nothingFound(`No table matches “${search.trim()}”`, hidden) };
    return { view: h('div.blank', { 'data-key': 'none' }, icon('table'), h('h2', {}, 'No table has an order or a call'),
      h('p', {}, 'A table is listed from its first order or call until it is free.')) };
  }
  const wanting = found.filter(wantsStaff);
  const choice = found.length >= MANY || waiting;
  return {
    view: [
      choice && h('div.actions.tables__choice', { 'role': 'group', 'aria-label': 'Which tables', 'data-key': 'choice' },
        chip('all', `All ${number}`, !waiting), chip('waiting', `${wanting.length} ${wanting.length === 1 ? 'waits' : 'wait'} for you`, waiting)),
      search.trim() && h('div.filter', { 'data-key': 'filter' },
        h('p', { role: 'status' }, `${count(number, 'table')} for “${search.trim()}”. ${hidden}`), clearSearch()),
      listOf('div.tables', 'tables'),
      !waiting && open.length > 0 && freeView(open),
      choice && waiting && wanting.length === 0 && h('p.lane__empty', { 'data-key': 'none' }, `None of these ${count(number, 'table')} waits for you.`),
    ],
    lists: { tables: (choice && waiting ? wanting : found).map((table) => tableEntry(table, now, { answered, moves })) },
  };
}

/** Lists the tables at which an order can start. @param {string[]} labels */
function freeView(labels) {
  return h('section.free', { 'data-key': 'free', 'aria-labelledby': 'free-title' },
    h('h2.lane__title', { id: 'free-title' }, 'Free', h('span.badge.badge--count', {}, labels.length)),
    h('div.free__tables', {}, labels.map((label) => orderButton(label, [icon('plus'), label]))));
}

/** @param {string} table @param {any} words */
function orderButton(table, words) {
  return h('button.button', { 'type': 'button', 'data-key': `order ${table}`, 'data-do': 'new-order', 'data-for-table': table, 'aria-label': `Order for table ${table}` }, words);
}

/**
 * @typedef {{answered: Set<string>, moves: boolean}} Look
 * @param {Table} table @param {number} now @param {Look} look @returns {import('../shared/keyed.js').Entry}
 */
function tableEntry(table, now, look) {
  const { key, orders, calls, visit } = table;
  const levels = [
    ...orders.map((order) => (wasEarlier(order, now) ? 'earlier' : levelAt(laneClock(order, LANES[order.status]), now))),
    ...calls.map((call) => (look.answered.has(call.id) ? 'answered' : callLevel(call, now))),
  ];
  return { key, deps: [visit?.id, visit?.position, visit?.last_change?.id, look.moves, orders.length, ...orders, ...calls, levels.join()], view: () => tableCard(table, now, look) };
}

/** @param {string} name @param {string} words @param {boolean} chosen */
function chip(name, words, chosen) {
  return h('button.chip', { 'type': 'button', 'data-key': name, 'data-do': 'which-tables', 'data-which': name, 'aria-pressed': String(chosen) }, words);
}

/** @param {Table} table @param {number} now @param {Look} look */
function tableCard({ key, table, service, bill, orders, calls, total, visit }, now, { answered, moves }) {
  const name = place({ table, service: table ? 'dine_in' : service }) + (bill ? ` · bill ${bill}` : '');
  const isOver = visit && calls.length === 0 && orders.every(({ status }) => status === 'served');
  const isEarlier = (/** @type {any} */ order) => wasEarlier(order, now);
  return h('section.card.table', { 'data-key': key, 'data-table': table, 'data-bill': bill, 'aria-label': name },
    h('header.table__head', {}, h('h2', {}, table ? name : placeView({ service })), total && h('p.table__total.numeric', {}, money(total)),
      table && orders.length > 0 && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'look', 'data-search': `table ${table}` },
        'Details', h('span.visually-hidden', {}, ` of ${name}`)),
      table && !bill && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'guests', 'data-guests-of': table },
        'Guests', h('span.visually-hidden', {}, ` at ${name}`))),
    visit && satView(visit, now),
    calls.map((call) => callView(call, now, answered.has(call.id))),
    h('ul.table__orders', {}, orders.filter((order) => !isEarlier(order)).map((order) => orderLine(order, now)), earlierLine(orders.filter(isEarlier))),
    table && h('div.actions.table__foot', {}, !bill && orderButton(table, [icon('plus'), 'Order']),
      moves && visit && h('button.button', { 'type': 'button', 'data-do': 'ask-move', 'data-visit': visit.id }, 'Move', h('span.visually-hidden', {}, ` ${name}`)),
      moves && visit && orders.some(isDivisible) && h('button.button', { 'type': 'button', 'data-do': 'ask-split', 'data-visit': visit.id }, 'Split', h('span.visually-hidden', {}, ` the bill of ${name}`)),
      isOver && h('button.button.table__free', { 'type': 'button', 'data-do': 'ask-free', 'data-visit': visit.id }, icon('check'), bill ? 'Close the bill' : 'Free the table',
        h('span.visually-hidden', {}, `: ${name}`))));
}

/**
 * How long the guests have been seated, and from which table they moved while that can be undone. @param {any} visit @param
 * {number} now
 */
function satView({ opened_at: since, last_change: change }, now) {
  return h('div.table__since.muted', {},
    h('p', {}, `Since ${clock(since)} · `, h('span', { 'data-since': Date.parse(since), 'data-level': 'fresh', 'data-thresholds': 'Infinity Infinity' }, h('span.age__time.numeric', {}, age(now - Date.parse(since))))),
    change && h('p', {}, changeWords(change), h('button.button.button--quiet', { 'type': 'button', 'data-do': 'undo-change', 'data-change': change.id }, 'Undo',
      h('span.visually-hidden', {}, `: back to table ${change.from}`))));
}

/** @param {{action: string, from: string, to?: string}} change the last one of a visit */
function changeWords({ action, from, to }) {
  if (action !== 'split') return `From table ${from}`;
  return to === from ? 'Split off: another bill' : `Split off: to table ${to}`;
}

/** Whether something of an order can be split off. @param {any} order */
function isDivisible({ status, items }) {
  return status !== 'placed' && items !== undefined;
}

/** Whether an order was served too long ago to have its own line. @param {any} order @param {number} now */
function wasEarlier(order, now) {
  return order.status === 'served' && (!order.items || now - Date.parse(closedAt(order)) > DONE_FOR_MS);
}

/** One line for all orders served a while ago. @param {any[]} orders */
function earlierLine(orders) {
  if (orders.length === 0) return null;
  const amount = orders.reduce((sum, { total }) => sum + total.amount, 0);
  return h('li.seat', { 'data-key': 'earlier' }, h('p.muted', {}, `${count(orders.length, 'order')} served earlier: `,
    [...orders].sort((a, b) => a.number - b.number).map(called).join(', '), ' · ', money({ amount, currency: orders[0].total.currency })));
}

/** @param {any} order @param {number} now */
function orderLine(order, now) {
  const lane = LANES[order.status];
  const { done, all } = progress(order);
  const next = NEXT[order.status];
  return h('li.seat', { 'data-key': order.id, 'data-order': order.id, 'data-status': order.status },
    h('p.seat__number', {}, h('span.visually-hidden', {}, 'Order '), called(order)),
    h('div.seat__body', {},
      h('p.seat__facts', {}, order.table && serviceBadge(order.service), order.guest_name && h('b.guest-name', {}, order.guest_name), h('span.badge', {}, STATUS_WORDS[order.status]),
        order.rush && h('span.badge.badge--rush', {}, icon('bolt'), 'Rush'),
        order.stuck && h('span.badge.order__stuck', {}, 'Not sent yet')),
      h('p.muted', {}, order.status === 'served' ? count(all, 'dish', 'dishes') : `${done} of ${count(all, 'dish', 'dishes')} done`),
      notesView(order)),
    ageView(laneClock(order, lane), now),
    next && h('button.button.button--go.seat__next', { 'type': 'button', 'data-action': next[0] }, icon(next[1]), next[2]));
}
