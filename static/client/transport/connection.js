import { isAnswering } from '../api.js';
import { fullJitter } from '../backoff.js';
import { closeRule } from '../codes.js';
import { openSocket } from './socket_link.js';

/** The deadline of a handshake, up to `welcome`. */
export const CONNECT_DEADLINE_MS = 10_000;
/**
 * A visible page pings the server after this much silence, or sooner if the server's heartbeat is
 * faster. Without an answer, the link is in doubt after one and a half times as long, and lost
 * after twice as long.
 */
export const QUIET_MS = 10_000;
/** The server is pinged after this many of its heartbeats: one may be a little late. */
const MISSED_BEATS = 1.25;
/** The deadline for an answer of the link after a wake-up. */
export const PROBE_DEADLINE_MS = 3_000;
/** The key of the transport that got through last, in the storage of the tab. */
const TRANSPORT_KEY = 'orderbell.seen.transport';
/** The spread of phones that reconnect after a common network failure. */
export const WAKE_SPREAD_MS = 300;
/** How long a link must last for the next loss to start its backoff again. */
export const STEADY_MS = 5_000;
/** The heartbeat of the server until `welcome` names it, in ms. */
const DEFAULT_HEARTBEAT_MS = 15_000;
/**
 * Failed handshakes in a row after which the token may be at fault: a browser hides the reason of a
 * refusal.
 */
const HANDSHAKES_BEFORE_NEW_TOKEN = 2;
/**
 * Failed handshakes in a row after which WebSocket itself may be blocked. One without any answer
 * counts twice.
 */
const HANDSHAKES_BEFORE_DOUBT = 3;

/**
 * Opens one link after another: token, handshake, heartbeat, close codes, backoff, and the choice
 * of the transport. Knows nothing about rooms and commands.
 */
export class Connection {
  #shared; #tokens; #env; #listener;
  /** @type {import('../types.js').Link | null} */ #link = null;
  /** @type {'idle' | 'opening' | 'open' | 'waiting' | 'frozen' | 'stopped'} */ #phase = 'idle';
  /** @type {Map<string, any>} */ #timers = new Map();
  /** Counts links, to recognize events of an older one. */ #turn = 0;
  /** Losses since the last steady link. */ #attempt = 0;
  /** Handshakes without a `welcome`, in a row, since the last new token. */ #unwelcome = 0;
  /** Whether the next link needs a new token: for certain (4401), or to be on the safe side.
   * @type {'no' | 'suspected' | 'refused'} */
  #newToken = 'no';
  #heartbeatMs = DEFAULT_HEARTBEAT_MS;
  #upAt = 0;
  /** When to reconnect, as `going_away` asked. @type {number | null} */ #slotAt = null;
  /** Handshakes without a `welcome`, in a row, with this transport. */ #failures = 0;
  /**
   * The other transports, loaded when WebSocket seems to be blocked.
   * @type {import('./fallback.js').Fallback | null}
   */
  #fallback = null;
  #resting = false;
  /**
   * Whether a link has been up. Before that, a failed handshake may be the fault of the transport.
   */
  #wasUp = false;
  /**
   * Whether the server has left the last ping unanswered for too long.
   */
  #doubted = false;
  /** Whether a ping has no answer yet. */ #asked = false;

  /**
   * @param {import('../types.js').Shared} shared @param {import('../types.js').Listener} listener
   */
  constructor(shared, listener) {
    this.#shared = shared;
    this.#tokens = shared.tokens;
    this.#env = shared.env;
    this.#listener = listener;
  }

  get open() {
    return this.#phase === 'open';
  }

  /** @returns {import('../types.js').Transport} */
  get transport() {
    return this.#fallback?.transport ?? 'websocket';
  }

