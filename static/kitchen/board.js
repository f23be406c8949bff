import { find, h } from '../shared/dom.js';
import { bestLayout, candidatesFor, scalesFor } from './columns.js';
import { endingInSight, heightOf, pack } from './pack.js';
import { fitWords, headOf, isSplit, join, partHead, setStyle, shapeOf, split } from './ticket_parts.js';

/** How many tickets to try when choosing the columns: more than are ever in sight in letters of full size. */
const SAMPLE = 30;
/** How often to look for a layout that shows more. */
const SEARCH_AGAIN_MS = 30_000;
/** How long after a frame to move the tickets that are out of sight, so that a touch is handled first. */
const SETTLE_LATER_MS = 100;
/** The largest misalignment to tolerate, in px. */
const ALIGNED = 2;
/** On a phone, tickets are in one column in the page's own flow. */
const PHONE = matchMedia('(max-width: 699px)');

/** @typedef {{left: number, right: number, top: number, bottom: number}} Place the visible position of a ticket */
/**
 * @typedef {{pad: number, gap: number, letters: number, width: number, height: number, columns: number}} Grid in px; `columns`
 * is how many are in sight
 */
/**
 * @typedef {{pad: number, gap: number, letters: number, room: number, height: number, left: number, right: number, top:
 * number}} Page in px; without its columns
 */
/**
 * @typedef {{column: number, x: number, y: number, width: number, height: number}} TicketPlace
 *   relative to the start of the board
 */
/**
 * @typedef {{node: HTMLElement, spot: Spot, old?: TicketPlace}} Unsettled `old`: undefined for a ticket that has no place yet
 */
/** @typedef {import('./columns.js').Layout} Layout */
/** @typedef {import('./pack.js').Shape} Shape */
/** @typedef {import('./pack.js').Spot} Spot */

/**
 * Positions the tickets. They are outside the page's flow, so that a ticket that changes is laid out alone, and the others are
 * only moved.
 */
export class TicketBoard {
  #board = find('#board');
  #tickets = find('#tickets');
  /** Extends the board to the width of all pages. */ #end = h('div.board__end');
  /** @type {Map<string, TicketPlace>} */ #places = new Map();
  /** @type {Grid} */ #grid = { pad: 0, gap: 0, letters: 0, width: 0, height: 0, columns: 1 };
  /** The heights of the tickets' heads when they were measured. @type {WeakMap<Element, number>} */
  #headHeights = new WeakMap();
  /**
   * Detects a change of the letters (by the window, a font, a setting or a zoom), which changes the height of the heads.
   */
  #letters = new ResizeObserver((entries) => this.#lettersChanged(entries.map(({ target }) => target)));
  #wanted = 'auto';
  /** The shapes of tickets in one column. @type {WeakMap<Element, Shape>} */ #shapes = new WeakMap();
  /** The height of the head that is repeated above later parts, in px. @type {WeakMap<Element, number>} */
  #partHeads = new WeakMap();
  /** @type {Page | undefined} */ #page;
  #scroll = { scrollLeft: 0, scrollTop: 0 };
  /** The column that begins the last page. */ #lastPage = 0;
  /** The first column after the scroll in progress. @type {number | undefined} */ #aim;
  /** Tickets that are not yet at their places in the document. @type {Unsettled[]} */
  #unsettled = [];
  /**
   * The layout that `auto` has found, for a width of the board.
   * @type {Layout & {clientWidth: number, at: number} | undefined}
   */
  #found;
  /** The size of the letters and everything else, as a share of their full size. */ #scale = 1;
  /** @type {any} */ #later;
  /** The cuts that are drawn in the document. @type {WeakMap<Element, string>} */ #cuts = new WeakMap();
  #moved;

  /** @param {() => void} moved called after tickets have moved outside of `layOut` */
  constructor(moved) {
    this.#moved = moved;
    this.#board.append(this.#end);
  }

