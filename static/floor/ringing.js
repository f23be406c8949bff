/** How often unanswered orders and calls ring. */
export const RING_EVERY_MS = 4_000;
/** How long silenced ones stay silent while they are unanswered. */
export const SILENT_MS = 2 * 60_000;

/** @typedef {'ring' | 'call'} Tune */
/** @typedef {{id: string, tune: Tune}} Thing that waits for somebody */

/**
 * Rings until someone answers. Silencing lasts a while, and only for the orders and calls that wait now; new ones ring at once.
 */
export class Ringing {
  #play; #now;
  /** @type {Map<string, number>} */ #silentUntil = new Map();
  /** Ids that have rung. @type {Set<string>} */ #known = new Set();
  #rangAt = -Infinity;
  /** @type {Tune | null} */ #last = null;

  /** @param {{play: (tune: Tune) => void, now?: () => number}} parts now: monotonic ms */
  constructor({ play, now = () => performance.now() }) {
    this.#play = play;
    this.#now = now;
  }

  /** Rings if it is time. Call it every second and after each change. @param {Thing[]} things all that wait */
  look(things) {
    const now = this.#now();
    const audible = this.audible(things);
    const isNew = audible.some(({ id }) => !this.#known.has(id));
    this.#known = new Set(things.map(({ id }) => id));
    for (const id of this.#silentUntil.keys()) if (!this.#known.has(id)) this.#silentUntil.delete(id);
    if (audible.length === 0 || (!isNew && now - this.#rangAt < RING_EVERY_MS)) return;
    this.#rangAt = now;
    const tunes = new Set(audible.map(({ tune }) => tune));
    // Orders and calls take turns.
    this.#last = tunes.size > 1 && this.#last === 'ring' ? 'call' : tunes.has('ring') ? 'ring' : 'call';
    this.#play(this.#last);
  }

  /** @param {Thing[]} things @returns {Thing[]} those that are not silenced */
  audible(things) {
    const now = this.#now();
    return things.filter(({ id }) => (this.#silentUntil.get(id) ?? -Infinity) <= now);
  }

  /** @param {Thing[]} things */
  silence(things) {
    for (const { id } of things) this.#silentUntil.set(id, this.#now() + SILENT_MS);
  }
}
