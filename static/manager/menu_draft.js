/** The menu in the form that the editor uses: lists in the order that guests see. This module does not use the DOM. */

import { decimals } from '../shared/money.js';

/**
 * An option outside of groups, or in a group. `preset`: whether pages choose it by default; `groups`: the groups to show with
 * it.
 *
 * @typedef {{id: string, name: string, amount: number, preset?: boolean, groups?: DraftGroup[]}} DraftOption
 * @typedef {{id: string, name: string, min: number, max: number, options: DraftOption[]}} DraftGroup
 * @typedef {{id: string, name: string, description: string, amount: number, station: string, photo: string, picture?: import('../shared/picture.js').Picture, sku?: string, available: boolean, options: DraftOption[], groups?: DraftGroup[]}} DraftItem
 * @typedef {{number: number, name: string}} DraftCourse
 * @typedef {{id: string, name: string, course?: DraftCourse, items: DraftItem[]}} DraftCategory
 */

/** The most options outside of groups. */
export const MAX_OPTIONS = 20;
/** The most groups of a dish, including nested ones. */
export const MAX_GROUPS = 20;
/** The most options that a group may require or allow. */
export const MAX_CHOSEN = 20;
/** The highest price, in minor units. */
const MAX_AMOUNT = 1_000_000_000;

/** @param {any} menu the document @returns {DraftCategory[]} */
export function draftOf(menu) {
  const items = sorted(menu.items);
  return sorted(menu.categories).map(([id, { name, course }]) => ({
    id,
    name,
    ...(course && { course }),
    items: items.filter(([, item]) => item.category === id).map(([itemId, item]) => draftItem(itemId, item)),
  }));
}

/** @param {string} id @param {any} item @returns {DraftItem} */
function draftItem(id, item) {
  const { name, description = '', price, station, photo = '', picture, sku, available } = item;
  const groups = draftGroups(item, undefined);
  return {
    id, name, description, amount: price.amount, station, photo, available,
    ...(picture && { picture }),
    ...(sku && { sku }),
    options: draftOptions(item, undefined),
    ...(groups.length > 0 && { groups }),
  };
}

/**
 * @param {any} item @param {string | undefined} under the id of an option; undefined for the groups of the dish itself @returns
 * {DraftGroup[]}
 */
function draftGroups(item, under) {
  return sorted(item.groups ?? {}).filter(([, group]) => group.under === under)
    .map(([id, { name, min, max }]) => ({ id, name, min, max, options: draftOptions(item, id) }));
}

/** @param {any} item @param {string | undefined} group @returns {DraftOption[]} */
function draftOptions(item, group) {
  const own = Object.entries(item.options).filter(([, option]) => option.group === group);
  if (group) own.sort(([a, one], [b, two]) => (one.sort ?? 0) - (two.sort ?? 0) || (a < b ? -1 : 1));
  return own.map(([id, option]) => {
    const groups = draftGroups(item, id);
    return { id, name: option.name, amount: option.price.amount, ...(option.default && { preset: true }), ...(groups.length > 0 && { groups }) };
  });
}

/** @param {Record<string, any>} things by id @returns {[string, any][]} */
function sorted(things) {
  return Object.entries(things).sort(([a, one], [b, two]) => one.sort - two.sort || (a < b ? -1 : 1));
}

/**
 * @param {DraftCategory[]} draft @param {string} currency @param {boolean} [knowsGroups] whether the server supports groups:
 * feature level 2
 * @returns {{categories: Record<string, any>, items: Record<string, any>}} the body of `PUT …/menu`. It does not say what is
 * sold out, since that changes independently of the draft
 */
export function bodyOf(draft, currency, knowsGroups = false) {
  /** @type {{categories: Record<string, any>, items: Record<string, any>}} */
  const body = { categories: {}, items: {} };
  draft.forEach((category, at) => {
    // A server without courses refuses the field. One with courses keeps a category's course if the field is missing.
    const course = knowsGroups ? { course: category.course ?? null } : {};
    body.categories[category.id] = { name: category.name, sort: at + 1, ...course };
    category.items.forEach((item, place) => { body.items[item.id] = itemBody(item, category.id, place + 1, { currency, knowsGroups }); });
  });
  return body;
}

/** @param {DraftItem} item @param {string} category @param {number} sort @param {{currency: string, knowsGroups: boolean}} server */
function itemBody({ name, description, amount, station, photo, picture, sku, options, groups = [] }, category, sort, { currency, knowsGroups }) {
  const price = (/** @type {number} */ minor) => ({ amount: minor, currency });
  return {
    name, category, station, sort,
    price: price(amount),
    ...(description && { description }),
    ...(photo && { photo }),
    ...(knowsGroups && { picture: picture ?? null, sku: sku || null }),
    ...(knowsGroups ? groupedBody(options, groups, price)
      : { options: Object.fromEntries(options.map((option) => [option.id, { name: option.name, price: price(option.amount) }])) }),
  };
}

