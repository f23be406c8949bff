/** A second touch this close in time and place is a tremble of the first. */
const TREMBLE_MS = 350;
const TREMBLE_PX = 24;

/** A second drop from a wet hand falls later and further away, on the same thing; to take a bump back takes longer. */
const DROP_MS = 900;

/**
 * Knows a touch from its tremble. What lies under the finger may have changed between the two: the next order's
 * button, or the undo of what the first one did. Touches elsewhere, or later, are meant.
 */
export class DoubleTouch {
  #last = { at: -Infinity, x: 0, y: 0, thing: '' };

  /**
   * @param {Pick<PointerEvent, 'detail' | 'timeStamp' | 'clientX' | 'clientY' | 'pointerType'>} click
   * @param {string} [thing] what it is about, such as an order's item
   * @returns {boolean} whether to ignore it
   */
  trembles({ detail, timeStamp, clientX, clientY, pointerType }, thing = '') {
    const { at, x, y, thing: before } = this.#last;
    this.#last = { at: timeStamp, x: clientX, y: clientY, thing };
    const near = timeStamp - at < TREMBLE_MS && Math.hypot(clientX - x, clientY - y) < TREMBLE_PX;
    const dropped = timeStamp - at < DROP_MS && thing !== '' && thing === before;
    // A mouse's second click says so itself; some browsers count no taps.
    return detail > 1 || (pointerType === 'touch' && (near || dropped));
  }
}

/** Ignores the repeats of a held key: it means one press. @param {EventTarget} target */
export function ignoreHeldKeys(target) {
  target.addEventListener('keydown', (event) => {
    const held = event instanceof KeyboardEvent && event.repeat && (event.key === 'Enter' || event.key === ' ');
    if (held && event.target instanceof HTMLButtonElement) event.preventDefault();
  });
}
