/** Bounds of the contract. */
export const MAX_QUANTITY = 99;
export const MAX_LINES = 100;
export const MAX_NOTE = 200;

/**
 * @typedef {{key: string, item: string, quantity: number, options: string[], note: string}} Line
 * @typedef {{id: string, lines: Line[], note: string, service: string}} Basket `id` is the id the order will be placed under
 */

/** @param {string} id @returns {Basket} */
export function emptyBasket(id) {
  return { id, lines: [], note: '', service: 'dine_in' };
}

/**
 * One more of an item. Lines that say the same are one line.
 *
 * @param {Basket} basket it is not changed
 * @param {{item: string, quantity?: number, options?: string[], note?: string}} wanted
 * @returns {Basket}
 */
export function withAdded(basket, { item, quantity = 1, options = [], note = '' }) {
  const same = (/** @type {Line} */ line) => line.item === item && line.note === note && sameSet(line.options, options);
  const known = basket.lines.find(same);
  if (known) return withLine(basket, known.key, { quantity: known.quantity + quantity });
  if (basket.lines.length >= MAX_LINES) return basket;
  const key = String(basket.lines.reduce((last, line) => Math.max(last, Number(line.key)), 0) + 1);
  return { ...basket, lines: [...basket.lines, { key, item, quantity, options, note }] };
}

/**
 * @param {Basket} basket it is not changed
 * @param {string} key of a line
 * @param {Partial<Line>} change a quantity of 0 removes the line
 * @returns {Basket}
 */
export function withLine(basket, key, change) {
  const lines = basket.lines
    .map((line) => (line.key === key ? { ...line, ...change } : line))
    .filter(({ quantity }) => quantity > 0)
    .map((line) => ({ ...line, quantity: Math.min(line.quantity, MAX_QUANTITY) }));
  return { ...basket, lines };
}

/** @param {Basket} basket @param {string} key @param {string} option turned on or off */
export function withOption(basket, key, option) {
  const line = basket.lines.find((each) => each.key === key);
  if (!line) return basket;
  const options = line.options.includes(option) ? line.options.filter((each) => each !== option) : [...line.options, option];
  return withLine(basket, key, { options });
}

/** @param {Basket} basket @param {string} [item] of this item only @returns {number} */
export function pieces(basket, item) {
  return basket.lines.reduce((sum, line) => sum + (item === undefined || line.item === item ? line.quantity : 0), 0);
}

/** @param {Line} line @param {any} menu @returns {number} minor units; 0 for what is no longer on the menu */
export function linePrice(line, menu) {
  const item = menu.items[line.item];
  if (!item) return 0;
  const extras = line.options.reduce((sum, option) => sum + (item.options?.[option]?.price.amount ?? 0), 0);
  return line.quantity * (item.price.amount + extras);
}

/**
 * @param {Basket} basket @param {any} menu
 * @returns {{amount: number, currency: string}} what it will cost, without
 *   what cannot be ordered; the server's prices count */
export function total(basket, menu) {
  return { amount: basket.lines.filter((line) => canBeOrdered(line, menu)).reduce((sum, line) => sum + linePrice(line, menu), 0), currency: menu.currency };
}

/** @param {Line} line @param {any} menu @returns {boolean} */
export function canBeOrdered(line, menu) {
  return menu.items[line.item]?.available === true;
}

/** @param {Basket} basket @param {any} menu @returns {string | null} why it cannot be placed, as an error code */
export function obstacle(basket, menu) {
  if (basket.lines.length === 0) return 'empty';
  if (menu.paused) return 'paused';
  return basket.lines.every((line) => canBeOrdered(line, menu)) ? null : 'sold_out';
}

/** @param {Basket} basket @returns {object} the body of a placement */
export function placement({ lines, note, service }) {
  const items = lines.map((line) => ({
    menu_item: line.item, quantity: line.quantity, options: line.options, ...optionalNote(line.note),
  }));
  return { service, items, ...optionalNote(note) };
}

/**
 * The same again: what an order had, as far as the menu still has it.
 *
 * @param {Basket} basket @param {any} order a document @param {any} menu
 * @returns {Basket}
 */
export function withOrderAgain(basket, order, menu) {
  const wanted = Object.values(order.items).filter((item) => menu.items[item.menu_item]);
  return wanted.reduce((filled, item) => withAdded(filled, {
    item: item.menu_item, quantity: item.quantity, options: optionIds(menu.items[item.menu_item], item.options ?? []), note: item.note ?? '',
  }), basket);
}

/** An order names its options; a placement takes ids. @param {any} item @param {string[]} names */
function optionIds(item, names) {
  return Object.entries(item.options ?? {}).filter(([, { name }]) => names.includes(name)).map(([id]) => id);
}

/** @param {string} note @returns {{note?: string}} */
function optionalNote(note) {
  const said = note.trim();
  return said ? { note: said } : {};
}

/** @param {string[]} a @param {string[]} b */
function sameSet(a, b) {
  return a.length === b.length && a.every((each) => b.includes(each));
}
