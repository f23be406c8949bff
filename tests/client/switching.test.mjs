// Transports that fail and recover during events and commands: nothing is lost, nothing is repeated.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePatch } from '../../static/client/merge_patch.js';
import { ROOM, WELCOME, bench, randomFrom, settle } from './support.mjs';

const STEPS = 150;
/** The transports that were used, over all schedules. */
const carried = new Set();

/** A server with one room, over all three transports, on a network that blocks changing ones. */
class Server {
  log = [];
  documents = new Map();
  position = 0;
  /** Acks by the command's id, so that no command takes effect twice. */ acks = new Map();
  blocked = { websocket: false, stream: false, everything: false };
  #last = 0;
  #processed = { sockets: new Map(), requests: 0 };
  /** A function for each subscriber of events. */ #subscribers = new Map();
  #polls = new Set();

  constructor(random, { sockets, http, clock }) {
    this.random = random;
    this.clock = clock;
    this.sockets = sockets;
    this.http = http;
  }

  commit(command) {
    this.position += 1;
    if (!command && this.random() < 0.3) return; // another room's
    const id = command?.order ?? `o${Math.floor(this.random() * 4)}`;
    const known = this.documents.has(id);
    const patch = known ? { position: this.position, note: `n${this.position}` } : { id, number: 1, position: this.position, status: 'placed', items: {} };
    this.documents.set(id, mergePatch(this.documents.get(id) ?? {}, patch));
    const frame = {
      type: 'event', room: ROOM, prev: this.#last, position: this.position,
      event: { id: `e${this.position}`, kind: known ? 'order.accepted' : 'order.placed', order: id, command: command?.id, patch },
    };
    this.#last = this.position;
    this.log.push(frame);
    for (const tell of this.#subscribers.values()) tell(frame);
  }

  /** Answers what has arrived, as far as the network lets it. */
  serve() {
    this.http.health = this.blocked.everything ? 'away' : 'alive';
    for (const socket of this.sockets) this.#serveSocket(socket);
    for (; this.#processed.requests < this.http.requests.length; this.#processed.requests += 1) {
      this.#serveRequest(this.http.requests[this.#processed.requests]);
    }
    for (const poll of this.#polls) this.#answerPoll(poll);
  }

  /** Cuts all open connections, as networks do. */
  cut() {
    for (const socket of this.sockets) if (socket.readyState === 1) this.#dropSocket(socket, 1006);
    for (const request of this.http.requests) request.end(true);
    this.#subscribers.clear();
  }

  /** Closes the open connections that are blocked now. */
  enforce() {
    if (this.blocked.websocket) for (const socket of this.sockets) if (socket.readyState === 1) this.#dropSocket(socket, 1006);
    if (this.blocked.stream) for (const request of this.http.to('/stream')) request.end(true);
    if (this.blocked.everything) this.cut();
  }

  beat() {
    const sync = { type: 'sync', room: ROOM, prev: this.#last, position: this.position, server_time: WELCOME.server_time };
    for (const tell of this.#subscribers.values()) tell(sync);
  }

  #dropSocket(socket, code) {
    this.#subscribers.delete(socket);
    socket.drop(code);
  }

  #serveSocket(socket) {
    if (socket.readyState === 0) {
      if (this.blocked.websocket || this.blocked.everything) return socket.drop(1006);
      socket.welcome();
    }
    let at = this.#processed.sockets.get(socket) ?? 0;
    for (; at < socket.sent.length && socket.readyState === 1; at += 1) this.#take(socket, socket.sent[at]);
    return void this.#processed.sockets.set(socket, at);
  }

  #take(socket, frame) {
    if (frame.type === 'subscribe') {
      socket.push(...this.#answer(frame.since));
      this.#subscribers.set(socket, (event) => socket.push(event));
    }
    if (frame.type !== 'command') return;
    const ack = this.#execute(frame);
    if (this.random() < 0.15) this.#dropSocket(socket, 1006);
    else socket.push(ack);
  }

  #serveRequest(request) {
    if (request.aborted) return;
    if (this.blocked.everything || this.random() < 0.05) return request.fail();
    if (request.path.endsWith('/commands')) return this.#serveCommand(request);
    const since = request.query.since === undefined ? undefined : Number(request.query.since);
    if (request.path.endsWith('/stream')) return this.#serveStream(request, since);
    return void this.#polls.add({ request, since, from: this.clock.time });
  }

  #serveStream(request, since) {
    if (this.blocked.stream) return request.page(502);
    request.stream(WELCOME, ...this.#answer(since));
    return void this.#subscribers.set(request, (event) => request.push(event));
  }

  #serveCommand(request) {
    const ack = this.#execute({ ...request.body, order: request.path.split('/')[4] });
    if (this.random() < 0.15) request.fail();
    else request.json(ack);
  }

