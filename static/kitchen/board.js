import { find } from '../shared/dom.js';
import { heightOf, pack } from './pack.js';

/** How wide a column may be, in letters' heights. Narrower, and long words leave it; wider, and most of a line is empty. */
const NARROWEST_EM = 8.4;
const WIDEST_EM = 13.5;
/** Of columns that show equally many tickets those are taken whose width is nearest to this: most dishes take one line. */
const PREFERRED_EM = 10.5;
/** So many tickets decide about the columns: more than are ever in sight. */
const SAMPLE = 30;
/** Other columns have to show so many tickets more to be worth moving every ticket, and are looked for this often. */
const WORTH_MOVING = 2;
const SEARCH_AGAIN_MS = 30_000;
/** Set on a ticket that takes more than one column, and on each dish that begins one of them. */
const SPAN = 'data-kept-span';
const CONTINUES = 'data-kept-continues';
/** The line above such a dish, in letters' heights: `.item[data-kept-continues]::before`. */
const MARK_EM = 0.9;
/** One column, scrolled downwards: the tickets stand in the page's own flow. */
const PHONE = matchMedia('(max-width: 699px)');

/** @typedef {{left: number, right: number, top: number, bottom: number}} Place of a ticket, as it is seen */
/** @typedef {{pad: number, gap: number, letters: number, width: number, height: number, columns: number}} Grid in px: `columns` are in sight at once */
/** @typedef {{pad: number, gap: number, letters: number, room: number, height: number, left: number, right: number, top: number}} Page in px, without its columns */
/** @typedef {import('./pack.js').Shape} Shape */
/** @typedef {import('./pack.js').Spot} Spot */

/**
 * Puts the tickets where they stand. They are not in the page's flow: one that changes is laid out alone, and those that
 * make room for it are only moved.
 */
export class TicketBoard {
  #board = find('#board');
  #tickets = find('#tickets');
  /** Relative to the board's beginning. @type {Map<string, {x: number, y: number, width: number, height: number}>} */ #places = new Map();
  /** @type {Grid} */ #grid = { pad: 0, gap: 0, letters: 0, width: 0, height: 0, columns: 1 };
  /** The heights of the tickets' heads when they were measured. @type {WeakMap<Element, number>} */ #heads = new WeakMap();
  /** What is as high as its letters tells that these have changed: with the window, a font, a zoom. */
  #lines = new ResizeObserver((entries) => this.#follow(entries.map(({ target }) => target)));
  #wish = 'auto';
  /** Measured in one column. @type {WeakMap<Element, Shape>} */ #shapes = new WeakMap();
  /** @type {Page | undefined} */ #page;
  #scroll = { scrollLeft: 0, scrollTop: 0 };
  /** Those that stand otherwise than they are cut. @type {{node: HTMLElement, spot: Spot}[]} */ #wanted = [];
  /** The columns that `auto` has found. @type {{key: string, columns: number, at: number} | undefined} */ #found;
  /** How they are cut, as far as they are. @type {WeakMap<Element, string>} */ #cuts = new WeakMap();

