import { Api } from '../client/api.js';
import { isUnreached, untilReached } from './unreached.js';

/**
 * Reads the server's description of its demonstration, as soon as the server can be reached.
 *
 * @param {(since: number) => void} failed called after each attempt that did not reach the server; since: the time of the first
 * such attempt
 * @returns {Promise<any>} null if the server has no demonstration
 */
export function readDemo(failed) {
  const api = new Api({ url: location.origin });
  return untilReached(() => api.get('/api/v1/demo').catch(noneUnlessUnreached), failed);
}

/** @param {unknown} error @returns {null} */
function noneUnlessUnreached(error) {
  if (isUnreached(/** @type {any} */ (error))) throw error;
  return null;
}
