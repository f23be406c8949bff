import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePatch } from '../../static/client/merge_patch.js';
import { ROOM, WELCOME, bench, randomFrom, relink } from './support.mjs';

/** A restaurant's feed, some of whose events belong to other rooms, behind a network that loses and repeats frames. */
class FaultyServer {
  log = [];
  documents = new Map();
  position = 0;
  #last = 0;

  constructor(random) {
    this.random = random;
  }

  /** Commits an event. Returns null when it belongs to another room. */
  commit() {
    this.position += 1;
    if (this.random() < 0.3) return null;
    const id = `o${Math.floor(this.random() * 5)}`;
    const known = this.documents.has(id);
    const patch = known
      ? { position: this.position, note: this.random() < 0.5 ? null : `n${this.position}`, items: { [`i${this.position % 3}`]: { status: 'done' } } }
      : { id, number: 1, position: this.position, status: 'placed', items: { i0: { status: 'queued' } } };
    this.documents.set(id, mergePatch(this.documents.get(id) ?? {}, patch));
    const frame = {
      type: 'event', room: ROOM, prev: this.#last, position: this.position,
      event: { id: `e${this.position}`, kind: known ? 'order.accepted' : 'order.placed', order: id, patch },
    };
    this.#last = this.position;
    this.log.push(frame);
    return frame;
  }

  /** Returns the answer to a subscription. */
  answer({ since }) {
    if (since === undefined || this.random() < 0.1) {
      return [{ type: 'snapshot', room: ROOM, position: this.position, documents: [...this.documents.values()] }, this.#live()];
    }
    return [...this.log.filter(({ position }) => position > since), this.#live()];
  }

  sync() {
    return { type: 'sync', room: ROOM, prev: this.#last, position: this.position, server_time: WELCOME.server_time };
  }

  #live() {
    return { type: 'live', room: ROOM, position: this.position };
  }
}

/** Answers the subscriptions that a socket has sent since the last call. */
function answerAll(server, socket) {
  socket.answered ??= 0;
  for (; socket.answered < socket.sent.length; socket.answered += 1) {
    const frame = socket.sent[socket.answered];
    if (frame.type === 'subscribe') socket.push(...server.answer(frame));
  }
}

async function reconnect({ clock, last, server }) {
  await relink({ clock, last });
  answerAll(server, last());
}

async function deliverBadly({ clock, last, server, random }, frame) {
  const luck = random();
  if (luck < 0.05) {
    last().drop([1006, 4409, 4408][Math.floor(random() * 3)]);
    return reconnect({ clock, last, server });
  }
  if (luck < 0.15 || frame === null) return undefined;
  last().push(frame);
  if (luck < 0.25) last().push(frame);
  if (luck > 0.5) answerAll(server, last());
  return undefined;
}

for (let seed = 1; seed <= 60; seed += 1) {
  test(`on a network that loses, repeats and cuts, documents stay equal and each event is applied once (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const server = new FaultyServer(random);
    const { bell, clock, last } = bench({ random });
    const room = bell.room(ROOM);
    const applied = [];
    room.on('change', ({ kind, event, order }) => {
      if (kind === 'snapshot') return void applied.splice(0);
      assert.equal(room.documents.get(order).position, room.cursor, 'the documents match the cursor');
      applied.push(event.id);
      return undefined;
    });
    bell.start();
    await clock.advance(0);
    await reconnect({ clock, last, server });
    for (let step = 0; step < 300; step += 1) {
      await deliverBadly({ clock, last, server, random }, server.commit());
      if (step % 20 === 0) last().push(server.sync());
    }
    for (let round = 0; round < 3; round += 1) {
      last().push(server.sync());
      answerAll(server, last());
    }
    assert.equal(room.cursor, server.position);
    assert.deepEqual(Object.fromEntries(room.documents), Object.fromEntries(server.documents));
    assert.equal(new Set(applied).size, applied.length, 'no event is repeated');
    const numbers = applied.map((id) => Number(id.slice(1)));
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b), 'in order');
  });
}
