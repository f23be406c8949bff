import { ServerClock, environment } from './clock.js';
import { OrderbellError } from './codes.js';
import { Emitter } from './emitter.js';
import { newId } from './ids.js';
import { Outbox } from './outbox.js';
import { Subscriptions } from './subscriptions.js';
import { Connection } from './transport/connection.js';

export { Api } from './api.js';
export { OrderbellError } from './codes.js';
export { newId } from './ids.js';
export { Room } from './room.js';
export { TokenSource, fixedToken, tokenClaims } from './tokens.js';

/** The delay between the link's `welcome` and loading code that the first paint does not need, in ms. */
const LATER_MS = 1_000;
/** How long to wait for storage, in ms. */
const STORAGE_PATIENCE_MS = 1_500;

/** @typedef {import('./types.js').State} State */

/**
 * A live link to one restaurant.
 *
 * States: `connecting` until the first link is up or every transport has failed; `catching-up` while a room waits for its
 * snapshot or missed events; `live`; `checking` while the server leaves a ping unanswered; `offline` from a loss until the next
 * link is up; `stopped` when only a person can help.
 *
 * Events: `state` {state, reason?}, `transport` {transport} when another one carries the link, `welcome` (the frame),
 * `version` {own, server} whenever a server says that it serves another version of the pages, `error`
 * (OrderbellError that belongs to no command), `clock` {now}, `pending` (the list), `answer` {pending, ack? | error?}
 * for every command answered.
 */
export class Orderbell extends Emitter {
  /** @type {State} */ #state = 'connecting';
  #linked = false;
  /** Whether the server has been silent for too long. */ #doubted = false;
  /** The transport of the last link. @type {import('./types.js').Transport} */
  #transport = 'websocket';
  /** @type {Connection} */ #connection;
  /** @type {Subscriptions} */ #subscriptions;
  /** @type {import('./transport/renewal.js').Renewal | null} */ #renewal = null;
  /** @type {import('./persistence/persistence.js').Persistence | null} */ #persistence = null;
  /** @type {Promise<void> | null} */ #persisting = null;
  /** @type {any} */ #later = null;
  #tokens; #stamp; #holds; #version; #kept; #resume; #env; #clock; #outbox;

  /** @param {import('./types.js').Options} options */
  constructor({ url, slug, tokens, version, storage = null, storageKey: owner = 'orderbell', session, resume = false, wallClock = Date.now, stamp = (frame) => frame, holds = () => false, ...given }) {
    super();
    this.#tokens = tokens;
    this.#stamp = stamp;
    this.#holds = holds;
    this.#version = version;
    this.#env = environment(given);
    this.#kept = storage && { storage, owner, version, wallClock, locks: this.#env.locks };
    this.#resume = resume && storage !== null;
    this.#clock = new ServerClock({ now: this.#env.now, wallClock });
    const cursors = () => this.#subscriptions.cursors;
    this.#connection = new Connection({ origin: url, slug, tokens, env: this.#env, cursors, session }, this.#listener());
    this.#subscriptions = new Subscriptions({
      send: (frame) => this.#connection.send(frame),
      renew: () => this.#connection.renew(),
      settled: () => this.#settle(),
    }, this.#env);
    this.#outbox = new Outbox(this.#hooks(wallClock), storage !== null);
    /** The last `welcome`. @type {any} */
    this.welcome = null;
    /** When the last frame came, on the server's clock (ms since 1970); null before the first. @type {number | null} */
    this.heardAt = null;
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** The transport of the link, or of the next one. */
  get transport() {
    return this.#connection.transport;
  }

  /** @returns {import('./types.js').Pending[]} commands without an answer, oldest first */
  get pending() {
    return this.#outbox.pending;
  }

  /** The server's clock, in ms since 1970. */
  now() {
    return this.#clock.now();
  }

  start() {
    if (this.#state === 'stopped') this.#become('connecting');
    if (!this.#resume) return this.#connection.start();
    this.#resume = false;
    return this.#persist().then(() => this.#state === 'stopped' || this.#connection.start());
  }

  /**
   * Ends the link and rejects unanswered commands with `closed`. These stay in storage until the same principal comes back; the
   * rooms' copies do not.
   */
  close() {
    this.#connection.close();
    this.#outbox.close(false);
  }

  /** Connects now instead of after the backoff, or tests a link that may have died while the device slept. */
  wake() {
    this.#connection.wake();
  }

  /** Polls less often while the page is hidden, until `wake`. */
  rest() {
    this.#persistence?.flush();
    this.#connection.rest(true);
  }

  /** Releases everything that the server holds for this page, until `wake`: a frozen page may never run again. */
  freeze() {
    this.#persistence?.freeze();
    this.#connection.freeze();
  }

  /**
   * @param {string} name such as `kitchen:<restaurant id>`
   * @returns {import('./room.js').Room} subscribed from now on and after every reconnect; each call with a name returns the
   * same room
   */
  room(name) {
    const room = this.#subscriptions.room(name);
    this.#persistence?.follow(room);
    return room;
  }

  /**
   * @param {{action: string, order?: string, id?: string, [field: string]: unknown}} command as under "Commands" in docs/protocol.md
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
   * @param {string} [station] the station that the screen shows, if the screen may show all of them
   */
  seen(room, position, station) {
    this.#subscriptions.seen(typeof room === 'string' ? room : room.name, position, station);
  }

  /** Sends each held command that `holds` no longer holds back. */
  release() {
    this.#outbox.release();
  }

  /**
   * Takes back commands that were never sent; each is answered with the error.
   * @param {(pending: import('./types.js').Pending) => boolean} which @param {OrderbellError} error
   */
  withdraw(which, error) {
    this.#outbox.withdraw(which, error);
  }

  /** @param {any} asked @returns {Promise<any>} */
  #enqueue(asked) {
    const frame = this.#stamp(asked);
    const bound = this.welcome?.limits?.frame_bytes;
    // The server would close the link over a frame this long, so the library refuses the command itself.
    if (bound && new TextEncoder().encode(JSON.stringify(frame)).length > bound) {
      return Promise.reject(new OrderbellError({ code: 'too_large', message: `more than ${bound} bytes` }));
    }
    this.#persist();
    return this.#outbox.add(frame);
  }

  /**
   * Starts to store commands and rooms, and takes over those of an earlier page. Loads the code for it when it is needed or
   * when there is time; failing or slow storage delays nothing.
   * @returns {Promise<void>}
   */
  #persist() {
    if (!this.#kept) return Promise.resolve();
    const { setTimeout, clearTimeout } = this.#env;
    this.#persisting ??= new Promise((resolve) => {
      const give = () => { this.#outbox.attach(null, []); resolve(); };
      const patience = setTimeout(give, STORAGE_PATIENCE_MS);
      this.#attach().then(resolve, () => { this.#persisting = null; give(); }).finally(() => clearTimeout(patience));
    });
    return this.#persisting;
  }

