/**
 * How urgent an order is: one rule for a kitchen's ticket and for the floor's card of the same order.
 *
 * With a promise, an order is late when the promised time has come, and in a hurry shortly before it. Without one, its
 * age decides.
 *
 * @typedef {{since: number, warnAt: number, lateAt: number}} Clock server ms; `since`: what the age is counted from
 * @typedef {{warnMinutes: number, lateMinutes: number, hurryMinutes?: number}} Thresholds of an age; and before a promise
 */

const MINUTE = 60_000;

/** An order is in a hurry for this long before its promised time, where nobody has set it otherwise. */
export const HURRY_MINUTES = 5;

/**
 * @param {{since: number, promised?: number}} order server ms @param {Thresholds} thresholds
 * @returns {Clock} of a short promise, half is no hurry
 */
export function clockOf({ since, promised }, { warnMinutes, lateMinutes, hurryMinutes = HURRY_MINUTES }) {
  if (promised === undefined) return { since, warnAt: since + warnMinutes * MINUTE, lateAt: since + lateMinutes * MINUTE };
  const hurry = Math.min(hurryMinutes * MINUTE, Math.max(0, promised - since) / 2);
  return { since, warnAt: promised - hurry, lateAt: promised };
}

/** @param {Pick<Clock, 'warnAt' | 'lateAt'>} clock @param {number} now server ms @returns {'fresh' | 'warn' | 'late'} */
export function levelAt({ warnAt, lateAt }, now) {
  if (now >= lateAt) return 'late';
  return now >= warnAt ? 'warn' : 'fresh';
}

/** @param {any} order a document @returns {number | undefined} when it was promised for, server ms */
export function promisedAt({ promised_at: at }) {
  return at ? Date.parse(at) : undefined;
}
