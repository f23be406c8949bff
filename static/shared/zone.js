/** Times on the restaurant's clock. Without its time zone, they are on this device's clock. */

/** @type {Map<string, Intl.DateTimeFormat>} */
const FORMATS = new Map();

/** @param {string | undefined} zone @param {string} name of the format @param {Intl.DateTimeFormatOptions} options @param {string} [locale] */
function format(zone, name, options, locale) {
  const key = `${zone} ${name}`;
  const known = FORMATS.get(key) ?? new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  FORMATS.set(key, known);
  return known;
}

/** The days of the week as the server names them. */
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** @param {number} at ms since 1970 @param {string} [zone] @returns {number} by how much the clock of the zone is ahead of UTC, in ms */
export function offsetAt(at, zone) {
  const parts = format(zone, 'wall', { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, 'en').formatToParts(at);
  const part = (/** @type {string} */ type) => Number(parts.find((one) => one.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) - Math.floor(at / 60_000) * 60_000;
}

/**
 * Returns the date and time of a zone's clock.
 * @param {number} at ms since 1970 @param {number} offset of the zone at that time @returns {{date: string, weekday: string, before: string, minute: number}}
 *   date: `2026-11-24`; before: the previous weekday; minute: of the day
 */
export function wallOf(at, offset) {
  const wall = new Date(at + offset);
  const day = wall.getUTCDay();
  return { date: wall.toISOString().slice(0, 10), weekday: DAYS[day], before: DAYS[(day + 6) % 7], minute: wall.getUTCHours() * 60 + wall.getUTCMinutes() };
}

/** @param {number} at ms since 1970 @param {string} [zone] */
export function wallAt(at, zone) {
  return wallOf(at, offsetAt(at, zone));
}

/** @param {string | number} time RFC 3339, or milliseconds @param {string} [zone] @returns {string} such as `19:30` */
export function clockAt(time, zone) {
  return format(zone, 'clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(time));
}

/**
 * @param {string | number} time RFC 3339, or milliseconds @param {string | undefined} zone @param {number} now ms @returns
 * {string} such as `19:30`, or with the day if it is another one: `Wed 2 Dec, 19:30`
 */
export function whenAt(time, zone, now) {
  const at = new Date(time).getTime();
  if (wallAt(at, zone).date === wallAt(now, zone).date) return clockAt(at, zone);
  return `${dayAt(at, zone)}, ${clockAt(at, zone)}`;
}

/** @param {number} at ms @param {string} [zone] @returns {string} such as `Wed 2 Dec` */
export function dayAt(at, zone) {
  return format(zone, 'day', { weekday: 'short', day: 'numeric', month: 'short' }, 'en-GB').format(at).replace(',', '');
}
