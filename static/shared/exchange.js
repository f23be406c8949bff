import { Api } from '../client/api.js';
import { sendAgain } from './attempts.js';
import { keepLocal, recallLocal } from './storage.js';

/** Codes of a call whose answer is lost. */
const LOST = ['offline', 'unavailable'];

/**
 * Sends a call that proves a secret. The server then replaces the session by a new one. The new tokens are stored before any
 * tab uses the old ones. A call whose answer is lost is sent again as the same attempt.
 *
 * @param {import('../client/tokens.js').TokenSource} tokens
 * @param {'POST' | 'PUT'} method @param {string} path @param {unknown} body
 * @param {string} attempt an id; the same one if the person sends the form again
 * @returns {Promise<any>} the answer; null from an older node, which sends none
 * @throws {import('../client/codes.js').OrderbellError}
 */
export async function exchange(tokens, method, path, body, attempt) {
  const once = () => tokens.replace((token) => send(token, method, path, body, attempt));
  // Renews a token that is about to expire first.
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
function send(token, method, path, body, attempt) {
  const api = new Api({ url: location.origin, tokens: { renewable: false, get: async () => token, refresh: async () => token } });
  return sendAgain(() => api.request(method, path, { body, headers: { 'idempotency-key': attempt } }), LOST);
}
