import { fullJitter } from '../client/backoff.js';

/** The delays between attempts to reach a server, each with full jitter. */
const BOUNDS = { baseMs: 1_000, capMs: 10_000 };

/** Whether the server did not answer: no answer came, or a proxy's. @param {any} error @returns {boolean} */
export function isUnreached({ code }) {
  return code === 'offline' || code === 'unavailable';
}

/**
 * Repeats a call until the server answers.
 *
 * @template T
 * @param {() => Promise<T>} call
 * @param {(since: number) => void} failed called after each attempt that did not reach the server; since: the time of the first
 * such attempt
 * @returns {Promise<T>}
 */
export async function untilReached(call, failed) {
  const since = Date.now();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isUnreached(error)) throw error;
      failed(since);
      await new Promise((resolve) => setTimeout(resolve, retryDelay(attempt)));
    }
  }
}

/** @param {number} attempt 0 for the first @returns {number} ms */
export function retryDelay(attempt) {
  return fullJitter(attempt, Math.random, BOUNDS);
}
