import { fullJitter } from './backoff.js';
import { ServerClock } from './clock.js';
import { OrderbellError } from './codes.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { newId } from './ids.js';
import { Outbox } from './outbox.js';
import { Subscriptions } from './subscriptions.js';
import { renewalDelay, tokenExpiry } from './tokens.js';

export { Api } from './api.js';
export { OrderbellError } from './codes.js';
export { newId } from './ids.js';
export { Room } from './room.js';
export { TokenSource, fixedToken, tokenClaims } from './tokens.js';

/** Longer timers fire at once in a browser. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How long after a failed renewal the next is tried, at most. */
const RENEWAL_RETRY_MS = 10_000;

/** @typedef {'connecting' | 'live' | 'catching-up' | 'offline' | 'stopped'} State */

/**
 * @typedef {object} Options
 * @property {string} url the server's origin, such as `location.origin`
 * @property {import('./tokens.js').Tokens} tokens
 * @property {any} [WebSocket] a WebSocket constructor
 * @property {() => number} [random] in [0, 1)
 * @property {() => number} [now] monotonic ms
 * @property {() => number} [wallClock] ms since 1970
 * @property {(task: () => void, ms: number) => any} [setTimeout]
 * @property {(handle: any) => void} [clearTimeout]
 * @property {import('./tokens.js').Store | null} [storage] keeps unanswered commands over a reload
 * @property {string} [storageKey] their entry: one for each principal, since an id is safe only for who made it
 * @property {string} [version] the page's own, as its `<meta name="orderbell-version">` has it
 */

/**
 * A live link to one restaurant.
 *
 * States: `connecting` until the first link is up or fails; `catching-up` while a room waits for its snapshot or
 * missed events; `live`; `offline` from a loss until the next link is up; `stopped` when only a person can help.
 *
 * Events: `state` {state, reason?}, `welcome` (the frame), `version` {own, server} with each `welcome` of a server
 * that serves another version of the pages, `error` (OrderbellError that belongs to no command), `clock` {now},
 * `pending` (the list), `answer` {pending, ack? | error?} for every command answered.
 */
export class Orderbell extends Emitter {
  /** @type {State} */ #state = 'connecting';
  /** @type {any} */ #renewal = null;
  #tokens; #version; #around; #clock; #connection; #outbox; #subscriptions;

  /** @param {Options} options */
  constructor({ url, tokens, version, storage = null, storageKey = 'orderbell.outbox', wallClock = Date.now, ...given }) {
    super();
    this.#tokens = tokens;
    this.#version = version;
    this.#around = withDefaults(given);
    this.#clock = new ServerClock({ now: this.#around.now, wallClock });
    this.#connection = new Connection({ url: socketUrl(url), tokens, around: this.#around, listener: this.#listener() });
    this.#subscriptions = new Subscriptions({
      send: (frame) => this.#connection.send(frame),
      renew: () => this.#connection.renew(),
      settled: () => this.#settle(),
    }, this.#around);
    this.#outbox = new Outbox({ ways: this.#ways(wallClock), store: storage, key: storageKey });
    /** The last `welcome`. @type {any} */
    this.welcome = null;
    /** When the server was last heard, on its own clock (ms since 1970); null before. @type {number | null} */
    this.heardAt = null;
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** @returns {import('./outbox.js').Pending[]} commands without an answer, oldest first */
  get pending() {
    return this.#outbox.pending;
  }

  /** The server's clock, in ms since 1970. */
  now() {
    return this.#clock.now();
  }

  start() {
    if (this.#state === 'stopped') this.#become('connecting');
    this.#connection.start();
  }

  /** Ends the link and rejects what waits with `closed`; unanswered commands stay in the storage. */
  close() {
    this.#connection.close();
    this.#outbox.close(false);
  }

  /** Connects now instead of after the backoff, or tests a link that may have died in its sleep. */
  wake() {
    this.#connection.wake();
  }

  /**
   * @param {string} name such as `kitchen:<restaurant id>`
   * @returns {import('./room.js').Room} subscribed from now on, and after every reconnect; the same one for the same name
   */
  room(name) {
    return this.#subscriptions.room(name);
  }

  /**
   * @param {{action: string, order?: string, id?: string, [field: string]: unknown}} command section 4 of the contract
   * @returns {Promise<any>} the ack
   * @throws {OrderbellError}
   */
  command({ id = newId(), ...fields }) {
    return this.#enqueue({ type: 'command', id, ...fields });
  }

  /**
   * @param {object} order as the body of `POST …/orders`
   * @param {string} [id] one for each basket: the same id twice is one order
   * @returns {Promise<any>} the ack, with the new document
   * @throws {OrderbellError}
   */
  place(order, id = newId()) {
    return this.#enqueue({ type: 'place', id, order });
  }

  /**
   * Tells the server that this screen has drawn a room up to a position.
   * @param {import('./room.js').Room | string} room @param {number} position
   */
  seen(room, position) {
    this.#subscriptions.seen(typeof room === 'string' ? room : room.name, position);
  }

  /** @param {any} frame @returns {Promise<any>} */
  #enqueue(frame) {
    const bound = this.welcome?.limits?.frame_bytes;
    // The server would close the link for good; better to refuse the one command.
    if (bound && new TextEncoder().encode(JSON.stringify(frame)).length > bound) {
      return Promise.reject(new OrderbellError({ code: 'too_large', message: `more than ${bound} bytes` }));
    }
    return this.#outbox.add(frame);
  }

