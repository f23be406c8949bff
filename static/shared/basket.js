import { isChosenWell, kept, lacksOptions, missingGroups, toggled } from './choices.js';
import { isAllergy } from './notes.js';

/** Bounds of the contract. */
export const MAX_QUANTITY = 99;
export const MAX_LINES = 100;
export const MAX_NOTE = 200;
export const MAX_GUEST_NAME = 40;

/**
 * A line. `allergy`: the note is about one. `denied`: the note for which the guest said that it is not about an allergy.
 * `seen`: the price of one when the guest last chose or agreed, in minor units. `quoted`: the price of one from the server's
 * refusal, until the menu has it. `name`: the dish's name, in case the menu no longer has the dish. `course`: the number of a
 * course other than the dish's own. `seat`: at the table.
 *
 * @typedef {{key: string, item: string, quantity: number, course?: number, seat?: number, options: string[], note: string, allergy?: boolean, denied?: string, seen?: number, quoted?: number, name?: string}} Line
 */

/**
 * A basket. `id`: the order's future id. `table`: the table that the staff order for. `guest`: the name for the pickup. `due`:
 * when the order should be ready, in ms; absent for as soon as possible. `delivery`: the rider's data. `round`: the order that
 * this is another round of.
 *
 * @typedef {{id: string, lines: Line[], note: string, service: string, table?: string, guest?: string, due?: number, delivery?: {name?: string, phone?: string, address?: string, note?: string}, allergy?: boolean, denied?: string, round?: {order: string, number: number}}} Basket
 */

/** @param {string} id @returns {Basket} */
export function emptyBasket(id) {
  return { id, lines: [], note: '', service: 'dine_in' };
}

/**
 * Adds an item. Equal lines become one line.
 *
 * @param {Basket} basket stays unchanged
 * @param {{item: string, quantity?: number, seat?: number, options?: string[], note?: string, allergy?: boolean, denied?: string}} wanted
 * @returns {Basket}
 */
export function withAdded(basket, { item, quantity = 1, seat, options = [], note = '', allergy = false, denied = '' }) {
  const same = (/** @type {Line} */ line) => line.item === item && line.course === undefined && line.seat === seat && line.note === note && Boolean(line.allergy) === allergy && sameSet(line.options, options);
  const known = basket.lines.find(same);
  if (known) return withLine(basket, known.key, { quantity: known.quantity + quantity });
  if (basket.lines.length >= MAX_LINES) return basket;
  const key = String(basket.lines.reduce((last, line) => Math.max(last, Number(line.key)), 0) + 1);
  return { ...basket, lines: [...basket.lines, { key, item, quantity, ...(seat && { seat }), options, note, allergy, denied }] };
}

/**
 * @param {Basket} basket stays unchanged
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

/** @param {Basket} basket @param {string} key @param {string} option turned on or off, as its group allows @param {any} menu */
export function withOption(basket, key, option, menu) {
  const line = basket.lines.find((each) => each.key === key);
  const item = menu.items[line?.item ?? ''];
  if (!line || !item) return basket;
  const options = toggled(item, kept(item, line.options), option);
  return withLine(basket, key, { options, seen: undefined, quoted: undefined });
}

/** @param {any} menu @returns {{number: number, name: string}[]} its courses, in their sequence */
export function coursesOf({ categories }) {
  /** @type {Map<number, {number: number, name: string}>} */
  const courses = new Map();
  for (const { course } of Object.values(categories)) if (course) courses.set(course.number, course);
  return [...courses.values()].sort((a, b) => a.number - b.number);
}

/** @param {Line} line @param {any} menu @returns {number | undefined} the number of the course that the menu gives the line's dish */
export function usualCourse({ item }, menu) {
  return menu.categories[menu.items[item]?.category]?.course?.number;
}

/**
 * @param {Line} line @param {any} menu @returns {{number: number, name: string} | undefined} the course chosen for a line, if
 * it is not the dish's own
 */
export function chosenCourse(line, menu) {
  if (line.course === undefined || line.course === usualCourse(line, menu)) return undefined;
  return coursesOf(menu).find(({ number }) => number === line.course);
}