  /**
   * @param {string} wanted a number of columns, or `auto`: as many as show the most whole tickets, in smaller letters on a
   * large screen where not all fit. If the letters of a column would be too small to read, there are fewer
   * @param {Set<Element>} [changed] the tickets that changed since the last call; all if absent
   * @param {boolean} [mayMove] whether all tickets may move to other columns, since nobody is about to touch one
   */
  layOut(wanted, changed, mayMove = false) {
    const nodes = /** @type {HTMLElement[]} */ ([...this.#tickets.children]);
    this.#wanted = wanted;
    if (PHONE.matches) return this.#flow(nodes, changed);
    const before = this.#grid;
    const first = this.#firstInSight;
    const { scale, columns } = wanted === 'auto' ? this.#search(nodes, mayMove) : { scale: 1, columns: Number(wanted) };
    const page = this.#scaledTo(scale);
    const grid = this.#use(page, Math.min(columns, candidatesFor(page).most));
    const isSame = grid.width === before.width && grid.letters === before.letters;
    this.#measure(nodes.filter((node) => !isSame || !changed || changed.has(node) || !this.#shapes.has(node)));
    const spots = this.#pack(nodes, grid);
    const old = this.#places;
    this.#places = new Map(nodes.map((node, at) => [idOf(node), this.#placeOf(node, spots[at])]));
    this.#unsettled = nodes.map((node, at) => ({ node, spot: spots[at], old: isSame ? old.get(idOf(node)) : undefined }));
    this.#setWidth();
    if (!isSame) this.#show(this.#places.get(first ?? '')?.column ?? 0);
    this.#settleInSight();
  }

  /**
   * The id of the first ticket in sight, where the page begins. Undefined on the first page, which stays the first. @returns
   * {string | undefined}
   */
  get #firstInSight() {
    const column = this.#columnInSight;
    if (column === 0) return undefined;
    return [...this.#places].find(([, place]) => place.column >= column)?.[0];
  }

  /** The first column in sight, or the first one after a scroll in progress. */
  get #columnInSight() {
    const { width, gap } = this.#grid;
    return this.#aim ?? Math.round(this.#scroll.scrollLeft / (width + gap || 1));
  }

  /** Makes the last page end with the last column. */
  #setWidth() {
    const { pad, gap, width, columns } = this.#grid;
    const used = [...this.#places.values()].map((place) => Math.round((place.x + place.width + gap - pad) / (width + gap)));
    this.#lastPage = Math.max(0, Math.max(0, ...used) - columns);
    // Sets the width of a separate element: a change of the tickets' container would lay out each ticket.
    setStyle(this.#end, 'width', `${this.#clientWidth + this.#lastPage * (width + gap)}px`);
  }

  /** The size of the letters, as a share of their full size. */
  get scale() {
    return this.#scale;
  }

  get #clientWidth() {
    const { room, pad } = this.#measured;
    return room + 2 * pad;
  }

  /** Scrolls to a column at once. @param {number} column */
  #show(column) {
    const { width, gap } = this.#grid;
    const left = column * (width + gap);
    this.#aim = undefined;
    if (Math.abs(this.#board.scrollLeft - left) <= ALIGNED) return;
    this.#board.scrollTo({ left, behavior: 'instant' });
    const { scrollLeft, scrollTop } = this.#board;
    this.#scroll = { scrollLeft, scrollTop };
  }

  /** @param {HTMLElement[]} nodes @param {Grid} grid */
  #pack(nodes, grid) {
    const { height, gap, columns } = grid;
    return pack(nodes.map((node) => this.#shape(node)), { height, gap, mark: (at) => this.#partHeads.get(nodes[at]) ?? 0 }, columns);
  }

  /** @param {Element} node @returns {Shape} */
  #shape(node) {
    return this.#shapes.get(node) ?? { head: 0, items: [], foot: 0 };
  }

  /**
   * Writes to all tickets before it reads any, since each switch from writing to reading causes a layout.
   * @param {HTMLElement[]} nodes
   */
  #measure(nodes) {
    for (const node of nodes) {
      this.#cuts.delete(node);
      join(node);
    }
    const heads = nodes.map((node) => partHead(node));
    heads.forEach((head, at) => {
      head.classList.add('part--measured');
      nodes[at].append(head);
    });
    fitWords(nodes);
    nodes.forEach((node, at) => {
      this.#shapes.set(node, shapeOf(node));
      this.#partHeads.set(node, Math.ceil(heads[at].getBoundingClientRect().height));
      this.#headHeights.set(headOf(node), headOf(node).offsetHeight);
      this.#letters.observe(headOf(node));
    });
    for (const head of heads) head.remove();
  }

  /**
   * Moves and cuts the tickets that come into sight, or leave it, at once, and all others after this frame.
   */
  #settleInSight() {
    const first = this.#columnInSight;
    const last = first + this.#grid.columns;
    const isSeen = (/** @type {{x: number, width: number}} */ { x, width }) => this.#columnAt(x) < last && this.#columnAt(x + width) >= first;
    const isDue = (/** @type {Unsettled} */ { node, old }) => !old || isSeen(old) || isSeen(/** @type {TicketPlace} */ (this.#places.get(idOf(node))));
    const due = this.#unsettled.filter(isDue);
    this.#unsettled = this.#unsettled.filter((one) => !isDue(one));
    for (const { node, spot } of due) this.#settle(node, spot);
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#settleNear(), SETTLE_LATER_MS);
  }

  /**
   * Moves all tickets, but cuts only those on the page in sight and beside it: further away, most of a long queue need not be
   * cut.
   */
  #settleNear() {
    const isNear = (/** @type {Unsettled} */ { node, spot }) => this.#isCut(node, spot) || this.isNear(idOf(node));
    for (const { node, spot } of this.#unsettled) {
      if (isNear({ node, spot })) this.#settle(node, spot);
      else this.#move(node, spot);
    }
    this.#unsettled = this.#unsettled.filter((one) => !isNear(one));
  }

  /** @param {HTMLElement} node @param {Spot} spot */
  #settle(node, spot) {
    if (!this.#isCut(node, spot)) {
      join(node);
      if (spot.cut) split(node, spot.cut, this.#grid);
      this.#cuts.set(node, keyOf(spot.cut));
    }
    this.#move(node, spot);
  }

  /** @param {number} x */
  #columnAt(x) {
    const { pad, width, gap } = this.#grid;
    return Math.floor((x - pad) / (width + gap));
  }

