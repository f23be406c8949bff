/**
 * The keys of a kitchen screen. Bump bars are keyboards: they send digits, arrows and Enter.
 *
 * @typedef {object} Keys
 * @property {() => boolean} enabled
 * @property {(control: Element) => boolean} refuses whether not to press a control, because it is out of sight
 * @property {(slot: number) => void} slot a digit, 1 to 9
 * @property {(step: 1 | -1) => void} page turns the page, if the tickets do not fit on one
 * @property {(step: 1 | -1) => void} ticket selects the next or the previous ticket
 * @property {(step: 1 | -1) => void} control selects a control of the ticket
 * @property {() => void} enter acts on the ticket itself; on a button, the browser presses it
 * @property {() => void} undo
 * @property {(name: 'recall' | 'all-day' | 'mute') => void} open
 */

/** @type {Record<string, (keys: Keys) => void>} */
const BINDINGS = {
  PageDown: (keys) => keys.page(1),
  PageUp: (keys) => keys.page(-1),
  ArrowLeft: (keys) => keys.ticket(-1),
  ArrowRight: (keys) => keys.ticket(1),
  ArrowUp: (keys) => keys.control(-1),
  ArrowDown: (keys) => keys.control(1),
  Enter: (keys) => keys.enter(),
  Backspace: (keys) => keys.undo(),
  u: (keys) => keys.undo(),
  r: (keys) => keys.open('recall'),
  a: (keys) => keys.open('all-day'),
  m: (keys) => keys.open('mute'),
};

/** @param {Keys} keys @param {EventTarget} target */
export function listenToKeys(keys, target) {
  target.addEventListener('keydown', (event) => {
    if (event instanceof KeyboardEvent) press(keys, event);
  });
}

/** @param {Keys} keys @param {KeyboardEvent} event */
function press(keys, event) {
  const pressed = pressedBy(event);
  if (pressed && keys.refuses(pressed)) {
    event.preventDefault();
    return;
  }
  // A key that is held down repeats, but it is one press and one bump.
  if (!keys.enabled() || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTaken(event)) return;
  const run = /^[1-9]$/.test(event.key) ? () => keys.slot(Number(event.key)) : binding(keys, event.key);
  if (!run) return;
  event.preventDefault();
  run();
}

/** @param {Keys} keys @param {string} key */
function binding(keys, key) {
  const bound = BINDINGS[key.length === 1 ? key.toLowerCase() : key];
  return bound && (() => bound(keys));
}

/**
 * Returns the control that the browser itself would press, on Enter and the space bar.
 * @param {KeyboardEvent} event
 */
function pressedBy({ target, key }) {
  if (!(target instanceof Element) || (key !== 'Enter' && key !== ' ')) return null;
  return target.closest('button, a');
}

/** Whether the key belongs to a form, a dialog or a focused button. @param {KeyboardEvent} event */
function isTaken({ target, key }) {
  if (!(target instanceof Element)) return false;
  if (target.closest('dialog, input, select, textarea')) return true;
  return key === 'Enter' && target.closest('button, a') !== null;
}