/** @param {Basket} basket @param {string} [item] of this item only @returns {number} */
export function pieces(basket, item) {
  return basket.lines.reduce((sum, line) => sum + (item === undefined || line.item === item ? line.quantity : 0), 0);
}

/** @param {Line} line @param {any} menu @returns {number} the price of one in minor units; the last seen one if the dish is no longer on the menu */
export function onePrice(line, menu) {
  const item = menu.items[line.item];
  if (line.quoted !== undefined || !item) return line.quoted ?? line.seen ?? 0;
  return line.options.reduce((sum, option) => sum + (item.options?.[option]?.price.amount ?? 0), item.price.amount);
}

/** @param {Line} line @param {any} menu @returns {number} minor units */
export function linePrice(line, menu) {
  return line.quantity * onePrice(line, menu);
}

/** Stores the dishes' names in the lines, and today's prices in newly chosen ones. @param {Basket} basket @param {any} menu @returns {Basket} */
export function withSeen(basket, menu) {
  if (!menu) return basket;
  return { ...basket, lines: basket.lines.map((line) => {
    const item = menu.items[line.item];
    return item ? { ...line, name: item.name, seen: line.seen ?? onePrice(line, menu) } : line;
  }) };
}

/** Records that the guest agrees to today's prices. @param {Basket} basket @param {any} menu @returns {Basket} */
export function withAgreed(basket, menu) {
  return { ...basket, lines: basket.lines.map((line) => ({ ...line, seen: onePrice(line, menu) })) };
}

/**
 * Stores the server's prices, which may be newer than this page's menu. @param {Basket} basket @param {{amount: number}[]}
 * [prices] the price of one, line by line @returns {Basket}
 */
export function withQuoted(basket, prices) {
  return { ...basket, lines: basket.lines.map((line, at) => ({ ...line, quoted: prices?.[at]?.amount })) };
}

/** @param {Line} line @param {any} menu @returns {number | undefined} the price of one when it was chosen, if it has changed */
export function priceBefore(line, menu) {
  return canBeOrdered(line, menu) && line.seen !== undefined && line.seen !== onePrice(line, menu) ? line.seen : undefined;
}

/** @param {Basket} basket @param {any} menu @returns {{amount: number, currency: string} | null} the total at the prices when the lines were chosen, if one has changed */
export function totalBefore(basket, menu) {
  if (basket.lines.every((line) => priceBefore(line, menu) === undefined)) return null;
  const counted = basket.lines.filter((line) => canBeOrdered(line, menu));
  return { amount: counted.reduce((sum, line) => sum + line.quantity * (line.seen ?? onePrice(line, menu)), 0), currency: menu.currency };
}

/** Whether a note may be about an allergy, and the guest has not said yet whether it is. @param {{note: string, allergy?: boolean, denied?: string}} said */
export function mayBeAllergy({ note, allergy, denied }) {
  return !allergy && denied !== note && isAllergy(note);
}

/** Whether the guest declared an allergy but named none. @param {Basket} basket @returns {boolean} */
export function isAllergySilent(basket) {
  return [basket, ...basket.lines].some(({ note, allergy }) => allergy && !note.trim());
}

/**
 * @param {Basket} basket @param {any} menu
 * @returns {{amount: number, currency: string}} the cost without the lines that cannot be ordered; the server's total decides */
export function total(basket, menu) {
  return { amount: basket.lines.filter((line) => canBeOrdered(line, menu)).reduce((sum, line) => sum + linePrice(line, menu), 0), currency: menu.currency };
}

/** @param {Line} line @param {any} menu @returns {boolean} */
export function canBeOrdered(line, menu) {
  const item = menu.items[line.item];
  return item?.available === true && !lacksOptions(item);
}

/** @param {Line} line @param {any} menu @returns {boolean} whether the dish can be ordered, but not with the chosen options */
export function wantsChoice(line, menu) {
  return canBeOrdered(line, menu) && !isChosenWell(menu.items[line.item], line.options);
}

