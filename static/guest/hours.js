import { WORDS, when } from '../languages/language.js';

/**
 * What the restaurant's hours say, as the menu's document has it: the server updates it whenever hours begin or end.
 *
 * @typedef {{open: boolean, until?: string}} Opening
 */

/** @param {Opening | undefined} opening */
function isClosed(opening) {
  return opening?.open === false;
}

/** @param {any} menu @returns {string | null} why it takes no orders, and until when */
export function noOrdersWords({ paused, paused_until: until, opening }) {
  if (isClosed(opening)) return opening.until ? WORDS.closedUntil(when(opening.until)) : WORDS.closed;
  if (!paused) return null;
  return until ? WORDS.pausedUntil(when(until)) : WORDS.paused;
}

/** What was made of a menu, so that its parts are drawn again only when it has changed. @type {WeakMap<object, any>} */
const made = new WeakMap();

/**
 * The menu as guests can order from it: paused outside the hours of the restaurant, and with dishes outside the hours of their
 * category as ones that cannot be ordered, whose `closed` is what those hours say.
 *
 * @param {any} menu it is not changed @returns {any}
 */
export function withHours(menu) {
  if (!menu) return menu;
  if (!made.has(menu)) made.set(menu, withoutClosedDishes(isClosed(menu.opening) ? { ...menu, paused: true } : menu));
  return made.get(menu);
}

/** @param {any} menu */
function withoutClosedDishes(menu) {
  const closed = Object.entries(menu.categories).filter(([, { opening }]) => isClosed(opening));
  if (closed.length === 0) return menu;
  const openings = new Map(closed.map(([id, { opening }]) => [id, opening]));
  const items = Object.entries(menu.items).map(([id, item]) => {
    const opening = openings.get(item.category);
    return [id, opening ? { ...item, available: false, closed: opening } : item];
  });
  return { ...menu, items: Object.fromEntries(items) };
}

/** @param {Opening} opening of a category that is closed @returns {string} */
export function orderFromWords({ until }) {
  return until ? WORDS.orderFrom(when(until)) : WORDS.orderLater;
}
