import { askedGroups, toggled } from '../shared/choices.js';
import { matches, plain } from '../shared/search.js';
import { menuByCategory } from './lanes.js';

/**
 * Finds dishes by what a waiter types, without the DOM. Each dish has a number, its position on the menu.
 *
 * @typedef {{number: number, item: any, words: string}} Dish words: its name in the form that is compared
 * @typedef {{quantity: number, words: string, isOption: boolean, seat?: number, course?: number}} Wish isOption: an option for the dish
 *   that was added last; seat: at the table; course: its number. Without words, seat and course are for the dish that was added last
 */

/** @param {any} menu @returns {{id: string, name: string, dishes: Dish[]}[]} categories in their order */
export function numbered(menu) {
  let number = 0;
  return menuByCategory(menu).map(({ id, name, items }) => ({
    id, name, dishes: items.map((item) => ({ number: (number += 1), item, words: plain(item.name) })),
  }));
}

/**
 * Reads `rez`, `12`, `3x rez`, `3 × 12`, `rez` with an at sign and a seat, `rez /2` for course 2; `+spicy` means an option.
 * @param {string} typed @returns {Wish}
 */
export function wishOf(typed) {
  const text = typed.trim();
  if (text.startsWith('+')) return { quantity: 1, words: plain(text.slice(1)), isOption: true };
  const [, said, mark, number] = /^(.*?)\s*([@/])(\d{1,2})$/.exec(text) ?? [];
  if (mark && Number(number) > 0) return { ...wishOf(said), [mark === '@' ? 'seat' : 'course']: Number(number) };
  const [, quantity, rest] = /^(\d{1,2})\s*[x×*]\s*(.*)$/i.exec(text) ?? [];
  return { quantity: Math.max(1, Number(quantity ?? 1)), words: plain(rest ?? text), isOption: false };
}

/** @param {Dish[]} dishes @param {string} words of a wish @returns {Dish[]} the best match first; all dishes without words */
export function matching(dishes, words) {
  if (words === '') return dishes;
  return dishes.map((dish) => ({ dish, rank: rankOf(dish, words) })).filter(({ rank }) => rank < NO_MATCH)
    .sort((a, b) => a.rank - b.rank || a.dish.number - b.dish.number).map(({ dish }) => dish);
}

const NO_MATCH = 4;

/** @param {Dish} dish @param {string} wanted */
function rankOf({ number, words }, wanted) {
  if (wanted === String(number)) return 0;
  if (words.startsWith(wanted)) return 1;
  // "be re" matches "Beef rezala".
  if (matches(words, wanted)) return 2;
  return words.includes(wanted) ? 3 : NO_MATCH;
}

/**
 * Finds the option for the words of a wish. If several options have the same name (on both halves of a pizza), takes the first
 * that is not chosen yet, as the server does. An option that would replace a chosen one comes last.
 *
 * @param {any} item of the menu @param {string} words of a wish for an option @param {string[]} chosen ids
 * @returns {{id: string, name: string, state: 'fits' | 'chosen' | 'sold-out' | 'full'} | undefined} it can be added only if it
 * `fits`
 */
export function optionOf(item, words, chosen) {
  const options = askedGroups(item, chosen).flatMap((group) => group.options.map((option) => ({ ...option, words: plain(option.name), group: group.name })));
  const begin = options.filter((option) => option.words.split(/[\s-]+/).some((part) => part.startsWith(words)) || option.words.startsWith(words));
  const found = (begin.length > 0 ? begin : options.filter((option) => option.words.includes(words))).map(({ id, name, group, isThere }) => {
    const after = toggled(item, chosen, id);
    const state = chosen.includes(id) ? 'chosen' : !isThere ? 'sold-out' : after.includes(id) ? 'fits' : 'full';
    return { id, name: group ? `${group}: ${name}` : name, state: /** @type {'fits' | 'chosen' | 'sold-out' | 'full'} */ (state), isExtra: chosen.every((other) => after.includes(other)) };
  });
  const fitting = found.filter(({ state }) => state === 'fits');
  const option = fitting.find(({ isExtra }) => isExtra) ?? fitting[0] ?? found[0];
  return option && { id: option.id, name: option.name, state: option.state };
}

/**
 * The tables that match the typed text. An exact match comes first.
 * @param {string[]} tables labels @param {string} typed @returns {string[]}
 */
export function tablesLike(tables, typed) {
  const wanted = plain(typed).replace(/^table\s+/, '');
  const like = tables.map((label) => ({ label, words: plain(label) })).filter(({ words }) => words.includes(wanted));
  const rank = (/** @type {string} */ words) => (words === wanted ? 0 : words.startsWith(wanted) ? 1 : 2);
  return like.sort((a, b) => (wanted === '' ? 0 : rank(a.words) - rank(b.words)) || BY_LABEL.compare(a.label, b.label)).map(({ label }) => label);
}

/** Sorts `Table 2` before `Table 10`. */
const BY_LABEL = new Intl.Collator(undefined, { numeric: true });
