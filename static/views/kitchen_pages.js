/**
 * A ticket that is longer than the screen goes on in the next column. There its number stands again: what a cook reads
 * in the second column must not be taken for the ticket beside it.
 *
 * @param {Element} tickets
 */
export function markContinued(tickets) {
  for (const ticket of tickets.children) {
    const items = [...ticket.querySelectorAll('.item')];
    for (const item of items) item.removeAttribute('data-kept-continues');
    if (ticket.getClientRects().length > 1) markItems(ticket, items);
  }
}

/**
 * One after the other: a mark takes room, and moves what comes after it.
 * @param {Element} ticket @param {Element[]} items
 */
function markItems(ticket, items) {
  let { left } = /** @type {Element} */ (ticket.firstElementChild).getBoundingClientRect();
  for (const item of items) {
    const place = item.getBoundingClientRect();
    if (place.left === left) continue;
    left = place.left;
    item.setAttribute('data-kept-continues', `${ticket.getAttribute('aria-label')} – continued`);
  }
}
