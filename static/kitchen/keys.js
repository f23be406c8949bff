/**
 * The keys of a kitchen screen. Bump bars are keyboards: they send digits, arrows and Enter.
 *
 * @typedef {object} Keys
 * @property {() => boolean} enabled
 * @property {(control: Element) => boolean} refuses to press a control that is out of sight
 * @property {(slot: number) => void} slot a digit, 1 to 9
 * @property {(step: 1 | -1) => void} page of tickets, where they do not fit
 * @property {(step: 1 | -1) => void} ticket the next or the one before
 * @property {(step: 1 | -1) => void} control within the ticket
 * @property {() => void} enter on a ticket itself; on a button the browser presses it
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
  // A key that is held down repeats: one press, one bump.
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
 * The control that the browser would press: Enter and the space bar do.
 * @param {KeyboardEvent} event
 */
function pressedBy({ target, key }) {
  if (!(target instanceof Element) || (key !== 'Enter' && key !== ' ')) return null;
  return target.closest('button, a');
}

/** A form, a dialog and a focused button keep their own keys. @param {KeyboardEvent} event */
function isTaken({ target, key }) {
  if (!(target instanceof Element)) return false;
  if (target.closest('dialog, input, select, textarea')) return true;
  return key === 'Enter' && target.closest('button, a') !== null;
}
