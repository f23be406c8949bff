/** The menu as its editor holds it: lists in the order that guests see. Nothing here knows the page. */

import { decimals } from '../shared/money.js';

/**
 * An option outside of groups or of a group. `preset`: pages choose it before the guest does; `groups`: are asked with it.
 *
 * @typedef {{id: string, name: string, amount: number, preset?: boolean, groups?: DraftGroup[]}} DraftOption
 * @typedef {{id: string, name: string, min: number, max: number, options: DraftOption[]}} DraftGroup
 * @typedef {{id: string, name: string, description: string, amount: number, station: string, photo: string, picture?: import('../shared/picture.js').Picture, sku?: string, available: boolean, options: DraftOption[], groups?: DraftGroup[]}} DraftItem
 * @typedef {{number: number, name: string}} DraftCourse
 * @typedef {{id: string, name: string, course?: DraftCourse, items: DraftItem[]}} DraftCategory
 */

/** Outside of groups. */
export const MAX_OPTIONS = 20;
/** Of a dish, nested ones included. */
export const MAX_GROUPS = 20;
/** The most that a group asks for. */
export const MAX_CHOSEN = 20;
/** In minor units. */
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

/** @param {any} item @param {string | undefined} under an option; none for the groups of the dish itself @returns {DraftGroup[]} */
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
 * @param {DraftCategory[]} draft @param {string} currency @param {boolean} [knowsGroups] whether the server does: feature level 2
 * @returns {{categories: Record<string, any>, items: Record<string, any>}} the body of `PUT …/menu`. What is sold out is not
 *   in it: that changes while somebody edits, and stays as it is.
 */
export function bodyOf(draft, currency, knowsGroups = false) {
  /** @type {{categories: Record<string, any>, items: Record<string, any>}} */
  const body = { categories: {}, items: {} };
  draft.forEach((category, at) => {
    // A server that knows no courses refuses them; one that knows them keeps a course that is not named.
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
 * @param {{name: string, min: number, max: number, options: {amount: number | null, preset?: boolean, groups?: any[]}[]}[]} groups as somebody typed them
 * @returns {string | null} why they make no sense
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
 * The course of a heading by a form. Headings of one course share its name.
 * @param {DraftCategory[]} draft @param {string} number empty for none @param {string} name of the heading
 * @returns {DraftCourse | undefined}
 */
export function courseOf(draft, number, name) {
  if (!number) return undefined;
  return draft.find(({ course }) => course?.number === Number(number))?.course ?? { number: Number(number), name };
}

/** Moves one up (-1) or down (1) in its list. @template {{id: string}} T @param {T[]} list @param {string} id @param {number} by */
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

/** Puts an item under a category: in its place where it is there already, else at the end. @param {DraftCategory[]} draft @param {DraftItem} item @param {string} category */
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

/** @param {number} amount minor units @param {string} currency @returns {string} as it is typed: `4.50` */
export function priceText(amount, currency) {
  return (amount / 10 ** decimals(currency)).toFixed(decimals(currency));
}

/** @param {string} currency @returns {string} what an input's pattern lets through: all that `readPrice` reads, but for too much */
export function pricePattern(currency) {
  const places = decimals(currency);
  return places > 0 ? `\\s*\\d{0,10}([.,]\\d{0,${places}})?\\s*` : '\\s*\\d{0,10}[.,]?\\s*';
}

/**
 * @param {string} text as somebody types it: `4.5`, `4,50`, empty for nothing
 * @param {string} currency
 * @returns {number | null} minor units; null for what is no price
 */
export function readPrice(text, currency) {
  const places = decimals(currency);
  const match = /^(\d{0,10})(?:[.,](\d*))?$/.exec(text.trim());
  if (!match || (match[2]?.length ?? 0) > places) return null;
  const amount = Number(match[1] || 0) * 10 ** places + Number((match[2] ?? '').padEnd(places, '0') || 0);
  return amount <= MAX_AMOUNT ? amount : null;
}
