/** Dates in local time: at midnight UTC, a restaurant may be in the middle of its dinner. */

/** @param {Date} moment @returns {string} `2026-11-24` */
export function dayOf(moment) {
  return [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

/**
 * @param {string} zone a name from the server, whose list may be newer than the browser's @returns {string} the zone, or UTC if
 * the browser does not know it
 */
export function knownZone(zone) {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone && zone;
  } catch {
    return 'UTC';
  }
}

/** @param {string} zone @param {Date} moment @returns {string} the date in a time zone */
export function dayIn(zone, moment) {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(moment);
  const part = (/** @type {string} */ type) => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** @param {string} day @param {number} by days @returns {string} */
export function dayAfter(day, by) {
  return dayOf(midnight(day, by));
}

/**
 * @param {string} day @returns {{begin: number, end: number}} by how many minutes the clock is ahead of UTC at the beginning
 * and the end of the day
 */
export function offsetsOf(day) {
  return { begin: -midnight(day).getTimezoneOffset(), end: -midnight(day, 1).getTimezoneOffset() };
}

/** @param {string} day @param {number} [by] days */
function midnight(day, by = 0) {
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year, month - 1, date + by);
}
