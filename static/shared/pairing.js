import { Api } from '../client/orderbell.js';
import { h, render } from './dom.js';
import { clock, unreachedWords } from './format.js';
import { keepCopy } from './page_copy.js';
import { isUnreached, retryDelay } from './unreached.js';

/**
 * The texts for a kind of screen. `what`: what to choose and enter; `then`: what appears. @typedef {{page:
 * import('./page_copy.js').WorkPage, what: string, then: string}} Pairs
 */

/** @type {Pairs} */
const KITCHEN = { page: 'kitchen', what: 'Enter this code, a name and the station', then: 'The tickets' };

/** RFC 8628: on `slow_down` the interval grows by this, in seconds. */
const SLOW_DOWN_S = 5;
const DEFAULT_INTERVAL_S = 5;
const DEFAULT_LIFE_S = 600;
/** The deadline of a poll. */
const POLL_MS = 10_000;

/**
 * Shows a code until a member of staff approves it, and a new code when it expires. Never gives up, since nobody stands at a
 * wall screen to press a button.
 *
 * @param {Element} body where to draw
 * @param {string} why the screen has to be paired; empty if it was never paired
 * @param {Pairs} pairs the texts
 * @returns {Promise<any>} the token answer
 */
export async function pairScreen(body, why, pairs = KITCHEN) {
  const api = new Api({ url: location.origin });
  /** @type {number | undefined} */ let since;
  for (let notice = why, failures = 0; ;) {
    try {
      const pairing = await api.post('/api/v1/devices/pairings', {});
      keepCopy(pairs.page);
      failures = 0;
      since = undefined;
      const ends = Date.now() + (pairing.expires_in ?? DEFAULT_LIFE_S) * 1000;
      const answer = await poll(pairing, ends, (lostAt) => render(body, codeView(pairing, ends, notice, pairs, lostAt)));
      if (answer) return answer;
      notice = 'The last code expired or was refused. Use this one.';
    } catch (error) {
      since ??= Date.now();
      render(body, errorView(/** @type {any} */ (error), since));
      await pause((/** @type {any} */ (error).retryAfterMs ?? 0) + retryDelay(failures));
      failures += 1;
    }
  }
}

/**
 * @param {any} pairing
 * @param {number} ends when the code expires, ms since 1970
 * @param {(lostAt?: number) => void} show shows the code; lostAt: when the server became unreachable
 * @returns {Promise<any>} the token answer, or null when this code no longer works
 */
async function poll({ device_code, interval = DEFAULT_INTERVAL_S }, ends, show) {
  let seconds = interval;
  /** @type {number | undefined} */ let lostAt;
  while (Date.now() < ends) {
    show(lostAt);
    await pause(seconds * 1000);
    const { answer, error } = await askForToken(device_code);
    lostAt = answer || error ? undefined : lostAt ?? Date.now();
    if (answer) return answer;
    if (error === 'slow_down') seconds += SLOW_DOWN_S;
    if (error === 'expired_token' || error === 'access_denied' || error === 'invalid_grant') return null;
  }
  return null;
}

/**
 * Errors of RFC 8628 are in the body's member `error`, which `OrderbellError` does not have. After a lost connection the next
 * poll asks again.
 *
 * @param {string} device_code
 * @returns {Promise<{answer?: any, error?: string}>}
 */
async function askForToken(device_code) {
  try {
    const response = await fetch('/api/v1/devices/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ device_code }),
      signal: AbortSignal.timeout(POLL_MS),
    });
    const body = await response.json();
    return response.ok ? { answer: body } : { error: body.error };
  } catch {
    return {};
  }
}

/**
 * @param {any} pairing @param {number} ends when the code expires, ms since 1970 @param {string} notice @param {Pairs} pairs
 * @param {number} [lostAt] when the server became unreachable
 */
function codeView({ user_code, verification_uri }, ends, notice, { what, then }, lostAt) {
  const { host, pathname } = new URL(verification_uri ?? '/staff', location.origin);
  return [
    notice && h('p.pairing__notice', {}, notice),
    lostAt !== undefined && h('p.pairing__notice', {}, unreachedWords(lostAt)),
    h('p.pairing__code', { 'data-user-code': user_code }, user_code),
    h('ol.pairing__steps', {},
      h('li', {}, 'Open ', h('b', {}, host + pathname), ' and sign in'),
      h('li', {}, 'Choose ', h('b', {}, 'Screens'), ', then ', h('b', {}, 'Pair a screen')),
      h('li', {}, what)),
    h('p.muted', {}, `${then} then appear by themselves. The code works until ${clock(ends)}.`),
  ];
}

/** @param {{code?: string, message: string}} error @param {number} since when the first attempt failed */
function errorView(error, since) {
  return [
    h('div.spinner', { 'aria-hidden': true }),
    isUnreached(error) ? h('p', {}, unreachedWords(since)) : [h('p', {}, error.message), h('p.muted', {}, 'This screen keeps trying.')],
  ];
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
