import { followPoll } from './follow_poll.js';
import { followStream } from './follow_stream.js';
import { openHttp } from './http_link.js';
import { openSocket } from './socket_link.js';

/** Best first. @type {readonly {name: import('../types.js').Transport, open: import('../types.js').Opener}[]} */
const RUNGS = Object.freeze([
  { name: 'websocket', open: openSocket },
  { name: 'stream', open: openHttp(followStream) },
  { name: 'poll', open: openHttp(followPoll) },
]);

/** After this many failures with another transport everything is tried anew, from the top. */
const FAILURES_BEFORE_ANEW = 5;
/** Whether a better transport gets through is tried this long after falling back, then ever later, in ms. */
export const PROBE_BASE_MS = 5_000;
/** And at least this often. */
export const PROBE_CAP_MS = 60_000;
/** A better transport must be welcomed within this. */
const PROBE_DEADLINE_MS = 10_000;
/** When the network came back it may be another one: tried within this. */
const SOON_MS = 1_000;

/** The transports below WebSocket: one rung down where one is blocked, and up again as soon as a better one gets through. */
export class Fallback {
  #shared; #adopt;
  #rung = 0;
  /** False until the present rung has carried a link. */ #proven = true;
  /** Whether the server answered plain HTTP just before the last handshake. */ #answered = false;
  #probes = 0;
  /** When the next probe is due, on the monotonic clock: a link that is lost in between must not put it off for ever.
   * @type {number | null} */
  #dueAt = null;
  /** Counts probes, so that what an older one tells is known as such. */ #turn = 0;
  /** @type {any} */ #timer = null;
  /** @type {import('../types.js').Link | null} */ #candidate = null;

  /**
   * @param {import('../types.js').Shared} shared
   * @param {(link: import('../types.js').Link, welcome: any) => import('../types.js').Ear} adopt hands over a better link
   *   that was welcomed, and gets who listens to it from then on
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

  /** Begins with a transport that got through before a reload. @param {import('../types.js').Transport} name */
  beginWith(name) {
    this.#rung = RUNGS.findIndex((rung) => rung.name === name);
    this.#proven = false;
  }

  /**
   * Whether it is the transport that fails, and not the server: when that answers plain HTTP both before and after a
   * handshake that fails. Failures alone prove nothing: an outage must not bring a thousand phones down to polling.
   *
   * @param {number} failures handshakes in a row without a `welcome` @param {boolean} answers the server, just now
   * @returns {'wait' | 'try-again' | 'stepped-down'} the latter two: at once
   */
  judge(failures, answers) {
    const before = this.#answered;
    this.#answered = answers;
    if (this.#rung > 0 && failures >= FAILURES_BEFORE_ANEW) this.#startOver();
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

  /** Said by the server over a rung that never held: it refuses everybody now, and the fault was not the transport's. */
  refused() {
    if (!this.#proven) this.#startOver();
  }

  welcomed() {
    this.#proven = true;
    this.#answered = false;
    if (this.#rung > 0) this.#probeIn(this.#dueAt === null ? this.#pause() : this.#dueAt - this.#shared.around.now());
  }

  /** No link is up: the search for a better one rests until the next. */
  rest() {
    this.#turn += 1;
    this.#shared.around.clearTimeout(this.#timer);
    this.#candidate?.close(1000);
    this.#candidate = null;
  }

  probeSoon() {
    if (this.#rung === 0 || this.#candidate) return;
    this.#probes = 0;
    this.#probeIn(this.#shared.around.random() * SOON_MS);
  }

  /** Half fixed, half jitter: soon enough for one, and spread for many. */
  #pause() {
    const ceiling = Math.min(PROBE_CAP_MS, PROBE_BASE_MS * 2 ** Math.min(this.#probes++, 10));
    return ceiling * (1 + this.#shared.around.random()) / 2;
  }

  /** @param {number} ms */
  #probeIn(ms) {
    this.rest();
    const { now, setTimeout } = this.#shared.around;
    this.#dueAt = now() + ms;
    this.#timer = setTimeout(() => this.#probe(0), ms);
  }

  /** @param {number} rung tried now; then those between it and the present one */
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
    /** @type {import('../types.js').Ear | null} */
    let ear = null;
    const frame = (/** @type {any} */ frame) => {
      if (ear) ear.frame(frame);
      else if (turn === this.#turn && frame.type === 'welcome') ear = this.#take(rung, frame);
    };
    const closed = (/** @type {import('../types.js').End} */ end) => (ear ? ear.closed(end) : next());
    this.#timer = this.#shared.around.setTimeout(next, PROBE_DEADLINE_MS);
    this.#candidate = RUNGS[rung].open({ ...this.#shared, token, resting: false, trial: true, on: { frame, closed } });
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