  #answerPoll(poll) {
    const { request, since, from } = poll;
    const frames = this.#answer(since).filter(({ type }) => type !== 'live');
    if (frames.length === 0 && this.clock.time - from < Number(request.query.wait) * 1_000) return;
    this.#polls.delete(poll);
    request.json({ room: ROOM, epoch: 'e1', position: this.position, frames });
  }

  #answer(since) {
    const live = { type: 'live', room: ROOM, position: this.position };
    if (since === undefined) return [{ type: 'snapshot', room: ROOM, position: this.position, documents: [...this.documents.values()] }, live];
    return [...this.log.filter(({ position }) => position > since), live];
  }

  #execute(command) {
    if (!this.acks.has(command.id)) {
      this.commit(command);
      this.acks.set(command.id, { type: 'ack', id: command.id, position: this.position, changed: true, document: this.documents.get(command.order) });
    }
    return this.acks.get(command.id);
  }
}

/** Changes the network once: blocks or unblocks something, or cuts everything. */
function weather(server) {
  const luck = server.random();
  if (luck < 0.08) server.blocked.websocket = !server.blocked.websocket;
  else if (luck < 0.12) server.blocked.stream = !server.blocked.stream;
  else if (luck < 0.15) server.blocked.everything = !server.blocked.everything;
  else if (luck < 0.2) server.cut();
  server.enforce();
}

/** Runs the client and the server for this long. */
async function pass(ms, { clock, server }) {
  for (let at = 0; at < ms; at += 250) {
    server.serve();
    server.beat();
    await settle();
    await clock.advance(250);
  }
}

for (let seed = 1; seed <= 25; seed += 1) {
  test(`transports that come and go lose nothing and repeat nothing (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const it = bench({ random });
    const server = new Server(random, it);
    const room = it.bell.room(ROOM);
    const applied = [];
    room.on('change', ({ kind, event }) => (kind === 'snapshot' ? applied.splice(0) : applied.push(event.id)));
    it.bell.on('transport', ({ transport }) => carried.add(transport));
    it.bell.start();
    const answers = [];
    for (let step = 0; step < STEPS; step += 1) {
      weather(server);
      server.commit();
      if (random() < 0.2) answers.push(it.bell.command({ id: `k${step}`, order: `o${step % 4}`, action: 'promise', minutes: 5 }));
      await pass(random() * 3_000, { ...it, server });
    }
    server.blocked = { websocket: false, stream: false, everything: false };
    for (let step = 0; step < 60 && (it.bell.transport !== 'websocket' || it.bell.pending.length > 0); step += 1) {
      await pass(5_000, { ...it, server });
    }
    await pass(2_000, { ...it, server });
    assert.deepEqual([it.bell.transport, it.bell.state, room.cursor], ['websocket', 'live', server.position]);
    assert.deepEqual(Object.fromEntries(room.documents), Object.fromEntries(server.documents));
    const numbers = applied.map((id) => Number(id.slice(1)));
    assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), 'each event once, in order');
    await Promise.all(answers);
    const effects = server.log.map(({ event }) => event.command).filter(Boolean);
    assert.deepEqual([effects.length, new Set(effects).size], [answers.length, answers.length], 'each command takes effect once');
  });
}

test('the schedules used every transport', () => {
  assert.deepEqual([...carried].sort(), ['poll', 'stream', 'websocket']);
});
