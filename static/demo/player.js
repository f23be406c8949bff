import { isUnreached } from '../shared/unreached.js';

/** How often to check the plan for due steps, in ms. */
const BEAT_MS = 250;

/**
 * Plays a plan (rush.js) in the roles of the guests, the waiter and the cook. If the visitor was faster, the server refuses the
 * step. The rush stops when the server cannot be reached.
 */
export class Player {
  #steps; #send; #changed;
  /** @type {Map<number, Promise<string | null>>} ids of placed orders, by their place in the plan */ #placed = new Map();
  #next = 0;
  #arrived = 0;
  /** Whether the server could not be reached. */ isCut = false;
  #begunAt;
  /** @type {any} */ #beat = null;

  /**
   * @param {import('./rush.js').Step[]} steps
   * @param {{place: (basket: any) => Promise<string>, act: (order: string, action: string, fields: any) => Promise<unknown>}} send
   * @param {{changed: () => void, now?: () => number}} on now: monotonic ms
   */
  constructor(steps, send, { changed, now = () => performance.now() }) {
    this.#steps = steps;
    this.#send = send;
    this.#changed = changed;
    this.#begunAt = now();
    this.#beat = setInterval(() => this.look(now()), BEAT_MS);
  }

  get isOver() {
    return this.#beat === null;
  }

  /** Orders placed so far, and in all. */
  get progress() {
    return { placed: this.#arrived, all: this.#steps.filter(({ does }) => does === 'place').length };
  }

  stop() {
    clearInterval(this.#beat);
    this.#beat = null;
    this.#changed();
  }

  /** Does the due steps. @param {number} now */
  look(now) {
    for (; this.#next < this.#steps.length && this.#steps[this.#next].at <= now - this.#begunAt; this.#next += 1) this.#do(this.#steps[this.#next]);
    if (this.#next === this.#steps.length) this.stop();
  }

  /** @param {import('./rush.js').Step} step */
  async #do({ order, does, basket, minutes }) {
    if (does === 'place') return void this.#placed.set(order, this.#place(basket));
    const id = await this.#placed.get(order);
    // A visitor may have done this before, or cancelled the order.
    if (id) await this.#send.act(id, does, minutes ? { minutes } : {}).catch((error) => this.#failed(error));
  }

  /** @param {any} basket @returns {Promise<string | null>} the order's id */
  async #place(basket) {
    try {
      const id = await this.#send.place(basket);
      this.#arrived += 1;
      this.#changed();
      return id;
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  /** @param {any} error */
  #failed(error) {
    if (!isUnreached(error) || this.isOver) return;
    this.isCut = true;
    this.stop();
  }
}