/** @param {DraftOption[]} loose @param {DraftGroup[]} tops @param {(minor: number) => any} price */
function groupedBody(loose, tops, price) {
  /** @type {{options: Record<string, any>, groups: Record<string, any>}} */
  const body = { options: {}, groups: {} };
  /** @param {DraftOption[]} options @param {any} place */
  const addOptions = (options, place) => options.forEach(({ id, name, amount, preset, groups = [] }, at) => {
    body.options[id] = { name, price: price(amount), ...(preset && { default: true }), ...(place && { ...place, sort: at + 1 }) };
    addGroups(groups, { under: id });
  });
  /** @param {DraftGroup[]} groups @param {any} [under] */
  const addGroups = (groups, under) => groups.forEach(({ id, name, min, max, options }, at) => {
    body.groups[id] = { name, sort: at + 1, min, max, ...under };
    addOptions(options, { group: id });
  });
  addGroups(tops);
  addOptions(loose, null);
  return body;
}

/**
 * @param {{name: string, min: number, max: number, options: {amount: number | null, preset?: boolean, groups?: any[]}[]}[]}
 * groups as typed
 * @returns {string | null} what is wrong with them, if anything
 */
export function wrongGroup(groups) {
  for (const { name, min, max, options } of groups) {
    const presets = options.filter(({ preset }) => preset).length;
    if (min > max) return `${name}: “At least” is more than “At most”`;
    if (options.length < Math.max(min, 1)) return `${name}: it needs ${Math.max(min, 1)} options or more`;
    if (presets > max) return `${name}: at most ${max} can be chosen at first`;
    if (options.some(({ amount }) => amount === null)) return 'A price is too high';
    const inner = wrongGroup(options.flatMap(({ groups: nested = [] }) => nested));
    if (inner) return inner;
  }
  return null;
}

/** The most courses. */
export const MAX_COURSES = 9;

/**
 * Returns the course that a form gives a heading. All headings of a course have the same name for it.
 * @param {DraftCategory[]} draft @param {string} number empty for none @param {string} name of the heading
 * @returns {DraftCourse | undefined}
 */
export function courseOf(draft, number, name) {
  if (!number) return undefined;
  return draft.find(({ course }) => course?.number === Number(number))?.course ?? { number: Number(number), name };
}

/**
 * Moves an entry up (-1) or down (1) in its list. @template {{id: string}} T @param {T[]} list @param {string} id @param
 * {number} by
 */
export function move(list, id, by) {
  const from = list.findIndex((one) => one.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= list.length) return;
  [list[from], list[to]] = [list[to], list[from]];
}

/** @param {DraftCategory[]} draft @param {string} id */
export function findItem(draft, id) {
  for (const category of draft) {
    const item = category.items.find((one) => one.id === id);
    if (item) return { category, item };
  }
  return null;
}

/**
 * Puts an item into a category: in its place if it is already there, or else at the end. @param {DraftCategory[]} draft @param
 * {DraftItem} item @param {string} category
 */
export function putItem(draft, item, category) {
  for (const one of draft) {
    const at = one.items.findIndex(({ id }) => id === item.id);
    if (at >= 0 && one.id === category) {
      one.items[at] = item;
      return;
    }
    if (at >= 0) one.items.splice(at, 1);
  }
  draft.find(({ id }) => id === category)?.items.push(item);
}

/** @param {DraftCategory[]} draft @returns {string[]} each station once */
export function stationsOf(draft) {
  return [...new Set(draft.flatMap(({ items }) => items.map(({ station }) => station)))].sort();
}

/** @param {number} amount minor units @param {string} currency @returns {string} in the form for an input: `4.50` */
export function priceText(amount, currency) {
  return (amount / 10 ** decimals(currency)).toFixed(decimals(currency));
}

/**
 * @param {string} currency @returns {string} a pattern for an input; it also accepts prices that `readPrice` refuses as too
 * high
 */
export function pricePattern(currency) {
  const places = decimals(currency);
  return places > 0 ? `\\s*\\d{0,10}([.,]\\d{0,${places}})?\\s*` : '\\s*\\d{0,10}[.,]?\\s*';
}

/**
 * @param {string} text as typed: `4.5`, `4,50`, or empty for zero
 * @param {string} currency
 * @returns {number | null} minor units; null if it is not a valid price
 */
export function readPrice(text, currency) {
  const places = decimals(currency);
  const match = /^(\d{0,10})(?:[.,](\d*))?$/.exec(text.trim());
  if (!match || (match[2]?.length ?? 0) > places) return null;
  const amount = Number(match[1] || 0) * 10 ** places + Number((match[2] ?? '').padEnd(places, '0') || 0);
  return amount <= MAX_AMOUNT ? amount : null;
}
