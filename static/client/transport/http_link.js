import { Api, isAnswering } from '../api.js';
import { OrderbellError, errorRule } from '../codes.js';
import { judge } from '../cursor.js';
import { newId } from '../ids.js';
import { tokenClaims } from '../tokens.js';
import { followPoll } from './follow_poll.js';
import { HttpCommands } from './http_commands.js';
import { HttpReceipts } from './http_receipts.js';
import { RoomsReader } from './rooms_reader.js';
import { Tabs } from './tabs.js';

/** What the server beats at, where it did not say; a poll ends before it. */
const HEARTBEAT_MS = 25_000;
/** Between two looks where no request is held and nobody tells when to look, in ms. */
const LOOK_MS = 3_000;
/** And where another tab tells, which may be stuck. */
const FOLLOW_MS = 10_000;
/** What other tabs have asked for is followed this long after they asked last, in ms. */
const GUEST_MS = 180_000;
/** A command that is unanswered for this long may be waiting for one of the browser's six connections, in ms. */
const STALLED_MS = 3_000;
/** Rooms of one request, well below what a server takes. */
const ROOMS = 32;

/** @param {import('./rooms_reader.js').Follow} follow @returns {import('../types.js').Opener} */
export function openHttp(follow) {
  return (parts) => new HttpLink(parts, follow);
}

/** @typedef {import('../types.js').Link} Link */
/** @typedef {import('./rooms_reader.js').Cursor} Cursor */

/**
 * A link over plain HTTP: one held request for all rooms of a page, and of the other tabs of its session; one request for
 * each command and each receipt. It behaves as a WebSocket does: `welcome` first, frames of a room in order, one end.
 *
 * @implements {Link}
 */
export class HttpLink {
  #parts; #follow; #on; #token; #commands; #receipts;
  /** @type {Map<string, Cursor>} */ #rooms = new Map();
  /** Rooms of other tabs, which this one follows for them, and when they asked last.
   * @type {Map<string, {cursor: Cursor, at: number}>} */
  #guests = new Map();
  /** One for all rooms; of a server that does not know that, one for each. @type {RoomsReader[]} */ #readers = [];
  #isApart = false;
  /** @type {Tabs | null} */ #tabs = null;
  /** Whether this tab follows for all, and whether by held requests; before it is known it asks for nothing. */
  #leads = false; #holds = false; #isDecided = false; #isBegun = false;
  /** Another tab follows all rooms of this one. */ #isCovered = false;
  /** It came to lead while it was welcomed already: what fails then is the way of following. */ #isPromoted = false;
  #isTrial; #isDue = false;
  /** Commands that are unanswered for long. While there are any, a tab that knows of no others holds no request. */ #stalled = 0;
  /** The epoch of what was told so far; null before the first `welcome`. @type {string | null} */ #epoch = null;
  /** Of the pages of whoever answered last. @type {string | undefined} */ #version;
  #resting; #leaving = false; #closed = false;

