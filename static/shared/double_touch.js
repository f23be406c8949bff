/** A second touch this close in time and place comes from a trembling finger. */
const TREMBLE_MS = 350;
const TREMBLE_PX = 24;

/**
 * A second drop from a wet hand falls later and further away, but on the same thing. Undoing a bump on purpose takes longer.
 */
const DROP_MS = 900;

/**
 * Detects unintended second touches. The control under the finger may have changed after the first touch: to the next order's
 * button, or to the undo of the first touch. Touches elsewhere, or later, are intended.
 */
export class DoubleTouch {
  #last = { at: -Infinity, x: 0, y: 0, thing: '' };

  /**
   * @param {Pick<PointerEvent, 'detail' | 'timeStamp' | 'clientX' | 'clientY' | 'pointerType'>} click
   * @param {string} [thing] the touched object, such as an order's item
   * @returns {boolean} whether to ignore it
   */
  trembles({ detail, timeStamp, clientX, clientY, pointerType }, thing = '') {
    const { at, x, y, thing: before } = this.#last;
    this.#last = { at: timeStamp, x: clientX, y: clientY, thing };
    const near = timeStamp - at < TREMBLE_MS && Math.hypot(clientX - x, clientY - y) < TREMBLE_PX;
    const dropped = timeStamp - at < DROP_MS && thing !== '' && thing === before;
    // A mouse reports a second click in `detail`; some browsers do not count taps.
    return detail > 1 || (pointerType === 'touch' && (near || dropped));
  }
}

/** Ignores the repeats of a held key, which is one press. @param {EventTarget} target */
export function ignoreHeldKeys(target) {
  target.addEventListener('keydown', (event) => {
    const held = event instanceof KeyboardEvent && event.repeat && (event.key === 'Enter' || event.key === ' ');
    if (held && event.target instanceof HTMLButtonElement) event.preventDefault();
  });
}
