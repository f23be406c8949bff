import { h } from '../shared/dom.js';

/** The attribute of a ticket that takes more than one column, and of each dish that begins a column. */
const SPAN = 'data-kept-span';
const BEGINS = 'data-kept-begins';
/**
 * The attribute of a dish with a word that is longer than its line even in the smallest letters. That word may break.
 */
const BREAKS = 'data-kept-breaks';
/** The smallest letters for a dish with a long word, as a share of the others. */
const SMALLEST = 0.6;
/** A margin, since the width of glyphs is not exactly proportional to their size. */
const SLACK = 0.98;

/**
 * Measures the parts of a ticket in one column.
 * @param {HTMLElement} ticket whole @returns {import('./pack.js').Shape}
 */
export function shapeOf(ticket) {
  const items = itemsOf(ticket);
  const { top, bottom } = ticket.getBoundingClientRect();
  const tops = items.map((item) => item.getBoundingClientRect().top);
  const end = items.at(-1)?.getBoundingClientRect().bottom ?? bottom;
  // Rounded up to whole px: otherwise a fraction could overflow into an uncounted column.
  const px = [top, ...tops, end, bottom].map((edge, at, edges) => (at === 0 ? 0 : Math.ceil(edge - edges[at - 1])));
  return { head: px[1], items: px.slice(2, -1), foot: px[px.length - 1] };
}

/**
 * Shrinks the letters of a dish if one of its words is longer than its line, since a broken word is hard to read. Writes to all
 * tickets before it reads any, and writes again afterwards.
 * @param {HTMLElement[]} tickets
 */
export function fitWords(tickets) {
  const dishes = tickets.flatMap((ticket) => /** @type {HTMLElement[]} */ ([...ticket.querySelectorAll('.item__body')]));
  for (const dish of dishes) {
    dish.style.removeProperty('font-size');
    dish.removeAttribute(BREAKS);
  }
  const shares = dishes.map((dish) => dish.clientWidth / (dish.scrollWidth || 1));
  dishes.forEach((dish, at) => {
    if (shares[at] >= 1) return;
    setStyle(dish, 'font-size', `${Math.max(SMALLEST, shares[at] * SLACK)}em`);
    dish.toggleAttribute(BREAKS, shares[at] < SMALLEST);
  });
}

/**
 * Builds the head of a later part, for a cook who reads that column alone: the order, its table, its age, and each warning.
 * Hidden from screen readers, which have read it at the ticket's own head.
 * @param {HTMLElement} ticket
 */
export function partHead(ticket) {
  const copy = (/** @type {string} */ selector) => ticket.querySelector(selector)?.cloneNode(true);
  return h('div.part', { 'data-key': 'part', 'aria-hidden': true },
    h('div.part__head', {}, copy('.ticket__number'),
      h('div.part__place', {}, copy('.ticket__place'), h('span.part__word', {}, 'continued')), copy('.ticket__clock')),
    copy('.ticket__flags'), copy(':scope > .note--allergy'));
}

/**
 * Splits a ticket over columns. Styles are set on the element that needs them, since a custom property restyles everything
 * below it.
 * @param {HTMLElement} ticket whole
 * @param {import('./pack.js').Cut} cut
 * @param {{width: number, gap: number}} column in px
 */
export function split(ticket, { skip, span, breaks }, { width, gap }) {
  ticket.setAttribute(SPAN, String(span));
  setStyle(ticket, 'width', `${span * (width + gap) - gap}px`);
  setStyle(ticket, 'column-count', String(span));
  setStyle(headOf(ticket), 'margin-top', `${skip}px`);
  const items = itemsOf(ticket);
  for (const index of breaks) {
    items[index].setAttribute(BEGINS, '');
    items[index].prepend(partHead(ticket));
  }
}

/** Undoes `split`. @param {HTMLElement} ticket */
export function join(ticket) {
  if (!isSplit(ticket)) return;
  ticket.removeAttribute(SPAN);
  for (const name of ['width', 'column-count']) ticket.style.removeProperty(name);
  headOf(ticket).style.removeProperty('margin-top');
  for (const item of ticket.querySelectorAll(`[${BEGINS}]`)) item.removeAttribute(BEGINS);
  for (const head of ticket.querySelectorAll('.part')) head.remove();
}

/** @param {Element} ticket */
export function isSplit(ticket) {
  return ticket.hasAttribute(SPAN);
}

/** @param {HTMLElement} ticket */
export function headOf(ticket) {
  return /** @type {HTMLElement} */ (ticket.firstElementChild);
}

/**
 * Skips a value that is already set, since each write causes a restyle.
 * @param {HTMLElement} element
 * @param {string} name
 * @param {string} value
 */
export function setStyle(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/** @param {HTMLElement} ticket */
function itemsOf(ticket) {
  return /** @type {HTMLElement[]} */ ([...ticket.querySelectorAll('.item')]);
}
