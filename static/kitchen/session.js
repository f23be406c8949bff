import { Api, TokenSource, fixedToken, tokenClaims } from '../client/orderbell.js';
import { keepLocal, localStore, recallLocal, sessionStore } from '../shared/storage.js';

const PAIRED = 'orderbell.kitchen';
const GIVEN = 'orderbell.kitchen.given';
const NOTICE = 'orderbell.kitchen.notice';
/** An order that nobody has: to be told that it is not there, one must be somebody. */
const NO_ORDER = '/api/v1/orders/00000000-0000-7000-8000-000000000000';

/**
 * Who this screen is.
 * @typedef {{tokens: import('../client/tokens.js').Tokens, claims: Record<string, any>}} Session
 */

/** @returns {string | null} the token in the address */
export function givenToken() {
  return new URLSearchParams(location.hash.slice(1)).get('token');
}

/**
 * A token in the address is taken out of it before anything else: it must not be in a bookmark or a photo.
 * @returns {boolean} there was one
 */
export function takeGivenToken() {
  const token = givenToken();
  if (!token) return false;
  history.replaceState(null, '', location.pathname + location.search);
  // For this tab alone: two tabs may be two screens.
  sessionStore.setItem(GIVEN, token);
  return true;
}

/** @returns {Session | null} the given token before the paired one; null when this screen has to be paired */
export function openSession() {
  const given = sessionStore.getItem(GIVEN);
  const claims = given ? tokenClaims(given) : {};
  if (given && claims.restaurant) return { tokens: fixedToken(given), claims };
  // What is no token would be tried for ever; without it the screen can be paired.
  if (given) dropGiven('What stood in the address was no token. Pair this screen, or open it with a whole one.');
  const tokens = pairedTokens();
  return tokens.present ? { tokens, claims: recallLocal('kitchen.claims', {}) } : null;
}

/** @returns {string} why this screen has to be paired, said once; empty for one that never was */
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
 * Asks the server over HTTP whether this screen's token is good: a browser hides why a WebSocket was refused.
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

/** The server is told, so that a screen that was sold cannot come back; that it is out of reach changes nothing here. */
export async function endSession() {
  const session = openSession();
  const api = new Api({ url: location.origin, tokens: session?.tokens });
  await api.delete('/api/v1/sessions/current').catch(() => {});
  sessionStore.removeItem(GIVEN);
  forgetPaired();
}

/** The server has ended it. A screen that was paired before it was given a token goes on as that one. */
export function dropSession() {
  if (sessionStore.getItem(GIVEN)) return dropGiven('The token that this screen was opened with is not good any more. Pair it, or open it with a new one.');
  forgetPaired();
  sessionStore.setItem(NOTICE, 'This screen was signed out: it was revoked, or away for too long. Pair it again.');
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
