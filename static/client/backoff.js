/** The first delay's ceiling, in ms; it doubles with every attempt. */
export const BACKOFF_BASE_MS = 500;
/** The longest delay, in ms. */
export const BACKOFF_CAP_MS = 20_000;

/**
 * Returns a delay with full jitter: drawn evenly between zero and a ceiling that doubles. A thousand screens that lost the
 * same server come back spread over the whole window, not in waves.
 *
 * @param {number} attempt 0 for the first
 * @param {() => number} random a number in [0, 1)
 * @param {{baseMs?: number, capMs?: number}} [bounds]
 * @returns {number} whole ms
 */
export function fullJitter(attempt, random, { baseMs = BACKOFF_BASE_MS, capMs = BACKOFF_CAP_MS } = {}) {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * ceiling);
}