/** @param {Line} line @param {any} menu @returns {string[]} the names of the groups in which too few options are chosen */
export function missingNames(line, menu) {
  const item = menu.items[line.item];
  return item ? missingGroups(item, kept(item, line.options)).map(({ name }) => name) : [];
}

/**
 * @param {Basket} basket @param {any} menu
 * @returns {{soldOut: Line[], closed: Line[], removed: Line[]}} the lines that prevent the order: sold out, outside the hours of
 *   their category, or no longer on the menu
 */
export function unavailable(basket, menu) {
  const lines = basket.lines.filter((line) => !canBeOrdered(line, menu));
  const known = lines.filter(({ item }) => menu.items[item]);
  return {
    soldOut: known.filter(({ item }) => !menu.items[item].closed),
    closed: known.filter(({ item }) => menu.items[item].closed),
    removed: lines.filter(({ item }) => !menu.items[item]),
  };
}

/**
 * @param {string | undefined} code of a refusal @param {Basket} basket @param {any} menu @returns {boolean} whether the current
 * menu shows the reason for it
 */
export function isExplained(code, basket, menu) {
  const isGone = basket.lines.some((line) => !canBeOrdered(line, menu));
  const isUnclear = code === 'invalid' && basket.lines.some((line) => wantsChoice(line, menu));
  return (code === 'paused' && menu.paused) || (['paused', 'invalid'].includes(code ?? '') && isGone) || isUnclear;
}

/** Whether the restaurant calls takeaways by name, but this basket has no name. @param {Basket} basket @param {any} menu */
export function lacksName(basket, menu) {
  return menu.names_required === true && basket.service === 'takeaway' && !basket.guest?.trim();
}

/** Whether the basket may be ordered for a later time; guests at a table eat now. @param {Basket} basket */
export function mayBeLater({ service, table }) {
  return service !== 'dine_in' && table === undefined;
}

/** Whether the basket is ordered for a later time. @param {Basket} basket */
export function isForLater(basket) {
  return basket.due !== undefined && mayBeLater(basket);
}

/**
 * @param {Basket} basket @param {any} menu @returns {string | null} the error code of what prevents the order, if anything does
 */
export function obstacle(basket, menu) {
  if (basket.lines.length === 0) return 'empty';
  if (menu.paused) return 'paused';
  if (lacksName(basket, menu)) return 'nameless';
  if (!basket.round && lacksAddress(basket)) return 'no_address';
  if (!basket.lines.every((line) => canBeOrdered(line, menu))) return 'sold_out';
  return basket.lines.some((line) => wantsChoice(line, menu)) ? 'choices' : null;
}

/** @param {NonNullable<Basket['delivery']>} typed @returns {Record<string, string>} the fields that are not empty */
export function riderNeeds(typed) {
  const said = Object.entries(typed).map(([field, words]) => [field, words?.trim() ?? '']);
  return Object.fromEntries(said.filter(([, words]) => words !== ''));
}

/** Whether a delivery lacks a field that every rider needs. @param {Basket} basket */
export function lacksAddress({ service, guest, delivery = {} }) {
  const { name, phone, address } = riderNeeds({ name: guest, ...delivery });
  return service === 'delivery' && !(name && phone && address);
}

/**
 * @param {Basket} basket @param {any} menu with the agreed prices @returns {any} the body of the request that places the order
 */
export function placement(basket, menu) {
  const courseOf = (/** @type {Line} */ line) => {
    const course = chosenCourse(line, menu)?.number;
    return course && { course };
  };
  const items = basket.lines.map((line) => ({ menu_item: line.item, quantity: line.quantity, options: line.options, ...courseOf(line), ...(line.seat && { seat: line.seat }), ...optionalNote(line) }));
  const name = basket.guest?.trim();
  // Guests who eat at the table are not called by name.
  const guest = name && basket.service !== 'dine_in' && basket.service !== 'delivery' ? { guest_name: name } : {};
  const due = isForLater(basket) ? { due_at: new Date(basket.due ?? 0).toISOString() } : {};
  const table = basket.table ? { table: basket.table } : {};
  const delivery = basket.service === 'delivery' && basket.delivery ? { delivery: riderNeeds({ name: basket.guest, ...basket.delivery }) } : {};
  return { service: basket.service, ...table, items, ...optionalNote(basket), ...guest, ...due, ...delivery, expected_total: total(basket, menu) };
}

