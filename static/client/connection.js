import { fullJitter } from './backoff.js';
import { closeRule } from './codes.js';

/** A handshake, up to `welcome`, may take this long. */
export const CONNECT_DEADLINE_MS = 10_000;
/** After a wake-up the link must answer within this. */
export const PROBE_DEADLINE_MS = 3_000;
/** Phones that find their network again together come back spread over this. */
export const WAKE_SPREAD_MS = 300;
/** A link that held this long was a good one: the next loss starts its backoff anew. */
export const STEADY_MS = 5_000;
/** Used until `welcome` names the server's own. */
const DEFAULT_HEARTBEAT_MS = 15_000;
/** A browser hides why a handshake was refused; after this many in a row the token is suspected. */
const HANDSHAKES_BEFORE_NEW_TOKEN = 2;

/**
 * What a connection needs from around it. Times are ms; `now` is monotonic.
 *
 * @typedef {object} Surroundings
 * @property {new (url: string, protocols: string[]) => any} WebSocket
 * @property {() => number} now
 * @property {() => number} random
 * @property {(task: () => void, ms: number) => any} setTimeout
 * @property {(handle: any) => void} clearTimeout
 */

/**
 * The life of one WebSocket after another: token, handshake, heartbeat, close codes, backoff. It knows no room
 * and no command. `up` after `welcome`, `frame` for every frame, `down` when a link is lost, `stopped` when it
 * will not come back by itself.
 *
 * @typedef {object} Listener
 * @property {(welcome: any) => void} up
 * @property {(frame: any) => void} frame
 * @property {(reason: string) => void} down
 * @property {(reason: string) => void} stopped
 */
export class Connection {
  /** @type {string} */ #url;
  /** @type {import('./tokens.js').Tokens} */ #tokens;
  /** @type {Surroundings} */ #around;
  /** @type {Listener} */ #listener;
  /** @type {any} */ #socket = null;
  /** @type {'idle' | 'opening' | 'open' | 'waiting' | 'stopped'} */ #phase = 'idle';
  /** @type {Map<string, any>} */ #timers = new Map();
  /** Counts links, so that an answer for an older one is known as such. */ #link = 0;
  /** Losses since the last steady link. */ #attempt = 0;
  #refusedHandshakes = 0;
  /** Whether the next link needs a new token: for certain (4401), or to be on the safe side.
   * @type {'no' | 'suspected' | 'refused'} */
  #newToken = 'no';
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  #upAt = 0;
  /** When `going_away` asked us to come back. @type {number | null} */ #slotAt = null;

  /** @param {{url: string, tokens: import('./tokens.js').Tokens, around: Surroundings, listener: Listener}} parts */
  constructor({ url, tokens, around, listener }) {
    this.#url = url;
    this.#tokens = tokens;
    this.#around = around;
    this.#listener = listener;
  }

  get open() {
    return this.#phase === 'open';
  }

