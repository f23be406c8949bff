/**
 * The most requests held open by all tabs of a browser. It opens six to one HTTP/1.1 server, and
 * commands need the rest.
 */
export const HELD_REQUESTS = 3;
/** The deadline for an answer of the leader, in ms. */
export const ANSWER_MS = 3_000;
/** How often a leader without a place to hold a request tries to get one, in ms. */
const PLACE_MS = 10_000;
/** The version of the messages between tabs. Tabs with another version are ignored. */
const DIALECT = 1;

/**
 * @typedef {object} TabEvents
 * @property {(holds: boolean) => void} lead this tab follows for all; `holds`: whether it may hold
 *   its request open
 * @property {() => void} follow another tab leads
 * @property {(message: any) => void} heard a message of another tab of the group
 */

/**
 * The tabs of one browser under one session. The one with the lock leads; the browser releases the
 * lock when that tab dies, and a tab that misses an answer replaces a stuck leader. Tabs of
 * different sessions exchange no messages, and share only the places for held requests.
 */
export class Tabs {
  #locks; #env; #on; #name;
  #channel; #leads = false; #closed = false; #queue = new AbortController();
  /** Releases the leadership. @type {(() => void) | null} */ #abdicate = null;
  /** Releases the place for a held request. @type {(() => void) | null} */ #leavePlace = null;
  /** @type {any} */ #doubt = null;
  /** @type {any} */ #search = null;

  /**
   * @param {{group: string, env: import('../types.js').Environment, on: TabEvents}} parts
   *   group: of the tabs that share
   */
  constructor({ group, env, on }) {
    this.#locks = /** @type {LockManager} */ (env.locks);
    this.#env = env;
    this.#on = on;
    this.#name = `orderbell-rooms-${DIALECT}:${group}`;
    this.#channel = new env.BroadcastChannel(this.#name);
    this.#channel.onmessage = (/** @type {{data: any}} */ { data }) => this.#hear(data);
  }

  /** @param {{group: string, env: import('../types.js').Environment, on: TabEvents}} parts
   * @returns {Tabs | null} null if tabs cannot share, since only pages over TLS have locks */
  static of(parts) {
    try {
      return parts.env.locks && parts.env.BroadcastChannel ? new Tabs(parts) : null;
    } catch {
      return null;
    }
  }

  /** Leads as soon as no other tab does. */
  open() {
    // A browser may refuse its locks, for example to a page in a sandbox. Then this tab works alone.
    this.#request({ ifAvailable: true }, () => this.#closed || this.#on.lead(true));
  }

  /**
   * Takes one of the places for held requests, unless all are taken.
   * @returns {Promise<boolean>}
   */
  async takePlace() {
    for (let number = 0; number < HELD_REQUESTS; number += 1) {
      if (this.#leavePlace || this.#closed) break;
      await this.#tryPlace(number);
    }
    return this.#leavePlace !== null;
  }

  /** @param {any} message */
  say(message) {
    if (!this.#closed) this.#channel.postMessage(message);
  }

  /** Sends a message that a leader answers, and replaces one that does not. @param {any} message */
  ask(message) {
    this.say(message);
    if (this.#leads || this.#doubt !== null) return;
    const deadline = ANSWER_MS * (1 + this.#env.random());
    this.#doubt = this.#env.setTimeout(() => this.#replace(), deadline);
  }

  /** Records that the leader has answered. */
  trust() {
    this.#env.clearTimeout(this.#doubt);
    this.#doubt = null;
  }

  close() {
    this.#closed = true;
    this.trust();
    this.#env.clearTimeout(this.#search);
    this.#queue.abort();
    this.#abdicate?.();
    this.#leavePlace?.();
    this.#channel.close();
  }

  /** @param {any} message */
  #hear(message) {
    if (this.#closed) return;
    if (message.type === 'lead') this.trust();
    this.#on.heard(message);
  }

  /** @param {LockOptions} how @param {() => void} [refused] */
  #request(how, refused = () => {}) {
    const over = () => { if (this.#leads) this.#step(); };
    const failed = () => (this.#leads ? this.#step() : refused());
    const decide = (/** @type {Lock | null} */ lock) => (lock ? this.#lead() : this.#step());
    this.#locks.request(this.#name, how, decide).then(over, failed);
  }

  /** Follows, and queues for the lock. */
  #step() {
    if (this.#closed) return;
    this.#leads = false;
    this.#env.clearTimeout(this.#search);
    this.#leavePlace?.();
    this.#leavePlace = null;
    this.#on.follow();
    this.#queue = new AbortController();
    this.#request({ signal: this.#queue.signal });
  }

  #replace() {
    this.#doubt = null;
    if (this.#leads || this.#closed) return;
    this.#queue.abort();
    this.#request({ steal: true });
  }

  /** @returns {Promise<void> | undefined} settles when it no longer leads */
  #lead() {
    if (this.#closed || this.#leads) return undefined;
    this.#leads = true;
    this.trust();
    this.#settle();
    return new Promise((resolve) => { this.#abdicate = resolve; });
  }

  /** Follows by a held request if a place is free. If not, tries again later. */
  async #settle() {
    const holds = await this.takePlace();
    if (!this.#leads || this.#closed) return;
    this.#on.lead(holds);
    this.say({ type: 'lead' });
    if (!holds) this.#search = this.#env.setTimeout(() => this.#settle(), PLACE_MS);
  }

  /** @param {number} number @returns {Promise<void>} */
  #tryPlace(number) {
    return new Promise((resolve) => {
      const taken = (/** @type {Lock | null} */ lock) => {
        resolve();
        if (!lock || this.#closed) return undefined;
        const left = new Promise((leave) => { this.#leavePlace = () => leave(undefined); });
        return /** @type {Promise<void>} */ (left);
      };
      const request = this.#locks.request(`orderbell-held:${number}`, { ifAvailable: true }, taken);
      request.catch(() => resolve());
    });
  }
}