  /** @param {Element} node @param {Spot} spot */
  #isCut(node, { cut }) {
    return keyOf(cut) === (this.#cuts.get(node) ?? '');
  }

  /** @param {HTMLElement} node @param {Spot} spot @returns {TicketPlace} */
  #placeOf(node, { column, top, cut }) {
    const { pad, width, gap, height } = this.#grid;
    return {
      column, x: pad + column * (width + gap), y: pad + top,
      width: cut ? cut.span * (width + gap) - gap : width, height: cut ? height - top : heightOf(this.#shape(node)),
    };
  }

  /**
   * Moves a ticket. A cut ticket begins at the top of its column, with a margin above its head.
   * @param {HTMLElement} node
   * @param {Spot} spot
   */
  #move(node, { column, top }) {
    const { pad, width, gap } = this.#grid;
    setStyle(node, 'transform', `translate(${pad + column * (width + gap)}px, ${isSplit(node) ? pad : pad + top}px)`);
  }

  /** @param {Element[]} heads those whose size has changed */
  #lettersChanged(heads) {
    for (const head of heads) if (!head.isConnected) this.#letters.unobserve(head);
    const isStale = (/** @type {HTMLElement} */ head) => head.isConnected && head.offsetHeight !== this.#headHeights.get(head);
    if (PHONE.matches || !heads.some((head) => isStale(/** @type {HTMLElement} */ (head)))) return;
    this.#forgetShapes();
    this.#found = undefined;
    this.resized();
  }

  #forgetShapes() {
    this.#shapes = new WeakMap();
    this.#partHeads = new WeakMap();
  }

  /** Lays out again after the board has changed its size or position. */
  resized() {
    this.#page = undefined;
    this.layOut(this.#wanted);
    this.#moved();
  }

  /** Stores the scroll position after a scroll, since reading it while drawing would cause a layout. */
  scrolled() {
    // The browser has moved the content after a change of the size, and `resized` comes next. Ignoring this event keeps the
    // same tickets in sight.
    if (this.#board.clientWidth !== this.#clientWidth) return;
    const { scrollLeft, scrollTop } = this.#board;
    this.#scroll = { scrollLeft, scrollTop };
    this.#settleNear();
  }

  /** Aligns the columns after a scroll, since a swipe may end anywhere. */
  rested() {
    if (PHONE.matches) return;
    const { width, gap } = this.#grid;
    const left = Math.min(this.#columnInSight, this.#lastPage) * (width + gap);
    // A smooth scroll that pauses under load has not reached its aim yet.
    if (Math.abs(this.#scroll.scrollLeft - left) > ALIGNED) this.#board.scrollTo({ left });
    else this.#aim = undefined;
  }

  /** Whether a ticket is on the page in sight or beside it. @param {string} id */
  isNear(id) {
    const { columns } = this.#grid;
    const column = this.#places.get(id)?.column ?? 0;
    return PHONE.matches || Math.abs(column - this.#columnInSight) < 2 * columns;
  }

  /**
   * The visible edges of the board, and how far it is scrolled.
   * @returns {{left: number, right: number, scrollLeft: number}}
   */
  get edges() {
    const { left, right } = this.#measured;
    return { left, right, scrollLeft: this.#scroll.scrollLeft };
  }

  /**
   * @returns {string[]} ids of the tickets whose last column, which has the buttons, is fully in sight
   */
  get withButtonsInSight() {
    return endingInSight(this.places(), this.#grid.width, this.edges);
  }

  /** @returns {Map<string, Place>} the visible positions by id */
  places() {
    const { left, top: topOfPage } = this.#measured;
    const { scrollLeft, scrollTop } = this.#scroll;
    const top = topOfPage - scrolledPage();
    return new Map([...this.#places].map(([id, { x, y, width, height }]) => [id, {
      left: left + x - scrollLeft, right: left + x + width - scrollLeft, top: top + y - scrollTop, bottom: top + y + height - scrollTop,
    }]));
  }

  /**
   * Shows the columns beyond the edge.
   * @param {1 | -1} step
   * @param {ScrollBehavior} how
   * @returns {boolean} whether there were more columns
   */
  turn(step, how) {
    return this.#scrollTo(this.#columnInSight + step * this.#grid.columns, how);
  }

  /**
   * Shows the tickets that have waited longest. Does nothing if the board is already there, since it is called every second and
   * a scroll causes a layout.
   */
  first() {
    if (scrolledPage() > ALIGNED) scrollTo({ top: 0 });
    const { scrollLeft, scrollTop } = this.#scroll;
    if (this.#aim !== undefined || Math.max(scrollLeft, scrollTop) > ALIGNED) this.#scrollTo(0);
  }

  /**
   * @param {number} column
   * @param {ScrollBehavior} [behavior]
   * @returns {boolean} whether the board scrolls
   */
  #scrollTo(column, behavior = 'auto') {
    const { width, gap } = this.#grid;
    const aim = Math.max(0, Math.min(this.#lastPage, column));
    const left = PHONE.matches ? 0 : aim * (width + gap);
    // If nothing scrolls, no event ends the scroll: an aim that stayed would undo the next swipe.
    this.#aim = Math.abs(this.#scroll.scrollLeft - left) > ALIGNED ? aim : undefined;
    this.#board.scrollTo({ left, behavior, ...(PHONE.matches && { top: 0 }) });
    this.#settleNear();
    return this.#aim !== undefined;
  }

  /**
   * The measured page. Kept until the board is resized, since each reading lays out all changes before it.
   * @returns {Page}
   */
  get #measured() {
    if (!this.#page) {
      const { paddingLeft, columnGap, fontSize } = getComputedStyle(this.#tickets);
      const [pad, gap, letters] = [paddingLeft, columnGap, fontSize].map(parseFloat);
      const { clientWidth, clientHeight } = this.#board;
      const { left, right, top } = this.#board.getBoundingClientRect();
      this.#page = {
        pad, gap, letters, room: clientWidth - 2 * pad, height: clientHeight - 2 * pad, left, right, top: top + scrolledPage(),
      };
    }
    return this.#page;
  }

  /** @param {Page} page @param {number} columns @returns {Grid} */
  #use({ pad, gap, letters, room, height }, columns) {
    this.#grid = { pad, gap, letters, width: Math.floor((room + gap) / columns - gap), height, columns };
    setStyle(this.#tickets, '--ticket-width', `${this.#grid.width}px`);
    setStyle(this.#tickets, '--ticket-height', `${height}px`);
    if (this.#tickets.dataset.columns !== String(columns)) this.#tickets.dataset.columns = String(columns);
    return this.#grid;
  }

  /** Sets the size of the letters and everything else. @param {number} scale @returns {Page} */
  #scaledTo(scale) {
    if (scale !== this.#scale) {
      this.#scale = scale;
      setStyle(document.documentElement, '--scale', String(scale));
      this.#page = undefined;
    }
    return this.#measured;
  }

  /**
   * Finds the largest letters in which all tickets fit, or else the smallest, and the number of columns that shows the most
   * whole tickets. Keeps both as long as the width stays the same: a ticket that comes or goes must not move all others.
   *
   * @param {HTMLElement[]} nodes
   * @param {boolean} mayMove
   * @returns {Layout}
   */
  #search(nodes, mayMove) {
    const clientWidth = this.#clientWidth;
    const now = performance.now();
    const found = this.#found?.clientWidth === clientWidth ? this.#found : undefined;
    if (nodes.length === 0) {
      this.#found = undefined;
      return { scale: 1, columns: candidatesFor(this.#scaledTo(1)).preferred };
    }
    // If all tickets fit in letters of full size, no other layout shows more.
    const mayGain = this.#lastPage > 0 || this.#scale < 1;
    if (found && !(mayMove && mayGain && now - found.at > SEARCH_AGAIN_MS)) return found;
    const scales = scalesFor(Math.max(innerWidth, innerHeight));
    const layout = bestLayout(nodes.length, scales, (scale) => this.#attempt(nodes, scale), found);
    this.#found = { ...layout, clientWidth, at: now };
    // The stored shapes are those of the last attempt, not of the best one.
    this.#forgetShapes();
    return layout;
  }

  /**
   * Tries each number of columns in letters of one size.
   * @param {HTMLElement[]} nodes
   * @param {number} scale
   * @returns {import('./columns.js').Attempt[]}
   */
  #attempt(nodes, scale) {
    const page = this.#scaledTo(scale);
    const sample = nodes.slice(0, Math.ceil(SAMPLE / scale ** 2));
    return candidatesFor(page).candidates.map((columns) => {
      this.#use(page, columns);
      return { columns, ...this.#wholeIn(this.#grid, sample) };
    });
  }

  /**
   * @param {Grid} grid
   * @param {HTMLElement[]} nodes
   * @returns {{shows: number, used: number}} shows: how many tickets are fully in sight; used: how many columns have tickets
   */
  #wholeIn(grid, nodes) {
    this.#forgetShapes();
    this.#measure(nodes);
    const ends = this.#pack(nodes, grid).map(({ column, cut }) => column + (cut?.span ?? 1));
    return { shows: ends.filter((end) => end <= grid.columns).length, used: Math.max(...ends) };
  }

  /**
   * @param {HTMLElement[]} nodes
   * @param {Set<Element>} [changed] the tickets that changed since the last call; all if absent
   */
  #flow(nodes, changed) {
    const isStale = (/** @type {HTMLElement} */ node) => !changed || changed.has(node) || !this.#places.has(idOf(node));
    fitWords(nodes.filter(isStale));
    this.#scaledTo(1);
    setStyle(this.#end, 'width', '0px');
    this.#unsettled = [];
    const origin = this.#tickets.getBoundingClientRect();
    this.#places.clear();
    for (const node of nodes) {
      node.style.transform = '';
      join(node);
      this.#cuts.delete(node);
      this.#shapes.delete(node);
    }
    for (const node of nodes) {
      const { left, top, width, height } = node.getBoundingClientRect();
      this.#places.set(idOf(node), { column: 0, x: left - origin.left, y: top - origin.top, width, height });
    }
  }
}

/** How far the whole page is scrolled. Only on a small phone does it scroll. */
function scrolledPage() {
  return PHONE.matches ? scrollY : 0;
}

/** @param {Element} node */
function idOf(node) {
  return node.getAttribute('data-order') ?? '';
}

/** @param {import('./pack.js').Cut | null} cut */
function keyOf(cut) {
  return cut ? `${cut.skip} ${cut.breaks}` : '';
}
