/** A second touch this soon is a tremble of the first: a control may have changed its meaning under the finger. */
const DOUBLE_TOUCH_MS = 600;

/** Knows a touch from its tremble. */
export class DoubleTouch {
  /** @type {Map<string, number>} */
  #touchedAt = new Map();

  /** @param {string} what was touched @param {number} [now] monotonic ms @returns {boolean} it was touched just now: leave it */
  trembles(what, now = performance.now()) {
    for (const [key, at] of this.#touchedAt) if (now - at >= DOUBLE_TOUCH_MS) this.#touchedAt.delete(key);
    const again = this.#touchedAt.has(what);
    this.#touchedAt.set(what, now);
    return again;
  }
}
