/** Requests held open for all tabs of a browser: it makes six to one HTTP/1.1 server, and commands need the others. */
export const HELD_REQUESTS = 3;
/** A leader that is alive answers within this, in ms. */
export const ANSWER_MS = 3_000;
/** A leader without a place to hold a request looks for one this often, in ms. */
const PLACE_MS = 10_000;
/** Changes when tabs say other things to each other: those of an older page are left alone. */
const DIALECT = 1;

/**
 * @typedef {object} TabEvents
 * @property {(holds: boolean) => void} lead this tab follows for all; `holds`: it may hold its request open
 * @property {() => void} follow another tab does
 * @property {(message: any) => void} heard what another tab of the group says
 */

/**
 * The tabs of one browser that speak under one session. One of them leads, by a lock that the browser takes from it when
 * it dies; a leader that is stuck is replaced by whoever misses its answer. Tabs of other sessions are never heard: what
 * they share is the number of requests that are held.
 */
export class Tabs {
  #locks; #around; #on; #name;
  #channel; #leads = false; #closed = false; #queue = new AbortController();
  /** Let go of the leadership, and of the place. @type {(() => void) | null} */ #abdicate = null;
  /** @type {(() => void) | null} */ #leavePlace = null;
  /** @type {any} */ #doubt = null;
  /** @type {any} */ #search = null;

  /** @param {{group: string, around: import('../types.js').Surroundings, on: TabEvents}} parts group: who shares */
  constructor({ group, around, on }) {
    this.#locks = /** @type {LockManager} */ (around.locks);
    this.#around = around;
    this.#on = on;
    this.#name = `orderbell-rooms-${DIALECT}:${group}`;
    this.#channel = new around.BroadcastChannel(this.#name);
    this.#channel.onmessage = (/** @type {{data: any}} */ { data }) => this.#hear(data);
  }

  /** @param {{group: string, around: import('../types.js').Surroundings, on: TabEvents}} parts
   * @returns {Tabs | null} null where each tab is on its own: a page that did not come over TLS has no locks */
  static of(parts) {
    try {
      return parts.around.locks && parts.around.BroadcastChannel ? new Tabs(parts) : null;
    } catch {
      return null;
    }
  }

  /** Leads at once if nobody does, and otherwise when nobody does any more. */
  open() {
    // A browser that has locks and does not give them (to a page in a sandbox) leaves each tab on its own.
    this.#request({ ifAvailable: true }, () => this.#closed || this.#on.lead(true));
  }

  /** Takes one of the places for held requests, unless all are taken. @returns {Promise<boolean>} */
  async takePlace() {
    for (let number = 0; number < HELD_REQUESTS && !this.#leavePlace && !this.#closed; number += 1) await this.#tryPlace(number);
    return this.#leavePlace !== null;
  }

  /** @param {any} message */
  say(message) {
    if (!this.#closed) this.#channel.postMessage(message);
  }

  /** Says something that a leader answers; one that does not is replaced. @param {any} message */
  ask(message) {
    this.say(message);
    if (this.#leads || this.#doubt !== null) return;
    this.#doubt = this.#around.setTimeout(() => this.#replace(), ANSWER_MS * (1 + this.#around.random()));
  }

  /** The leader has answered. */
  trust() {
    this.#around.clearTimeout(this.#doubt);
    this.#doubt = null;
  }

  close() {
    this.#closed = true;
    this.trust();
    this.#around.clearTimeout(this.#search);
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
    this.#locks.request(this.#name, how, (lock) => (lock ? this.#lead() : this.#step())).then(over, failed);
  }

  /** Follows, and waits for its turn. */
  #step() {
    if (this.#closed) return;
    this.#leads = false;
    this.#around.clearTimeout(this.#search);
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

  /** @returns {Promise<void> | undefined} settled when it leads no more */
  #lead() {
    if (this.#closed || this.#leads) return undefined;
    this.#leads = true;
    this.trust();
    this.#settle();
    return new Promise((resolve) => { this.#abdicate = resolve; });
  }

  /** Follows by a held request if there is place for one, and looks again later if there is none. */
  async #settle() {
    const holds = await this.takePlace();
    if (!this.#leads || this.#closed) return;
    this.#on.lead(holds);
    this.say({ type: 'lead' });
    if (!holds) this.#search = this.#around.setTimeout(() => this.#settle(), PLACE_MS);
  }

  /** @param {number} number @returns {Promise<void>} */
  #tryPlace(number) {
    return new Promise((resolve) => {
      const taken = (/** @type {Lock | null} */ lock) => {
        resolve();
        if (!lock || this.#closed) return undefined;
        return /** @type {Promise<void>} */ (new Promise((leave) => { this.#leavePlace = leave; }));
      };
      this.#locks.request(`orderbell-held:${number}`, { ifAvailable: true }, taken).catch(() => resolve());
    });
  }
}
