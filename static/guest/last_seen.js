import { keepLocal, recallLocal } from '../shared/storage.js';
import { isFinal } from './order_view.js';

/**
 * Stores the last known orders and menu on this phone, for a page that opens without a network. Holds documents and times,
 * never a token.
 */

/** Bound: stored orders; the least recently seen is dropped first. */
const KEPT_ORDERS = 12;

/** How long an order that can no longer be followed stays visible, counted from when it was last seen. */
const LEFT_MS = 6 * 3_600_000;

/**
 * @typedef {{document: any, at: number, epoch?: string, left?: boolean}} Seen `at`: when the document was current, server ms;
 * `epoch`: of its history; `left`: the order can no longer be followed
 */

/**
 * @param {any[]} orders documents @param {number} at when they were current, server ms @param {(id: string) => string |
 * undefined} [epochOf] the epoch of an order
 */
export function keepOrders(orders, at, epochOf = () => undefined) {
  const seen = { ...seenOrders(), ...Object.fromEntries(orders.map((document) => [document.id, { document, at, epoch: epochOf(document.id) }])) };
  const newest = Object.entries(seen).sort(([, a], [, b]) => b.at - a.at).slice(0, KEPT_ORDERS);
  keepLocal('seen.orders', Object.fromEntries(newest));
}

/** @param {string} id @returns {Seen | null} */
export function lastOrder(id) {
  return seenOrders()[id] ?? null;
}

/** @returns {Seen[]} */
export function lastOrders() {
  return Object.values(seenOrders());
}

/**
 * Returns the newest known document of an order. The document of a live room is current. A restored room may be older than the
 * stored document or the answer to a call.
 *
 * @param {{live: boolean, documents: Map<string, any>} | undefined} room @param {string} id @param {any} [held] a document
 * @returns {any} undefined if no document is known
 */
export function newestOrder(room, id, held) {
  const told = room?.documents.get(id);
  return told && (room?.live || !held || told.position >= held.position) ? told : held ?? undefined;
}

/**
 * Returns the change of one order in a snapshot.
 * @param {string} id @param {{documents: Map<string, any>}} room @param {{replaced: Map<string, any>}} snapshot
 * @param {any} [held] its previous document, if the room had none
 * @returns {{before?: any, after?: any}}
 */
export function changeOf(id, room, { replaced }, held) {
  return { before: replaced.get(id) ?? held, after: room.documents.get(id) };
}

/** @param {any} menu a document; only one restaurant's is stored @param {number} at */
export function keepMenu(menu, at) {
  keepLocal('seen.menu', { document: menu, at });
}

/** @param {string} restaurant its id @returns {Seen | null} */
export function lastMenu(restaurant) {
  const seen = recallLocal('seen.menu', null);
  return seen?.document.restaurant === restaurant ? seen : null;
}

/**
 * Whether the database has had another history since a document was stored. @param {string | undefined} then @param {string |
 * undefined} now epochs
 */
export function isRewritten(then, now) {
  return then !== undefined && now !== undefined && then !== now;
}

/** Forgets an order. @param {string} id */
export function forgetOrder(id) {
  const { [id]: _, ...others } = seenOrders();
  keepLocal('seen.orders', others);
}

/** Forgets all orders, after the guest or the staff have ended the visit. */
export function forgetOrders() {
  keepLocal('seen.orders', undefined);
}

/**
 * Marks the open orders of a lost session as no longer followed, since the guest still waits for them.
 * @param {(id: string) => boolean} isOf whether an order belonged to that session @param {number} now ms since 1970
 */
export function leaveOrders(isOf, now = Date.now()) {
  const kept = Object.entries(seenOrders()).filter(([id, { document, at }]) => !isOf(id) || (!isFinal(document) && now - at < LEFT_MS));
  keepLocal('seen.orders', Object.fromEntries(kept.map(([id, seen]) => [id, isOf(id) ? { ...seen, left: true } : seen])));
}

/** @param {string} restaurant its id @param {number} [now] ms since 1970 @returns {Seen[]} orders that can no longer be followed */
export function leftOrders(restaurant, now = Date.now()) {
  return lastOrders().filter(({ document, at, left }) => left && document.restaurant === restaurant && now - at < LEFT_MS);
}

/** @param {() => void} keep called when the page may be about to end; on a phone, being hidden is the only sign */
export function beforeLeaving(keep) {
  window.addEventListener('pagehide', keep);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') keep();
  });
}

/** @returns {Record<string, Seen>} */
function seenOrders() {
  return recallLocal('seen.orders', {});
}
