import { h } from '../shared/dom.js';

/** Marks a ticket that takes more than one column, and each dish that begins one of them. */
const SPAN = 'data-kept-span';
const BEGINS = 'data-kept-begins';

/**
 * Measures the parts of a ticket that stands in one column.
 * @param {HTMLElement} ticket whole @returns {import('./pack.js').Shape}
 */
export function shapeOf(ticket) {
  const items = itemsOf(ticket);
  const { top, bottom } = ticket.getBoundingClientRect();
  const tops = items.map((item) => item.getBoundingClientRect().top);
  const end = items.at(-1)?.getBoundingClientRect().bottom ?? bottom;
  // Rounded up to whole px: a fraction too many would overflow into a column that nobody has counted.
  const px = [top, ...tops, end, bottom].map((edge, at, edges) => (at === 0 ? 0 : Math.ceil(edge - edges[at - 1])));
  return { head: px[1], items: px.slice(2, -1), foot: px[px.length - 1] };
}

/**
 * Builds the head of a later part, which repeats what a cook must know who reads that column alone: whose dishes these are,
 * and each warning of the ticket. A screen reader has read them at the ticket's own head.
 * @param {HTMLElement} ticket
 */
export function partHead(ticket) {
  const copy = (/** @type {string} */ selector) => ticket.querySelector(selector)?.cloneNode(true);
  return h('div.part', { 'data-key': 'part', 'aria-hidden': true },
    h('p.part__head', {}, h('b.part__number', {}, ticket.dataset.number), h('span.part__place', {}, ticket.dataset.place), h('span.part__word', {}, 'continued')),
    copy('.ticket__flags'), copy(':scope > .note--allergy'));
}

/**
 * Splits a ticket over columns. Styles are set on the element that has them: a custom property restyles everything below it.
 * @param {HTMLElement} ticket whole @param {import('./pack.js').Cut} cut @param {{width: number, gap: number}} column in px
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

/** Skips values that are set already: each write restyles. @param {HTMLElement} element @param {string} name @param {string} value */
export function setStyle(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/** @param {HTMLElement} ticket */
function itemsOf(ticket) {
  return /** @type {HTMLElement[]} */ ([...ticket.querySelectorAll('.item')]);
}
