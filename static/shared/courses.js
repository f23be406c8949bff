/** The courses of an order, and which one fires next. */

/**
 * @param {[string, any][]} items
 * @returns {{number: number, name: string} | undefined} the held course that comes first
 */
export function nextHeld(items) {
  const held = items.filter(([, item]) => item.held && item.course).map(([, { course }]) => course);
  return held.sort((a, b) => a.number - b.number)[0];
}

/** @param {any} item @param {any} order @returns {number | undefined} when a held line fires by itself, ms since 1970 */
export function firesAt(item, order) {
  if (!order.fires_at || !item.held || !item.course) return undefined;
  return item.course.number === nextHeld(Object.entries(order.items))?.number ? Date.parse(order.fires_at) : undefined;
}
