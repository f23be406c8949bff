/**
 * The floor's columns, without the DOM.
 *
 * @typedef {'incoming' | 'kitchen' | 'ready' | 'done'} Lane
 */

/** How long a closed order stays in sight: as long as a served one can be called back. */
export const DONE_FOR_MS = 15 * 60_000;

/** @type {Record<string, Lane>} */
const LANES = {
  placed: 'incoming', accepted: 'kitchen', preparing: 'kitchen', ready: 'ready', served: 'done', rejected: 'done', cancelled: 'done',
};

/** @type {Record<Lane, {title: string, empty: string, thresholds: {warnMinutes: number, lateMinutes: number}, since: (order: any) => string}>} */
export const LANE = {
  incoming: {
    title: 'Incoming', empty: 'No order waits to be accepted.',
    thresholds: { warnMinutes: 2, lateMinutes: 5 }, since: (order) => order.placed_at,
  },
  kitchen: {
    title: 'In the kitchen', empty: 'The kitchen is free.',
    thresholds: { warnMinutes: 10, lateMinutes: 20 }, since: (order) => order.accepted_at ?? order.placed_at,
  },
  ready: {
    title: 'Ready to serve', empty: 'Nothing waits to be served.',
    thresholds: { warnMinutes: 3, lateMinutes: 6 }, since: (order) => order.ready_at ?? order.accepted_at ?? order.placed_at,
  },
  done: {
    title: 'Done', empty: 'Nothing was served in the last 15 minutes.',
    thresholds: { warnMinutes: Infinity, lateMinutes: Infinity }, since: closedAt,
  },
};

/** A touch that waits to be sent has no time yet; the last one known stands for it. @param {any} order @returns {string} */
export function closedAt(order) {
  return order.served_at ?? order.closed_at ?? order.ready_at ?? order.placed_at;
}

/**
 * @param {any[]} orders @param {number} now server ms @param {string} search as typed
 * @returns {Record<Lane, any[]>}
 */
export function lanes(orders, now, search) {
  /** @type {Record<Lane, any[]>} */
  const found = { incoming: [], kitchen: [], ready: [], done: [] };
  for (const order of orders) {
    const lane = LANES[order.status];
    if (lane === 'done' && now - Date.parse(closedAt(order)) > DONE_FOR_MS) continue;
    if (lane && matches(order, search)) found[lane].push(order);
  }
  for (const lane of /** @type {Lane[]} */ (Object.keys(found))) found[lane].sort(byAge(lane));
  return found;
}

/** Rush first, then the oldest; of what is done the last. @param {Lane} lane */
function byAge(lane) {
  const { since } = LANE[lane];
  const sign = lane === 'done' ? -1 : 1;
  return (/** @type {any} */ a, /** @type {any} */ b) =>
    (lane === 'done' ? 0 : Number(b.rush) - Number(a.rush))
    || sign * (Date.parse(since(a)) - Date.parse(since(b)))
    || a.number - b.number;
}

/** @param {any} order @param {string} search */
function matches(order, search) {
  const wanted = search.trim().toLowerCase().replace(/^(#|table\s+)/, '');
  if (wanted === '') return true;
  return String(order.number).startsWith(wanted) || (order.table ?? '').toLowerCase() === wanted;
}

/** @param {any} order @returns {{done: number, all: number}} dishes, without the voided ones */
export function progress(order) {
  const items = Object.values(order.items).filter((item) => item.status !== 'voided');
  const sum = (/** @type {any[]} */ some) => some.reduce((total, item) => total + item.quantity, 0);
  return { done: sum(items.filter((item) => item.status === 'done')), all: sum(items) };
}

/** @param {Record<string, any>} byId calls @returns {any[]} the longest waiting first */
export function callsByAge(byId) {
  return Object.values(byId).sort((a, b) => a.raised_at.localeCompare(b.raised_at));
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