  /** @returns {import('./connection.js').Listener} */
  #listener() {
    return {
      up: (welcome) => this.#up(welcome),
      frame: (frame) => this.#receive(frame),
      down: (reason) => this.#down('offline', reason),
      stopped: (reason) => this.#stopped(reason),
    };
  }

  /** @param {() => number} wallClock @returns {import('./outbox.js').Ways} */
  #ways(wallClock) {
    return {
      send: (frame) => this.#connection.send(frame),
      renew: () => this.#connection.renew(),
      changed: () => this.emit('pending', this.pending),
      answered: (outcome) => this.emit('answer', outcome),
      wallClock,
      random: this.#around.random,
      setTimeout: this.#around.setTimeout,
      clearTimeout: this.#around.clearTimeout,
    };
  }

  /** @param {any} welcome */
  #up(welcome) {
    this.welcome = welcome;
    this.#hear(welcome);
    this.#subscriptions.up(welcome.epoch);
    this.#outbox.up(welcome.limits);
    this.#renewBefore(Date.parse(welcome.expires_at));
    this.emit('welcome', welcome);
    this.#compareVersions(welcome.version);
    this.#settle();
  }

  /** Either may be unknown: to a page that did not say, and of a server before it had one. @param {string} [server] */
  #compareVersions(server) {
    if (this.#version && server && server !== this.#version) this.emit('version', { own: this.#version, server });
  }

  /** @param {State} state @param {string} reason */
  #down(state, reason) {
    this.#around.clearTimeout(this.#renewal);
    this.#outbox.down();
    this.#subscriptions.down();
    this.#become(state, reason);
  }

  /** Someone who signs in again finds the commands where they were; after any other stop they may be its cause. */
  #stopped(/** @type {string} */ reason) {
    this.#down('stopped', reason);
    if (reason !== 'unauthorized' && reason !== 'closed') this.#outbox.close(true);
  }

  /** @param {any} frame */
  #receive(frame) {
    this.#hear(frame);
    if (frame.type === 'ack' || (frame.type === 'error' && frame.id)) this.#outbox.answer(frame);
    else if (frame.room) this.#subscriptions.receive(frame);
    else if (frame.type === 'error') this.emit('error', new OrderbellError(frame));
  }

  /** @param {any} frame */
  #hear(frame) {
    if (frame.server_time && this.#clock.sample(frame.server_time)) this.emit('clock', { now: this.now() });
    this.heardAt = this.now();
  }

  #settle() {
    if (!this.#connection.open) return;
    this.#become(this.#subscriptions.live ? 'live' : 'catching-up');
  }

  /** @param {State} state @param {string} [reason] */
  #become(state, reason) {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('state', { state, reason });
  }

  /** @param {number} expiry on the server's clock; NaN when it did not say */
  #renewBefore(expiry) {
    if (this.#tokens.renewable === false || Number.isNaN(expiry)) return;
    this.#renewIn(renewalDelay(expiry - this.now()));
  }

  async #renew() {
    const link = this.welcome.connection;
    try {
      const token = await this.#tokens.refresh();
      if (this.welcome.connection !== link) return;
      this.#connection.send({ type: 'refresh', token });
      this.#renewBefore(tokenExpiry(token) ?? NaN);
    } catch (error) {
      // Nothing to renew with: the server will say 4401 when the time comes, and the link stops then.
      if (/** @type {any} */ (error)?.code === 'unauthorized' || this.welcome.connection !== link) return;
      this.#renewIn(fullJitter(0, this.#around.random, { baseMs: RENEWAL_RETRY_MS }));
    }
  }

  /** @param {number} ms */
  #renewIn(ms) {
    this.#around.clearTimeout(this.#renewal);
    this.#renewal = this.#around.setTimeout(() => this.#renew(), Math.min(ms, LONGEST_TIMER_MS));
  }
}

/** @param {Partial<import('./connection.js').Surroundings>} given @returns {import('./connection.js').Surroundings} */
function withDefaults(given) {
  return {
    WebSocket: given.WebSocket ?? globalThis.WebSocket,
    random: given.random ?? Math.random,
    now: given.now ?? (() => performance.now()),
    setTimeout: given.setTimeout ?? ((task, ms) => globalThis.setTimeout(task, ms)),
    clearTimeout: given.clearTimeout ?? ((handle) => globalThis.clearTimeout(handle)),
  };
}

/** @param {string} origin @returns {string} */
function socketUrl(origin) {
  const url = new URL('/ws', origin);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
