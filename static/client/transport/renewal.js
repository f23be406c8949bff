import { fullJitter } from '../backoff.js';
import { renewalDelay, tokenExpiry } from '../tokens.js';

/** The longest timer: a browser fires a longer one at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** The longest delay after a failed renewal, in ms. */
const RETRY_MS = 10_000;

/** Renews the token of an open link before it expires, so that the link stays open. */
export class Renewal {
  #tokens; #env; #now; #renewed;
  /** The number of links so far, to recognize a token that was requested for an older link. */ #turn = 0;
  /** @type {any} */ #timer = null;

  /**
   * @param {{tokens: import('../types.js').Tokens, env: import('../types.js').Environment, now:
   *   () => number, renewed: (token: string) => void}} parts `now` is the server's clock
   */
  constructor({ tokens, env, now, renewed }) {
    this.#tokens = tokens;
    this.#env = env;
    this.#now = now;
    this.#renewed = renewed;
  }

  /**
   * Handles a new link.
   * @param {number} expiry of its token, on the server's clock; NaN if the token names none
   */
  up(expiry) {
    if (this.#tokens.renewable === false || Number.isNaN(expiry)) return;
    this.#in(renewalDelay(expiry - this.#now()));
  }

  down() {
    this.#turn += 1;
    this.#env.clearTimeout(this.#timer);
  }

  async #renew() {
    const turn = this.#turn;
    try {
      const token = await this.#tokens.refresh();
      if (turn !== this.#turn) return;
      this.#renewed(token);
      this.up(tokenExpiry(token) ?? NaN);
    } catch (error) {
      // Nothing can renew it: at the expiry, the server closes with 4401, and the link stops.
      if (/** @type {any} */ (error)?.code === 'unauthorized' || turn !== this.#turn) return;
      this.#in(fullJitter(0, this.#env.random, { baseMs: RETRY_MS }));
    }
  }

  /** @param {number} ms */
  #in(ms) {
    this.#env.clearTimeout(this.#timer);
    this.#timer = this.#env.setTimeout(() => this.#renew(), Math.min(ms, LONGEST_TIMER_MS));
  }
}
