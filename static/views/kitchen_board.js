import { find } from './dom.js';
import { pack } from './kitchen_pack.js';
import { clearContinued, markContinued } from './kitchen_pages.js';

/** A column has room for so many letters' heights; narrower, and the names of most dishes take two lines. */
const COLUMN_EM = 10.5;
/** A ticket is continued in so many columns at most. */
const MOST_SPAN = 12;
/** Set on a ticket that takes more than one column. */
const SPAN = 'data-kept-span';
/** One column, scrolled downwards: the tickets stand in the page's own flow. */
const PHONE = matchMedia('(max-width: 699px)');

/** @typedef {{left: number, right: number, top: number, bottom: number}} Place of a ticket, as it is seen */
/** @typedef {{pad: number, gap: number, letters: number, width: number, height: number, columns: number}} Grid in px: `columns` are in sight at once */
/** @typedef {import('./kitchen_pack.js').Cut} Cut */

/** Only a ticket with so many dishes is cut for want of room, and so many stand before the cut, at least. */
const MANY_ITEMS = 3;
const BEFORE_CUT = 1;

/**
 * Puts the tickets where they stand. They are not in the page's flow: one that changes is laid out alone, and those that
 * make room for it are only moved.
 */
export class TicketBoard {
  #board = find('#board');
  #tickets = find('#tickets');
  /** Relative to the board's beginning. @type {Map<string, {x: number, y: number, width: number, height: number}>} */ #places = new Map();
  /** @type {Grid} */ #grid = { pad: 0, gap: 0, letters: 0, width: 0, height: 0, columns: 1 };
  /** Their heights in one column. @type {WeakMap<Element, number>} */ #heights = new WeakMap();
  /** How they were cut last. @type {WeakMap<Element, {skip: number, cut: Cut | null}>} */ #cuts = new WeakMap();

