import { WORDS, when } from '../languages/language.js';

/**
 * Whether the hours allow guests to order, and until when. The server updates it in the menu whenever hours begin or end.
 *
 * @typedef {{open: boolean, until?: string}} Opening
 */

/** @param {Opening | undefined} opening */
function isClosed(opening) {
  return opening?.open === false;
}

/** @param {any} menu @returns {string | null} why the restaurant takes no orders, and until when */
export function noOrdersWords({ paused, paused_until: until, opening }) {
  if (isClosed(opening)) return opening.until ? WORDS.closedUntil(when(opening.until)) : WORDS.closed;
  if (!paused) return null;
  return until ? WORDS.pausedUntil(when(until)) : WORDS.paused;
}

/** The results by menu: an unchanged menu returns the same object, so that its parts are not drawn again. @type {WeakMap<object, any>} */
const made = new WeakMap();

/**
 * Returns the menu as guests can use it now. Outside the hours of the restaurant it is paused. Outside the hours of its
 * category a dish cannot be ordered, and has the category's opening as `closed`.
 *
 * @param {any} menu stays unchanged @returns {any}
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

/** @param {Opening} opening of a closed category @returns {string} */
export function orderFromWords({ until }) {
  return until ? WORDS.orderFrom(when(until)) : WORDS.orderLater;
}
