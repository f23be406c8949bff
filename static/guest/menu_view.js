import { WORDS, clock, money, number } from '../languages/language.js';
import { pieces } from '../shared/basket.js';
import { lacksOptions, priceWith } from '../shared/choices.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { allergyBox, optionChips, stepper } from '../shared/line_controls.js';
import { pictureAttributes } from '../shared/picture.js';
import { GUEST } from './guest_words.js';
import { orderFromWords } from './hours.js';
import { hasSearch } from './menu_search.js';

/** @typedef {{id: string, name: string, sort: number, items: any[]}} ShownCategory */

/** The sorted categories by menu, since sorting takes a while. @type {WeakMap<object, ShownCategory[]>} */
const sorted = new WeakMap();

/** @param {any} menu @returns {ShownCategory[]} categories that are not empty, in the menu's order */
export function categories(menu) {
  const known = sorted.get(menu) ?? sort(menu);
  sorted.set(menu, known);
  return known;
}

/** @param {any} menu @returns {ShownCategory[]} */
function sort(menu) {
  const items = Object.values(menu.items).sort(bySort);
  return Object.entries(menu.categories)
    .map(([id, { name, sort }]) => ({ id, name, sort, items: items.filter(({ category }) => category === id) }))
    .filter((category) => category.items.length > 0)
    .sort(bySort);
}

/** @param {any} a @param {any} b */
function bySort(a, b) {
  return (a.sort ?? 0) - (b.sort ?? 0) || a.name.localeCompare(b.name);
}

/**
 * Notes in the row of categories that the page may be out of date. The row stays visible, while the banner scrolls away.
 *
 * @param {string} state of the link
 */
export function linkNote(state) {
  if (state !== 'offline' && state !== 'checking') return null;
  return h('span.categories__link', { 'data-key': 'link', 'aria-hidden': 'true' }, icon('offline'), WORDS[`link_${state}`]);
}

/**
 * @param {any} menu @param {string} current the category being read @returns {HTMLElement[]} the row of links to the search and
 * to the categories
 */
export function categoryLinks(menu, current) {
  const links = categories(menu).map(({ id, name }) => h('a.chip', { 'href': `#category-${id}`, 'data-key': id, 'aria-current': id === current && 'true' }, name));
  if (!hasSearch(menu)) return links;
  return [h('a.chip.categories__search', { 'href': '#menu-search', 'data-key': 'search', 'aria-label': WORDS.search }, icon('search')), ...links];
}

/**
 * The sections of the menu, each redrawn only after a change in it, since a menu may have hundreds of dishes.
 *
 * @param {any} menu @param {import('../shared/basket.js').Basket} basket
 * @param {number} [dishes] draws only the first sections, up to this many dishes; all sections by default
 * @returns {import('../shared/keyed.js').Entry[]}
 */
export function menuEntries(menu, basket, dishes = Infinity) {
  const language = document.documentElement.lang;
  let before = 0;
  const shown = categories(menu).filter(({ items }) => {
    const isShown = before < dishes;
    before += items.length;
    return isShown;
  });
  if (shown.length === 0) return [{ key: 'empty', deps: [language], view: emptyView }];
  const { restaurant } = menu;
  return shown.map(({ id, name, items }) => {
    const counts = items.map((item) => pieces(basket, item.id));
    return { key: id, deps: [language, name, ...items, ...counts], view: () => section({ id, name, items, counts, restaurant }) };
  });
}

function emptyView() {
  return h('div.blank', { 'data-key': 'empty' }, h('h2', {}, WORDS.emptyMenu), h('p', {}, WORDS.emptyMenuHint));
}

/** @param {{id: string, name: string, items: any[], counts: number[], restaurant: string}} category */
function section({ id, name, items, counts, restaurant }) {
  return h('section.category', { 'id': `category-${id}`, 'data-key': id, 'aria-labelledby': `category-${id}-name` },
    h('h2.category__name', { id: `category-${id}-name` }, name),
    items[0].closed && h('p.category__hours', {}, icon('clock'), orderFromWords(items[0].closed)),
    h('ul.category__items', {}, items.map((item, at) => menuItem(item, counts[at], restaurant))));
}

