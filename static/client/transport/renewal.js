import { fullJitter } from '../backoff.js';
import { renewalDelay, tokenExpiry } from '../tokens.js';

/** Longer timers fire at once in a browser. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** The longest delay after a failed renewal, in ms. */
const RETRY_MS = 10_000;

/** Renews the token of an open link before it expires, so that the link goes on. */
export class Renewal {
  #tokens; #around; #now; #renewed;
  /** Counts links, to recognize a token for an older one. */ #turn = 0;
  /** @type {any} */ #timer = null;

  /**
   * @param {{tokens: import('../types.js').Tokens, around: import('../types.js').Surroundings, now:
   *   () => number, renewed: (token: string) => void}} parts `now` is the server's clock
   */
  constructor({ tokens, around, now, renewed }) {
    this.#tokens = tokens;
    this.#around = around;
    this.#now = now;
    this.#renewed = renewed;
  }

  /**
   * A link is up.
   * @param {number} expiry of its token, on the server's clock; NaN when it did not say
   */
  up(expiry) {
    if (this.#tokens.renewable === false || Number.isNaN(expiry)) return;
    this.#in(renewalDelay(expiry - this.#now()));
  }

  down() {
    this.#turn += 1;
    this.#around.clearTimeout(this.#timer);
  }

  async #renew() {
    const turn = this.#turn;
    try {
      const token = await this.#tokens.refresh();
      if (turn !== this.#turn) return;
      this.#renewed(token);
      this.up(tokenExpiry(token) ?? NaN);
    } catch (error) {
      // There is nothing to renew with: the server closes with 4401 at the expiry, and the link
      // stops then.
      if (/** @type {any} */ (error)?.code === 'unauthorized' || turn !== this.#turn) return;
      this.#in(fullJitter(0, this.#around.random, { baseMs: RETRY_MS }));
    }
  }

  /** @param {number} ms */
  #in(ms) {
    this.#around.clearTimeout(this.#timer);
    this.#timer = this.#around.setTimeout(() => this.#renew(), Math.min(ms, LONGEST_TIMER_MS));
  }
}
