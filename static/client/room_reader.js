import { problem } from './api.js';
import { OrderbellError } from './codes.js';

/** An answer must begin within this, beyond what it was asked to wait. */
const OPENING_DEADLINE_MS = 8_000;
/** Frames that say how far a room has come. */
const MOVING = new Set(['snapshot', 'event', 'sync', 'live']);

/** @typedef {import('./types.js').Wish} Wish */

/** How a room is followed, by one request after another, until the reader is over. @typedef {(reader: RoomReader) => Promise<void>} Follow */

/**
 * @typedef {object} Ways
 * @property {string} origin
 * @property {import('./types.js').Surroundings} around
 * @property {() => string} token
 * @property {() => boolean} resting
 * @property {(welcome: {epoch?: string, server_time?: string}) => void} welcome
 * @property {(frame: any) => void} frame one of this room, or a sign of life
 * @property {(error: Error) => void} failed once, and not after `stop`: an `OrderbellError` is the server's own refusal
 */

/** One room over plain HTTP: asks from its cursor, and moves that with what comes. */
export class RoomReader {
  #ways; #request = new AbortController();
  /** @type {any} */ #timer = null;

  /** @param {Wish} wish @param {boolean} held whether requests may be held open @param {Ways} ways */
  constructor({ room, since, epoch }, held, ways) {
    this.#ways = ways;
    this.room = room;
    this.since = since;
    this.epoch = epoch;
    this.held = held;
    /** True until the room's first frame. */
    this.fresh = true;
    /** True when nothing more will come: stopped, or ended by the server with a word about this room. */
    this.over = false;
  }

  /** To begin again from here. @returns {Wish} */
  get wish() {
    return { room: this.room, since: this.since, epoch: this.epoch };
  }

  get resting() {
    return this.#ways.resting();
  }

  now() {
    return this.#ways.around.now();
  }

  stop() {
    this.over = true;
    this.#ways.around.clearTimeout(this.#timer);
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
      this.#ways.failed(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {'stream' | 'events'} how @param {{accept: string, wait?: number}} options wait: seconds
   * @returns {Promise<Response>} a good one
   */
  async ask(how, { accept, wait = 0 }) {
    const { origin, around, token } = this.#ways;
    const url = new URL(`/api/v1/rooms/${encodeURIComponent(this.room)}/${how}`, origin);
    const query = { since: this.since, epoch: this.since === undefined ? null : this.epoch, wait: how === 'events' ? wait : null };
    for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
    this.#request = new AbortController();
    this.expectWithin(OPENING_DEADLINE_MS + wait * 1000);
    const response = await around.fetch(url, {
      // A server that knows no parts does not look at the header.
      headers: { accept, authorization: `Bearer ${token()}`, 'orderbell-snapshot': 'paged' }, cache: 'no-store', signal: this.#request.signal,
    });
    if (response.ok) return response;
    // What stands between may refuse as well, and does so in its own words.
    const isOwn = response.headers.get('content-type')?.includes('problem+json');
    throw isOwn ? await problem(response) : new Error(`status ${response.status}`);
  }

  /**
   * The JSON of an answer, however long it takes as long as it comes. A large snapshot takes its time.
   * @param {Response} response @returns {Promise<any>}
   */
  async json(response) {
    if (!response.body) return response.json();
    const [chunks, decoder, texts] = [response.body.getReader(), new TextDecoder(), /** @type {string[]} */ ([])];
    for (;;) {
      this.expectWithin(OPENING_DEADLINE_MS);
      const { done, value } = await chunks.read();
      texts.push(decoder.decode(value, { stream: !done }));
      if (done) return JSON.parse(texts.join(''));
    }
  }

  /** Something must come within this, or the request is given up. @param {number} ms */
  expectWithin(ms) {
    this.#after(ms, () => this.#request.abort());
  }

  /** @param {number} ms @returns {Promise<void>} never settles when the reader is stopped meanwhile */
  pause(ms) {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  /** @param {number} ms @param {() => void} task */
  #after(ms, task) {
    this.#ways.around.clearTimeout(this.#timer);
    this.#timer = this.#ways.around.setTimeout(task, ms);
  }

  /** @param {any} frame */
  take(frame) {
    if (this.over) return;
    if (frame.type === 'welcome') {
      this.epoch = frame.epoch;
      this.#ways.welcome(frame);
      return;
    }
    if (frame.type === 'error' && frame.code === 'unauthorized') throw new OrderbellError(frame);
    if (frame.type === 'error') this.stop();
    if (MOVING.has(frame.type) && !frame.more) {
      this.since = frame.position;
      this.fresh = false;
    }
    this.#ways.frame(frame);
  }
}
