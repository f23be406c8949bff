/**
 * Keeps the focus where someone works. When an action removes its own button, the focus moves to the same button of the next
 * entry, or else of the previous entry, or else to the nearest heading. Otherwise a keyboard would start again at the top of
 * the page after each order.
 */

const CONTROLS = 'button, a[href], input, select, textarea';
const HEADINGS = 'h1, h2, h3';
/** The search ends here: the same button in another list does something else. */
const BORDERS = '[data-list], dialog, #main';
/** The keys that press a button. */
const PRESSES = /^(?:Enter| )$/;
/** A part of the page that moves the focus by itself. */
const OWN = '[data-own-focus]';
/** Ignores keys for this long after the focus has moved: a trembling finger means the previous order. */
const TREMBLE_MS = 350;

/**
 * A position in the tree; for a removed node, its former one. @typedef {{node: Element, parent: Element, next: Node | null,
 * before: Node | null}} Place
 */

/** Follows the focus of a page. Call it once. @param {HTMLElement} root */
export function keepFocus(root) {
  /** The last focused control outside and inside a dialog. @type {Record<'page' | 'dialog', HTMLElement | null>} */
  const last = { page: null, dialog: null };
  /** The last move. @type {{to: HTMLElement | null, at: number}} */
  let moved = { to: null, at: -Infinity };
  let isByKey = false;
  const restore = () => {
    const focused = document.activeElement;
    if (focused && focused !== document.body && isUsable(focused)) return;
    const control = last[root.querySelector('dialog[open]') ? 'dialog' : 'page'];
    if (!control || control.matches(':disabled')) return;
    if (!control.matches(CONTROLS)) control.setAttribute('tabindex', '-1');
    moved = { to: control, at: performance.now() };
    control.focus({ preventScroll: !isByKey });
  };
  root.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    last[target.closest('dialog') ? 'dialog' : 'page'] = target.closest(OWN) ? null : target;
  });
  root.addEventListener('pointerdown', () => { isByKey = false; }, { capture: true });
  root.addEventListener('keydown', (event) => {
    isByKey = true;
    if (PRESSES.test(event.key) && event.target === moved.to && event.timeStamp - moved.at < TREMBLE_MS) event.preventDefault();
  }, { capture: true });
  root.addEventListener('close', () => { last.dialog = null; restore(); }, { capture: true });
  new MutationObserver((records) => {
    let isLost = false;
    for (const where of /** @type {const} */ (['page', 'dialog'])) {
      const control = last[where];
      if (!control) continue;
      // A browser takes the focus from a button that becomes disabled, for example during its call.
      isLost ||= records.some(({ target, attributeName }) => target === control && attributeName === 'disabled');
      if (isUsable(control)) continue;
      last[where] = successor(placeOf(control, records), control);
      isLost = true;
    }
    if (isLost) restore();
  }).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['hidden', 'disabled'] });
}

/** Whether an element can take the focus. A busy button counts, so that it keeps the focus. @param {Element} element */
function isUsable(element) {
  return element.isConnected && element.checkVisibility() && !element.matches(':disabled:not([aria-busy])');
}

/** @param {Element} control @param {MutationRecord[]} records @returns {Place | null} */
function placeOf(control, records) {
  for (const { target, removedNodes, nextSibling: next, previousSibling: before } of records) {
    const node = [...removedNodes].find((one) => one.contains(control));
    if (node instanceof Element && target instanceof Element) return { node, parent: target, next, before };
  }
  return control.isConnected ? above(control) : null;
}

/** @param {Element} node @returns {Place | null} */
function above(node) {
  const { parentElement: parent, nextSibling: next, previousSibling: before } = node;
  return parent && { node, parent, next, before };
}

/**
 * @param {Place | null} start @param {HTMLElement} control @returns {HTMLElement | null} the element that takes the focus from
 * a control
 */
function successor(start, control) {
  const { action, do: does, minutes } = control.dataset;
  const same = action ? `[data-action="${action}"]${minutes ? `[data-minutes="${minutes}"]` : ''}` : does ? `[data-do="${does}"]` : '';
  for (let place = start; place && same; place = above(place.parent)) {
    const found = among(alike(place), same);
    if (found) return found;
    if (place.parent.matches(BORDERS)) break;
  }
  for (let place = start; place; place = above(place.parent)) {
    // Prefers a heading in this place to those of its neighbours.
    const found = among(alike(place), CONTROLS)
      ?? among(around(place).filter((one) => one.matches(`header, ${HEADINGS}`)), HEADINGS)
      ?? among(around(place), HEADINGS);
    if (found) return found;
  }
  return null;
}

/** @param {Place} place @returns {Element[]} the entries after it, then those before it, nearest first */
function around({ next, before }) {
  const walk = (/** @type {Node | null} */ from, /** @type {'nextSibling' | 'previousSibling'} */ way) => {
    const found = [];
    for (let node = from; node; node = node[way]) if (node instanceof Element) found.push(node);
    return found;
  };
  return [...(next?.isConnected ? walk(next, 'nextSibling') : []), ...(before?.isConnected ? walk(before, 'previousSibling') : [])];
}

/** @param {Place} place @returns {Element[]} */
function alike(place) {
  return around(place).filter(({ tagName }) => tagName === place.node.tagName);
}

/** @param {Element[]} elements @param {string} selector @returns {HTMLElement | null} the first usable match */
function among(elements, selector) {
  for (const element of elements) {
    const matches = [...(element.matches(selector) ? [element] : []), ...element.querySelectorAll(selector)];
    const found = matches.find(isUsable);
    if (found instanceof HTMLElement) return found;
  }
  return null;
}