  /**
   * @param {string} wanted a number of columns, or `auto`: the number that shows the most whole tickets
   * @param {Set<Element>} [changed] since the last time; all of them without
   * @param {boolean} [mayMove] nobody is about to touch a ticket: all of them may move to other columns
   */
  layOut(wanted, changed, mayMove = false) {
    const nodes = /** @type {HTMLElement[]} */ ([...this.#tickets.children]);
    this.#wish = wanted;
    if (PHONE.matches) return this.#flow(nodes);
    const before = this.#grid;
    // Letters follow the window, which may settle after the board has.
    if (this.#page && parseFloat(getComputedStyle(this.#tickets).fontSize) !== this.#page.letters) this.resized();
    const page = this.#measured;
    const grid = this.#use(page, Number(wanted) || this.#search(page, nodes, mayMove));
    const isSame = grid.width === before.width && grid.letters === before.letters;
    this.#look(nodes.filter((node) => !isSame || !changed || changed.has(node) || !this.#shapes.has(node)));
    const spots = this.#pack(nodes, grid);
    this.#places.clear();
    nodes.forEach((node, at) => this.#put(node, spots[at]));
    this.#wanted = nodes.map((node, at) => ({ node, spot: spots[at] })).filter(({ node, spot }) => !this.#isCut(node, spot));
    this.cutNear();
    const right = Math.max(0, ...[...this.#places.values()].map(({ x, width }) => x + width));
    set(this.#tickets, 'width', `${right + grid.pad}px`);
  }

  /** @param {HTMLElement[]} nodes @param {Grid} grid */
  #pack(nodes, grid) {
    const { height, gap, letters, columns } = grid;
    return pack(nodes.map((node) => this.#shape(node)), { height, gap, mark: Math.ceil(MARK_EM * letters) }, columns);
  }

  /** @param {Element} node @returns {Shape} */
  #shape(node) {
    return this.#shapes.get(node) ?? { head: 0, items: [], foot: 0 };
  }

  /** First all are made whole, then looked at: each turn from the one to the other is a layout. @param {HTMLElement[]} nodes */
  #look(nodes) {
    for (const node of nodes) {
      this.#cuts.delete(node);
      makeWhole(node);
    }
    for (const node of nodes) {
      this.#shapes.set(node, shapeOf(node));
      this.#heads.set(headOf(node), headOf(node).offsetHeight);
      this.#lines.observe(headOf(node));
    }
  }

  /** Cuts what comes into sight. Most of a long queue is beyond the edge, and to cut it anew with each change costs the most. */
  cutNear() {
    if (this.#wanted.length === 0) return;
    const { width, gap, columns } = this.#grid;
    const first = Math.floor(this.#scroll.scrollLeft / (width + gap));
    const isNear = (/** @type {Spot} */ { column, cut }) => column < first + 2 * columns && column + (cut?.span ?? 1) > first - columns;
    const near = this.#wanted.filter(({ spot }) => isNear(spot));
    this.#wanted = this.#wanted.filter(({ spot }) => !isNear(spot));
    for (const { node, spot } of near) {
      makeWhole(node);
      if (spot.cut) makeCut(node, spot.cut, this.#grid);
      this.#cuts.set(node, keyOf(spot.cut));
      this.#move(node, spot);
    }
  }

  /** @param {Element} node @param {Spot} spot */
  #isCut(node, { cut }) {
    return keyOf(cut) === (this.#cuts.get(node) ?? '');
  }

  /** @param {HTMLElement} node @param {Spot} spot */
  #put(node, { column, top, cut }) {
    const { pad, width, gap, height } = this.#grid;
    this.#move(node, { column, top, cut });
    this.#places.set(node.getAttribute('data-order') ?? '', {
      x: pad + column * (width + gap), y: pad + top,
      width: cut ? cut.span * (width + gap) - gap : width, height: cut ? height - top : heightOf(this.#shape(node)),
    });
  }

  /** One that is cut begins at the head of its column, with room left above it. @param {HTMLElement} node @param {Spot} spot */
  #move(node, { column, top }) {
    const { pad, width, gap } = this.#grid;
    set(node, 'transform', `translate(${pad + column * (width + gap)}px, ${node.hasAttribute(SPAN) ? pad : pad + top}px)`);
  }

  /** @param {Element[]} heads that have another size than before */
  #follow(heads) {
    for (const head of heads) if (!head.isConnected) this.#lines.unobserve(head);
    const isStale = (/** @type {HTMLElement} */ head) => head.isConnected && head.offsetHeight !== this.#heads.get(head);
    if (PHONE.matches || !heads.some((head) => isStale(/** @type {HTMLElement} */ (head)))) return;
    this.#shapes = new WeakMap();
    this.#found = undefined;
    this.layOut(this.#wish);
  }

  /** The board has another size or stands elsewhere: it is measured again. */
  resized() {
    this.#page = undefined;
  }

  /** It was scrolled. To ask for this amid a draw would be a layout. */
  scrolled() {
    const { scrollLeft, scrollTop } = this.#board;
    this.#scroll = { scrollLeft, scrollTop };
    this.cutNear();
  }

  /** Of the board itself, as they are seen. @returns {{left: number, right: number, scrollLeft: number}} */
  get edges() {
    const { left, right } = this.#measured;
    return { left, right, scrollLeft: this.#scroll.scrollLeft };
  }

  /** @returns {Map<string, Place>} by id, as they are seen */
  places() {
    const { left, top } = this.#measured;
    const { scrollLeft, scrollTop } = this.#scroll;
    return new Map([...this.#places].map(([id, { x, y, width, height }]) => [id, {
      left: left + x - scrollLeft, right: left + x + width - scrollLeft, top: top + y - scrollTop, bottom: top + y + height - scrollTop,
    }]));
  }

  /** To the columns beyond the edge. @param {1 | -1} step */
  turn(step) {
    const { width, gap, columns } = this.#grid;
    this.#board.scrollBy({ left: step * columns * (width + gap) });
  }

  /** Each reading is a layout of what was changed before it: it is kept until the board is resized. @returns {Page} */
  get #measured() {
    if (!this.#page) {
      const { paddingLeft, columnGap, fontSize } = getComputedStyle(this.#tickets);
      const [pad, gap, letters] = [paddingLeft, columnGap, fontSize].map(parseFloat);
      const { clientWidth, clientHeight } = this.#board;
      const { left, right, top } = this.#board.getBoundingClientRect();
      this.#page = { pad, gap, letters, room: clientWidth - 2 * pad, height: clientHeight - 2 * pad, left, right, top };
    }
    return this.#page;
  }

  /** @param {Page} page @param {number} columns @returns {Grid} */
  #use({ pad, gap, letters, room, height }, columns) {
    this.#grid = { pad, gap, letters, width: Math.floor((room + gap) / columns - gap), height, columns };
    set(this.#tickets, '--ticket-width', `${this.#grid.width}px`);
    set(this.#tickets, '--ticket-height', `${height}px`);
    if (this.#tickets.dataset.columns !== String(columns)) this.#tickets.dataset.columns = String(columns);
    return this.#grid;
  }

  /**
   * The number of columns that shows the most whole tickets. What has been found stays for the same letters and the same
   * width: a ticket that comes or goes must not move all others.
   *
   * @param {Page} page @param {HTMLElement[]} nodes @param {boolean} mayMove @returns {number}
   */
  #search(page, nodes, mayMove) {
    const { preferred, candidates } = candidatesFor(page);
    const key = `${page.room} ${page.letters}`;
    const now = performance.now();
    const found = this.#found?.key === key ? this.#found : undefined;
    if (nodes.length === 0) return found?.columns ?? preferred;
    if (found && !(mayMove && now - found.at > SEARCH_AGAIN_MS)) return found.columns;
    const sample = nodes.slice(0, SAMPLE);
    const shows = new Map(candidates.map((columns) => [columns, this.#wholeIn(this.#use(page, columns), sample)]));
    const most = Math.max(...shows.values());
    const best = candidates.find((columns) => shows.get(columns) === most) ?? preferred;
    const stays = found && most - (shows.get(found.columns) ?? 0) < WORTH_MOVING;
    const columns = stays ? found.columns : best;
    this.#found = { key, columns, at: now };
    // What was measured is of the last candidate.
    this.#shapes = new WeakMap();
    return columns;
  }

  /** @param {Grid} grid @param {HTMLElement[]} nodes @returns {number} of tickets that are whole in sight */
  #wholeIn(grid, nodes) {
    this.#look(nodes);
    return this.#pack(nodes, grid).filter(({ column, cut }) => column + (cut?.span ?? 1) <= grid.columns).length;
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
      this.#shapes.delete(node);
    }
    for (const node of nodes) {
      const { left, top, width, height } = node.getBoundingClientRect();
      this.#places.set(node.getAttribute('data-order') ?? '', { x: left - origin.left, y: top - origin.top, width, height });
    }
  }
}

/** @param {Page} page @returns {{preferred: number, candidates: number[]}} numbers of columns, the preferred one first */
function candidatesFor({ room, gap, letters }) {
  const columnsOf = (/** @type {number} */ em) => (room + gap) / (em * letters + gap);
  const most = Math.max(1, Math.floor(columnsOf(NARROWEST_EM)));
  const fewest = Math.min(most, Math.max(1, Math.ceil(columnsOf(WIDEST_EM))));
  const wish = columnsOf(PREFERRED_EM);
  const candidates = Array.from({ length: most - fewest + 1 }, (_, at) => fewest + at);
  candidates.sort((a, b) => Math.abs(a - wish) - Math.abs(b - wish));
  return { preferred: candidates[0], candidates };
}

/** @param {HTMLElement} ticket whole @returns {Shape} */
function shapeOf(ticket) {
  const items = /** @type {HTMLElement[]} */ ([...ticket.querySelectorAll('.item')]);
  const { top, bottom } = ticket.getBoundingClientRect();
  const tops = items.map((item) => item.getBoundingClientRect().top);
  const end = items.at(-1)?.getBoundingClientRect().bottom ?? bottom;
  // To whole px: what is a hair too high would go on in a column that nobody has counted.
  const px = [top, ...tops, end, bottom].map((edge, at, edges) => (at === 0 ? 0 : Math.ceil(edge - edges[at - 1])));
  return { head: px[1], items: px.slice(2, -1), foot: px[px.length - 1] };
}

/** @param {import('./pack.js').Cut | null} cut */
function keyOf(cut) {
  return cut ? `${cut.skip} ${cut.breaks}` : '';
}

/**
 * Styles are set on the element that has them: a custom property is worked out anew for all below it.
 * @param {HTMLElement} ticket @param {import('./pack.js').Cut} cut @param {Grid} grid
 */
function makeCut(ticket, { skip, span, breaks }, { width, gap }) {
  ticket.setAttribute(SPAN, String(span));
  set(ticket, 'width', `${span * (width + gap) - gap}px`);
  set(ticket, 'column-count', String(span));
  set(headOf(ticket), 'margin-top', `${skip}px`);
  const items = ticket.querySelectorAll('.item');
  // What a cook reads in the second column must not be taken for the ticket beside it.
  for (const index of breaks) items[index].setAttribute(CONTINUES, `${ticket.dataset.name} continued`);
}

/** @param {HTMLElement} ticket */
function makeWhole(ticket) {
  if (!ticket.hasAttribute(SPAN)) return;
  ticket.removeAttribute(SPAN);
  for (const name of ['width', 'column-count']) ticket.style.removeProperty(name);
  headOf(ticket).style.removeProperty('margin-top');
  for (const item of ticket.querySelectorAll(`[${CONTINUES}]`)) item.removeAttribute(CONTINUES);
}

/** @param {HTMLElement} ticket */
function headOf(ticket) {
  return /** @type {HTMLElement} */ (ticket.firstElementChild);
}

/** Without a change nothing is written: a style that is set is worked out anew. @param {HTMLElement} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}
