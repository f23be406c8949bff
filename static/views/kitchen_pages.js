const MARK = 'data-kept-continues';

/**
 * A ticket that is longer than a column goes on in the next. There its number stands again: what a cook reads in the
 * second column must not be taken for the ticket beside it.
 *
 * @param {Element} ticket
 */
export function markContinued(ticket) {
  let { left } = /** @type {Element} */ (ticket.firstElementChild).getBoundingClientRect();
  // One after the other: a mark takes room, and moves what comes after it.
  for (const item of ticket.querySelectorAll('.item')) {
    const place = item.getBoundingClientRect();
    if (place.left === left) continue;
    left = place.left;
    item.setAttribute(MARK, `${ticket.getAttribute('aria-label')} – continued`);
  }
}

/** @param {Element} ticket */
export function clearContinued(ticket) {
  for (const item of ticket.querySelectorAll(`[${MARK}]`)) item.removeAttribute(MARK);
}
