import { called, isUpcoming } from '../shared/order_facts.js';
import { asciiDigits } from '../shared/search.js';
import { clockOf, promisedAt } from '../shared/urgency.js';

/**
 * The floor's columns, without the DOM.
 *
 * @typedef {'incoming' | 'kitchen' | 'ready' | 'upcoming' | 'done'} Lane
 */

/** How long a closed order stays in its lane, and a served one can be recalled. */
export const DONE_FOR_MS = 15 * 60_000;

/** How far back a search finds closed orders. */
export const LOOK_BACK_HOURS = 3;

/** The most orders that a sentence names; it counts the others. */
const NAMED = 8;

/** @type {Record<string, Lane>} */
export const LANES = {
  placed: 'incoming', accepted: 'kitchen', preparing: 'kitchen', ready: 'ready', served: 'done', rejected: 'done', cancelled: 'done',
};

/**
 * @param {any} order @param {number} now server ms @returns {Lane} until its time, an order for later is in a lane of its own
 */
export function laneOf(order, now) {
  return isUpcoming(order, now) ? 'upcoming' : LANES[order.status];
}

/** @type {Record<Lane, {title: string, short: string, empty: string, thresholds: {warnMinutes: number, lateMinutes: number}, since: (order: any) => string}>} */
export const LANE = {
  incoming: {
    title: 'Incoming', short: 'Incoming', empty: 'No order waits to be accepted.',
    thresholds: { warnMinutes: 2, lateMinutes: 5 }, since: (order) => latest(order.placed_at, order.starts_at),
  },
  kitchen: {
    title: 'In the kitchen', short: 'Kitchen', empty: 'No order is in the kitchen.',
    thresholds: { warnMinutes: 10, lateMinutes: 20 }, since: (order) => latest(order.accepted_at ?? order.placed_at, order.starts_at),
  },
  ready: {
    title: 'Ready to serve', short: 'Ready', empty: 'No order waits to be served.',
    thresholds: { warnMinutes: 3, lateMinutes: 6 }, since: (order) => order.ready_at ?? order.accepted_at ?? order.placed_at,
  },
  done: {
    title: 'Done', short: 'Done', empty: 'No order was closed in the last 15 minutes.',
    thresholds: { warnMinutes: Infinity, lateMinutes: Infinity }, since: closedAt,
  },
  upcoming: {
    title: 'Upcoming', short: 'Upcoming', empty: 'No order is for later.',
    thresholds: { warnMinutes: Infinity, lateMinutes: Infinity }, since: (order) => order.starts_at,
  },
};

/**
 * Returns the later of two times: the age of an order for later counts from its start. @param {string} since @param {string}
 * [starts] @returns {string}
 */
function latest(since, starts) {
  return starts && Date.parse(starts) > Date.parse(since) ? starts : since;
}

/**
 * Returns when an order was closed. If the touch that closed it is still unsent, returns the last known time instead. @param
 * {any} order @returns {string}
 */
export function closedAt(order) {
  return order.served_at ?? order.closed_at ?? order.ready_at ?? order.placed_at;
}

/**
 * @param {any[]} orders @param {number} now server ms @param {string} search as typed
 * @returns {Record<Lane, any[]>} with a search, orders that were closed earlier, too
 */
export function lanes(orders, now, search) {
  /** @type {Record<Lane, any[]>} */
  const found = { incoming: [], kitchen: [], ready: [], upcoming: [], done: [] };
  for (const order of orders) {
    const lane = laneOf(order, now);
    if (lane === 'done' && search.trim() === '' && now - sinceOf(order, 'done') > DONE_FOR_MS) continue;
    if (lane && matches(order, search)) found[lane].push(order);
  }
  for (const lane of /** @type {Lane[]} */ (Object.keys(found))) found[lane].sort(byAge(lane));
  return found;
}

/** The results of `sinceOf` by document, since every draw compares them. @type {WeakMap<object, number>} */
const SINCE = new WeakMap();

/**
 * @param {any} order @param {Lane} lane the order's own. One document is in one lane, except an order for later, whose time is the
 *   same in both
 * @returns {number} when the order entered the lane, server ms
 */
export function sinceOf(order, lane) {
  const since = SINCE.get(order) ?? Date.parse(LANE[lane].since(order));
  SINCE.set(order, since);
  return since;
}

/**
 * The clock for an order's age in its lane. In the kitchen it runs against the promised time.
 * @param {any} order @param {Lane} lane the one of its status @returns {import('../shared/urgency.js').Clock}
 */
export function laneClock(order, lane) {
  const promised = lane === 'kitchen' ? promisedAt(order) : undefined;
  return clockOf({ since: sinceOf(order, lane), promised }, LANE[lane].thresholds);
}

