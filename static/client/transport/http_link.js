import { Api, isAnswering } from '../api.js';
import { OrderbellError, errorRule } from '../codes.js';
import { judge, untagged } from '../cursor.js';
import { newId } from '../ids.js';
import { tokenClaims } from '../tokens.js';
import { followPoll } from './follow_poll.js';
import { HttpCommands } from './http_commands.js';
import { HttpReceipts } from './http_receipts.js';
import { RoomsReader } from './rooms_reader.js';
import { Tabs } from './tabs.js';

/** The heartbeat of a server that does not name it, in ms. A poll ends sooner. */
const HEARTBEAT_MS = 25_000;
/** The interval of short polls where no request is held, in ms. */
const LOOK_MS = 3_000;
/**
 * The interval of short polls while another tab passes frames on, in ms. Each is a sign of life,
 * since the other tab may be stuck.
 */
const FOLLOW_MS = 8_000;
/** How long rooms of other tabs are followed after the last request for them, in ms. */
const GUEST_MS = 180_000;
/**
 * A command without an answer for this long may be waiting for one of the browser's six
 * connections, in ms.
 */
const STALLED_MS = 3_000;
/** The most rooms of one request, well below the limit of a server. */
const ROOMS = 32;

/** @param {import('./rooms_reader.js').Follow} follow @returns {import('../types.js').Opener} */
export function openHttp(follow) {
  return (parts) => new HttpLink(parts, follow);
}

/** @typedef {import('../types.js').Link} Link */
/** @typedef {import('./rooms_reader.js').Cursor} Cursor */

/**
 * A link over plain HTTP: one held request for all rooms of a page and of the other tabs of its
 * session, and one request for each command and each receipt. It behaves like a WebSocket:
 * `welcome` first, the frames of a room in order, one end.
 *
 * @implements {Link}
 */
export class HttpLink {
  #parts; #follow; #on; #token; #commands; #receipts;
  /** @type {Map<string, Cursor>} */ #rooms = new Map();
  /** Rooms that this tab follows for other tabs, and when they last asked for them.
   * @type {Map<string, {cursor: Cursor, at: number}>} */
  #guests = new Map();
  /**
   * One for all rooms, or one for each room if the server is too old for lists of rooms.
   * @type {RoomsReader[]}
   */
  #readers = [];
  #isApart = false;
  /** @type {Tabs | null} */ #tabs = null;
  /**
   * Whether this tab leads, which means that it follows for all tabs, and whether it does so by a
   * held request. Until that is decided, it sends no request.
   */
  #leads = false; #holds = false; #isDecided = false; #isBegun = false;
  /** Whether another tab follows all rooms of this one. */ #isCovered = false;
  /**
   * Whether this tab became the leader after its `welcome`. A failure is then the fault of the
   * transport.
   */
  #isPromoted = false;
  #isTrial; #isDue = false;
  /**
   * The commands that have waited long for an answer. While there are any, a tab that cannot know
   * of others holds no request.
   */
  #stalled = 0;
  /**
   * The epoch of the frames so far; null before the first `welcome`.
   * @type {string | null}
   */
  #epoch = null;
  /** The version of the server that answered last. @type {string | undefined} */ #version;
  #resting; #leaving = false; #closed = false;

