import { Api, TokenSource } from '../client/orderbell.js';
import { keepLocal, localStore, recallLocal } from './storage.js';

/**
 * Who is signed in.
 * @typedef {{tokens: TokenSource, restaurant: {id: string, slug: string, name: string, currency: string}, username: string, role: string, setup?: boolean, shared?: boolean}} Session
 * `shared`: a device of several people, who act with their PINs
 */

const tokens = new TokenSource({ url: location.origin, store: localStore, key: 'orderbell.staff' });

/** @returns {Session | null} */
export function openSession() {
  const kept = recallLocal('staff.session');
  return tokens.present && kept?.restaurant?.id ? { tokens, ...kept } : null;
}

/**
 * @param {{restaurant: string, username: string, password: string, totp?: string}} credentials
 * @param {string} attempt the same id again if the answer to the last call was lost, since its code is used up
 * @returns {Promise<Session>}
 * @throws {import('../client/codes.js').OrderbellError}
 */
export async function signIn(credentials, attempt) {
  const answer = await new Api({ url: location.origin }).post('/api/v1/sessions', credentials, { 'idempotency-key': attempt });
  const kept = { restaurant: answer.restaurant, role: answer.role, username: credentials.username, setup: answer.totp_setup_required === true };
  tokens.save(answer);
  keepLocal('staff.session', kept);
  return { tokens, ...kept };
}

/** Keeps the session of a device that several people share. @param {any} answer of the pairing @returns {Session} */
export function keepShared(answer) {
  const kept = { restaurant: answer.restaurant, role: answer.role, username: 'this device', shared: true };
  tokens.save(answer);
  keepLocal('staff.session', kept);
  return { tokens, ...kept };
}

/** Ends the session on the server, for all tabs and nodes, and here even if the server is unreachable. */
export async function signOut() {
  await new Api({ url: location.origin, tokens }).delete('/api/v1/sessions/current').catch(() => {});
  forgetSession();
}

export function forgetSession() {
  tokens.clear();
  keepLocal('staff.session', undefined);
}
