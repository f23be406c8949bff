/** How far apart two looks must find a thing in sight before it counts as seen. */
const MOMENT_MS = 900;
/** The part of a card that names it: its number and its place. */
const HEAD_PX = 48;

/** The orders and calls that wait for the staff, on the Orders tab and on the Tables tab. */
const WAITING = ':is([data-order][data-status="placed"], [data-order][data-status="ready"], [data-call]:not([data-answered]))';

/**
 * Knows which orders and calls have been in sight: on a visible page, inside the window, covered by nothing, as a card or by
 * name in a list. A guest reads "It is on the staff's screen" because of this, so drawn is not enough.
 *
 * Bound: one entry for each order or call that waits.
 */
export class Sight {
  /** The position up to which all things that wait are known here. */ #known = 0;
  /** No later than the position that each waiting thing came with, by id. @type {Map<string, number>} */ #came = new Map();
  /** Since when each is in sight, on the monotonic clock. @type {Map<string, number>} */ #since = new Map();
  /** @type {Set<string>} */ #seen = new Set();
  #isInSight;

  /** @param {(id: string) => boolean} [isInSight] whether a thing is in sight at this moment */
  constructor(isInSight = isInWindow) {
    this.#isInSight = isInSight;
  }

  /**
   * Takes what waits now. A thing that is here for the first time came after everything known before; of the first picture
   * only an order's own position is known, and a later change of an order that still waits is a colleague's, who saw it.
   *
   * @param {number} cursor of the room that lists them @param {{id: string, position?: number}[]} waiting
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

/** @returns {{above: Element[], below: Element[]}} the waiting orders and calls beyond the window's edges, in the page's sequence */
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

/** @param {Element | null} tabs at the window's foot in the hand @returns {number} where what can be seen ends */
function footOf(tabs) {
  const top = tabs?.getBoundingClientRect().top ?? 0;
  if (top <= innerHeight / 2) return innerHeight;
  // What says how much is beyond the edges lies on the tabs, as wide as they are.
  return top - (document.querySelector('#beyond')?.getBoundingClientRect().height ?? 0);
}

/** @param {Element} view @returns {string} the order or the call that it shows */
export function idOf(view) {
  return view.getAttribute('data-order') ?? view.getAttribute('data-call') ?? '';
}
