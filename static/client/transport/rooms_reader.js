import { problem } from '../api.js';
import { OrderbellError } from '../codes.js';

/** An answer must begin within this, beyond what it was asked to wait. */
const OPENING_DEADLINE_MS = 8_000;
/** Frames that say how far a room has come. */
const MOVING = new Set(['snapshot', 'event', 'sync', 'live']);

/** How rooms are followed, by one request after another, until the reader is over. @typedef {(reader: RoomsReader) => Promise<void>} Follow */

/** A room, and how far it was read. `fresh` until the first frame of a request. @typedef {import('../types.js').Wish & {fresh: boolean}} Cursor */

/**
 * @typedef {object} Ways
 * @property {string} origin
 * @property {import('../types.js').Surroundings} around
 * @property {() => string} token
 * @property {() => boolean} resting
 * @property {() => number} pace ms between two looks where no request is held
 * @property {(welcome: {epoch?: string, server_time?: string}) => void} welcome
 * @property {(frame: any) => void} frame one of these rooms, or a sign of life
 * @property {(reader: RoomsReader, error: Error) => void} failed once, and not after `stop`: an `OrderbellError` is the
 *   server's own refusal
 */

/** Rooms over plain HTTP, by one request for all of them: asks from their cursors, and moves those with what comes. */
export class RoomsReader {
  #ways; #request = new AbortController();
  /** @type {any} */ #timer = null;
  /** Ends a pause. @type {(() => void) | null} */ #goOn = null;
  /** There is something to look for that the request under way may have missed. */ #again = false;

  /** @param {Cursor[]} cursors @param {boolean} held whether requests may be held open @param {Ways} ways */
  constructor(cursors, held, ways) {
    this.#ways = ways;
    this.cursors = new Map(cursors.map((cursor) => [cursor.room, cursor]));
    this.held = held;
    /** True when nothing more will come: stopped, or ended by the server with a word about its rooms. */
    this.over = false;
    /** Whether anything has come. */
    this.heard = false;
  }

  /** True until each room had its first frame. */
  get fresh() {
    return [...this.cursors.values()].some(({ fresh }) => fresh);
  }

  get resting() {
    return this.#ways.resting();
  }

  /** Ms to the next look. */
  get pace() {
    return this.#ways.pace();
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
      this.#ways.failed(this, /** @type {Error} */ (error));
    }
  }

  /**
   * @param {'stream' | 'events'} how @param {{accept: string, wait?: number}} options wait: seconds
   * @returns {Promise<Response>} a good one
   */
  async ask(how, { accept, wait = 0 }) {
    const { origin, around, token } = this.#ways;
    this.#again = false;
    this.#request = new AbortController();
    this.expectWithin(OPENING_DEADLINE_MS + wait * 1000);
    const response = await around.fetch(this.#url(origin, how, wait), {
      // A server that knows no parts does not look at the header.
      headers: { accept, authorization: `Bearer ${token()}`, 'orderbell-snapshot': 'paged' }, cache: 'no-store', signal: this.#request.signal,
    });
    if (response.ok) return response;
    // What stands between may refuse as well, and does so in its own words.
    const isOwn = response.headers.get('content-type')?.includes('problem+json');
    throw isOwn ? await problem(response) : new Error(`status ${response.status}`);
  }

  /** @param {string} origin @param {'stream' | 'events'} how @param {number} wait @returns {URL} */
  #url(origin, how, wait) {
    const cursors = [...this.cursors.values()];
    const url = new URL(`/api/v1/rooms/${encodeURIComponent(cursors.map(({ room }) => room).join())}/${how}`, origin);
    // Positions of another epoch than the others' mean nothing beside them.
    const epoch = cursors.find((cursor) => cursor.since !== undefined)?.epoch;
    const since = cursors.map((cursor) => (cursor.epoch === epoch ? cursor.since ?? '' : ''));
    if (since.some((position) => position !== '')) url.searchParams.set('since', since.join());
    if (url.searchParams.has('since') && epoch) url.searchParams.set('epoch', epoch);
    if (how === 'events') url.searchParams.set('wait', String(wait));
    return url;
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
  async pause(ms) {
    if (this.#again) return;
    await new Promise((resolve) => {
      this.#goOn = () => resolve(undefined);
      this.#after(ms, this.#goOn);
    });
    this.#goOn = null;
  }

  /** Looks now, and not when the pause is over. */
  hurry() {
    this.#again = true;
    this.#goOn?.();
  }

  /** @param {number} ms @param {() => void} task */
  #after(ms, task) {
    this.#ways.around.clearTimeout(this.#timer);
    this.#timer = this.#ways.around.setTimeout(task, ms);
  }

  /** @param {any} frame */
  take(frame) {
    if (this.over) return;
    this.heard = true;
    if (frame.type === 'welcome') {
      for (const cursor of this.cursors.values()) {
        if (cursor.epoch !== frame.epoch) Object.assign(cursor, { since: undefined, epoch: frame.epoch });
      }
      this.#ways.welcome(frame);
      return;
    }
    if (frame.type === 'error') this.#complain(frame);
    else if (MOVING.has(frame.type) && !frame.more) this.#move(frame);
    this.#ways.frame(frame);
  }

  /** What was read already may come again: a cursor goes back with a snapshot alone. @param {any} frame */
  #move({ type, room, position }) {
    const cursor = this.cursors.get(room);
    if (!cursor) return;
    cursor.since = type === 'snapshot' ? position : Math.max(cursor.since ?? 0, position);
    cursor.fresh = false;
  }

  /** An error about one of several rooms is the end of that one. @param {any} frame */
  #complain(frame) {
    if (frame.code === 'unauthorized') throw new OrderbellError(frame);
    this.cursors.delete(frame.room);
    if (!frame.room || this.cursors.size === 0) this.stop();
  }
}
