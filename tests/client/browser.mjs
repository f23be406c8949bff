// A fake browser, whose tabs share locks, channels and six connections, and its fake server. WebSockets are blocked.
import { fixedToken } from '../../static/client/tokens.js';
import { FakeRequest } from './fake_http.mjs';
import { FakeClock, FakeLocks, FakeSocket, WELCOME, bench, event, order, settle } from './support.mjs';

/** Returns a token with readable claims, like the server's. */
export function tokenOf(claims) {
  const text = Buffer.from(JSON.stringify({ restaurant: 'r1', role: 'staff', sub: 's1', ...claims })).toString('base64url');
  return `h.${text}.s`;
}

/** Answers streams and polls of `order:o1` and the like, from one log of events. */
export class Server {
  position = 10;
  /** `{room, position, prev, frame}`, oldest first. */
  #log = [];
  /** Open requests: streams and waiting polls. */
  held = new Set();
  looks = 0;
  /** Whether a proxy holds streams back. */
  blocksStreams = false;

  /** Commits an event of a room and sends it to its followers. */
  happen(room, status) {
    const prev = this.#last(room);
    this.position += 1;
    const frame = { ...event(prev, this.position, room.slice(6), { status }), room };
    this.#log.push({ room, frame });
    for (const each of [...this.held]) if (each.rooms.includes(room)) each.tell(frame);
    return this.position;
  }

  #last(room) {
    return this.#log.findLast((entry) => entry.room === room)?.frame.position ?? 10;
  }

  #frames(room, since) {
    const here = { type: 'live', room, position: this.position };
    if (since === '') {
      const status = this.#log.findLast((entry) => entry.room === room)?.frame.event.patch.status ?? 'placed';
      return [{ type: 'snapshot', room, position: this.position, documents: [order(room.slice(6), this.position, status)] }, here];
    }
    return [...this.#log.filter((entry) => entry.room === room && entry.frame.position > Number(since)).map(({ frame }) => frame), here];
  }

  /** @param {FakeRequest} request of a tab */
  answer(request, tab) {
    const [list, how] = request.path.split('/').slice(-2);
    if (how === 'commands') return request.json({ type: 'ack', id: request.body.id, position: this.position, changed: true, document: {} });
    const rooms = list.split(',');
    const since = (request.query.since ?? rooms.map(() => '').join()).split(',');
    const frames = rooms.flatMap((room, at) => this.#frames(room, since[at]));
    if (how === 'stream') return this.#stream(request, rooms, frames, tab);
    if (request.query.wait === '0') this.looks += 1;
    const news = frames.some(({ type }) => type !== 'live');
    const give = (told) => request.json(rooms.length > 1 ? { epoch: 'e1', version: '1', frames: told }
      : { room: rooms[0], epoch: 'e1', version: '1', position: this.position, frames: told.filter(({ type }) => type !== 'live') });
    if (news || request.query.wait === '0') return give(frames);
    return this.#hold(request, { rooms, tab, tell: (frame) => give([frame]) });
  }

  #stream(request, rooms, frames, tab) {
    if (this.blocksStreams) return this.#hold(request, { rooms, tab, tell: () => {} });
    request.stream(WELCOME, ...frames);
    return this.#hold(request, { rooms, tab, tell: (frame) => request.push(frame) });
  }

  #hold(request, held) {
    this.held.add(held);
    held.end = () => this.held.delete(held);
    request.ended = held.end;
  }

  /** Returns the tabs with an open request. */
  get holders() {
    return [...new Set([...this.held].map(({ tab }) => tab.name))].sort();
  }
}

/** A browser with everything that its tabs share. */
export class Browser {
  clock = new FakeClock();
  server = new Server();
  #locks = new FakeLocks();
  #channels = new Set();
  tabs = [];

  /**
   * Opens a tab that follows rooms. A tab with `isFrozen` neither receives nor sends anything.
   * @param {string} token @param {string[]} rooms
   */
  async open(token, rooms, options = {}) {
    const tab = { name: `tab ${this.tabs.length}`, isFrozen: false, isDead: false, requests: [], locks: [] };
    this.tabs.push(tab);
    tab.it = bench({
      ...this.#shared(tab), tokens: fixedToken(token), slug: 'demo', ...options,
    });
    tab.rooms = rooms.map((name) => tab.it.bell.room(name));
    tab.it.bell.start();
    await this.clock.advance(5_000);
    return tab;
  }

  #shared(tab) {
    const { clock, server } = this;
    const channels = this.#channels;
    const locks = this.#locks;
    return {
      now: clock.now,
      setTimeout: (task, ms) => clock.setTimeout(() => tab.isDead || this.#awake(tab, task), ms),
      clearTimeout: clock.clearTimeout,
      WebSocket: class extends FakeSocket {
        constructor(...given) {
          super(...given);
          clock.setTimeout(() => this.drop(1006), 0);
        }
      },
      fetch: (url, init) => new Promise((resolve, reject) => {
        if (new URL(url).pathname === '/healthz') return resolve(Response.json({ status: 'alive' }));
        const request = new FakeRequest(new URL(url), init, { resolve, reject });
        init.signal?.addEventListener('abort', () => request.ended?.());
        tab.requests.push(request);
        return server.answer(request, tab);
      }),
      locks: {
        request: (name, how, task) => {
          const options = typeof how === 'function' ? {} : how;
          return locks.request(name, options, (lock) => {
            if (!lock) return (task ?? how)(null);
            return Promise.race([(task ?? how)(lock), new Promise((release) => { tab.locks.push(release); })]);
          });
        },
      },
      BroadcastChannel: class {
        constructor(name) {
          [this.name, this.tab] = [name, tab];
          channels.add(this);
        }

        postMessage(message) {
          if (tab.isDead) return;
          const copy = structuredClone(message);
          for (const other of channels) {
            if (other !== this && other.name === this.name) queueMicrotask(() => other.tab.isDead || other.tab.isFrozen || other.onmessage?.({ data: copy }));
          }
        }

        close() {
          channels.delete(this);
        }
      },
    };
  }

  /** Runs a task of a tab. The task of a frozen tab waits until the tab thaws. */
  #awake(tab, task) {
    if (!tab.isFrozen) task();
    else (tab.late ??= []).push(task);
  }

  /** Kills a tab without warning: the browser ends its requests and releases its locks. */
  async kill(tab) {
    tab.isDead = true;
    for (const request of tab.requests) request.ended?.();
    for (const release of tab.locks.splice(0)) release();
    await settle();
  }

  async thaw(tab) {
    tab.isFrozen = false;
    for (const task of (tab.late ?? []).splice(0)) task();
    await settle();
  }
}
