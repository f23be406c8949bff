/**
 * The urgency of an order. The kitchen's tickets and the floor's cards use the same rule.
 *
 * An order with a promised time is late from that time on, and in a hurry shortly before. Without one, its age decides.
 *
 * @typedef {{since: number, warnAt: number, lateAt: number}} Clock server ms; the age counts from `since`
 * @typedef {{warnMinutes: number, lateMinutes: number, hurryMinutes?: number}} Thresholds of the age, and the hurry before a
 * promised time
 */

const MINUTE = 60_000;

/** How long before its promised time an order is in a hurry, by default. */
export const HURRY_MINUTES = 5;

/**
 * @param {{since: number, promised?: number}} order server ms @param {Thresholds} thresholds
 * @returns {Clock} no order is in a hurry during the first half of its promised time
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

/** @param {any} order a document @returns {number | undefined} the promised time, server ms */
export function promisedAt({ promised_at: at }) {
  return at ? Date.parse(at) : undefined;
}