  start() {
    if (this.#phase !== 'idle' && this.#phase !== 'stopped') return;
    this.#attempt = 0;
    this.#newToken = 'no';
    this.#connect();
  }

  /** Closes for good; `start` opens again. */
  close() {
    this.#stop('closed');
  }

  /** @param {object} frame @returns {boolean} false when there is no link to send it on */
  send(frame) {
    if (this.#phase !== 'open' || this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** The network or the page came back: do not sit out a backoff, and do not trust a link that slept. */
  wake() {
    if (this.#phase === 'waiting') {
      this.#attempt = 0;
      this.#wait(Math.floor(this.#around.random() * WAKE_SPREAD_MS));
    } else if (this.#phase === 'open') {
      this.#probe(PROBE_DEADLINE_MS);
    }
  }

  /** Ends the link as if the server had closed it with 4401. */
  renew() {
    if (this.#phase === 'open') this.#lost(4401, 'token refused');
  }

  async #connect() {
    const link = ++this.#link;
    this.#phase = 'opening';
    this.#clearTimers();
    try {
      const token = await (this.#newToken === 'no' ? this.#tokens.get() : this.#tokens.refresh());
      if (link !== this.#link) return;
      this.#newToken = 'no';
      this.#openSocket(token);
    } catch (error) {
      if (link === this.#link) this.#withoutToken(error);
    }
  }

  /** No token: for good when the server (or the source) says so, otherwise the network is to blame. */
  #withoutToken(/** @type {any} */ error) {
    const refused = error?.code === 'unauthorized' || error?.code === 'forbidden';
    // The browser throws a SyntaxError for a token that no header can carry.
    if (refused || error?.name === 'SyntaxError') this.#stop('unauthorized');
    else this.#retryLater(error?.message ?? 'no token');
    // A token under mere suspicion is better than none.
    if (this.#newToken === 'suspected') this.#newToken = 'no';
  }

  /** @param {string} token */
  #openSocket(token) {
    const { WebSocket } = this.#around;
    const socket = new WebSocket(this.#url, ['orderbell.v1', `bearer.${token}`]);
    this.#socket = socket;
    socket.onmessage = (/** @type {{data: string}} */ message) => this.#receive(message.data);
    socket.onclose = (/** @type {{code: number, reason: string}} */ close) => this.#lost(close.code, close.reason);
    // An `error` event is always followed by `close`, which carries all a browser tells.
    this.#timer('deadline', CONNECT_DEADLINE_MS, () => this.#lost(1006, 'no welcome in time'));
  }

  /** @param {string} data */
  #receive(data) {
    const frame = parse(data);
    if (!frame) return;
    if (frame.type === 'welcome') this.#welcomed(frame);
    if (this.#phase !== 'open') return;
    this.#timer('heartbeat', this.#heartbeatMs, () => this.#probe(this.#heartbeatMs));
    if (frame.type === 'going_away') this.#leaveBy(frame.reconnect_in_ms);
    else if (frame.type !== 'welcome') this.#listener.frame(frame);
  }

  /** @param {any} welcome */
  #welcomed(welcome) {
    this.#clearTimers();
    this.#phase = 'open';
    this.#upAt = this.#around.now();
    this.#refusedHandshakes = 0;
    this.#heartbeatMs = welcome.limits?.heartbeat_ms ?? DEFAULT_HEARTBEAT_MS;
    this.#listener.up(welcome);
  }

  /** The server drains. Stay until it closes, but not beyond our own slot. @param {number} ms */
  #leaveBy(ms) {
    this.#slotAt = this.#around.now() + ms;
    this.#timer('slot', ms, () => this.#lost(1012, 'going away'));
  }

  /** @param {number} deadlineMs the link is dead when nothing is heard by then */
  #probe(deadlineMs) {
    this.send({ type: 'ping' });
    this.#timer('heartbeat', deadlineMs, () => this.#lost(4408, 'heartbeat lost'));
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    if (this.#phase !== 'open') this.#refusedHandshakes += 1;
    else if (this.#around.now() - this.#upAt >= STEADY_MS) this.#attempt = 0;
    this.#dropSocket(code);
    const { name, rule } = closeRule(code);
    const why = reason || name;
    if (rule === 'stop') return this.#stop(name);
    if (rule === 'token') this.#newToken = 'refused';
    if (rule === 'slot' && this.#slotAt !== null) return this.#again(this.#untilSlot(), why);
    if (rule === 'token' || rule === 'at-once') return this.#again(this.#promptly(), why);
    return this.#retryLater(why);
  }

  /** @param {string} why */
  #retryLater(why) {
    if (this.#refusedHandshakes >= HANDSHAKES_BEFORE_NEW_TOKEN && this.#tokens.renewable !== false) {
      this.#refusedHandshakes = 0;
      if (this.#newToken === 'no') this.#newToken = 'suspected';
    }
    this.#again(fullJitter(this.#attempt++, this.#around.random), why);
  }

  /** At once, but not in a circle without pause. */
  #promptly() {
    const before = this.#attempt++;
    return before === 0 ? 0 : fullJitter(before - 1, this.#around.random);
  }

  /** @param {number} ms @param {string} why */
  #again(ms, why) {
    this.#slotAt = null;
    this.#wait(ms);
    this.#listener.down(why);
  }

  /** @param {number} ms */
  #wait(ms) {
    this.#phase = 'waiting';
    this.#clearTimers();
    this.#timer('reconnect', ms, () => this.#connect());
  }

  #untilSlot() {
    return Math.max(0, (this.#slotAt ?? 0) - this.#around.now());
  }

  /** @param {string} reason */
  #stop(reason) {
    if (this.#phase === 'stopped') return;
    this.#link += 1;
    this.#dropSocket(1000);
    this.#clearTimers();
    this.#phase = 'stopped';
    this.#listener.stopped(reason);
  }

  /** A browser's `close()` on a dead link waits for an answer that will not come: the socket is let go of first. */
  #dropSocket(/** @type {number} */ code) {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    if (socket.readyState < 2) socket.close(code === 4408 ? 4408 : 1000);
  }

  /** @param {string} name @param {number} ms @param {() => void} task */
  #timer(name, ms, task) {
    this.#around.clearTimeout(this.#timers.get(name));
    this.#timers.set(name, this.#around.setTimeout(task, ms));
  }

  #clearTimers() {
    for (const handle of this.#timers.values()) this.#around.clearTimeout(handle);
    this.#timers.clear();
  }
}

/** @param {unknown} data @returns {any} the frame, or null for what is none */
function parse(data) {
  try {
    const frame = JSON.parse(/** @type {string} */ (data));
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}
