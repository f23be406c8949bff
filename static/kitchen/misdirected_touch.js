/** How long a finger takes to reach the screen, in ms. */
export const ON_ITS_WAY_MS = 350;
/** A shift of at most this many px does not count as a move. */
const STEADY_PX = 8;

/** @typedef {{left: number, right: number, top: number, bottom: number}} Place */

/**
 * Remembers where the tickets were before they last moved, since a finger that was already on its way aimed at the old
 * positions.
 */
export class LastMove {
  #at = -Infinity;
  /** @type {Map<string, Place>} */ #before = new Map();

  /**
   * @param {Map<string, Place>} before by id
   * @param {Map<string, Place>} after
   * @param {number} now monotonic ms
   */
  note(before, after, now) {
    const moved = [...before].some(([id, { left, top }]) => {
      const place = after.get(id);
      return !place || Math.hypot(place.left - left, place.top - top) > STEADY_PX;
    });
    if (!moved) return;
    this.#at = now;
    this.#before = before;
  }

  /**
   * @param {string} id of the ticket that was hit
   * @param {{clientX: number, clientY: number}} point
   * @param {number} now monotonic ms
   * @returns {boolean} whether another ticket was there when the finger set out
   */
  misled(id, { clientX, clientY }, now) {
    if (now - this.#at > ON_ITS_WAY_MS) return false;
    const aimed = [...this.#before].find(([, { left, right, top, bottom }]) =>
      left <= clientX && clientX <= right && top <= clientY && clientY <= bottom);
    return aimed !== undefined && aimed[0] !== id;
  }
}

/**
 * Remembers the ticket of each digit before the last move, since a key that was pressed then is meant for what the cook had
 * read.
 */
export class DigitTargets {
  /** The targets by digit, from 1 at index 0. @type {(string | undefined)[]} */ #targets = [];
  /** @type {{target: string, until: number}[]} */ #before = [];

  /**
   * @param {(string | undefined)[]} targets by digit @param {number} now monotonic ms
   * @param {boolean} turned whether the cook has turned the page: then the next key is meant for the new page
   */
  note(targets, now, turned) {
    this.#targets.forEach((target, index) => {
      if (target !== undefined && target !== targets[index]) this.#before[index] = { target, until: turned ? -Infinity : now };
    });
    this.#targets = targets;
  }

  /**
   * @param {number} digit
   * @param {number} now monotonic ms
   * @returns {boolean} whether the digit had another target when the hand set out
   */
  misled(digit, now) {
    const before = this.#before[digit - 1];
    return before !== undefined && now - before.until <= ON_ITS_WAY_MS && before.target !== this.#targets[digit - 1];
  }
}
