import { fullJitter } from './backoff.js';
import { OrderbellError, errorRule } from './codes.js';
import { tagged } from './cursor.js';
import { Room } from './room.js';

/** The first ceiling of the backoff for a subscription that is answered `later`. */
const RETRY_BASE_MS = 1_000;

/** The rooms of one client. Subscribes to them on every link, from their cursors, and requests frames that are missing. */
export class Subscriptions {
  /** @type {Map<string, Room>} */ #rooms = new Map();
  /** Receipts of this screen by room. @type {Map<string, {position: number, station?: string}>} */ #receipts = new Map();
  /** @type {Map<string, any>} */ #retries = new Map();
  #attempt = 0;
  /** The present link's epoch; null without a link. @type {string | null} */ #epoch = null;
  /** Whether the server can send snapshots in parts. */ #paged = false;
  #hooks; #env;

  /** @param {import('./types.js').SubscriptionHooks} hooks @param {import('./types.js').Environment} env */
  constructor(hooks, env) {
    this.#hooks = hooks;
    this.#env = env;
  }

  /** True when no room waits for its snapshot or its missed events. */
  get live() {
    return this.rooms.every((room) => room.live || room.refusal);
  }

  get rooms() {
    return [...this.#rooms.values()];
  }

  /** The cursors of all rooms, for a link that needs them when it opens. @returns {import('./types.js').Subscription[]} */
  get cursors() {
    return this.rooms.map(subscription);
  }

  /** @param {string} name @returns {Room} */
  room(name) {
    const known = this.#rooms.get(name);
    if (known) return known;
    const room = new Room(name, { leave: () => this.#leave(name) });
    this.#rooms.set(name, room);
    if (this.#epoch !== null) this.#subscribe(room);
    this.#hooks.settled();
    return room;
  }

  /** @param {{epoch: string, paged?: boolean}} welcome */
  up({ epoch, paged = false }) {
    this.#epoch = epoch;
    this.#paged = paged;
    for (const room of this.#rooms.values()) {
      // Positions of another epoch mean nothing.
      if (room.epoch !== epoch) this.#receipts.delete(room.name);
      room.enter(epoch);
      this.#subscribe(room);
    }
  }

  down() {
    this.#epoch = null;
    for (const handle of this.#retries.values()) this.#env.clearTimeout(handle);
    this.#retries.clear();
    for (const room of this.#rooms.values()) room.lost();
  }

  /**
   * @param {string} name @param {number} position @param {string} [station] the station shown; absent for all stations
   * @param {string} name @param {number} position @param {string} [station] the shown one; every station if absent
   */
  seen(name, position, station) {
    // The page drew documents of an epoch that is over.
    if (this.#rooms.get(name)?.cursor === null) return;
    const known = this.#receipts.get(name);
    if (known && position <= known.position && station === known.station) return;
    this.#receipts.set(name, { position, station });
    this.#receipt(name);
  }

  /** @param {string} name */
  #receipt(name) {
    const receipt = this.#receipts.get(name);
    // An undefined member is left out of the frame.
    if (receipt) this.#hooks.send({ type: 'seen', room: name, ...receipt });
  }

  /** @param {any} frame one that names a room */
  receive(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room || this.#epoch === null) return;
    if (frame.type === 'error') return this.#failed(room, frame);
    // The page drew documents of another history.
    if (frame.rewritten) this.#receipts.delete(room.name);
    const need = room.receive(frame, this.#epoch);
    if (need !== 'none') this.#subscribe(room, need === 'snapshot');
    if (frame.type === 'live' && room.live) this.#wentLive(room);
  }

  /** @param {Room} room */
  #wentLive(room) {
    this.#attempt = 0;
    this.#receipt(room.name);
    this.#hooks.settled();
  }

  /** @param {Room} room @param {any} frame */
  #failed(room, frame) {
    const rule = errorRule(frame.code);
    if (rule === 'token') return this.#hooks.renew();
    if (rule === 'later') return this.#retry(room, frame.retry_after_ms);
    room.refuse(new OrderbellError(frame));
    this.#hooks.settled();
  }

  /** @param {Room} room @param {number} [afterMs] */
  #retry(room, afterMs = fullJitter(this.#attempt++, this.#env.random, { baseMs: RETRY_BASE_MS })) {
    this.#env.clearTimeout(this.#retries.get(room.name));
    this.#retries.set(room.name, this.#env.setTimeout(() => this.#subscribe(room), afterMs));
  }

  /** @param {Room} room @param {boolean} [fresh] without a cursor, to get a snapshot */
  #subscribe(room, fresh = false) {
    room.refusal = null;
    room.begin();
    // Older servers refuse this field.
    this.#hooks.send({ type: 'subscribe', ...(fresh ? { room: room.name } : subscription(room)), ...(this.#paged && { paged: true }) });
  }

  /** @param {string} name */
  #leave(name) {
    if (!this.#rooms.delete(name)) return;
    this.#receipts.delete(name);
    this.#env.clearTimeout(this.#retries.get(name));
    this.#hooks.send({ type: 'unsubscribe', room: name });
    this.#hooks.settled();
  }
}

/** @param {Room} room */
function subscription({ name, cursor, epoch, tag }) {
  return cursor === null ? { room: name } : { room: name, since: cursor, epoch: tagged(epoch, tag) };
}