/**
 * Adds the lines of an earlier order that are still on the menu, except voided ones. Also takes over the order's note, its
 * allergy and the name for the pickup; an empty basket takes over its service, too.
 *
 * @param {Basket} basket @param {any} order a document @param {any} menu
 * @returns {Basket}
 */
export function withOrderAgain(basket, order, menu) {
  const wanted = Object.values(order.items).filter((item) => menu.items[item.menu_item] && item.status !== 'voided');
  const service = basket.lines.length === 0 ? order.service ?? basket.service : basket.service;
  const said = order.note && !basket.note.trim() ? { note: order.note, allergy: order.allergy === true } : {};
  const called = order.guest_name && service !== 'dine_in' && !basket.guest?.trim() ? { guest: order.guest_name } : {};
  return wanted.reduce((filled, item) => withAdded(filled, {
    item: item.menu_item, quantity: item.quantity, options: optionIds(menu.items[item.menu_item], item), note: item.note ?? '', allergy: item.allergy === true,
  }), { ...basket, ...said, ...called, service });
}

/** Fills a basket with the last round of an order, as another round of it. @param {Basket} basket @param {any} order a document @param {any} menu @returns {Basket} */
export function withRoundAgain(basket, order, menu) {
  const last = Math.max(...Object.values(order.items).map(({ round = 1 }) => round));
  const items = Object.fromEntries(Object.entries(order.items).filter(([, { round = 1 }]) => round === last));
  const filled = basket.lines.length > 0 ? basket : withOrderAgain(basket, { items, service: order.service }, menu);
  return asRoundOf(filled, order);
}

/** @param {Basket} basket @param {any} [order] a document; without one, the basket becomes a new order @returns {Basket} */
export function asRoundOf({ round: _, ...basket }, order) {
  return order ? { ...basket, round: { order: order.id, number: order.number, ...(order.ticket && { ticket: order.ticket }) } } : basket;
}

/**
 * @param {Basket} basket with a round @param {any} menu with the agreed prices
 * @returns {any} the command that adds it. A round has no note of its own: the basket's goes with each line
 */
export function addition(basket, menu) {
  const lines = basket.lines.map((line) => ({ ...line, ...saidOf(line, basket) }));
  const { items, expected_total } = placement({ ...basket, lines }, menu);
  return { id: basket.id, action: 'add_items', order: basket.round?.order, items, expected_total };
}

/**
 * @param {Basket} basket @returns {boolean} whether the basket's note and a line's own note are too long together for that line
 */
export function isNoteTooLong(basket) {
  return basket.round !== undefined && basket.lines.some((line) => saidOf(line, basket).note.length > MAX_NOTE);
}

/** Returns the note and the allergy of a line, with those of the whole basket. @param {Line} line @param {Basket} basket @returns {{note: string, allergy: boolean}} */
function saidOf(line, basket) {
  const [own, common] = [line.note.trim(), basket.note.trim()];
  const note = [own, common !== own && common].filter(Boolean).join('. ');
  return { note, allergy: line.allergy === true || (common !== '' && basket.allergy === true) };
}

/** Returns the ids of the chosen options that the menu still has. An order of an older node has only names. @param {any} item of the menu @param {any} ordered @returns {string[]} */
function optionIds(item, { options = [], choices }) {
  const named = () => Object.entries(item.options ?? {}).filter(([, { name }]) => options.includes(name)).map(([id]) => id);
  return kept(item, choices ? choices.map((/** @type {{id: string}} */ { id }) => id) : named());
}

/** @param {{note: string, allergy?: boolean}} said @returns {{note?: string, allergy?: boolean}} */
function optionalNote({ note, allergy }) {
  const words = note.trim();
  return { ...(words && { note: words }), ...(words && allergy && { allergy }) };
}

/** @param {string[]} a @param {string[]} b */
function sameSet(a, b) {
  return a.length === b.length && a.every((each) => b.includes(each));
}
