import { keepLocal, recallLocal } from '../shared/storage.js';
import { isFinal } from './order_view.js';

/**
 * Stores what this phone last saw of its orders and of the menu, for a page that opens without a network. Holds documents and
 * times, never a token.
 */

/** Bound: stored orders; the least recently seen is dropped first. */
const KEPT_ORDERS = 12;

/** How long an order that can no longer be followed stays in sight after it was last seen. */
const LEFT_MS = 6 * 3_600_000;

/**
 * @typedef {{document: any, at: number, epoch?: string, left?: boolean}} Seen `at`: when it was true, server ms; `epoch`: of what
 *   history; `left`: it can no longer be followed
 */

/** @param {any[]} orders documents @param {number} at when they were true, server ms @param {(id: string) => string | undefined} [epochOf] an order */
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
 * Returns the newest known form of an order. A live room is right; a room restored from its copy may be older than the stored
 * document or a call's answer.
 *
 * @param {{live: boolean, documents: Map<string, any>} | undefined} room @param {string} id @param {any} [held] a document
 * @returns {any} undefined when nothing is known
 */
export function newestOrder(room, id, held) {
  const told = room?.documents.get(id);
  return told && (room?.live || !held || told.position >= held.position) ? told : held ?? undefined;
}

/**
 * The change of one order that a snapshot brought.
 * @param {string} id @param {{documents: Map<string, any>}} room @param {{replaced: Map<string, any>}} snapshot
 * @param {any} [held] its document of before, where the room had none
 * @returns {{before?: any, after?: any}}
 */
export function changeOf(id, room, { replaced }, held) {
  return { before: replaced.get(id) ?? held, after: room.documents.get(id) };
}

/** @param {any} menu a document, of the one restaurant that is kept @param {number} at */
export function keepMenu(menu, at) {
  keepLocal('seen.menu', { document: menu, at });
}

/** @param {string} restaurant its id @returns {Seen | null} */
export function lastMenu(restaurant) {
  const seen = recallLocal('seen.menu', null);
  return seen?.document.restaurant === restaurant ? seen : null;
}

/** Whether the database came back with another history than the one of a document. @param {string | undefined} then @param {string | undefined} now epochs */
export function isRewritten(then, now) {
  return then !== undefined && now !== undefined && then !== now;
}

/** Forgets an order. @param {string} id */
export function forgetOrder(id) {
  const { [id]: _, ...others } = seenOrders();
  keepLocal('seen.orders', others);
}

/** Forgets all orders, once the guest or the staff have ended the visit. */
export function forgetOrders() {
  keepLocal('seen.orders', undefined);
}

/**
 * Marks the open orders of a lost session as no longer followed: the guest still waits for them.
 * @param {(id: string) => boolean} isOf whether an order was of that session @param {number} now ms since 1970
 */
export function leaveOrders(isOf, now = Date.now()) {
  const kept = Object.entries(seenOrders()).filter(([id, { document, at }]) => !isOf(id) || (!isFinal(document) && now - at < LEFT_MS));
  keepLocal('seen.orders', Object.fromEntries(kept.map(([id, seen]) => [id, isOf(id) ? { ...seen, left: true } : seen])));
}

/** @param {string} restaurant its id @param {number} [now] ms since 1970 @returns {Seen[]} orders that can no longer be followed */
export function leftOrders(restaurant, now = Date.now()) {
  return lastOrders().filter(({ document, at, left }) => left && document.restaurant === restaurant && now - at < LEFT_MS);
}

/** @param {() => void} keep called when the page may be going for good; a phone says no more than that it is hidden */
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
