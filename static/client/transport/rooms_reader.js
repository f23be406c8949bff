import { problem } from '../api.js';
import { OrderbellError } from '../codes.js';
import { tagOf, tagged, untagged } from '../cursor.js';

/** The deadline for the beginning of an answer, beyond the wait that was asked for, in ms. */
const OPENING_DEADLINE_MS = 8_000;
/** Frames that move the cursor of a room. */
const MOVING = new Set(['snapshot', 'event', 'sync', 'live']);

/**
 * Follows rooms by one request after another, until the reader is over.
 * @typedef {(reader: RoomsReader) => Promise<void>} Follow
 */

/**
 * A room and its cursor; `fresh` until the first frame of a request.
 * @typedef {import('../types.js').Subscription & {fresh: boolean}} Cursor
 */

/**
 * @typedef {object} Hooks
 * @property {string} origin
 * @property {import('../types.js').Environment} env
 * @property {() => string} token
 * @property {() => boolean} resting
 * @property {() => number} pace ms between two polls where no request is held
 * @property {(welcome: {epoch?: string, server_time?: string}) => void} welcome
 * @property {(frame: any) => void} frame of one of these rooms, or a sign of life
 * @property {(reader: RoomsReader, error: Error) => void} failed called once, and not after `stop`;
 *   an `OrderbellError` is a refusal of the server itself
 */

/**
 * Reads rooms over plain HTTP, by one request for all of them. Begins at their cursors, and moves
 * these with the frames.
 */
export class RoomsReader {
  #hooks; #request = new AbortController();
  /** @type {any} */ #timer = null;
  /** Ends a pause. @type {(() => void) | null} */ #resume = null;
  /** Whether there are events that the current request may have missed. */ #again = false;

  /**
   * @param {Cursor[]} cursors
   * @param {boolean} held whether requests may be held open
   * @param {Hooks} hooks
   */
  constructor(cursors, held, hooks) {
    this.#hooks = hooks;
    this.cursors = new Map(cursors.map((cursor) => [cursor.room, cursor]));
    this.held = held;
    /**
     * Whether no frame will follow: the reader was stopped, or the server has refused all of its
     * rooms.
     */
    this.over = false;
    /** Whether a frame has arrived. */
    this.heard = false;
  }

  /** Whether a room still waits for its first frame. */
  get fresh() {
    return [...this.cursors.values()].some(({ fresh }) => fresh);
  }

  get resting() {
    return this.#hooks.resting();
  }

  /** Returns the ms until the next poll. */
  get pace() {
    return this.#hooks.pace();
  }

  now() {
    return this.#hooks.env.now();
  }

  stop() {
    this.over = true;
    this.#hooks.env.clearTimeout(this.#timer);
    this.#request.abort();
  }

  /** @param {Follow} follow */
  async run(follow) {
    try {
      await follow(this);
      this.stop();
    } catch (error) {
      if (this.over) return;
      this.stop();
      this.#hooks.failed(this, /** @type {Error} */ (error));
    }
  }

  /**
   * @param {'stream' | 'events'} how @param {{accept: string, wait?: number}} options wait: seconds
   * @returns {Promise<Response>} with a status of success
   * @throws {OrderbellError} the refusal of the server itself, or another error
   */
  async ask(how, { accept, wait = 0 }) {
    const { origin, env, token } = this.#hooks;
    this.#again = false;
    this.#request = new AbortController();
    this.expectWithin(OPENING_DEADLINE_MS + wait * 1000);
    const response = await env.fetch(this.#url(origin, how, wait), {
      // A server that knows no parts ignores the header.
      headers: { accept, authorization: `Bearer ${token()}`, 'orderbell-snapshot': 'paged' },
      cache: 'no-store',
      signal: this.#request.signal,
    });
    if (response.ok) return response;
    // A proxy may refuse as well, without a problem body.
    const isOwn = response.headers.get('content-type')?.includes('problem+json');
    throw isOwn ? await problem(response) : new Error(`status ${response.status}`);
  }

  /** @param {string} origin @param {'stream' | 'events'} how @param {number} wait @returns {URL} */
  #url(origin, how, wait) {
    const cursors = [...this.cursors.values()];
    const rooms = encodeURIComponent(cursors.map(({ room }) => room).join());
    const url = new URL(`/api/v1/rooms/${rooms}/${how}`, origin);
    const [epoch, other] = new Set(cursors.filter(({ since }) => since !== undefined).map((cursor) => cursor.epoch));
    if (epoch) {
      url.searchParams.set('since', cursors.map(({ since }) => since).join());
      // An older server takes only one epoch, for all cursors.
      url.searchParams.set('epoch', other ? cursors.map((cursor) => cursor.epoch).join() : epoch);
    }
    if (how === 'events') url.searchParams.set('wait', String(wait));
    return url;
  }

  /**
   * Reads the JSON of an answer. The deadline starts again with each piece, since a large snapshot
   * takes a while.
   * @param {Response} response
   * @returns {Promise<any>}
   */
  async json(response) {
    if (!response.body) return response.json();
    const chunks = response.body.getReader();
    const decoder = new TextDecoder();
    const texts = [];
    for (;;) {
      this.expectWithin(OPENING_DEADLINE_MS);
      const { done, value } = await chunks.read();
      texts.push(decoder.decode(value, { stream: !done }));
      if (done) return JSON.parse(texts.join(''));
    }
  }

  /** Aborts the request unless something arrives within this. @param {number} ms */
  expectWithin(ms) {
    this.#after(ms, () => this.#request.abort());
  }

  /** @param {number} ms @returns {Promise<void>} never settles if the reader is stopped before */
  async pause(ms) {
    if (this.#again) return;
    await new Promise((resolve) => {
      this.#resume = () => resolve(undefined);
      this.#after(ms, this.#resume);
    });
    this.#resume = null;
  }

  /** Polls now, without waiting for the end of the pause. */
  hurry() {
    this.#again = true;
    this.#resume?.();
  }

  /** @param {number} ms @param {() => void} task */
  #after(ms, task) {
    this.#hooks.env.clearTimeout(this.#timer);
    this.#timer = this.#hooks.env.setTimeout(task, ms);
  }

  /** @param {any} frame */
  take(frame) {
    if (this.over) return;
    this.heard = true;
    if (frame.type === 'welcome') {
      for (const cursor of this.cursors.values()) {
        if (untagged(cursor.epoch ?? '') === frame.epoch) continue;
        Object.assign(cursor, { since: undefined, epoch: frame.epoch });
      }
      this.#hooks.welcome(frame);
      return;
    }
    if (frame.type === 'error') this.#complain(frame);
    else if (MOVING.has(frame.type) && !frame.more) this.#move(frame);
    this.#hooks.frame(frame);
  }

  /**
   * Moves a cursor. Events may be repeated, so only a snapshot moves it back.
   * @param {any} frame
   */
  #move(frame) {
    const { type, room, position } = frame;
    const cursor = this.cursors.get(room);
    if (!cursor) return;
    if (type === 'snapshot' || position >= (cursor.since ?? 0)) {
      cursor.since = position;
      cursor.epoch = tagged(untagged(cursor.epoch ?? ''), tagOf(frame));
    }
    cursor.fresh = false;
  }

  /** Ends the room of an error, or the reader when none is left. @param {any} frame */
  #complain(frame) {
    if (frame.code === 'unauthorized') throw new OrderbellError(frame);
    this.cursors.delete(frame.room);
    if (!frame.room || this.cursors.size === 0) this.stop();
  }
}