  /**
   * @param {import('../types.js').LinkParts} parts
   * @param {import('./rooms_reader.js').Follow} follow
   */
  constructor(parts, follow) {
    this.#parts = parts;
    this.#follow = follow;
    this.#on = parts.on;
    this.#token = parts.token;
    this.#resting = parts.resting;
    this.#isTrial = parts.trial === true;
    const token = async () => this.#token;
    // A refused token ends the link, and the connection decides what follows. Calls do not renew
    // it.
    const tokens = { renewable: false, get: token, refresh: token };
    const api = new Api({ url: parts.origin, tokens, fetch: parts.env.fetch });
    this.#commands = new HttpCommands({
      api,
      slug: parts.slug,
      answered: (frame) => this.#tell(frame),
      failed: (end) => this.#end(end),
    });
    this.#receipts = new HttpReceipts({ api, env: parts.env });
    for (const cursor of parts.cursors()) this.#rooms.set(cursor.room, { ...cursor, fresh: true });
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
   * Sends a command. Tabs that cannot know of each other may hold all connections of the browser,
   * so a tab whose command does not get through ends its own held request and polls at intervals
   * until the answer arrives.
   * @param {any} frame
   */
  async #command(frame) {
    if (this.#tabs) return this.#commands.send(frame);
    let isStalled = false;
    const timer = this.#parts.env.setTimeout(() => {
      isStalled = true;
      this.#stalled += 1;
      if (this.#stalled === 1) this.#read();
    }, STALLED_MS);
    await this.#commands.send(frame);
    this.#parts.env.clearTimeout(timer);
    if (!isStalled) return undefined;
    this.#stalled -= 1;
    if (this.#stalled === 0) this.#read();
    return undefined;
  }

  /** Sends the requests again from the cursors: after a sleep they may be dead, and nothing shows it. */
  wake() {
    this.#read();
    if (this.#readers.length === 0) this.#ping();
  }

  /** @param {boolean} resting */
  rest(resting) {
    const before = this.#resting;
    this.#resting = resting;
    // If tabs cannot know of each other, only a visible one holds a request.
    const holdsStream = !this.#tabs && this.#follow !== followPoll;
    if (this.#isDecided && holdsStream && before !== resting) this.#read();
  }

  /** Ends the trial: from now on the link shares its requests with other tabs. */
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

  // The leader among the tabs

  /** Starts to follow the first room, in a way that depends on the other tabs. */
  #begin() {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const on = {
      lead: (/** @type {boolean} */ holds) => this.#lead(holds),
      follow: () => this.#followOther(),
      heard: (/** @type {any} */ message) => this.#hear(message),
    };
    this.#tabs = Tabs.of({ group: group(this.#token), env: this.#parts.env, on });
    if (!this.#tabs) this.#become(false, false);
    else if (this.#isTrial) this.#try(this.#tabs);
    else this.#tabs.open();
  }

  /** Holds an own request for a trial, if a place is free. @param {Tabs} tabs */
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

  /** Another tab leads: asks it for the rooms of this one, and polls until it answers. */
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

  /**
   * Returns the ms until the next poll. A tab that does not lead asks the leader again, to learn
   * whether it still answers.
   */
  #pace() {
    if (!this.#leads) this.#askLeader();
    return this.#isCovered ? FOLLOW_MS : LOOK_MS;
  }

  #askLeader() {
    if (this.#isTrial) return;
    const own = [...this.#rooms.values()];
    const wishes = own.map(({ room, since, epoch }) => ({ room, since, epoch }));
    this.#tabs?.ask({ type: 'want', wishes });
  }

  /** @param {any} message of another tab, under the same session */
  #hear(message) {
    if (this.#leads) {
      if (message.type === 'want') this.#welcomeGuest(message.wishes);
      return;
    }
    if (this.#isTrial) return;
    if (message.type === 'lead') {
      this.#isCovered = false;
      this.#askLeader();
    } else if (message.type === 'cover') this.#cover(message);
    else if (message.type === 'frame' && message.epoch === this.#epoch) {
      this.#overhear(message.frame);
    }
  }

  /** @param {import('../types.js').Subscription[]} subscriptions of another tab */
  #welcomeGuest(subscriptions) {
    const now = this.#parts.env.now();
    for (const [room, { at }] of this.#guests) if (now - at > GUEST_MS) this.#guests.delete(room);
    let isNew = false;
    for (const { room, since, epoch } of subscriptions) {
      const known = this.#guests.get(room)?.cursor;
      const isFull = this.#rooms.size + this.#guests.size >= ROOMS;
      if (this.#rooms.has(room) || (!known && isFull)) continue;
      this.#guests.set(room, { cursor: known ?? { room, since, epoch, fresh: true }, at: now });
      isNew ||= !known;
    }
    if (isNew) this.#read();
    this.#sayCover();
  }

  /** Sends the other tabs the rooms that this one follows, with their cursors. */
  #sayCover() {
    const followed = this.#holds ? this.#cursors().filter(({ fresh }) => !fresh) : [];
    const rooms = Object.fromEntries(followed.map(({ room, since }) => [room, since]));
    this.#tabs?.say({ type: 'cover', epoch: this.#epoch, rooms });
  }

  /** @param {{epoch: string, rooms: Record<string, number>}} message */
  #cover({ epoch, rooms }) {
    this.#tabs?.trust();
    const own = [...this.#rooms.values()];
    this.#isCovered = epoch === this.#epoch && own.every(({ room }) => rooms[room] !== undefined);
    if (this.#isCovered && own.some(({ room, since }) => rooms[room] > (since ?? 0))) this.#hurry();
  }

  /**
   * Handles a frame that another tab passes on: takes it if it is the next one, and polls if it is
   * a later one.
   * @param {any} frame
   */
  #overhear(frame) {
    const cursor = this.#rooms.get(frame.room);
    if (!cursor || cursor.fresh || cursor.since === undefined) return;
    const verdict = judge(cursor.since, frame);
    if (verdict === 'gap') this.#hurry();
    if (verdict !== 'apply') return;
    for (const reader of this.#readers) if (reader.cursors.has(frame.room)) reader.take(frame);
  }

  #hurry() {
    for (const reader of this.#readers) reader.hurry();
  }

  // Rooms

  /** @param {import('../types.js').Subscription} subscription */
  #subscribe({ room, since, epoch }) {
    // The link asked for this room when it opened, and the first answer has not come yet.
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

  /** Reads once for all rooms that are joined or left in the same turn. */
  #readSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    Promise.resolve().then(() => this.#isDue && this.#read());
  }

  #stopReading() {
    this.#isDue = false;
    for (const reader of this.#readers.splice(0)) reader.stop();
  }

  /** Ends the current requests, and requests all rooms from their cursors. */
  #read() {
    this.#stopReading();
    const cursors = this.#cursors();
    if (this.#closed || !this.#isDecided || cursors.length === 0) return;
    for (const cursor of cursors) cursor.fresh = true;
    const apart = this.#isApart ? cursors.map((cursor) => [cursor]) : [cursors];
    const mayHoldAlone = this.#stalled === 0 && (!this.#resting || this.#follow === followPoll);
    const mayHold = this.#tabs ? this.#holds : mayHoldAlone;
    this.#readers = apart.map((each, number) => new RoomsReader(each, mayHold && number === 0, {
      origin: this.#parts.origin,
      env: this.#parts.env,
      token: () => this.#token,
      resting: () => this.#isAsleep(),
      pace: () => this.#pace(),
      welcome: (welcome) => this.#welcome(welcome),
      frame: (frame) => this.#take(frame),
      failed: (reader, error) => this.#failed(reader, error),
    }));
    for (const reader of [...this.#readers]) reader.run(reader.held ? this.#follow : followPoll);
  }

  /**
   * Whether polls may be rare: this tab is hidden and follows for no other. Over streams a hidden
   * page follows as before.
   */
  #isAsleep() {
    return this.#resting && this.#guests.size === 0 && this.#follow === followPoll;
  }

  // Frames

  /** Opens a link without rooms, which is up if the server answers. */
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
   * Handles the `welcome` of a request. The first one is that of the link. Another epoch, of
   * another database, ends the link.
   * @param {{epoch?: string, server_time?: string, version?: string}} welcome of a stream, or made
   *   of the answer to a poll
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
    const own = { connection: newId(), role, restaurant, expires_at, limits };
    this.#on.frame({ type: 'welcome', ...own, ...welcome, epoch });
  }

  /**
   * Passes on a sign of life, with the version if it has changed: each request may reach another
   * node.
   * @param {{server_time?: string, version?: string}} welcome
   */
  #again({ server_time, version }) {
    const other = version === this.#version ? undefined : version;
    this.#version = version;
    this.#tell({ type: 'pong', server_time, version: other });
  }

  /**
   * Passes on a frame of a room, to this tab and to those that it follows for.
   * @param {any} frame
   */
  #take(frame) {
    if (frame.type === 'error') {
      this.#rooms.delete(frame.room);
      this.#guests.delete(frame.room);
    }
    this.#tell(frame);
    if (!this.#leads || !frame.room) return;
    const moves = frame.type === 'event' || frame.type === 'sync';
    if (moves) this.#tabs?.say({ type: 'frame', epoch: this.#epoch, frame });
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
      const isLost = !this.#isPromoted || reader.heard || this.#follow === followPoll;
      if (isLost) return this.#end({ code: this.#leaving ? 1012 : 1006, reason: error.message });
      // The transport of the former leader does not get through from this tab.
      this.#follow = followPoll;
      return this.#read();
    }
    const { code, message, retryAfterMs } = error;
    const rule = errorRule(code);
    if (rule === 'token') return this.#end({ code: 4401, reason: message, refused: true });
    // The server admits nobody now. Over a WebSocket, it would have refused the handshake.
    if (rule === 'later' && this.#epoch === null) {
      return this.#end({ code: 4429, reason: message, retryAfterMs, refused: true });
    }
    if (code === 'forbidden' && reader.cursors.size > 1) {
      // A server that is too old for lists takes one for the name of a room, which does not exist.
      this.#isApart = true;
      return this.#read();
    }
    // Only the rooms are refused, after `welcome`, as over a WebSocket.
    if (this.#epoch === null) this.#welcome({ epoch: this.#believedEpoch() });
    for (const room of reader.cursors.keys()) {
      this.#take({ type: 'error', room, code, message, retry_after_ms: retryAfterMs });
    }
    return undefined;
  }

  /** Returns the epoch of the rooms' cursors, for as long as the server has named none. */
  #believedEpoch() {
    const epoch = this.#parts.cursors().find((cursor) => cursor.epoch)?.epoch;
    return epoch ? untagged(epoch) : undefined;
  }

  /** @param {import('../types.js').End} end */
  #end(end) {
    if (this.#closed) return;
    this.close();
    this.#on.closed(end);
  }
}

/**
 * Returns the name of the group of tabs that may share frames: those of one session, with the same
 * rights. A token without a session is a group of its own.
 * @param {string} token
 */
function group(token) {
  const { sid, sub, role, restaurant, station, device, table, share } = tokenClaims(token);
  if (!sid) return newId();
  return JSON.stringify([sid, sub, role, restaurant, station, device, table, share]);
}
