import { Api } from '../client/api.js';
import { isUnreached, untilReached } from './unreached.js';

/**
 * Reads what the server tells of its demonstration, as soon as it can be reached.
 *
 * @param {(since: number) => void} failed called after each attempt that did not reach it; since: when the first failed
 * @returns {Promise<any>} null where there is no demonstration
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