  start() {
    if (this.#phase !== 'idle' && this.#phase !== 'stopped') return;
    this.#attempt = 0;
    this.#newToken = 'no';
    this.#wasUp = false;
    this.#connect();
  }

  /** Closes for good; `start` opens again. */
  close() {
    this.#stop('closed');
  }

  /** @param {object} frame @returns {boolean} false when there is no link to send it on */
  send(frame) {
    return this.#phase === 'open' && this.#link !== null && this.#link.send(frame);
  }

  /** Skips the backoff and tests the link after the network or the page has come back. */
  wake() {
    this.rest(false);
    if (this.#phase === 'waiting' || this.#phase === 'frozen') {
      this.#attempt = 0;
      this.#wait(Math.floor(this.#env.random() * WAKE_SPREAD_MS));
    } else if (this.#phase === 'open') {
      this.#link?.wake();
      this.#expectWithin(PROBE_DEADLINE_MS);
      this.#fallback?.probeSoon();
    }
  }

  /** Sets whether the page is hidden. @param {boolean} resting */
  rest(resting) {
    this.#resting = resting;
    this.#link?.rest(resting);
  }

  /** Releases the link of a page that is frozen, until `wake`, which may never come. */
  freeze() {
    if (this.#phase === 'idle' || this.#phase === 'stopped' || this.#phase === 'frozen') return;
    this.#drop(1000);
    this.#clearTimers();
    this.#slotAt = null;
    this.#phase = 'frozen';
    this.#listener.down('frozen');
  }

  /** Pings the server now, since it owes an answer. */
  ask() {
    if (this.#phase === 'open' && !this.#asked) this.#probe();
  }

  /** Ends the link as if the server had closed it with 4401. */
  renew() {
    if (this.#phase === 'open') this.#lost({ code: 4401, reason: 'token refused' });
  }

  async #connect() {
    const turn = ++this.#turn;
    this.#phase = 'opening';
    this.#clearTimers();
    try {
      await this.#recallTransport();
      const token = await (this.#newToken === 'no' ? this.#tokens.get() : this.#tokens.refresh());
      if (turn !== this.#turn) return;
      this.#newToken = 'no';
      const open = this.#fallback?.opener ?? openSocket;
      this.#link = open({ ...this.#shared, token, resting: this.#resting, on: this.#ear(turn) });
      const giveUp = () => this.#lost({ code: 1006, reason: 'no welcome in time' }, 2);
      this.#timer('deadline', CONNECT_DEADLINE_MS, giveUp);
    } catch (error) {
      if (turn === this.#turn) this.#withoutToken(error);
    }
  }

  /** Begins with the transport that got through last, even if that was before a reload. */
  async #recallTransport() {
    if (this.#fallback || this.#wasUp) return;
    const known = this.#shared.session?.getItem(TRANSPORT_KEY);
    if (known !== 'stream' && known !== 'poll') return;
    this.#fallback = await this.#loadFallback();
    this.#fallback?.beginWith(known);
  }

  /**
   * Listens to a link as long as it is the current one.
   * @param {number} turn
   * @returns {import('../types.js').LinkEvents}
   */
  #ear(turn) {
    return {
      frame: (frame) => turn === this.#turn && this.#receive(frame),
      closed: (end) => turn === this.#turn && this.#lost(end),
    };
  }

  /**
   * Handles a missing token. Stops if the server (or the source) refused one; anything else is the
   * fault of the network.
   */
  #withoutToken(/** @type {any} */ error) {
    const refused = error?.code === 'unauthorized' || error?.code === 'forbidden';
    // The browser throws a SyntaxError for a token that no header can carry.
    if (refused || error?.name === 'SyntaxError') this.#stop('unauthorized');
    else this.#retryLater(error?.message ?? 'no token');
    // A token that may be at fault is better than none.
    if (this.#newToken === 'suspected') this.#newToken = 'no';
  }

  /** @param {any} frame */
  #receive(frame) {
    if (frame.type === 'welcome') this.#welcomed(frame);
    if (this.#phase !== 'open') return;
    this.#asked = false;
    this.#doubt(false);
    this.#timer('heartbeat', this.#quietMs, () => this.#probe());
    if (frame.type === 'going_away') this.#leaveBy(frame.reconnect_in_ms);
    else if (frame.type !== 'welcome') this.#listener.frame(frame);
  }

  /** @param {any} welcome */
  #welcomed(welcome) {
    this.#clearTimers();
    this.#phase = 'open';
    this.#wasUp = true;
    this.#upAt = this.#env.now();
    this.#unwelcome = 0;
    this.#failures = 0;
    this.#heartbeatMs = welcome.limits?.heartbeat_ms ?? DEFAULT_HEARTBEAT_MS;
    this.#fallback?.welcomed();
    this.#shared.session?.setItem(TRANSPORT_KEY, this.transport);
    this.#listener.up(welcome);
  }

  /**
   * Returns how long the server may be silent before it is pinged. A hidden page pings less often,
   * since it misleads nobody.
   */
  get #quietMs() {
    const missed = this.#heartbeatMs * MISSED_BEATS;
    return this.#resting ? missed : Math.min(missed, QUIET_MS);
  }

  /** Handles a server that drains: stays until the server closes, but not beyond the slot it assigned. @param {number} ms */
  #leaveBy(ms) {
    this.#slotAt = this.#env.now() + ms;
    this.#timer('slot', ms, () => this.#lost({ code: 1012, reason: 'going away' }));
  }

  #probe() {
    this.send({ type: 'ping' });
    this.#expectWithin(this.#quietMs);
  }

  /**
   * Doubts the link after half of this time without a frame, and drops it after all of it.
   * @param {number} ms
   */
  #expectWithin(ms) {
    this.#asked = true;
    const drop = () => this.#lost({ code: 4408, reason: 'heartbeat lost' });
    this.#timer('heartbeat', ms / 2, () => {
      this.#doubt(true);
      this.#timer('heartbeat', ms / 2, drop);
    });
  }

  /** @param {boolean} doubted */
  #doubt(doubted) {
    if (this.#doubted === doubted) return;
    this.#doubted = doubted;
    this.#listener.doubt(doubted);
  }

  /**
   * @param {import('../types.js').End} end
   * @param {number} [weight] how much a failed handshake counts
   */
  #lost({ code, reason, retryAfterMs, refused = false }, weight = 1) {
    const failed = this.#phase === 'opening' && !refused;
    const lastedMs = this.#env.now() - this.#upAt;
    if (failed) {
      this.#unwelcome += 1;
      this.#failures += weight;
    } else if (this.#phase === 'open' && lastedMs >= STEADY_MS) this.#attempt = 0;
    if (refused) this.#fallback?.refused();
    this.#drop(code);
    // A close before `welcome` comes from a proxy, not from the server.
    const { name, rule } = closeRule(failed && code === 1000 ? 1006 : code);
    const why = reason || name;
    if (rule === 'stop') return this.#stop(name);
    if (rule === 'token') this.#newToken = 'refused';
    if (rule === 'slot' && this.#slotAt !== null) {
      return this.#again(Math.max(0, this.#slotAt - this.#env.now()), why);
    }
    if (rule === 'token' || rule === 'at-once') return this.#again(this.#promptly(), why);
    this.#retryLater(failed && !this.#wasUp ? null : why, retryAfterMs);
    return failed ? this.#doubtTransport(why) : undefined;
  }

  /** @param {string | null} why null while the server may still be reachable over another transport
   * @param {number} [afterMs] the least delay */
  #retryLater(why, afterMs = 0) {
    if (this.#unwelcome >= HANDSHAKES_BEFORE_NEW_TOKEN && this.#tokens.renewable !== false) {
      this.#unwelcome = 0;
      // Plain HTTP names a refused token.
      if (this.#newToken === 'no' && this.transport === 'websocket') this.#newToken = 'suspected';
    }
    this.#again(afterMs + fullJitter(this.#attempt++, this.#env.random), why);
  }

  /**
   * Finds out whether the server is down or the transport is blocked.
   * @param {string} why the last handshake failed
   */
  async #doubtTransport(why) {
    const isEarly = this.transport === 'websocket' && this.#failures < HANDSHAKES_BEFORE_DOUBT;
    if (isEarly && this.#wasUp) return;
    const turn = this.#turn;
    const { transport } = this;
    const answers = await isAnswering(this.#shared);
    const isHopeless = !answers || transport !== 'websocket';
    if (isHopeless && !this.#wasUp && this.#phase !== 'stopped') this.#listener.down(why);
    if (isEarly) return;
    const fallback = this.#fallback ?? (answers ? await this.#loadFallback() : null);
    // A handshake has begun meanwhile: its own end decides.
    if (!fallback || turn !== this.#turn || this.#phase !== 'waiting') return;
    this.#fallback = fallback;
    const verdict = fallback.judge(this.#failures, answers);
    if (verdict === 'stepped-down') this.#failures = this.#attempt = 0;
    if (verdict !== 'wait') this.#wait(0);
  }

  /**
   * Loads the other transports. Returns null if that fails; the next failed handshake tries again.
   */
  async #loadFallback() {
    const loaded = await import('./fallback.js').catch(() => null);
    if (!loaded) return null;
    return new loaded.Fallback(this.#shared, (link, welcome) => this.#adopt(link, welcome));
  }

  /**
   * Replaces the current link by one over a better transport, which has its `welcome`. It resumes
   * from the rooms' cursors.
   * @param {import('../types.js').Link} link
   * @param {any} welcome
   * @returns {import('../types.js').LinkEvents}
   */
  #adopt(link, welcome) {
    this.#drop(1000);
    this.#link = link;
    link.rest(this.#resting);
    const ear = this.#ear(this.#turn);
    ear.frame(welcome);
    return ear;
  }

  /** Reconnects at once after the first loss, and with backoff after the next ones. */
  #promptly() {
    const before = this.#attempt++;
    return before === 0 ? 0 : fullJitter(before - 1, this.#env.random);
  }

  /** @param {number} ms @param {string | null} why null leaves the state as it is */
  #again(ms, why) {
    this.#slotAt = null;
    this.#wait(ms);
    if (why !== null) this.#listener.down(why);
  }

  /** @param {number} ms */
  #wait(ms) {
    this.#phase = 'waiting';
    this.#clearTimers();
    this.#timer('reconnect', ms, () => this.#connect());
  }

  /** @param {string} reason */
  #stop(reason) {
    if (this.#phase === 'stopped') return;
    this.#drop(1000);
    this.#clearTimers();
    this.#phase = 'stopped';
    this.#listener.stopped(reason);
  }

  /** @param {number} code */
  #drop(code) {
    this.#turn += 1;
    this.#fallback?.rest();
    this.#link?.close(code);
    this.#link = null;
    this.#doubted = false;
    this.#asked = false;
  }

  /** @param {string} name @param {number} ms @param {() => void} task */
  #timer(name, ms, task) {
    this.#env.clearTimeout(this.#timers.get(name));
    this.#timers.set(name, this.#env.setTimeout(task, ms));
  }

  #clearTimers() {
    for (const handle of this.#timers.values()) this.#env.clearTimeout(handle);
    this.#timers.clear();
  }
}
