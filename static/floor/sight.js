/** The time between two checks that must both find an order or call in sight before it counts as seen. */
const MOMENT_MS = 900;
/** The height of a card's head, which has its number and its table. */
const HEAD_PX = 48;

/** The orders and calls that wait for the staff, on the Orders tab and on the Tables tab. */
const WAITING = ':is([data-order][data-status="placed"], [data-order][data-status="ready"], [data-call]:not([data-answered]))';

/**
 * Tracks which orders and calls have been in sight: on a visible page, inside the window, uncovered, as a card or by name in a
 * list. Since a guest then reads "It is on the staff's screen", being drawn is not enough.
 *
 * Bound: one entry for each order or call that waits.
 */
export class Sight {
  /** The position up to which all waiting orders and calls are known here. */ #known = 0;
  /** A lower bound for the position at which each of them came, by id. @type {Map<string, number>} */ #came = new Map();
  /** When each came into sight, on the monotonic clock. @type {Map<string, number>} */ #since = new Map();
  /** @type {Set<string>} */ #seen = new Set();
  #isInSight;

  /** @param {(id: string) => boolean} [isInSight] whether an order or a call is in sight at this moment */
  constructor(isInSight = isInWindow) {
    this.#isInSight = isInSight;
  }

  /**
   * Takes the orders and calls that wait now. One that appears here for the first time is newer than everything known before.
   * In the first list, only an order's own position is known. A later change of an order that still waits was made by a
   * colleague, who has seen the order.
   *
   * @param {number} cursor the cursor of the room that lists them @param {{id: string, position?: number}[]} waiting
   */
  follow(cursor, waiting) {
    const came = waiting.map(({ id, position = 1 }) => /** @type {[string, number]} */ (
      [id, this.#came.get(id) ?? (this.#known > 0 ? this.#known + 1 : position)]));
    this.#came = new Map(came);
    for (const kept of [this.#since, this.#seen]) for (const id of kept.keys()) if (!this.#came.has(id)) kept.delete(id);
    this.#known = cursor;
  }

  /** Checks orders and calls that have not been seen yet. Call it about once a second. @param {number} now monotonic ms */
  look(now) {
    const isOpen = document.visibilityState === 'visible' && !document.querySelector('dialog[open]');
    for (const id of this.#unseen) {
      const since = this.#since.get(id) ?? now;
      if (!isOpen || !this.#isInSight(id)) this.#since.delete(id);
      else if (now - since >= MOMENT_MS) this.#seen.add(id);
      else this.#since.set(id, since);
    }
  }

  /** @returns {number} the position up to which everything that waits has been seen; 0 for none */
  get position() {
    return Math.min(this.#known, ...this.#unseen.map((id) => (this.#came.get(id) ?? 1) - 1));
  }

  get #unseen() {
    return [...this.#came.keys()].filter((id) => !this.#seen.has(id));
  }
}

/** @param {string} id of an order or a call */
function isInWindow(id) {
  const views = document.querySelectorAll(`#desk :is([data-order="${id}"], [data-call="${id}"], [data-calls~="${id}"], [data-names~="${id}"])`);
  return [...views].some(isUncovered);
}

/** @param {Element} view */
function isUncovered(view) {
  const { left, top, width, height } = view.getBoundingClientRect();
  const head = Math.min(HEAD_PX, height);
  if (head === 0 || top < 0 || top + head > innerHeight) return false;
  return view.contains(document.elementFromPoint(left + width / 2, top + head / 2));
}

/**
 * @returns {{above: Element[], below: Element[]}} the waiting orders and calls beyond the window's edges, in the page's
 * sequence
 */
export function beyondWindow() {
  const views = [...document.querySelectorAll(`#desk ${WAITING}`)].map((view) => ({ view, rect: view.getBoundingClientRect() }))
    .filter(({ rect }) => rect.height > 0);
  const edge = document.querySelector('#desk .top')?.getBoundingClientRect().bottom ?? 0;
  const foot = footOf(document.querySelector('#tabs'));
  const headOf = (/** @type {DOMRect} */ { height }) => Math.min(HEAD_PX, height);
  return {
    above: views.filter(({ rect }) => rect.top + headOf(rect) <= Math.max(0, edge)).map(({ view }) => view),
    below: views.filter(({ rect }) => rect.top + headOf(rect) > foot).map(({ view }) => view),
  };
}

/** @param {Element | null} tabs on a phone, at the window's foot @returns {number} the lower edge of the visible part */
function footOf(tabs) {
  const top = tabs?.getBoundingClientRect().top ?? 0;
  if (top <= innerHeight / 2) return innerHeight;
  // The buttons for orders beyond the edges lie above the tabs, at the same width.
  return top - (document.querySelector('#beyond')?.getBoundingClientRect().height ?? 0);
}

/** @param {Element} view @returns {string} the order or the call that it shows */
export function idOf(view) {
  return view.getAttribute('data-order') ?? view.getAttribute('data-call') ?? '';
}
