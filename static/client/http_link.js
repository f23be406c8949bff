import { Api, isAnswering } from './api.js';
import { OrderbellError, errorRule } from './codes.js';
import { HttpCommands } from './http_commands.js';
import { HttpReceipts } from './http_receipts.js';
import { newId } from './ids.js';
import { followPoll } from './follow_poll.js';
import { RoomReader } from './room_reader.js';
import { tokenClaims } from './tokens.js';

/** Requests that are held open at once: a browser makes six to one HTTP/1.1 server, and commands need the others. */
export const HELD_REQUESTS = 3;
/** What the server beats at, where it did not say; a poll ends before it. */
const HEARTBEAT_MS = 25_000;

/** @param {import('./room_reader.js').Follow} follow @returns {import('./types.js').Opener} */
export function openHttp(follow) {
  return (parts) => new HttpLink(parts, follow);
}

/** @typedef {import('./types.js').Link} Link */

/**
 * A link over plain HTTP: a request for each room, held open as long as there are few, and one for each command and each
 * receipt. It behaves as a WebSocket does: `welcome` first, frames of a room in order, one end.
 *
 * @implements {Link}
 */
export class HttpLink {
  #parts; #follow; #on; #token; #commands; #receipts;
  /** @type {Map<string, RoomReader>} */ #readers = new Map();
  /** The epoch of what was told so far; null before the first `welcome`. @type {string | null} */ #epoch = null;
  /** Of the pages of whoever answered last. @type {string | undefined} */ #version;
  #resting; #leaving = false; #closed = false;

  /** @param {import('./types.js').LinkParts} parts @param {import('./room_reader.js').Follow} follow */
  constructor(parts, follow) {
    this.#parts = parts;
    this.#follow = follow;
    this.#on = parts.on;
    this.#token = parts.token;
    this.#resting = parts.resting;
    const token = async () => this.#token;
    // A refused token ends the link, which knows what comes then; it is not renewed behind its back.
    const api = new Api({ url: parts.origin, tokens: { renewable: false, get: token, refresh: token }, fetch: parts.around.fetch });
    this.#commands = new HttpCommands({ api, slug: parts.slug, answered: (frame) => this.#tell(frame), failed: (end) => this.#end(end) });
    this.#receipts = new HttpReceipts({ api, around: parts.around });
    for (const wish of parts.wishes()) this.#read(wish);
    if (this.#readers.size === 0) this.#greet();
  }

  /** @param {any} frame */
  send(frame) {
    if (this.#closed) return false;
    if (frame.type === 'subscribe') this.#subscribe(frame);
    else if (frame.type === 'unsubscribe') this.#leave(frame.room);
    else if (frame.type === 'command' || frame.type === 'place') this.#commands.send(frame);
    else if (frame.type === 'seen') this.#receipts.give(frame);
    else if (frame.type === 'ping') this.#ping();
    else if (frame.type === 'refresh') this.#refresh(frame.token);
    return true;
  }

  /** A request that slept may be dead, and nothing tells: each is made anew, from its cursor. */
  wake() {
    for (const reader of [...this.#readers.values()]) this.#read(reader.wish);
    if (this.#readers.size === 0) this.#ping();
  }

  /** @param {boolean} resting */
  rest(resting) {
    this.#resting = resting;
  }

  close() {
    this.#closed = true;
    this.#receipts.close();
    for (const reader of this.#readers.values()) reader.stop();
    this.#readers.clear();
  }

  /** @param {import('./types.js').Wish} wish */
  #subscribe(wish) {
    // Opened with the link, and still on its first answer: asking twice would only cost.
    if (this.#readers.get(wish.room)?.fresh === true) return;
    this.#read(wish);
  }

  /** @param {import('./types.js').Wish} wish */
  #read(wish) {
    this.#leave(wish.room);
    const held = [...this.#readers.values()].filter((reader) => reader.held).length < HELD_REQUESTS;
    const reader = new RoomReader(wish, held, {
      origin: this.#parts.origin,
      around: this.#parts.around,
      token: () => this.#token,
      resting: () => this.#resting,
      welcome: (welcome) => this.#welcome(welcome),
      frame: (frame) => this.#tell(frame),
      failed: (error) => this.#failed(wish.room, error),
    });
    this.#readers.set(wish.room, reader);
    reader.run(held ? this.#follow : followPoll);
  }

  /** @param {string} room */
  #leave(room) {
    this.#readers.get(room)?.stop();
    this.#readers.delete(room);
  }

  /** Nothing to follow: that the server answers is all there is to know. */
  async #greet() {
    if (await isAnswering(this.#parts)) this.#welcome({});
    else this.#end({ code: 1006, reason: 'no answer' });
  }

  async #ping() {
    if (await isAnswering(this.#parts)) this.#tell({ type: 'pong' });
  }

  /** @param {string} token */
  #refresh(token) {
    this.#token = token;
    // A stream ends with the token it began with.
    for (const reader of [...this.#readers.values()]) this.#read(reader.wish);
  }

  /**
   * Every room's request begins with one. The first is the link's; another epoch is another database, and the end.
   * @param {{epoch?: string, server_time?: string, version?: string}} welcome a stream's, or what a poll tells
   */
  #welcome(welcome) {
    if (this.#closed) return;
    const epoch = welcome.epoch ?? '';
    if (this.#epoch === epoch) return this.#again(welcome);
    if (this.#epoch) return this.#end({ code: 4409, reason: 'another epoch' });
    [this.#epoch, this.#version] = [epoch, welcome.version];
    const { role, restaurant, exp } = tokenClaims(this.#token);
    const expires_at = typeof exp === 'number' ? new Date(exp * 1000).toISOString() : undefined;
    const limits = { heartbeat_ms: HEARTBEAT_MS };
    this.#on.frame({ type: 'welcome', connection: newId(), role, restaurant, expires_at, limits, ...welcome, epoch });
  }

  /** A sign of life, with the version when it is another: requests may be answered by another node each time.
   * @param {{server_time?: string, version?: string}} welcome */
  #again({ server_time, version }) {
    const other = version === this.#version ? undefined : version;
    this.#version = version;
    this.#tell({ type: 'pong', server_time, version: other });
  }

  /** @param {any} frame */
  #tell(frame) {
    if (this.#closed) return;
    if (frame.type === 'going_away') this.#leaving = true;
    this.#on.frame(frame);
  }

  /** @param {string} room @param {Error} error */
  #failed(room, error) {
    if (!(error instanceof OrderbellError)) return this.#end({ code: this.#leaving ? 1012 : 1006, reason: error.message });
    const { code, message, retryAfterMs } = error;
    const rule = errorRule(code);
    if (rule === 'token') return this.#end({ code: 4401, reason: message, refused: true });
    // Nobody is let in now; over a WebSocket the handshake would have been refused.
    if (rule === 'later' && this.#epoch === null) return this.#end({ code: 4429, reason: message, retryAfterMs, refused: true });
    // The room alone is refused, as over a WebSocket: after `welcome`.
    this.#leave(room);
    if (this.#epoch === null) this.#welcome({ epoch: this.#believedEpoch() });
    return this.#tell({ type: 'error', room, code, message, retry_after_ms: retryAfterMs });
  }

  /** What the rooms' cursors are of, until the server has said. */
  #believedEpoch() {
    return this.#parts.wishes().find(({ epoch }) => epoch)?.epoch ?? undefined;
  }

  /** @param {import('./types.js').End} end */
  #end(end) {
    if (this.#closed) return;
    this.close();
    this.#on.closed(end);
  }
}
