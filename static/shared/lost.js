/**
 * Finds orders that a restored database has lost. Without the DOM.
 */

/** Bound: how many missing orders, the newest, to look for among the closed ones, and in how many pages. */
const MOST_ASKED = 100;
const MOST_PAGES = 5;

const FELL_THROUGH = new Set(['rejected', 'cancelled']);

/**
 * Compares the orders before a restore with those after it. The new history lists open orders only.
 * @param {Map<string, any>} before documents by id @param {Map<string, any>} now
 * @returns {{missing: any[], back: any[]}} missing: orders that are closed or lost, except those that were rejected or
 * cancelled; back: the new documents of orders that have lost their last changes
 */
export function compareHistories(before, now) {
  const all = [...before.values()];
  return {
    missing: all.filter(({ id, status }) => !now.has(id) && !FELL_THROUGH.has(status)),
    back: all.filter(({ id, position }) => now.get(id)?.position < position).map(({ id }) => now.get(id)),
  };
}

/**
 * Looks for orders among the closed ones. Bound: the newest `MOST_ASKED` orders, in `MOST_PAGES` pages.
 * @param {string[]} ids @param {(from: string) => Promise<{orders: any[], next?: string}>} list reads a page of closed orders,
 * oldest first, from this id on
 * @returns {Promise<{closed: Map<string, any>, absent: string[]}>} absent: orders that the server does not have. Orders beyond
 * the bound are in neither
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
