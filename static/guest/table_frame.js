import { WORDS } from '../languages/language.js';
import { find, h, render, setText } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { noOrdersWords } from './hours.js';

/** Fills the parts around the menu that are in the page's HTML. */

/** @param {import('./visit.js').Place} place */
export function furnishTable({ restaurant, table }) {
  find('#restaurant').textContent = restaurant.name;
  find('#table').textContent = WORDS.table(table);
  find('#basket-title').textContent = WORDS.basket;
  find('#categories').setAttribute('aria-label', WORDS.menu);
  find('#names').hidden = false;
  find('#call').hidden = false;
}

/** Hides everything around the menu: the visit is over or cannot continue. */
export function hideTable() {
  for (const id of ['#names', '#call', '#offline', '#paused', '#categories', '#basket-bar']) find(id).hidden = true;
  for (const sheet of document.querySelectorAll('dialog')) sheet.close();
}

/** @param {any} menu */
export function drawPause(menu) {
  const [banner, words] = [find('#paused'), noOrdersWords(menu)];
  banner.hidden = words === null;
  if (words !== null) render(banner, icon('pause'), h('span', {}, words));
}

/** Keeps the content above the bar at its distance, even when the bar grows with a notice or the phone is turned. */
export function followBasketBar() {
  const bar = find('#basket-bar');
  new ResizeObserver(() => document.body.style.setProperty('--basket-bar', `${bar.offsetHeight}px`)).observe(bar);
}

/**
 * Shows the bar at the foot of the page while it has content: the basket, or the order in progress. Call it after drawing
 * either.
 */
export function showBar() {
  const isShown = !find('#basket-button').hidden || find('#order-strip').childElementCount > 0;
  find('#basket-bar').hidden = !isShown;
  document.body.toggleAttribute('data-basket', isShown);
}

/**
 * @param {number} count of the pieces in the basket
 * @param {string} total price of the basket
 * @param {{words: string, bad: boolean}[]} notices the obstacles to the order, shown here too while its sheet is closed
 */
export function drawBasketBar(count, total, notices) {
  render(find('#basket-notice'), notices.map(({ words, bad }) => h(`p.banner.banner--${bad ? 'bad' : 'warn'}`, {}, words)));
  const button = find('#basket-button');
  button.hidden = count === 0;
  setText(button, WORDS.showBasket(count, total));
  showBar();
}