  async #attach() {
    const { Persistence } = await import('./persistence/persistence.js');
    const parts = /** @type {any} */ (this.#kept);
    const persistence = new Persistence({ ...parts, outbox: this.#outbox, env: this.#env });
    const restoredAt = await persistence.attach(this.#subscriptions.rooms);
    this.#persistence = persistence;
    if (restoredAt !== null) this.heardAt ??= restoredAt;
  }

  /** @returns {import('./types.js').Listener} */
  #listener() {
    return {
      up: (welcome) => this.#up(welcome),
      frame: (frame) => this.#receive(frame),
      doubt: (doubted) => {
        this.#doubted = doubted;
        this.#settle();
      },
      down: (reason) => this.#down('offline', reason),
      stopped: (reason) => this.#stopped(reason),
    };
  }

  /** @param {() => number} wallClock @returns {import('./types.js').OutboxHooks} */
  #hooks(wallClock) {
    return {
      send: (frame) => this.#connection.send(frame),
      holds: this.#holds,
      renew: () => this.#connection.renew(),
      changed: () => this.emit('pending', this.pending),
      overdue: () => this.#connection.ask(),
      answered: (outcome) => this.emit('answer', outcome),
      wallClock,
      random: this.#env.random,
      setTimeout: this.#env.setTimeout,
      clearTimeout: this.#env.clearTimeout,
    };
  }

  /** @param {any} welcome */
  #up(welcome) {
    // A better transport takes over while the last one still works.
    if (this.#linked) this.#unlink();
    this.#linked = true;
    this.welcome = welcome;
    this.#hear(welcome);
    this.#subscriptions.up(welcome);
    this.#outbox.up(welcome.limits, welcome.feature_level);
    this.#renewal?.up(Date.parse(welcome.expires_at));
    this.#persistence?.up();
    this.#later = this.#env.setTimeout(() => this.#afterwards(), LATER_MS);
    this.emit('welcome', welcome);
    if (this.transport !== this.#transport) this.emit('transport', { transport: this.transport });
    this.#transport = this.transport;
    this.#compare(welcome.version);
    this.#settle();
  }

  /** Loads the storage and the renewal of tokens, once the link has lasted and the first paint is done. */
  async #afterwards() {
    this.#persist();
    if (this.#renewal || this.#tokens.renewable === false) return;
    const loaded = await import('./transport/renewal.js').catch(() => null);
    if (!loaded || this.#renewal) return;
    const renewed = (/** @type {string} */ token) => this.#connection.send({ type: 'refresh', token });
    this.#renewal = new loaded.Renewal({ tokens: this.#tokens, env: this.#env, now: () => this.now(), renewed });
    if (this.#linked) this.#renewal.up(Date.parse(this.welcome.expires_at));
  }

  /** Emits `version` when the server's version differs. Either may be unknown: an old server names none. @param {string} [server] */
  #compare(server) {
    if (this.#version && server && server !== this.#version) this.emit('version', { own: this.#version, server });
  }

  /** @param {State} state @param {string} reason */
  #down(state, reason) {
    this.#unlink();
    if (state === 'offline') this.#persist().then(() => this.#persistence?.flush());
    this.#become(state, reason);
  }

  #unlink() {
    this.#linked = false;
    this.#doubted = false;
    this.#env.clearTimeout(this.#later);
    this.#renewal?.down();
    this.#outbox.down();
    this.#subscriptions.down();
  }

  /**
   * Keeps unanswered commands if the link can resume after a new sign-in. After any other stop it drops them, since one of
   * them may be the cause.
   */
  #stopped(/** @type {string} */ reason) {
    this.#down('stopped', reason);
    this.#persist().then(() => this.#persistence?.forget());
    if (reason !== 'unauthorized' && reason !== 'closed') this.#outbox.close(true);
  }

  /** @param {any} frame */
  #receive(frame) {
    this.#hear(frame);
    if (frame.version) this.#compare(frame.version);
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
    if (this.#doubted) this.#become('checking');
    else this.#become(this.#subscriptions.live ? 'live' : 'catching-up');
  }

  /** @param {State} state @param {string} [reason] */
  #become(state, reason) {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('state', { state, reason });
  }
}