  /**
   * @param {string} wanted a number of columns, or `auto`: as many as fit
   * @param {Set<Element>} [changed] since the last time; all of them without
   */
  layOut(wanted, changed) {
    const nodes = /** @type {HTMLElement[]} */ ([...this.#tickets.children]);
    if (PHONE.matches) return this.#flow(nodes);
    const before = this.#grid;
    const grid = this.#measure(wanted);
    const isSame = grid.width === before.width && grid.height === before.height && grid.letters === before.letters;
    this.#look(nodes.filter((node) => !isSame || !changed || changed.has(node) || !this.#heights.has(node)));
    const boxes = nodes.map((node) => ({ thing: node, height: this.#heights.get(node) ?? 0 }));
    const spots = pack(boxes, grid, (node, skip) => this.#cut(node, skip));
    this.#places.clear();
    nodes.forEach((node, at) => this.#put(node, spots[at], boxes[at].height));
    const right = Math.max(0, ...[...this.#places.values()].map(({ x, width }) => x + width));
    set(this.#tickets, 'width', `${right + grid.pad}px`);
  }

  /** First all are made whole, then looked at: each turn from the one to the other is a layout. @param {HTMLElement[]} nodes */
  #look(nodes) {
    for (const node of nodes) {
      this.#cuts.delete(node);
      makeWhole(node);
    }
    for (const node of nodes) this.#heights.set(node, node.offsetHeight);
  }

  /** @param {HTMLElement} node @param {number} skip @returns {Cut | null} */
  #cut(node, skip) {
    const known = this.#cuts.get(node);
    if (known?.skip === skip) return known.cut;
    const found = cutAt(node, skip, this.#heights.get(node) ?? 0, this.#grid);
    this.#cuts.set(node, { skip, cut: found });
    return found;
  }

  /** @param {HTMLElement} node @param {{column: number, top: number, cut: Cut | null}} spot @param {number} own */
  #put(node, { column, top, cut }, own) {
    const { pad, width, gap, height } = this.#grid;
    if (!cut && node.hasAttribute(SPAN)) {
      makeWhole(node);
      this.#cuts.delete(node);
    }
    const x = pad + column * (width + gap);
    const y = pad + top;
    // One that is cut begins at the head of its column, with room left above it.
    set(node, 'transform', `translate(${x}px, ${cut ? pad : y}px)`);
    this.#places.set(node.getAttribute('data-order') ?? '', {
      x, y, width: cut ? cut.span * (width + gap) - gap : width, height: cut ? height - top : own,
    });
  }

  /** @returns {Map<string, Place>} by id, as they are seen */
  places() {
    const { left, top } = this.#board.getBoundingClientRect();
    const { scrollLeft, scrollTop } = this.#board;
    return new Map([...this.#places].map(([id, { x, y, width, height }]) => [id, {
      left: left + x - scrollLeft, right: left + x + width - scrollLeft, top: top + y - scrollTop, bottom: top + y + height - scrollTop,
    }]));
  }

  /** To the columns beyond the edge. @param {1 | -1} step */
  turn(step) {
    const { width, gap, columns } = this.#grid;
    this.#board.scrollBy({ left: step * columns * (width + gap) });
  }

  /** @param {string} wanted @returns {Grid} */
  #measure(wanted) {
    const { paddingLeft, columnGap, fontSize } = getComputedStyle(this.#tickets);
    const [pad, gap, letters] = [paddingLeft, columnGap, fontSize].map(parseFloat);
    const [room, height] = [this.#board.clientWidth - 2 * pad, this.#board.clientHeight - 2 * pad];
    const columns = Number(wanted) || Math.max(1, Math.floor((room + gap) / (COLUMN_EM * letters + gap)));
    this.#grid = { pad, gap, letters, width: Math.floor((room + gap) / columns - gap), height, columns };
    set(this.#tickets, '--ticket-width', `${this.#grid.width}px`);
    set(this.#tickets, '--ticket-height', `${height}px`);
    this.#tickets.dataset.columns = String(columns);
    return this.#grid;
  }

  /** @param {HTMLElement[]} nodes */
  #flow(nodes) {
    set(this.#tickets, 'width', '');
    const origin = this.#tickets.getBoundingClientRect();
    this.#places.clear();
    for (const node of nodes) {
      node.style.transform = '';
      makeWhole(node);
      this.#cuts.delete(node);
      this.#heights.delete(node);
    }
    for (const node of nodes) {
      const { left, top, width, height } = node.getBoundingClientRect();
      this.#places.set(node.getAttribute('data-order') ?? '', { x: left - origin.left, y: top - origin.top, width, height });
    }
  }
}

/**
 * Cuts a ticket into as many columns as it takes.
 * @param {HTMLElement} ticket @param {number} skip @param {number} own its height in one column @param {Grid} grid
 * @returns {Cut | null} null where it is better left whole; it is whole then
 */
function cutAt(ticket, skip, own, { height, width, gap }) {
  const isLong = own > height;
  const items = [...ticket.querySelectorAll('.item')];
  if (!isLong && items.length < MANY_ITEMS) return null;
  ticket.style.setProperty('--skip', `${skip}px`);
  for (let span = Math.min(MOST_SPAN, Math.ceil((skip + own) / height)); ; span += 1) {
    ticket.setAttribute(SPAN, String(span));
    ticket.style.setProperty('--span', String(span));
    clearContinued(ticket);
    markContinued(ticket);
    const foot = /** @type {Element} */ (ticket.lastElementChild).getBoundingClientRect();
    const box = ticket.getBoundingClientRect();
    if (foot.right > box.left + span * (width + gap) && span < MOST_SPAN) continue;
    const firstAfter = items.findIndex((item) => item.hasAttribute('data-kept-continues'));
    if (skip === 0 || firstAfter >= BEFORE_CUT) return { skip, span, bottom: Math.ceil(foot.bottom - box.top) };
    makeWhole(ticket);
    return null;
  }
}

/** @param {HTMLElement} ticket */
function makeWhole(ticket) {
  ticket.removeAttribute(SPAN);
  clearContinued(ticket);
}

/** Without a change nothing is written: a style that is set is worked out anew. @param {HTMLElement} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}
