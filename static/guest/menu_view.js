import { WORDS, clock, money, number } from '../languages/language.js';
import { canBeOrdered, pieces } from '../shared/basket.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { allergyBox, optionChips, stepper } from '../shared/line_controls.js';
import { GUEST } from './guest_words.js';

/**
 * @param {any} menu @returns {{id: string, name: string, items: any[]}[]} categories that have something, in the menu's order
 */
export function categories(menu) {
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
 * Says in the row of categories, which stays in sight, that the page may be old: its banner scrolls away.
 *
 * @param {string} state of the link
 */
export function linkNote(state) {
  if (state !== 'offline' && state !== 'checking') return null;
  return h('span.categories__link', { 'data-key': 'link', 'aria-hidden': 'true' }, icon('offline'), WORDS[`link_${state}`]);
}

/** @param {any} menu @returns {HTMLElement[]} the row of links to the categories */
export function categoryLinks(menu) {
  return categories(menu).map(({ id, name }) => h('a.chip', { href: `#category-${id}`, 'data-key': id }, name));
}

/** @param {any} menu @param {import('../shared/basket.js').Basket} basket @returns {HTMLElement[]} */
export function menuSections(menu, basket) {
  const sections = categories(menu).map(({ id, name, items }) => h(
    'section.category', { id: `category-${id}`, 'data-key': id, 'aria-labelledby': `category-${id}-name` },
    h('h2.category__name', { id: `category-${id}-name` }, name),
    h('ul.category__items', {}, items.map((item) => menuItem(item, basket))),
  ));
  if (sections.length > 0) return sections;
  return [h('div.blank', {}, h('h2', {}, WORDS.emptyMenu), h('p', {}, WORDS.emptyMenuHint))];
}

/** @param {any} item @param {import('../shared/basket.js').Basket} basket */
function menuItem(item, basket) {
  const count = pieces(basket, item.id);
  const gone = !item.available;
  return h(
    'li.dish', { 'data-menu-item': item.id, 'data-key': item.id, 'data-sold-out': gone },
    h('div.dish__text', {},
      h('h3.dish__name', {}, item.name),
      item.description && h('p.dish__about', {}, item.description),
      h('p.dish__facts', {},
        h('span.dish__price', {}, money(item.price)),
        gone && h('span.badge.dish__gone', {}, soldOutWords(item)),
        !gone && Object.keys(item.options ?? {}).length > 0 && optionsButton(item)),
    ),
    item.photo && h('img.dish__photo', { src: item.photo, alt: '', loading: 'lazy', width: 88, height: 88 }),
    addButton(item, count),
  );
}

/** @param {any} item */
function soldOutWords({ until }) {
  return until ? WORDS.soldOutUntil(clock(until)) : WORDS.soldOut;
}

/** @param {any} item */
function optionsButton(item) {
  return h('button.dish__options', { type: 'button', 'data-do': 'options', 'aria-label': WORDS.chooseFor(item.name) }, WORDS.choose);
}

/** @param {any} item @param {number} count */
function addButton(item, count) {
  return h(
    'button.dish__add', {
      type: 'button', 'data-action': 'add', disabled: !item.available, 'data-count': count || undefined,
      'aria-label': count > 0 ? `${WORDS.add(item.name)}. ${WORDS.inBasket(count)}` : WORDS.add(item.name),
    },
    h('span', { 'aria-hidden': 'true' }, count > 0 ? number(count) : '+'),
  );
}

/**
 * The form for one item's options before it goes into the basket.
 *
 * @param {any} item @param {{options: string[], note: string, allergy?: boolean, denied?: string, quantity: number}} choice
 * @returns {HTMLElement[]}
 */
export function choiceForm(item, choice) {
  const line = { key: '', item: item.id, ...choice };
  return [
    item.description && h('p.muted', {}, item.description),
    optionChips(item, choice.options, GUEST),
    h('div.field', {},
      h('label', { for: 'choice-note' }, WORDS.lineNote),
      h('input', { id: 'choice-note', maxlength: 200, value: choice.note, 'data-field': 'note', autocomplete: 'off' }),
      allergyBox(choice, item.name, GUEST)),
    // Always in the page: screen readers do not announce a live region that appears with its words.
    h('p.line__gone.choice__why', { 'id': 'choice-why', 'data-key': 'why', 'role': 'alert' }, !item.available && soldOutWords(item)),
    h('div.choice__foot', {},
      stepper(item.name, choice.quantity, 'choice', GUEST),
      h('button.button.button--primary.button--large', {
        'type': 'button', 'data-do': 'add-choice', 'disabled': !canBeOrdered(line, { items: { [item.id]: item } }), 'aria-describedby': 'choice-why',
      }, WORDS.addToOrder)),
  ];
}
