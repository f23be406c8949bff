import { fullJitter } from '../client/backoff.js';

/** How often to send a call that gets no answer. */
const TRIES = 3;
/** A longer wait is shown to the person instead. */
const LONGEST_WAIT_MS = 3_000;

/**
 * Sends a call again as long as it gets no answer. The call must name its attempt, which the server carries out only once. The
 * server answers `rate_limited` with a short wait while the same call is still in progress.
 *
 * Bound: three calls, with full jitter between them.
 *
 * @template T @param {() => Promise<T>} call
 * @param {readonly string[]} lost codes after which the call is sent again, beside `rate_limited`
 * @returns {Promise<T>}
 * @throws {import('../client/codes.js').OrderbellError} the last refusal
 */
export async function sendAgain(call, lost) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await call();
    } catch (error) {
      const { code, retryAfterMs } = /** @type {import('../client/codes.js').OrderbellError} */ (error);
      const isBusy = code === 'rate_limited' && retryAfterMs !== undefined && retryAfterMs <= LONGEST_WAIT_MS;
      if (tried === TRIES || !(isBusy || lost.includes(code))) throw error;
      const wait = Math.min(retryAfterMs ?? 0, LONGEST_WAIT_MS) + fullJitter(tried, Math.random);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
