/** How often to check the plan for due steps, in ms. */
const BEAT_MS = 250;

/**
 * Plays a plan (rush.js) in the roles of the guests, the waiter and the cook. If the visitor was faster, the server refuses the
 * step.
 */
export class Player {
  #steps; #send; #changed;
  /** @type {Map<number, Promise<string | null>>} ids of placed orders, by their place in the plan */ #placed = new Map();
  #next = 0;
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
    return { placed: this.#placed.size, all: this.#steps.filter(({ does }) => does === 'place').length };
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
    if (does === 'place') {
      this.#placed.set(order, this.#send.place(basket).catch(() => null));
      return this.#changed();
    }
    const id = await this.#placed.get(order);
    // A visitor may have done this before, or cancelled the order.
    if (id) await this.#send.act(id, does, minutes ? { minutes } : {}).catch(() => {});
  }
}
