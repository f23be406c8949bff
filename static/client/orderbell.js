import { fullJitter } from './backoff.js';
import { ServerClock } from './clock.js';
import { OrderbellError, errorRule } from './codes.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { newId } from './ids.js';
import { Outbox } from './outbox.js';
import { Room } from './room.js';
import { renewalDelay, tokenExpiry } from './tokens.js';

export { Api } from './api.js';
export { OrderbellError } from './codes.js';
export { newId } from './ids.js';
export { TokenSource, fixedToken, tokenClaims } from './tokens.js';
export { Room };

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
 */

/**
 * A live link to one restaurant.
 *
 * States: `connecting` until the first link is up or fails; `catching-up` while a room waits for its snapshot or
 * missed events; `live`; `offline` from a loss until the next link is up; `stopped` when only a person can help.
 *
 * Events: `state` {state, reason?}, `welcome` (the frame), `error` (OrderbellError that belongs to no command),
 * `clock` {now}, `pending` (the list), `answer` {pending, ack? | error?} for every command answered.
 */
export class Orderbell extends Emitter {
  /** @type {State} */ #state = 'connecting';
  /** @type {Map<string, Room>} */ #rooms = new Map();
  /** Display receipts by room. @type {Map<string, number>} */ #seen = new Map();
  /** Timers of the present link. @type {Map<string, any>} */ #timers = new Map();
  #tokens; #around; #clock; #connection; #outbox;
  #resubscriptions = 0;

  /** @param {Options} options */
  constructor({ url, tokens, storage = null, storageKey = 'orderbell.outbox', wallClock = Date.now, ...given }) {
    super();
    this.#tokens = tokens;
    this.#around = withDefaults(given);
    this.#clock = new ServerClock({ now: this.#around.now, wallClock });
    this.#connection = new Connection({ url: socketUrl(url), tokens, around: this.#around, listener: this.#listener() });
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
   * @returns {Room} subscribed from now on, and after every reconnect; the same one for the same name
   */
  room(name) {
    const known = this.#rooms.get(name);
    if (known) return known;
    const room = new Room(name, { leave: () => this.#leave(name) });
    this.#rooms.set(name, room);
    if (this.#connection.open) {
      this.#subscribe(room);
      this.#settle();
    }
    return room;
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
   * @param {Room | string} room @param {number} position
   */
  seen(room, position) {
    const name = typeof room === 'string' ? room : room.name;
    if (position <= (this.#seen.get(name) ?? 0)) return;
    this.#seen.set(name, position);
    this.#connection.send({ type: 'seen', room: name, position });
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
    for (const room of this.#rooms.values()) {
      room.enter(welcome.epoch);
      this.#subscribe(room);
    }
    this.#outbox.up(welcome.limits);
    this.#renewBefore(Date.parse(welcome.expires_at));
    this.emit('welcome', welcome);
    this.#settle();
  }

  /** @param {State} state @param {string} reason */
  #down(state, reason) {
    this.#clearTimers();
    this.#outbox.down();
    for (const room of this.#rooms.values()) room.lost();
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
    else if (frame.type === 'error') this.#failed(frame);
    else if (frame.room) this.#routed(frame);
  }

  /** @param {any} frame */
  #hear(frame) {
    if (frame.server_time && this.#clock.sample(frame.server_time)) this.emit('clock', { now: this.now() });
    this.heardAt = this.now();
  }

  /** @param {any} frame */
  #routed(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room) return;
    const need = room.receive(frame, this.welcome.epoch);
    if (need !== 'none') this.#subscribe(room, need === 'snapshot');
    if (frame.type !== 'live') return;
    this.#resubscriptions = 0;
    this.#receipt(room.name);
    this.#settle();
  }

  /** A receipt given while the link was down is given now. @param {string} name */
  #receipt(name) {
    const position = this.#seen.get(name);
    if (position !== undefined) this.#connection.send({ type: 'seen', room: name, position });
  }

  /** @param {any} frame */
  #failed(frame) {
    const error = new OrderbellError(frame);
    const room = this.#rooms.get(frame.room);
    const rule = errorRule(frame.code);
    if (!room) return this.emit('error', error);
    if (rule === 'token') return this.#connection.renew();
    if (rule === 'later') {
      const pause = frame.retry_after_ms ?? fullJitter(this.#resubscriptions++, this.#around.random);
      return this.#timer(`subscribe ${room.name}`, pause, () => this.#subscribe(room));
    }
    room.refuse(error);
    this.#settle();
  }

  /** @param {Room} room @param {boolean} [anew] without a cursor: a snapshot is wanted */
  #subscribe(room, anew = false) {
    room.refusal = null;
    const { name, cursor, epoch } = room;
    const from = anew || cursor === null ? {} : { since: cursor, epoch };
    this.#connection.send({ type: 'subscribe', room: name, ...from });
  }

  /** @param {string} name */
  #leave(name) {
    if (!this.#rooms.delete(name)) return;
    this.#seen.delete(name);
    this.#connection.send({ type: 'unsubscribe', room: name });
    this.#settle();
  }

  #settle() {
    if (!this.#connection.open) return;
    const waiting = [...this.#rooms.values()].some((room) => !room.live && !room.refusal);
    this.#become(waiting ? 'catching-up' : 'live');
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
    this.#timer('renewal', renewalDelay(expiry - this.now()), () => this.#renew());
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
      this.#timer('renewal', fullJitter(0, this.#around.random, { baseMs: RENEWAL_RETRY_MS }), () => this.#renew());
    }
  }

  /** @param {string} name @param {number} ms @param {() => void} task */
  #timer(name, ms, task) {
    this.#around.clearTimeout(this.#timers.get(name));
    this.#timers.set(name, this.#around.setTimeout(task, Math.min(ms, LONGEST_TIMER_MS)));
  }

  #clearTimers() {
    for (const handle of this.#timers.values()) this.#around.clearTimeout(handle);
    this.#timers.clear();
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
