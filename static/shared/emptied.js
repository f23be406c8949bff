/** Whether an order was split off, and its lines went back. @param {any} order of a room or a list @returns {boolean} */
export function isEmptied({ items }) {
  return items !== undefined && Object.keys(items).length === 0;
}