/** Sorts rush orders first, then by due time; in the lane of done orders, the newest first. @param {Lane} lane */
function byAge(lane) {
  const sign = lane === 'done' ? -1 : 1;
  return (/** @type {any} */ a, /** @type {any} */ b) =>
    (lane === 'done' ? 0 : Number(b.rush) - Number(a.rush))
    || sign * (dueAt(a, lane) - dueAt(b, lane))
    || a.number - b.number;
}

/**
 * Returns when an order counts as late in its lane, server ms; for a done order, when it was done. @param {any} order @param
 * {Lane} lane
 */
function dueAt(order, lane) {
  if (lane === 'upcoming') return sinceOf(order, lane);
  const { lateMinutes } = LANE[lane].thresholds;
  const promised = lane === 'kitchen' ? promisedAt(order) : undefined;
  return promised ?? sinceOf(order, lane) + (lane === 'done' ? 0 : lateMinutes * 60_000);
}

/** @param {any} order @param {string} search */
function matches(order, search) {
  const { wanted, numbers, tables, exact } = searched(search);
  if (wanted === '') return true;
  const number = called(order).toLowerCase();
  if (numbers && [number, number.replace(/^\D+/, '')].some((name) => name.startsWith(wanted))) return true;
  if (tables && isAt(order, wanted, exact)) return true;
  return numbers && tables && !/^\d+$/.test(wanted) && wordsOf(order).some((words) => words.includes(wanted));
}

/** @param {string} label @returns {string[]} */
function numbersIn(label) {
  return label.match(/\d+/g) ?? [];
}

/**
 * Digits match a whole number of a label: 4 finds the tables 4 and Patio B4, but not 14. Letters match any part.
 * @param {{table?: string}} order @param {string} wanted @param {boolean} exact whether digits have to be the whole label
 */
function isAt({ table = '' }, wanted, exact) {
  const label = asciiDigits(table.toLowerCase());
  if (!/^\d+$/.test(wanted)) return label.includes(wanted);
  return label === wanted || (!exact && numbersIn(label).includes(wanted));
}

/** Names that people use for a service. @type {Record<string, string[]>} */
const SERVICE_WORDS = { dine_in: ['dine in', 'eat in'], takeaway: ['takeaway', 'take away', 'pickup'], delivery: ['delivery'] };

/** Returns the words that a search finds an order by, besides its number and table. @param {any} order @returns {string[]} */
function wordsOf({ service, items, guest_name: name = '', external_id = '' }) {
  const dishes = Object.values(items).filter(({ status }) => status !== 'voided').map((item) => item.name);
  return [...(SERVICE_WORDS[service] ?? []), ...[...dishes, name, external_id].map((words) => words.toLowerCase())];
}

/** @param {any} order @param {number} now server ms @returns {boolean} whether it was served recently enough to be recalled */
export function canBeCalledBack(order, now) {
  return order.status === 'served' && now - sinceOf(order, 'done') <= DONE_FOR_MS;
}

/**
 * @param {string} time on the clock of this device, `22:30` @param {number} now server ms
 * @returns {number} the next time that the clock shows it, in ms since 1970; correct even if the clocks change that night
 */
export function nextAt(time, now) {
  const [hours, minutes] = time.split(':').map(Number);
  const next = new Date(now);
  next.setHours(hours, minutes, 0, 0);
  if (next.getTime() <= now) next.setDate(next.getDate() + 1);
  return next.getTime();
}

/** @param {any} order @returns {{done: number, all: number}} dishes, without the voided ones */
export function progress(order) {
  const items = Object.values(order.items).filter((item) => item.status !== 'voided');
  const sum = (/** @type {any[]} */ some) => some.reduce((total, item) => total + item.quantity, 0);
  return { done: sum(items.filter((item) => item.status === 'done')), all: sum(items) };
}

/** @param {Record<string, any>} byId calls @returns {any[]} oldest first */
export function callsByAge(byId) {
  return Object.values(byId).sort((a, b) => a.raised_at.localeCompare(b.raised_at));
}

/**
 * Lists the orders and calls that wait for an answer, oldest first.
 * @param {any[]} orders @param {Record<string, any>} calls by id @param {number} now server ms @returns {{id: string, name: string}[]} name: for a list
 */
export function unansweredByAge(orders, calls, now) {
  const placed = orders.filter((order) => laneOf(order, now) === 'incoming')
    .map((order) => ({ id: order.id, name: called(order), since: LANE.incoming.since(order) }));
  const raised = Object.values(calls).map(({ id, table, raised_at: since }) => ({ id, name: `table ${table}`, since }));
  return [...placed, ...raised].sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
}

/**
 * Returns the screens in `displays`, which also has the unseen orders of each station.
 * @param {Record<string, any>} displays @returns {any[]}
 */
