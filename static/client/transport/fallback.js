import { followPoll } from './follow_poll.js';
import { followStream } from './follow_stream.js';
import { openHttp } from './http_link.js';
import { openSocket } from './socket_link.js';

/**
 * Best first.
 * @type {readonly {name: import('../types.js').Transport, open: import('../types.js').Opener}[]}
 */
const RUNGS = Object.freeze([
  { name: 'websocket', open: openSocket },
  { name: 'stream', open: openHttp(followStream) },
  { name: 'poll', open: openHttp(followPoll) },
]);

/** After this many failures with another transport, all are tried again, best first. */
const FAILURES_BEFORE_RESTART = 5;
/** The first delay before a better transport is probed, in ms. It doubles with each probe. */
export const PROBE_BASE_MS = 5_000;
/** The longest delay between two probes, in ms. */
export const PROBE_CAP_MS = 60_000;
/** The deadline for the `welcome` of a better transport, in ms. */
const PROBE_DEADLINE_MS = 10_000;
/** The longest delay of the probe after the network has come back, since it may be another one. In ms. */
const SOON_MS = 1_000;

/**
 * Chooses among the transports: goes one rung down where one is blocked, and up again as soon as a
 * better one gets through.
 */
export class Fallback {
  #shared; #adopt;
  #rung = 0;
  /** False until the current rung has carried a link. */ #proven = true;
  /** Whether the server answered plain HTTP just before the last handshake. */ #answered = false;
  #probes = 0;
  /**
   * When the next probe is due, on the monotonic clock. Losing links meanwhile must not postpone
   * it.
   * @type {number | null}
   */
  #dueAt = null;
  /** Counts probes, to recognize events of an older one. */ #turn = 0;
  /** @type {any} */ #timer = null;
  /** @type {import('../types.js').Link | null} */ #candidate = null;

  /**
   * @param {import('../types.js').Shared} shared
   * @param {(link: import('../types.js').Link, welcome: any) => import('../types.js').LinkEvents} adopt
   *   takes over a better link that was welcomed, and returns its listener
   */
  constructor(shared, adopt) {
    this.#shared = shared;
    this.#adopt = adopt;
  }

  get transport() {
    return RUNGS[this.#rung].name;
  }

  get opener() {
    return RUNGS[this.#rung].open;
  }

  /**
   * Begins with a transport that got through before a reload.
   * @param {import('../types.js').Transport} name
   */
  beginWith(name) {
    this.#rung = RUNGS.findIndex((rung) => rung.name === name);
    this.#proven = false;
  }

  /**
   * Decides whether the transport is at fault, or the server. It is the transport if the server
   * answers plain HTTP both before and after a failed handshake. Failures alone prove nothing: an
   * outage must not make a thousand phones poll.
   *
   * @param {number} failures handshakes in a row without a `welcome`
   * @param {boolean} answers whether the server has just answered plain HTTP
   * @returns {'wait' | 'try-again' | 'stepped-down'} whether the next handshake waits for its
   *   backoff, or begins now
   */
  judge(failures, answers) {
    const before = this.#answered;
    this.#answered = answers;
    if (this.#rung > 0 && failures >= FAILURES_BEFORE_RESTART) this.#startOver();
    else if (!answers || this.#rung === RUNGS.length - 1) return 'wait';
    else if (before) return this.#stepDown();
    return answers ? 'try-again' : 'wait';
  }

  #stepDown() {
    this.#answered = false;
    this.#rung = Math.min(this.#rung + 1, RUNGS.length - 1);
    this.#proven = false;
    this.#probes = 0;
    this.#dueAt = null;
    return /** @type {const} */ ('stepped-down');
  }

  #startOver() {
    this.#rung = 0;
    this.#proven = true;
  }

  /**
   * Handles a refusal by the server itself over a rung that is not proven: the server is
   * overloaded, and no transport is at fault.
   */
  refused() {
    if (!this.#proven) this.#startOver();
  }

  welcomed() {
    this.#proven = true;
    this.#answered = false;
    if (this.#rung === 0) return;
    this.#probeIn(this.#dueAt === null ? this.#pause() : this.#dueAt - this.#shared.env.now());
  }

  /** Pauses the probes while no link is up. */
  rest() {
    this.#turn += 1;
    this.#shared.env.clearTimeout(this.#timer);
    this.#candidate?.close(1000);
    this.#candidate = null;
  }

  probeSoon() {
    if (this.#rung === 0 || this.#candidate) return;
    this.#probes = 0;
    this.#probeIn(this.#shared.env.random() * SOON_MS);
  }

  /** Returns the delay before the next probe. Half of it is jitter, which spreads many phones. */
  #pause() {
    const ceiling = Math.min(PROBE_CAP_MS, PROBE_BASE_MS * 2 ** Math.min(this.#probes++, 10));
    return ceiling * (1 + this.#shared.env.random()) / 2;
  }

  /** @param {number} ms */
  #probeIn(ms) {
    this.rest();
    const { now, setTimeout } = this.#shared.env;
    this.#dueAt = now() + ms;
    this.#timer = setTimeout(() => this.#probe(0), ms);
  }

  /** Probes a rung, then those between it and the current one. @param {number} rung */
  async #probe(rung) {
    if (rung >= this.#rung) return this.#probeIn(this.#pause());
    this.#dueAt = null;
    const turn = ++this.#turn;
    const token = await this.#shared.tokens.get().catch(() => null);
    if (turn !== this.#turn) return undefined;
    return token === null ? this.#probeIn(this.#pause()) : this.#try(rung, token);
  }

  /** @param {number} rung @param {string} token */
  #try(rung, token) {
    const turn = this.#turn;
    const next = () => {
      if (turn !== this.#turn) return;
      this.rest();
      this.#probe(rung + 1);
    };
    /** @type {import('../types.js').LinkEvents | null} */
    let ear = null;
    const frame = (/** @type {any} */ frame) => {
      if (ear) ear.frame(frame);
      else if (turn === this.#turn && frame.type === 'welcome') ear = this.#take(rung, frame);
    };
    /** @param {import('../types.js').End} end */
    const closed = (end) => (ear ? ear.closed(end) : next());
    this.#timer = this.#shared.env.setTimeout(next, PROBE_DEADLINE_MS);
    const on = { frame, closed };
    this.#candidate = RUNGS[rung].open({ ...this.#shared, token, resting: false, trial: true, on });
  }

  /** @param {number} rung @param {any} welcome */
  #take(rung, welcome) {
    const link = /** @type {import('../types.js').Link} */ (this.#candidate);
    this.#candidate = null;
    this.#rung = rung;
    this.#probes = 0;
    const ear = this.#adopt(link, welcome);
    link.keep();
    return ear;
  }
}
