/** How long the link may be down before the server is asked over HTTP. */
const ASK_AFTER_MS = 5_000;
/** How long an answer is valid. */
const ASK_EVERY_MS = 10_000;
/** The time after which a stopped link is started again, if the server answers. */
const START_AFTER_MS = 15_000;
/** The time after which the page reloads because its link stays down although the server answers. */
const RELOAD_AFTER_MS = 60_000;
/** Checks come every second; after a longer pause the machine has slept. */
const SLEPT_MS = 30_000;

/**
 * @param {{state: string, forMs: number, answer?: Answer}} link `forMs`: for how long it has been down; `answer`: undefined
 * before there is one
 * @returns {'wait' | 'ask' | 'start' | 'reload' | 'end'}
 *
 * @typedef {'none' | 'well' | 'refused'} Answer of the server over HTTP
 */
export function advise({ state, forMs, answer }) {
  if (state === 'live' || forMs < ASK_AFTER_MS) return 'wait';
  if (answer === undefined) return 'ask';
  if (answer === 'refused') return 'end';
  if (answer === 'none') return 'wait';
  if (state === 'stopped') return forMs >= START_AFTER_MS ? 'start' : 'wait';
  return forMs >= RELOAD_AFTER_MS ? 'reload' : 'wait';
}

/** Recovers an unattended screen. */
export class Watchdog {
  #bell; #ask; #end; #reload; #wallClock;
  #downAt;
  #lookedAt;
  /** @type {Answer | undefined} */ #answer;
  #askedAt = -Infinity;
  #asking = false;

  /**
   * @param {object} parts
   * @param {any} parts.bell an `Orderbell`
   * @param {() => Promise<Answer>} parts.ask asks the server over HTTP whether it accepts this screen, since a browser hides
   * why a WebSocket was refused
   * @param {() => void} parts.end called when this screen's token is no longer valid
   * @param {() => void} parts.reload
   * @param {() => number} [parts.wallClock] ms since 1970; also runs while the machine sleeps
   */
  constructor({ bell, ask, end, reload, wallClock = Date.now }) {
    this.#bell = bell;
    this.#ask = ask;
    this.#end = end;
    this.#reload = reload;
    this.#wallClock = wallClock;
    this.#downAt = this.#lookedAt = wallClock();
  }

  /** Checks the link. Call it every second. */
  look() {
    const now = this.#wallClock();
    if (now - this.#lookedAt > SLEPT_MS) this.#woke(now);
    this.#lookedAt = now;
    const { state } = this.#bell;
    if (state === 'live') this.#downAt = now;
    if (now - this.#askedAt >= ASK_EVERY_MS) this.#answer = undefined;
    this.#follow(advise({ state, forMs: now - this.#downAt, answer: this.#answer }), now);
  }

  /** Forgets answers from before a sleep. @param {number} now */
  #woke(now) {
    this.#bell.wake();
    this.#downAt = now;
    this.#answer = undefined;
  }

  /** @param {ReturnType<typeof advise>} advice @param {number} now */
  #follow(advice, now) {
    if (advice === 'ask') this.#inquire(now);
    if (advice === 'end') this.#end();
    if (advice === 'start') {
      this.#bell.start();
      this.#downAt = now;
    }
    if (advice === 'reload') {
      this.#answer = undefined;
      this.#reload();
    }
  }

  /** @param {number} now */
  async #inquire(now) {
    if (this.#asking) return;
    this.#asking = true;
    this.#askedAt = now;
    this.#answer = await this.#ask();
    this.#asking = false;
  }
}
