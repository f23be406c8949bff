import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { Orderbell } from '../../static/client/orderbell.js';

// Node 18 has no global `crypto`; browsers have.
globalThis.crypto ??= webcrypto;

/** Time that moves only when a test says so. */
export class FakeClock {
  #timers = new Map();
  #last = 0;
  time = 0;

  now = () => this.time;

  setTimeout = (task, ms) => {
    this.#last += 1;
    this.#timers.set(this.#last, { at: this.time + Math.max(0, ms), task, id: this.#last });
    return this.#last;
  };

  clearTimeout = (id) => void this.#timers.delete(id);

  /** Runs what is due, in order, and lets promises settle after each. */
  async advance(ms) {
    const until = this.time + ms;
    await settle();
    for (let due = this.#due(until); due; due = this.#due(until)) {
      this.#timers.delete(due.id);
      this.time = due.at;
      due.task();
      await settle();
    }
    this.time = until;
  }

  #due(until) {
    return [...this.#timers.values()].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.id - b.id)[0];
  }
}

/** Lets every promise that can settle do so. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  readyState = 0;
  onmessage = null;
  onclose = null;
  closedWith = null;
  sent = [];

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
  }

  send(data) {
    assert.equal(this.readyState, 1, 'sent on a socket that is not open');
    this.sent.push(JSON.parse(data));
  }

  close(code) {
    this.readyState = 3;
    this.closedWith = code;
  }

  welcome(fields = {}) {
    this.readyState = 1;
    this.push({ ...WELCOME, ...fields });
  }

  push(...frames) {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  drop(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** Frames of a type, oldest first. */
  all(type) {
    return this.sent.filter((frame) => frame.type === type);
  }
}

export const WELCOME = {
  type: 'welcome', connection: 'c1', epoch: 'e1', role: 'staff', restaurant: 'r1',
  expires_at: '2026-11-24T11:00:00.000Z', server_time: '2026-11-24T10:00:00.000Z',
  limits: { frame_bytes: 4096, rooms: 16, messages_per_second: 100, heartbeat_ms: 15000 },
};

/** Tokens that count what is asked of them. */
export class FakeTokens {
  gets = 0;
  refreshes = 0;
  refuse = false;

  async get() {
    this.gets += 1;
    return 'token-0';
  }

  async refresh() {
    this.refreshes += 1;
    if (this.refuse) throw Object.assign(new Error('sign in again'), { code: 'unauthorized' });
    return `token-${this.refreshes}`;
  }
}

/** As much of Web Storage as the library uses. */
export class FakeStore {
  entries = new Map();
  getItem = (key) => this.entries.get(key) ?? null;
  setItem = (key, value) => void this.entries.set(key, value);
  removeItem = (key) => void this.entries.delete(key);
}

/** A client, its clock, and the sockets it has opened. `random` 1 makes every backoff its ceiling. */
export function bench(options = {}) {
  const clock = new FakeClock();
  const sockets = [];
  const tokens = options.tokens ?? new FakeTokens();
  class Socket extends FakeSocket {
    constructor(...given) {
      super(...given);
      sockets.push(this);
    }
  }
  const bell = new Orderbell({
    url: 'http://orderbell.test', WebSocket: Socket, random: () => 0.999, now: clock.now, wallClock: () => 1_000_000 + clock.time,
    setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout, ...options, tokens,
  });
  const states = [];
  bell.on('state', ({ state, reason }) => states.push(reason === undefined ? state : `${state}: ${reason}`));
  return { bell, clock, sockets, tokens, states, last: () => sockets.at(-1) };
}

/** Starts a bench and brings its first link up. */
export async function connected(options = {}) {
  const it = bench(options);
  it.bell.start();
  await it.clock.advance(0);
  it.last().welcome(options.welcome);
  return it;
}

/** Waits for the next handshake and lets it succeed. */
export async function relink({ clock, last }, welcome) {
  while (last().readyState !== 0) await clock.advance(50);
  last().welcome(welcome);
}

export const ROOM = 'kitchen:r1';

export const order = (id, position, status = 'placed', more = {}) => ({ id, number: 1, position, status, items: {}, ...more });

export const snapshot = (position, documents = [], more = {}) => ({ type: 'snapshot', room: ROOM, position, documents, ...more });

export const live = (position) => ({ type: 'live', room: ROOM, position });

export const event = (prev, position, id, patch, kind = 'order.accepted') => ({
  type: 'event', room: ROOM, prev, position,
  event: { id: `event-${position}`, kind, order: id, at: '2026-11-24T10:00:00.000Z', by: { role: 'staff' }, patch: { position, ...patch } },
});

/** A connected bench with one live room that holds order `o1` at position 10. */
export async function liveRoom(options = {}) {
  const it = await connected(options);
  const room = it.bell.room(ROOM);
  const changes = [];
  room.on('change', (change) => changes.push(change));
  it.last().push(snapshot(10, [order('o1', 10)]), live(10));
  return { ...it, room, changes };
}
