import { h } from '../shared/dom.js';

/** Marks a ticket that takes more than one column, and each dish that begins one of them. */
const SPAN = 'data-kept-span';
const BEGINS = 'data-kept-begins';
/**
 * Marks a dish with a word that is longer than its line even in the smallest letters: that word may
 * break.
 */
const BREAKS = 'data-kept-breaks';
/** The smallest letters that a long word makes of a dish, as a share of the others. */
const SMALLEST = 0.6;
/** Glyphs do not shrink by exactly as much as their size. */
const SLACK = 0.98;

/**
 * Measures the parts of a ticket that stands in one column.
 * @param {HTMLElement} ticket whole @returns {import('./pack.js').Shape}
 */
export function shapeOf(ticket) {
  const items = itemsOf(ticket);
  const { top, bottom } = ticket.getBoundingClientRect();
  const tops = items.map((item) => item.getBoundingClientRect().top);
  const end = items.at(-1)?.getBoundingClientRect().bottom ?? bottom;
  // Rounded up to whole px: a fraction too many would overflow into a column that nobody has
  // counted.
  const px = [top, ...tops, end, bottom].map((edge, at, edges) => (at === 0 ? 0 : Math.ceil(edge - edges[at - 1])));
  return { head: px[1], items: px.slice(2, -1), foot: px[px.length - 1] };
}

/**
 * Makes the letters of a dish smaller where one of its words is longer than its line: a word that
 * breaks in its middle is read twice. Writes to all tickets before it reads any, and again after.
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
 * Builds the head of a later part, which repeats what a cook must know who reads that column alone:
 * whose dishes these are, where they go, how late they are, and each warning of the ticket. A
 * screen reader has read it at the ticket's own head.
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
 * Splits a ticket over columns. Styles are set on the element that has them: a custom property
 * restyles everything below it.
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
 * Skips values that are set already: each write restyles.
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