export function screensOf(displays) {
  return Object.values(displays).filter(({ undrawn }) => undrawn === undefined);
}

/**
 * Returns the orders that no screen of their station shows, by station. Leaves out orders that this page knows to be started or
 * finished: the server removes them a moment later.
 * @param {Record<string, any>} displays @param {any[]} orders
 * @returns {{station: string, orders: {id: string, name: string}[]}[]}
 */
export function undrawnByStation(displays, orders) {
  const known = new Map(orders.map((order) => [order.id, order]));
  const waits = (/** @type {string} */ id, /** @type {string} */ station) => {
    const order = known.get(id);
    return order !== undefined && (order.status === 'accepted' || order.status === 'preparing')
      && Object.values(order.items).some((item) => item.station === station && item.status === 'queued');
  };
  return Object.values(displays)
    .map(({ station, undrawn = {} }) => ({
      station,
      orders: Object.entries(undrawn).filter(([id]) => waits(id, station)).sort(([, a], [, b]) => a - b)
        .map(([id, number]) => ({ id, name: called({ number, ticket: known.get(id)?.ticket }) })),
    }))
    .filter(({ orders: some }) => some.length > 0)
    .sort((a, b) => a.station.localeCompare(b.station));
}

/**
 * Lists everything that rings until someone answers: unaccepted orders, orders that no screen shows, and calls.
 * @param {{orders: any[], now: number, undrawn: ReturnType<typeof undrawnByStation>, calls: string[]}} floor calls: their ids
 * @returns {import('./ringing.js').Thing[]}
 */
export function waitingThings({ orders, now, undrawn, calls }) {
  return [
    ...orders.filter((order) => laneOf(order, now) === 'incoming').map(({ id }) => ({ id: `order ${id}`, tune: /** @type {const} */ ('ring') })),
    ...undrawn.flatMap(({ station, orders: some }) => some.map(({ id }) => ({ id: `undrawn ${id} ${station}`, tune: /** @type {const} */ ('ring') }))),
    ...calls.map((id) => ({ id: `call ${id}`, tune: /** @type {const} */ ('call') })),
  ];
}

/** @param {string} station @param {{name: string}[]} orders */
export function undrawnWords(station, orders) {
  return `No screen shows order${orders.length > 1 ? 's' : ''} ${undrawnLine(station, orders)}.`;
}

/** The short form, for a list of stations. @param {string} station @param {{name: string}[]} orders */
export function undrawnLine(station, orders) {
  return `${listed(orders.map(({ name }) => name))} at ${station}`;
}

/**
 * @param {string[]} names @param {number} [all] how many there are @returns {string} `7, 9 and 12`; for many, the first ones
 * and the number of the others
 */