/** @param {any} item @returns {boolean} whether it is sold out, or one of its required choices is */
function isGone(item) {
  return !item.available || lacksOptions(item);
}

/** @param {any} item @param {number} count how many are in the basket @param {string} restaurant its id */
function menuItem(item, count, restaurant) {
  const gone = isGone(item);
  return h(
    'li.dish', { 'data-menu-item': item.id, 'data-key': item.id, 'data-sold-out': gone },
    h('div.dish__text', {},
      // The button covers the whole row, so that a touch anywhere opens the dish.
      h('h3.dish__name', {}, h('button.dish__open', { type: 'button', 'data-do': 'options' }, item.name)),
      item.description && h('p.dish__about', {}, item.description),
      h('p.dish__facts', {},
        h('span.dish__price', {}, money(item.price)),
        gone && !item.closed && h('span.badge.dish__gone', {}, soldOutWords(item)),
        !gone && Object.keys(item.options ?? {}).length > 0 && h('span.dish__choose', { 'aria-hidden': 'true' }, WORDS.choose)),
    ),
    photo('img.dish__photo', item, restaurant, { sizes: '6.5rem', loading: 'lazy', decoding: 'async', width: 104, height: 104 }),
    addButton(item, count),
  );
}

/**
 * The uploaded picture of a dish, or the photo at another address. `loading` comes first, since the browser may start to load
 * as soon as it knows the address.
 *
 * @param {string} tag @param {any} item @param {string} restaurant its id @param {Record<string, any>} attributes
 */
function photo(tag, { picture, photo: address }, restaurant, { sizes, ...attributes }) {
  const { loading, ...rest } = attributes;
  if (picture) return h(tag, { loading, ...pictureAttributes(restaurant, picture, sizes), ...rest });
  return address && h(tag, { loading, src: address, alt: '', ...rest });
}

/** @param {any} item */
function soldOutWords({ until }) {
  return until ? WORDS.soldOutUntil(clock(until)) : WORDS.soldOut;
}

/** @param {any} item @param {number} count */
function addButton(item, count) {
  return h(
    'button.dish__add', {
      type: 'button', 'data-action': 'add', disabled: isGone(item), 'data-count': count || undefined,
      'aria-label': count > 0 ? `${WORDS.add(item.name)}. ${WORDS.inBasket(count)}` : WORDS.add(item.name),
    },
    h('span', { 'aria-hidden': 'true' }, count > 0 ? number(count) : '+'),
  );
}

/**
 * The form for one item's options before it goes into the basket.
 *
 * @param {any} item @param {{options: string[], note: string, allergy?: boolean, denied?: string, quantity: number}} choice
 * @param {string[]} missing the names of the groups that still need a choice @param {string} restaurant its id
 * @returns {HTMLElement[]}
 */
export function choiceForm(item, choice, missing, restaurant) {
  const { amount, currency } = { amount: priceWith(item, choice.options) * choice.quantity, currency: item.price.currency };
  return [
    photo('img.choice__photo', item, restaurant, { 'sizes': '(min-width: 36rem) 36rem, 100vw', 'data-key': 'photo' }),
    item.description && h('p.muted', { 'data-key': 'about' }, item.description),
    optionChips(item, choice.options, GUEST),
    h('div.field', {},
      h('label', { for: 'choice-note' }, WORDS.lineNote),
      h('input', { id: 'choice-note', maxlength: 200, value: choice.note, 'data-field': 'note', autocomplete: 'off' }),
      allergyBox(choice, item.name, GUEST)),
    // Always in the page: screen readers do not announce a live region that is added together with its text.
    h('p.line__gone.choice__why', { 'id': 'choice-why', 'data-key': 'why', 'role': 'alert' },
      isGone(item) ? soldOutWords(item) : missing.length > 0 && WORDS.pleaseChoose(missing.join(', '))),
    h('div.choice__foot', { 'data-key': 'foot' },
      stepper(item.name, choice.quantity, 'choice', GUEST),
      h('button.button.button--primary.button--large', { 'type': 'button', 'data-do': 'add-choice', 'disabled': isGone(item), 'aria-describedby': 'choice-why' },
        h('span', {}, WORDS.addToOrder, ' · ', h('output', {}, money({ amount, currency }))))),
  ];
}
