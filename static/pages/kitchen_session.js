import { Api, TokenSource, fixedToken, tokenClaims } from '../client/orderbell.js';
import { keepLocal, recallLocal } from '../views/storage.js';

const PAIRED = 'orderbell.kitchen';
const GIVEN = 'orderbell.kitchen.given';

/**
 * Who this screen is.
 * @typedef {{tokens: import('../client/tokens.js').Tokens, claims: Record<string, any>}} Session
 */

/**
 * A token in the address is taken out of it before anything else: it must not be in a bookmark or a photo.
 * @returns {boolean} there was one
 */
export function takeGivenToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return false;
  history.replaceState(null, '', location.pathname + location.search);
  // For this tab alone: two tabs may be two screens.
  sessionStorage.setItem(GIVEN, token);
  return true;
}

/** @returns {Session | null} the given token before the paired one; null when this screen has to be paired */
export function openSession() {
  const given = sessionStorage.getItem(GIVEN);
  const claims = given ? tokenClaims(given) : {};
  if (given && claims.restaurant) return { tokens: fixedToken(given), claims };
  // What is no token would be tried for ever; without it the screen can be paired.
  sessionStorage.removeItem(GIVEN);
  const tokens = pairedTokens();
  return tokens.present ? { tokens, claims: recallLocal('kitchen.claims', {}) } : null;
}

/** @param {any} answer of the pairing */
export function keepPaired(answer) {
  pairedTokens().save(answer);
  keepLocal('kitchen.claims', tokenClaims(answer.access_token));
}

/** The server is told, so that a screen that was sold cannot come back; that it is out of reach changes nothing here. */
export async function endSession() {
  const session = openSession();
  const api = new Api({ url: location.origin, tokens: session?.tokens });
  await api.delete('/api/v1/sessions/current').catch(() => {});
  sessionStorage.removeItem(GIVEN);
  pairedTokens().clear();
  keepLocal('kitchen.claims', undefined);
}

function pairedTokens() {
  return new TokenSource({ url: location.origin, store: localStorage, key: PAIRED });
}