  /** @param {import('../types.js').LinkParts} parts @param {import('./rooms_reader.js').Follow} follow */
  constructor(parts, follow) {
    this.#parts = parts;
    this.#follow = follow;
    this.#on = parts.on;
    this.#token = parts.token;
    this.#resting = parts.resting;
    this.#isTrial = parts.trial === true;
    const token = async () => this.#token;
    // A refused token ends the link, which knows what comes then; it is not renewed behind its back.
    const api = new Api({ url: parts.origin, tokens: { renewable: false, get: token, refresh: token }, fetch: parts.around.fetch });
    this.#commands = new HttpCommands({ api, slug: parts.slug, answered: (frame) => this.#tell(frame), failed: (end) => this.#end(end) });
    this.#receipts = new HttpReceipts({ api, around: parts.around });
    for (const wish of parts.wishes()) this.#rooms.set(wish.room, { ...wish, fresh: true });
    if (this.#rooms.size === 0) this.#greet();
    else this.#begin();
  }

  /** @param {any} frame */
  send(frame) {
    if (this.#closed) return false;
    if (frame.type === 'subscribe') this.#subscribe(frame);
    else if (frame.type === 'unsubscribe') this.#leave(frame.room);
    else if (frame.type === 'command' || frame.type === 'place') this.#command(frame);
    else if (frame.type === 'seen') this.#receipts.give(frame);
    else if (frame.type === 'ping') this.#ping();
    else if (frame.type === 'refresh') this.#refresh(frame.token);
    return true;
  }

  /**
   * Sends a command. Tabs that know nothing of each other may hold all connections of the browser. A tab whose command does
   * not get through ends its own held request, and polls at intervals until the answer arrives.
   * @param {any} frame
   */
  async #command(frame) {
    if (this.#tabs) return this.#commands.send(frame);
    let isStalled = false;
    const timer = this.#parts.around.setTimeout(() => {
      isStalled = true;
      this.#stalled += 1;
      if (this.#stalled === 1) this.#read();
    }, STALLED_MS);
    await this.#commands.send(frame);
    this.#parts.around.clearTimeout(timer);
    if (!isStalled) return undefined;
    this.#stalled -= 1;
    if (this.#stalled === 0) this.#read();
    return undefined;
  }

  /** A request that slept may be dead, and nothing tells: it is made anew, from the cursors. */
  wake() {
    this.#read();
    if (this.#readers.length === 0) this.#ping();
  }

  /** @param {boolean} resting */
  rest(resting) {
    const before = this.#resting;
    this.#resting = resting;
    // Tabs that know nothing of each other hold a request where somebody looks, and nowhere else.
    if (this.#isDecided && !this.#tabs && before !== resting && this.#follow !== followPoll) this.#read();
  }

  /** The link is no trial any more: what it shares with other tabs is shared from now on. */
  keep() {
    this.#isTrial = false;
    if (this.#tabs) this.#tabs.open();
  }

  close() {
    this.#closed = true;
    this.#tabs?.close();
    this.#receipts.close();
    this.#stopReading();
    this.#rooms.clear();
  }

  // Who follows

  /** The first room is asked for: how depends on the other tabs. */
  #begin() {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const on = {
      lead: (/** @type {boolean} */ holds) => this.#lead(holds),
      follow: () => this.#followOther(),
      heard: (/** @type {any} */ message) => this.#hear(message),
    };
    this.#tabs = Tabs.of({ group: group(this.#token), around: this.#parts.around, on });
    if (!this.#tabs) this.#become(false, false);
    else if (this.#isTrial) this.#try(this.#tabs);
    else this.#tabs.open();
  }

  /** A trial holds its own request, if there is place for one more. @param {Tabs} tabs */
  async #try(tabs) {
    if (!await tabs.takePlace()) return this.#end({ code: 1006, reason: 'no place for a trial' });
    if (!this.#closed && !this.#isDecided) this.#become(false, true);
    return undefined;
  }

  /** @param {boolean} holds */
  #lead(holds) {
    if (this.#leads && this.#holds === holds) return;
    const goesOn = this.#isDecided && this.#holds && holds;
    this.#isPromoted = this.#epoch !== null;
    this.#isCovered = false;
    if (goesOn) this.#leads = true;
    else this.#become(true, holds);
  }

  /** Another tab follows: this one asks where it is, and looks for itself until that is answered. */
  #followOther() {
    this.#guests.clear();
    this.#isCovered = false;
    this.#become(false, false);
  }

  /** @param {boolean} leads @param {boolean} holds */
  #become(leads, holds) {
    [this.#isDecided, this.#leads, this.#holds] = [true, leads, holds];
    this.#read();
  }

  /** Ms to the next look. Who does not lead asks again for what it needs, and so finds out whether it is still heard. */
  #pace() {
    if (!this.#leads) this.#askLeader();
    return this.#isCovered ? FOLLOW_MS : LOOK_MS;
  }

  #askLeader() {
    if (!this.#isTrial) this.#tabs?.ask({ type: 'want', wishes: [...this.#rooms.values()].map(({ room, since, epoch }) => ({ room, since, epoch })) });
  }

  /** @param {any} message of another tab, under the same session */
  #hear(message) {
    if (this.#leads) {
      if (message.type === 'want') this.#welcomeGuest(message.wishes);
      return;
    }
    if (this.#isTrial) return;
    if (message.type === 'lead') [this.#isCovered] = [false, this.#askLeader()];
    else if (message.type === 'cover') this.#cover(message);
    else if (message.type === 'frame' && message.epoch === this.#epoch) this.#overhear(message.frame);
  }

  /** @param {import('../types.js').Wish[]} wishes */
  #welcomeGuest(wishes) {
    const now = this.#parts.around.now();
    for (const [room, { at }] of this.#guests) if (now - at > GUEST_MS) this.#guests.delete(room);
    let isNew = false;
    for (const { room, since, epoch } of wishes) {
      const known = this.#guests.get(room)?.cursor;
      if (this.#rooms.has(room) || (!known && this.#rooms.size + this.#guests.size >= ROOMS)) continue;
      this.#guests.set(room, { cursor: known ?? { room, since, epoch, fresh: true }, at: now });
      isNew ||= !known;
    }
    if (isNew) this.#read();
    this.#sayCover();
  }

  /** Tells the others which rooms are followed here, and how far they have come. */
  #sayCover() {
    const followed = this.#holds ? this.#cursors().filter(({ fresh }) => !fresh) : [];
    this.#tabs?.say({ type: 'cover', epoch: this.#epoch, rooms: Object.fromEntries(followed.map(({ room, since }) => [room, since])) });
  }

  /** @param {{epoch: string, rooms: Record<string, number>}} message */
  #cover({ epoch, rooms }) {
    this.#tabs?.trust();
    const own = [...this.#rooms.values()];
    this.#isCovered = epoch === this.#epoch && own.every(({ room }) => rooms[room] !== undefined);
    if (this.#isCovered && own.some(({ room, since }) => rooms[room] > (since ?? 0))) this.#hurry();
  }

  /** A frame that another tab was sent: taken where it is the next, and a reason to look where it is not.
   * @param {any} frame */
  #overhear(frame) {
    const cursor = this.#rooms.get(frame.room);
    if (!cursor || cursor.fresh || cursor.since === undefined) return;
    const verdict = judge(cursor.since, frame);
    if (verdict === 'gap') this.#hurry();
    else if (verdict === 'apply') for (const reader of this.#readers) if (reader.cursors.has(frame.room)) reader.take(frame);
  }

  #hurry() {
    for (const reader of this.#readers) reader.hurry();
  }

  // Rooms

  /** @param {import('../types.js').Wish} wish */
  #subscribe({ room, since, epoch }) {
    // Asked for with the link, and still on its first answer: asking twice would only cost.
    if (this.#rooms.get(room)?.fresh === true) return;
    this.#rooms.set(room, { room, since, epoch, fresh: true });
    this.#guests.delete(room);
    if (!this.#isDecided) this.#begin();
    else this.#readSoon();
  }

  /** @param {string} room */
  #leave(room) {
    if (!this.#rooms.delete(room)) return;
    if (this.#cursors().length > 0) this.#readSoon();
    else this.#stopReading();
  }

  /** @returns {Cursor[]} */
  #cursors() {
    return [...this.#rooms.values(), ...[...this.#guests.values()].map(({ cursor }) => cursor)];
  }

  /** Once for all rooms that are asked for or left in one go. */
  #readSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    Promise.resolve().then(() => this.#isDue && this.#read());
  }

  #stopReading() {
    this.#isDue = false;
    for (const reader of this.#readers.splice(0)) reader.stop();
  }

  /** Asks for all rooms, from their cursors, in place of what is under way. */
  #read() {
    this.#stopReading();
    const cursors = this.#cursors();
    if (this.#closed || !this.#isDecided || cursors.length === 0) return;
    for (const cursor of cursors) cursor.fresh = true;
    const apart = this.#isApart ? cursors.map((cursor) => [cursor]) : [cursors];
    const mayHold = this.#tabs ? this.#holds : this.#stalled === 0 && (!this.#resting || this.#follow === followPoll);
    this.#readers = apart.map((each, number) => new RoomsReader(each, mayHold && number === 0, {
      origin: this.#parts.origin,
      around: this.#parts.around,
      token: () => this.#token,
      resting: () => this.#isAsleep(),
      pace: () => this.#pace(),
      welcome: (welcome) => this.#welcome(welcome),
      frame: (frame) => this.#take(frame),
      failed: (reader, error) => this.#failed(reader, error),
    }));
    for (const reader of [...this.#readers]) reader.run(reader.held ? this.#follow : followPoll);
  }

  /** Whether nobody looks, here or at a tab that this one follows for. Where streams get through a page is as wakeful
   * hidden as it is shown. */
  #isAsleep() {
    return this.#resting && this.#guests.size === 0 && this.#follow === followPoll;
  }

  // Frames

  /** Nothing to follow: that the server answers is all there is to know. */
  async #greet() {
    if (await isAnswering(this.#parts)) this.#welcome({});
    else this.#end({ code: 1006, reason: 'no answer' });
  }

  async #ping() {
    if (this.#tabs && !this.#leads && this.#readers.length > 0) return this.#hurry();
    if (await isAnswering(this.#parts)) this.#tell({ type: 'pong' });
    return undefined;
  }

  /** @param {string} token */
  #refresh(token) {
    this.#token = token;
    // A stream ends with the token it began with.
    if (this.#holds || !this.#tabs) this.#read();
  }

  /**
   * Every request begins with one. The first is the link's; another epoch is another database, and the end.
   * @param {{epoch?: string, server_time?: string, version?: string}} welcome a stream's, or what a poll tells
   */
  #welcome(welcome) {
    if (this.#closed) return;
    if (this.#leads) this.#isPromoted = false;
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

  /** A frame of a room, for this tab and for those it follows for. @param {any} frame */
  #take(frame) {
    if (frame.type === 'error') {
      this.#rooms.delete(frame.room);
      this.#guests.delete(frame.room);
    }
    this.#tell(frame);
    if (!this.#leads || !frame.room) return;
    if (frame.type === 'event' || frame.type === 'sync') this.#tabs?.say({ type: 'frame', epoch: this.#epoch, frame });
    else if (frame.type === 'live') this.#sayCover();
  }

  /** @param {any} frame */
  #tell(frame) {
    if (this.#closed) return;
    if (frame.type === 'going_away') this.#leaving = true;
    this.#on.frame(frame);
  }

  /** @param {RoomsReader} reader @param {Error} error */
  #failed(reader, error) {
    if (!(error instanceof OrderbellError)) {
      if (!this.#isPromoted || reader.heard || this.#follow === followPoll) return this.#end({ code: this.#leaving ? 1012 : 1006, reason: error.message });
      // What carried the tab that led before does not get through from here.
      this.#follow = followPoll;
      return this.#read();
    }
    const { code, message, retryAfterMs } = error;
    const rule = errorRule(code);
    if (rule === 'token') return this.#end({ code: 4401, reason: message, refused: true });
    // Nobody is let in now; over a WebSocket the handshake would have been refused.
    if (rule === 'later' && this.#epoch === null) return this.#end({ code: 4429, reason: message, retryAfterMs, refused: true });
    if (code === 'forbidden' && reader.cursors.size > 1) {
      // A server that does not know lists takes one for a room that there is not.
      this.#isApart = true;
      return this.#read();
    }
    // The rooms alone are refused, as over a WebSocket: after `welcome`.
    if (this.#epoch === null) this.#welcome({ epoch: this.#believedEpoch() });
    for (const room of reader.cursors.keys()) this.#take({ type: 'error', room, code, message, retry_after_ms: retryAfterMs });
    return undefined;
  }

  /** What the rooms' cursors are of, until the server has said. */
  #believedEpoch() {
    return this.#parts.wishes().find(({ epoch }) => epoch)?.epoch ?? undefined;
  }

  /** @param {import('../types.js').End} end */
  #end(end) {
    if (this.#closed) return;
    this.close();
    this.#on.closed(end);
  }
}

/**
 * Who may hear what this token is sent: tabs of the same session, with the same rights. Another token's are never among
 * them; one that does not say whose it is has a group of its own.
 * @param {string} token
 */
function group(token) {
  const { sid, sub, role, restaurant, station, device, table, share } = tokenClaims(token);
  return sid ? JSON.stringify([sid, sub, role, restaurant, station, device, table, share]) : newId();
}
