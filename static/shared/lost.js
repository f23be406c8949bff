/**
 * Orders of a history that the database no longer has: it came back with less than it had. Without the DOM.
 */

/** Bound: orders that are looked for among the closed ones, the newest, and pages of these. */
const MOST_ASKED = 100;
const MOST_PAGES = 5;

const FELL_THROUGH = new Set(['rejected', 'cancelled']);

/**
 * Compares the orders of before with those of the new history, which lists open ones only.
 * @param {Map<string, any>} before documents by id @param {Map<string, any>} now
 * @returns {{missing: any[], back: any[]}} missing: closed or lost, without those that were never to be served; back: the new
 *   documents of orders that have lost their last changes
 */
export function compareHistories(before, now) {
  const all = [...before.values()];
  return {
    missing: all.filter(({ id, status }) => !now.has(id) && !FELL_THROUGH.has(status)),
    back: all.filter(({ id, position }) => now.get(id)?.position < position).map(({ id }) => now.get(id)),
  };
}

/**
 * Looks for orders among the closed ones. Bound: `MOST_ASKED` orders, the newest, in `MOST_PAGES` pages.
 * @param {string[]} ids @param {(from: string) => Promise<{orders: any[], next?: string}>} list a page of the closed orders, the
 *   oldest first, from this id on
 * @returns {Promise<{closed: Map<string, any>, absent: string[]}>} absent: the server has no such closed order. Those that were
 *   not looked for are in neither
 */
export async function findClosed(ids, list) {
  const asked = [...ids].sort().slice(-MOST_ASKED);
  /** @type {Map<string, any>} */
  const closed = new Map();
  let left = asked;
  for (let page = 0; page < MOST_PAGES && left.length > 0; page += 1) {
    const { orders, next } = await list(left[0]);
    for (const order of orders) if (left.includes(order.id)) closed.set(order.id, order);
    left = next ? left.filter((id) => id > next) : [];
  }
  return { closed, absent: asked.filter((id) => !closed.has(id) && !left.includes(id)) };
}
