import { features } from './features.js';

/** An estimate this much behind the last one means the clocks drifted, not that the frame was slow, in ms. */
const DRIFT_MS = 1_000;

/**
 * Estimates the server's clock. A frame is always late, never early, so the sample that is furthest ahead is the best. All
 * screens compute ages with this clock and not with the tablet's.
 */
export class ServerClock {
  #now; #wallClock;
  /** @type {number | null} */ #offset = null;

  /** @param {{now: () => number, wallClock: () => number}} clocks `now` is monotonic; both in ms */
  constructor({ now, wallClock }) {
    this.#now = now;
    this.#wallClock = wallClock;
  }

  /** @param {string} serverTime RFC 3339 @returns {boolean} true when the estimate moved */
  sample(serverTime) {
    const offset = Date.parse(serverTime) - this.#now();
    if (Number.isNaN(offset)) return false;
    if (this.#offset !== null && offset <= this.#offset && offset > this.#offset - DRIFT_MS) return false;
    this.#offset = offset;
    return true;
  }

  /** @returns {number} ms since 1970; this device's own clock until the server has spoken */
  now() {
    return this.#offset === null ? this.#wallClock() : this.#offset + this.#now();
  }
}

/** Returns an environment, with the browser's functions for those that are not given. @param {Partial<import('./types.js').Environment>} given @returns {import('./types.js').Environment} */
export function environment(given) {
  return {
    WebSocket: given.WebSocket ?? globalThis.WebSocket,
    fetch: given.fetch ?? ((...call) => globalThis.fetch(...call)),
    random: given.random ?? Math.random,
    now: given.now ?? (() => performance.now()),
    setTimeout: given.setTimeout ?? ((task, ms) => globalThis.setTimeout(task, ms)),
    locks: given.locks === undefined ? features.locks() : given.locks,
    BroadcastChannel: given.BroadcastChannel ?? features.BroadcastChannel(),
    clearTimeout: given.clearTimeout ?? ((handle) => globalThis.clearTimeout(handle)),
  };
}
