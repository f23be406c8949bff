import { Api } from '../client/api.js';
import { fullJitter } from '../client/backoff.js';
import { keepLocal, recallLocal } from './storage.js';

/** How often a call is sent whose answer does not come. */
const TRIES = 3;
/** A longer wait is shown to the person instead. */
const LONGEST_WAIT_MS = 3_000;

/**
 * Sends a call that proves a secret. The server ends the session with it and answers with another: its tokens are kept before
 * anybody uses the old ones, in this tab or another. A call whose answer is lost is sent again as the same attempt.
 *
 * @param {import('../client/tokens.js').TokenSource} tokens
 * @param {'POST' | 'PUT'} method @param {string} path @param {unknown} body
 * @param {string} attempt an id, the same when the person sends the form again
 * @returns {Promise<any>} the answer; null where there is none, from an older node
 * @throws {import('../client/codes.js').OrderbellError}
 */
export async function exchange(tokens, method, path, body, attempt) {
  const once = () => tokens.replace((token) => send(token, method, path, body, attempt));
  // A token that is about to expire is renewed before.
  await tokens.get();
  const answer = await once().catch(async (error) => {
    if (error.code !== 'unauthorized') throw error;
    await tokens.refresh();
    return once();
  });
  const kept = recallLocal('staff.session');
  if (answer?.role && kept) keepLocal('staff.session', { ...kept, role: answer.role, setup: answer.totp_setup_required === true });
  return answer;
}

/** @param {string} token @param {string} method @param {string} path @param {unknown} body @param {string} attempt */
async function send(token, method, path, body, attempt) {
  const api = new Api({ url: location.origin, tokens: { renewable: false, get: async () => token, refresh: async () => token } });
  for (let tried = 1; ; tried += 1) {
    try {
      return await api.request(method, path, { body, headers: { 'idempotency-key': attempt } });
    } catch (error) {
      const { code, retryAfterMs: wait = 0 } = /** @type {any} */ (error);
      // The server answers `rate_limited` with a short wait while the same call is still being answered.
      const comesBack = code === 'offline' || code === 'unavailable' || (code === 'rate_limited' && wait <= LONGEST_WAIT_MS);
      if (!comesBack || tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(wait, LONGEST_WAIT_MS) + fullJitter(tried, Math.random)));
    }
  }
}
