import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { Orderbell } from '../../static/client/orderbell.js';
import { FakeHttp } from './fake_http.mjs';
// Loaded here, so that no test spends its time on loading them.
import '../../static/client/transport/fallback.js';
import '../../static/client/persistence/persistence.js';
import '../../static/client/transport/renewal.js';

// Node 18 has no global `crypto`; browsers have.
globalThis.crypto ??= webcrypto;

/** A clock that only a test advances. */
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

/** Waits until every promise that can settle has settled. */
export const settle = async () => {
  // An import takes a few turns, even of a loaded module.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A WebSocket with the test at the other end. */
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

  /** Returns the frames of a type, oldest first. */
  all(type) {
    return this.sent.filter((frame) => frame.type === type);
  }
}

export const WELCOME = {
  type: 'welcome', connection: 'c1', epoch: 'e1', role: 'staff', restaurant: 'r1',
  expires_at: '2026-11-24T11:00:00.000Z', server_time: '2026-11-24T10:00:00.000Z',
  limits: { frame_bytes: 4096, rooms: 16, messages_per_second: 100, heartbeat_ms: 15000 },
};

/** Tokens that count their calls. */
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

/** The part of Web Storage that the library uses. */
export class FakeStore {
  entries = new Map();
  getItem = (key) => this.entries.get(key) ?? null;
  setItem = (key, value) => void this.entries.set(key, value);
  removeItem = (key) => void this.entries.delete(key);
}

/** The storage that survives a reload, in memory. All tabs that get it share it. */
export class FakeStorage {
  tables = { commands: new Map(), rooms: new Map() };
  #key = (owner, id) => JSON.stringify([owner, id]);

  async read(table, owner) {
    return structuredClone([...this.tables[table].values()].filter((kept) => kept.owner === owner).map(({ id, at, value }) => ({ id, at, value })));
  }

  async write(table, owner, { id, at, value }) {
    this.tables[table].set(this.#key(owner, id), structuredClone({ owner, id, at, value }));
  }

  async remove(table, owner, id) {
    for (const [key, kept] of this.tables[table]) if (kept.owner === owner && (id === undefined || kept.id === id)) this.tables[table].delete(key);
  }

  async prune(table, before) {
    for (const [key, { at }] of this.tables[table]) if (at < before) this.tables[table].delete(key);
  }
}

/** The Web Locks of an origin, shared by its tabs. */
export class FakeLocks {
  /** The holder of each lock, and those who wait for it. */
  #locks = new Map();

  request = (name, ...rest) => new Promise((resolve, reject) => {
    const task = rest.pop();
    const [{ ifAvailable = false, steal = false, signal } = {}] = rest;
    const lock = this.#locks.get(name) ?? { holder: null, queue: [] };
    this.#locks.set(name, lock);
    const wanted = { name, task, resolve, reject };
    signal?.addEventListener('abort', () => {
      if (!lock.queue.includes(wanted)) return;
      lock.queue.splice(lock.queue.indexOf(wanted), 1);
      reject(new DOMException('aborted', 'AbortError'));
    });
    if (steal && lock.holder) {
      const robbed = lock.holder;
      lock.holder = null;
      robbed.reject(new DOMException('stolen', 'AbortError'));
    }
    if (!lock.holder) this.#grant(lock, wanted);
    else if (ifAvailable) Promise.resolve(task(null)).then(resolve, reject);
    else lock.queue.push(wanted);
  });

  #grant(lock, wanted) {
    lock.holder = wanted;
    Promise.resolve().then(() => wanted.task({ name: wanted.name })).finally(() => this.#release(lock, wanted)).then(wanted.resolve, wanted.reject);
  }

  #release(lock, wanted) {
    if (lock.holder !== wanted) return;
    lock.holder = null;
    const next = lock.queue.shift();
    if (next) this.#grant(lock, next);
  }

  /** Crashes the tab, which releases its locks. */
  crash() {
    for (const lock of this.#locks.values()) if (lock.holder) this.#release(lock, lock.holder);
  }
}

/** Returns a client, its clock, and the sockets it opens. With `random` 1 every backoff is as long as it can be. */
export function bench(options = {}) {
  const clock = new FakeClock();
  const sockets = [];
  const tokens = options.tokens ?? new FakeTokens();
  const http = options.http ?? new FakeHttp();
  class Socket extends FakeSocket {
    constructor(...given) {
      super(...given);
      sockets.push(this);
    }
  }
  const bell = new Orderbell({
    url: 'http://orderbell.test', WebSocket: Socket, fetch: http.fetch, locks: null, random: () => 0.999, now: clock.now, wallClock: () => 1_000_000 + clock.time,
    setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout, ...options, tokens,
  });
  const states = [];
  bell.on('state', ({ state, reason }) => states.push(reason === undefined ? state : `${state}: ${reason}`));
  return { bell, clock, sockets, tokens, http, states, last: () => sockets.at(-1) };
}

/** Returns the options of a bench whose server answers nothing at all once its sockets are closed. */
export const outage = () => ({ http: Object.assign(new FakeHttp(), { health: 'away' }) });

/** Starts a bench and connects its first link. */
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

/** Returns a connected bench with one live room that holds order `o1` at position 10. */
export async function liveRoom(options = {}) {
  const it = await connected(options);
  const room = it.bell.room(ROOM);
  const changes = [];
  room.on('change', (change) => changes.push(change));
  it.last().push(snapshot(10, [order('o1', 10)]), live(10));
  return { ...it, room, changes };
}

/** Refuses every handshake, like a proxy without WebSockets, until the client makes another kind of request. */
export async function fallBack({ clock, http, last, sockets }) {
  const before = http.requests.length;
  for (let step = 0; http.requests.length === before; step += 1) {
    assert.ok(step < 1_000, 'the client tries nothing but WebSockets');
    if (last()?.readyState === 0) last().drop(1006);
    await clock.advance(20);
  }
  assert.ok(sockets.length >= 4);
  return http.last();
}

/** Returns a bench whose WebSocket is blocked, with one room over a live stream that holds order `o1` at position 10. */
export async function streaming(options = {}) {
  const it = bench(options);
  const room = it.bell.room(ROOM);
  const changes = [];
  room.on('change', (change) => changes.push(change));
  it.bell.start();
  const stream = await fallBack(it);
  stream.stream({ ...WELCOME, ...options.welcome }, snapshot(10, [order('o1', 10)]), live(10));
  await settle();
  return { ...it, room, changes, stream };
}

/** Returns a small generator with a seed, so that a failure can be repeated. */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
