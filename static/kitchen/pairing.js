import { Api } from '../client/orderbell.js';
import { h, render } from '../shared/dom.js';
import { clock } from '../shared/format.js';

/** RFC 8628: on `slow_down` the interval grows by this, in seconds. */
const SLOW_DOWN_S = 5;
const DEFAULT_INTERVAL_S = 5;
const AGAIN_AFTER_MS = 3000;

/**
 * Shows a code until a member of staff approves it, and a new one when it expires. Never gives up: nobody stands at a wall
 * screen to press a button.
 *
 * @param {Element} body where to draw
 * @param {string} why the screen has to be paired; empty for one that never was
 * @returns {Promise<any>} the token answer
 */
export async function pairScreen(body, why) {
  const api = new Api({ url: location.origin });
  for (let notice = why; ;) {
    try {
      const pairing = await api.post('/api/v1/devices/pairings', {});
      render(body, codeView(pairing, notice));
      const answer = await poll(pairing);
      if (answer) return answer;
      notice = 'The last code expired or was refused. Use this one.';
    } catch (error) {
      render(body, errorView(/** @type {any} */ (error)));
      await pause(AGAIN_AFTER_MS);
    }
  }
}

/**
 * @param {any} pairing
 * @returns {Promise<any>} the token answer, or null when this code no longer works
 */
async function poll({ device_code, interval = DEFAULT_INTERVAL_S, expires_in }) {
  const ends = Date.now() + (expires_in ?? 600) * 1000;
  let seconds = interval;
  while (Date.now() < ends) {
    await pause(seconds * 1000);
    const { answer, error } = await askForToken(device_code);
    if (answer) return answer;
    if (error === 'slow_down') seconds += SLOW_DOWN_S;
    if (error === 'expired_token' || error === 'access_denied' || error === 'invalid_grant') return null;
  }
  return null;
}

/**
 * The errors of RFC 8628 are a member `error` of the body, which the client library's own errors do not have.
 * A lost network is no answer: the next poll asks again.
 *
 * @param {string} device_code @returns {Promise<{answer?: any, error?: string}>}
 */
async function askForToken(device_code) {
  try {
    const response = await fetch('/api/v1/devices/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ device_code }),
    });
    const body = await response.json();
    return response.ok ? { answer: body } : { error: body.error };
  } catch {
    return {};
  }
}

/** @param {any} pairing @param {string} notice */
function codeView({ user_code, verification_uri, expires_in }, notice) {
  const { host, pathname } = new URL(verification_uri ?? '/staff', location.origin);
  return [
    notice && h('p.pairing__notice', {}, notice),
    h('p.pairing__code', { 'data-user-code': user_code }, user_code),
    h('ol.pairing__steps', {},
      h('li', {}, 'Open ', h('b', {}, host + pathname), ' and sign in'),
      h('li', {}, 'Choose ', h('b', {}, 'Screens'), ', then ', h('b', {}, 'Pair a screen')),
      h('li', {}, 'Enter this code, a name and the station')),
    h('p.muted', {}, 'The tickets then appear by themselves.',
      expires_in ? ` The code works until ${clock(Date.now() + expires_in * 1000)}.` : ''),
  ];
}

/** @param {{code?: string, message: string}} error */
function errorView(error) {
  const words = error.code === 'offline' ? 'Cannot reach the server.' : error.message;
  return [
    h('div.spinner', { 'aria-hidden': true }),
    h('p', {}, words),
    h('p.muted', {}, 'This screen keeps trying.'),
  ];
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
