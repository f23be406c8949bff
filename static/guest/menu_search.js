import { WORDS } from '../languages/language.js';
import { h, setText } from '../shared/dom.js';
import { matches, plain } from '../shared/search.js';

/** A menu with this many dishes has a search. */
const SEARCHED = 20;

/** @param {any} menu @returns {boolean} */
export function hasSearch(menu) {
  return Object.keys(menu.items).length >= SEARCHED;
}

/** @param {any} menu @returns {HTMLElement | null} */
export function searchField(menu) {
  if (!hasSearch(menu)) return null;
  return h('div.field.menu__search', { 'data-key': 'search' },
    h('input', { 'id': 'menu-search', 'type': 'search', 'data-field': 'menu-search', 'aria-label': WORDS.search, 'placeholder': WORDS.search, 'autocomplete': 'off', 'maxlength': 80, 'enterkeyhint': 'search' }),
    h('p.menu__none', { 'role': 'status', 'data-opaque': true }));
}

/** Hides the dishes that do not match. They stay on the page: drawing hundreds again is slow on a phone. */
export class MenuSearch {
  #typed = '';
  /** The searched text of each dish, by the dish. @type {WeakMap<any, string>} */ #words = new WeakMap();

  /**
   * Applies the typed text. Call it after the menu was drawn, too. @param {Element} root @param {any} menu @param {string}
   * [typed]
   */
  apply(root, menu, typed = this.#typed) {
    const was = plain(this.#typed);
    this.#typed = typed;
    const wanted = plain(typed);
    if (wanted === '' && was === '') return;
    let found = 0;
    for (const section of root.querySelectorAll('section.category')) {
      const dishes = [...section.querySelectorAll('[data-menu-item]')];
      const hits = dishes.filter((dish) => {
        const hit = wanted === '' || this.#isHit(menu.items[dish.getAttribute('data-menu-item') ?? ''], wanted);
        dish.toggleAttribute('data-kept-out', !hit);
        return hit;
      });
      section.toggleAttribute('data-kept-out', hits.length === 0);
      found += hits.length;
    }
    const none = root.querySelector('.menu__none');
    if (none) setText(none, found === 0 ? WORDS.nothingFound(typed.trim()) : '');
  }

  /** @param {any} item @param {string} wanted */
  #isHit(item, wanted) {
    if (!item) return false;
    const words = this.#words.get(item) ?? plain(`${item.name} ${item.description ?? ''}`);
    this.#words.set(item, words);
    return matches(words, wanted);
  }
}
