import { Api, TokenSource, fixedToken, tokenClaims } from '../client/orderbell.js';
import { keepLocal, localStore, recallLocal, sessionStore } from '../shared/storage.js';

const PAIRED = 'orderbell.kitchen';
const GIVEN = 'orderbell.kitchen.given';
const NOTICE = 'orderbell.kitchen.notice';
/** The id of no order. The server answers "not found" only to a valid token. */
const NO_ORDER = '/api/v1/orders/00000000-0000-7000-8000-000000000000';

/**
 * The identity of this screen.
 * @typedef {{tokens: import('../client/tokens.js').Tokens, claims: Record<string, any>}} Session
 */

/** @returns {string | null} the token in the address */
export function givenToken() {
  return new URLSearchParams(location.hash.slice(1)).get('token');
}

/**
 * Removes the token from the address before anything else, since it must not be in a bookmark or a photo. @returns {boolean}
 * whether there was one
 */
export function takeGivenToken() {
  const token = givenToken();
  if (!token) return false;
  history.replaceState(null, '', location.pathname + location.search);
  // Stored for this tab only, since two tabs may be two screens.
  sessionStore.setItem(GIVEN, token);
  return true;
}

/**
 * @returns {Session | null} the given token takes precedence over the paired one; null if this screen has to be paired
 */
export function openSession() {
  const given = sessionStore.getItem(GIVEN);
  const claims = given ? tokenClaims(given) : {};
  if (given && claims.restaurant) return { tokens: fixedToken(given), claims };
  // An invalid token would be tried forever; without it the screen can be paired.
  if (given) dropGiven('The link to this screen has no valid token. Pair the screen, or open the whole link.');
  const tokens = pairedTokens();
  return tokens.present ? { tokens, claims: recallLocal('kitchen.claims', {}) } : null;
}

/** @returns {string} why this screen has to be paired; empty if it was never paired, and on the next call */
export function takeNotice() {
  const notice = sessionStore.getItem(NOTICE) ?? '';
  sessionStore.removeItem(NOTICE);
  return notice;
}

/** @param {any} answer of the pairing */
export function keepPaired(answer) {
  pairedTokens().save(answer);
  keepLocal('kitchen.claims', tokenClaims(answer.access_token));
}

/**
 * Asks the server over HTTP whether this screen's token is valid, since a browser hides why a WebSocket was refused.
 * @param {Session} session
 * @returns {Promise<import('./watchdog.js').Answer>}
 */
export async function askAbout({ tokens }) {
  try {
    await new Api({ url: location.origin, tokens }).get(NO_ORDER);
    return 'well';
  } catch (error) {
    const { code } = /** @type {any} */ (error);
    if (code === 'unauthorized') return 'refused';
    return code === 'not_found' || code === 'forbidden' ? 'well' : 'none';
  }
}

/**
 * Ends the session on the server, too, so that a screen that was sold cannot come back. Ends it here even if the server cannot
 * be reached.
 */
export async function endSession() {
  const session = openSession();
  const api = new Api({ url: location.origin, tokens: session?.tokens });
  await api.delete('/api/v1/sessions/current').catch(() => {});
  sessionStore.removeItem(GIVEN);
  forgetPaired();
}

/**
 * Forgets a session that the server has ended. A screen that was paired before it was given a token continues with the pairing.
 */
export function dropSession() {
  if (sessionStore.getItem(GIVEN)) return dropGiven('The link that opened this screen no longer works. Pair the screen, or open a new link.');
  forgetPaired();
  sessionStore.setItem(NOTICE, 'This screen was signed out: somebody revoked it, or it was off for too long. Pair it again.');
}

/** @param {string} notice */
function dropGiven(notice) {
  sessionStore.removeItem(GIVEN);
  sessionStore.setItem(NOTICE, notice);
}

function forgetPaired() {
  pairedTokens().clear();
  keepLocal('kitchen.claims', undefined);
}

function pairedTokens() {
  return new TokenSource({ url: location.origin, store: localStore, key: PAIRED });
}