export function listed(names, all = names.length) {
  const named = names.slice(0, NAMED);
  if (all > named.length) named.push(`${all - named.length} more`);
  return named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)}` : named[0] ?? '';
}

/** @param {any} menu @returns {{id: string, name: string, items: any[]}[]} categories in their order */
export function menuByCategory(menu) {
  const categories = Object.entries(menu.categories ?? {}).map(([id, { name, sort = 0 }]) => ({ id, name, sort }));
  const items = Object.values(menu.items ?? {}).sort((a, b) => (a.sort ?? 0) - (b.sort ?? 0) || a.name.localeCompare(b.name));
  return categories
    .sort((a, b) => a.sort - b.sort || a.name.localeCompare(b.name))
    .map(({ id, name }) => ({ id, name, items: items.filter((item) => item.category === id) }))
    .filter(({ items: some }) => some.length > 0);
}

/** Sorts `Table 2` before `Table 10`. */
const BY_LABEL = new Intl.Collator(undefined, { numeric: true });

/**
 * Groups orders and calls by table.
 *
 * @param {any[]} orders @param {Record<string, any>} calls by id @param {number} now server ms
 * @param {any[] | null} [visits] the open visits; null if the server has none
 * @returns {{key: string, table?: string, service: string, bill?: number, orders: any[], calls: any[], total: any, visit?: any}[]} tables
 *   in their sequence, with a separate entry for each further bill of a table, then takeaways and deliveries. `total` is the total of
 *   all orders of the visit. Without a visit, it is the total of the orders that are open or were just served.
 */
export function tablesOf(orders, calls, now, visits = null) {
  const seen = lanes(orders, now, '');
  /** @type {Map<string, any>} */
  const tables = new Map();
  const at = (/** @type {string | undefined} */ table, service = 'dine_in', /** @type {number | undefined} */ bill = undefined) => {
    const key = bill ? `${table} · ${bill}` : table ?? `:${service}`;
    if (!tables.has(key)) tables.set(key, { key, table, service, bill, orders: [], calls: [] });
    return tables.get(key);
  };
  const bills = billsOf(visits);
  for (const lane of /** @type {Lane[]} */ (['incoming', 'ready', 'kitchen', 'done'])) {
    // The visit lists the earlier orders of its table. Without it, orders of a finished visit would be shown here.
    const some = visits && lane === 'done' ? seen[lane].filter(({ table }) => !table) : seen[lane];
    for (const order of some) if (!FELL_THROUGH.has(order.status)) at(order.table, order.service, bills.get(order.id)).orders.push(order);
  }
  for (const visit of visits ?? []) Object.assign(at(visit.table, 'dine_in', visit.bill), { visit }).orders.push(...servedOf(visit, orders, bills));
  for (const call of callsByAge(calls)) at(call.table).calls.push(call);
  const all = [...tables.values()].map((table) => ({ ...table, total: totalOf(table.orders) }));
  return all.sort((a, b) => Number(!a.table) - Number(!b.table) || BY_LABEL.compare(a.table ?? a.key, b.table ?? b.key) || (a.bill ?? 1) - (b.bill ?? 1));
}

/**
 * @param {any[] | null} visits @param {string} id of one @returns {any[]} the others, by table and bill
 */
export function otherVisits(visits, id) {
  const others = (visits ?? []).filter((one) => one.id !== id);
  return others.sort((a, b) => BY_LABEL.compare(a.table, b.table) || (a.bill ?? 1) - (b.bill ?? 1));
}

/**
 * @param {string[]} labels of all tables @param {any[]} orders @param {Record<string, any>} calls by id @param {any[] | null} visits
 * @returns {string[]} the tables that are free as far as this page knows, in their sequence
 */
export function freeTables(labels, orders, calls, visits) {
  const open = orders.filter(({ status }) => LANES[status] !== 'done');
  const taken = new Set([...open, ...Object.values(calls), ...visits ?? []].map(({ table }) => table));
  return labels.filter((label) => !taken.has(label)).sort(BY_LABEL.compare);
}

/** @param {{orders: any[], calls: any[]}} table @returns {boolean} whether somebody has to go to the table or answer it */
export function wantsStaff({ orders, calls }) {
  return calls.length > 0 || orders.some(({ status }) => status === 'placed' || status === 'ready');
}

const FELL_THROUGH = new Set(['rejected', 'cancelled']);

/**
 * The first bill of a table has what is listed on no other one.
 * @param {any[] | null} visits @returns {Map<string, number>} the numbers of the other bills, by order
 */
function billsOf(visits) {
  const others = (visits ?? []).filter(({ bill }) => bill);
  return new Map(others.flatMap(({ bill, orders }) => orders.map((/** @type {any} */ { id }) => [id, bill])));
}

/**
 * Returns the served orders of a visit, the last first; documents of this page win over the visit's own entries.
 * @param {any} visit @param {any[]} orders @param {Map<string, number>} bills @returns {any[]}
 */
function servedOf(visit, orders, bills) {
  const since = Math.max(Date.parse(visit.opened_at), visit.read_at ?? 0);
  const known = new Map(orders.map((order) => [order.id, order]));
  const listed = new Map(visit.orders.map((/** @type {any} */ order) => [order.id, known.get(order.id) ?? order]));
  // Adds the orders that were placed after the visit was read. Older orders at this table may belong to an earlier visit.
  for (const order of orders) if (order.table === visit.table && !visit.bill && !bills.has(order.id) && Date.parse(order.placed_at) >= since) listed.set(order.id, order);
  return [...listed.values()].filter(({ status }) => status === 'served').sort((a, b) => b.number - a.number);
}

/** @param {any[]} orders of one restaurant, so in one currency @returns {any} undefined without orders */
function totalOf(orders) {
  if (orders.length === 0) return undefined;
  return { amount: orders.reduce((sum, { total }) => sum + total.amount, 0), currency: orders[0].total.currency };
}

/** @param {{table?: string}} one @param {string} search as typed */
export function isTable({ table }, search) {
  const { wanted } = searched(search);
  const label = asciiDigits((table ?? '').toLowerCase());
  return /^\d+$/.test(wanted) ? numbersIn(label).some((number) => number.startsWith(wanted)) : label.includes(wanted);
}

/** `#12` is an order number and `table 12` a table; `12` may be either. @param {string} search as typed */
function searched(search) {
  const typed = asciiDigits(search.trim().toLowerCase());
  const [, kind, wanted] = /** @type {string[]} */ (/^(#|table\s+)?(.*)$/s.exec(typed));
  const exact = kind?.startsWith('t') ?? false;
  return { wanted, numbers: !exact, tables: kind !== '#', exact };
}
