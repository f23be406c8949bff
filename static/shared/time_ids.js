/**
 * Bounds for lists sorted by id: the server's ids are UUIDs of version 7, which begin with the time.
 */

/** @param {number} ms since 1970 @returns {string} the least id of that time */
export function leastIdAt(ms) {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** @param {string} id @returns {string} the least id of the same millisecond, so that a list after it includes `id` */
export function leastIdOf(id) {
  return leastIdAt(parseInt(id.slice(0, 13).replace('-', ''), 16));
}
