// What survives a reload: unanswered commands, and rooms.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT_DOCUMENTS, KEPT_FOR_MS, WRITE_EVERY_MS } from '../../static/client/persistence/kept_rooms.js';
import { COMMAND_LIFETIME_MS, PLACE_LIFETIME_MS } from '../../static/client/outbox.js';
import { FakeLocks, FakeStorage, FakeTokens, ROOM, bench, connected, event, live, order, outage, relink, settle, snapshot } from './support.mjs';

const ack = (id) => ({ type: 'ack', id, position: 11, changed: true, document: order('o1', 11) });
const code = (promise) => promise.then(() => 'acknowledged', (error) => error.code);
const ids = (frames) => frames.map(({ id }) => id);

/** Kills a page: its locks are released, and none of its code runs any longer. */
function kill({ last, locks }) {
  if (last()) last().onmessage = last().onclose = null;
  locks?.crash();
}

/** Returns an offline page with one room, and its storage. */
async function offline(options) {
  const it = bench({ ...outage(), ...options });
  const room = it.bell.room(ROOM);
  it.bell.start();
  await it.clock.advance(0);
  it.last().drop();
  await settle();
  return { ...it, room };
}

/** Returns a connected page that resumes from storage, and its first subscriptions. */
async function resumed(options) {
  const it = bench({ resume: true, ...options });
  const room = it.bell.room(ROOM);
  const changes = [];
  room.on('change', ({ kind }) => changes.push(kind));
  it.bell.start();
  await it.clock.advance(0);
  it.last().welcome(options.welcome);
  return { ...it, room, changes, asked: it.last().all('subscribe') };
}

test('commands made without a network go out after a reload, in order, under their ids', async () => {
  const storage = new FakeStorage();
  const before = await offline({ storage });
  before.bell.command({ id: 'k1', order: 'o1', action: 'recall' });
  before.bell.command({ id: 'k2', order: 'o1', action: 'finish_item', item: 'i1' });
  before.bell.command({ id: 'k3', order: 'o2', action: 'start' });
  await settle();
  kill(before);
  const { bell, clock, last } = await offline({ storage });
  assert.deepEqual(ids(bell.pending), ['k1', 'k2', 'k3'], 'shown as pending while still offline');
  bell.command({ id: 'k4', order: 'o1', action: 'ready' });
  const answers = [];
  bell.on('answer', ({ pending, ack: answer, error }) => answers.push([pending.id, answer ? 'ack' : error.code]));
  await relink({ clock, last });
  for (const id of ['k1', 'k3', 'k2', 'k4']) {
    await clock.advance(100);
    last().push(id === 'k3' ? { type: 'error', id, code: 'invalid_transition', message: 'it is cancelled' } : ack(id));
  }
  assert.deepEqual(ids(last().all('command')), ['k1', 'k3', 'k2', 'k4']);
  assert.deepEqual(answers, [['k1', 'ack'], ['k3', 'invalid_transition'], ['k2', 'ack'], ['k4', 'ack']]);
  await settle();
  assert.equal(storage.tables.commands.size, 0);
});

test('a command made while the page starts waits for the stored commands', async () => {
  const storage = new FakeStorage();
  const before = await offline({ storage });
  before.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  await settle();
  const { bell, clock, last } = await connected({ storage });
  bell.command({ id: 'k2', order: 'o1', action: 'ready' });
  assert.deepEqual(last().all('command'), [], 'not sent before the stored commands');
  await clock.advance(0);
  assert.deepEqual(ids(last().all('command')), ['k1']);
  last().push(ack('k1'));
  await clock.advance(100);
  assert.deepEqual(ids(last().all('command')), ['k1', 'k2']);
});

test('another principal on the same device neither sends nor sees stored commands', async () => {
  const storage = new FakeStorage();
  const before = await offline({ storage, storageKey: 'r1.ana' });
  before.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  await settle();
  kill(before);
  const other = await connected({ storage, storageKey: 'r1.ben' });
  await other.clock.advance(5_000);
  assert.deepEqual([other.bell.pending, other.last().all('command')], [[], []]);
  const same = await connected({ storage, storageKey: 'r1.ana' });
  await same.clock.advance(1_000);
  assert.deepEqual(ids(same.last().all('command')), ['k1']);
});

test('a stored command that is too old is dropped, and the page learns of it', async () => {
  const storage = new FakeStorage();
  const before = await offline({ storage });
  before.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  before.bell.place({ items: [] }, 'basket-1');
  await settle();
  kill(before);
  const soon = 1_000_000 + PLACE_LIFETIME_MS;
  const { bell, clock, last } = await connected({ storage, wallClock: () => soon });
  const answers = [];
  bell.on('answer', ({ pending, error }) => answers.push([pending.id, error?.code]));
  await clock.advance(2_000);
  assert.deepEqual([answers, ids(last().all('command')), last().all('place')], [[['basket-1', 'expired']], ['k1'], []]);
  const late = await connected({ storage, wallClock: () => 1_000_000 + COMMAND_LIFETIME_MS });
  late.bell.on('answer', ({ pending, error }) => answers.push([pending.id, error?.code]));
  await late.clock.advance(2_000);
  assert.deepEqual([answers.at(-1), late.last().all('command')], [['k1', 'expired'], []]);
});

test('stored commands of a principal who never returns are removed in the end', async () => {
  const storage = new FakeStorage();
  const before = await offline({ storage, storageKey: 'ana' });
  before.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  await settle();
  const { clock } = await connected({ storage, storageKey: 'ben', wallClock: () => 1_000_001 + 2 * COMMAND_LIFETIME_MS });
  await clock.advance(1_000);
  assert.equal(storage.tables.commands.size, 0);
});

test('each of two tabs sends its own commands, and the remaining tab sends those that the closed tab left', async () => {
  const [storage, locks] = [new FakeStorage(), new FakeLocks()];
  const leaving = { ...await offline({ storage, locks }), locks };
  leaving.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  await settle();
  const staying = await connected({ storage, locks });
  await staying.clock.advance(1_000);
  assert.deepEqual([staying.bell.pending, staying.last().all('command')], [[], []], 'the other tab is alive and sends it itself');
  leaving.bell.freeze();
  await settle();
  staying.last().drop();
  await relink(staying);
  await staying.clock.advance(100);
  assert.deepEqual(ids(staying.last().all('command')), ['k1']);
  staying.last().push(ack('k1'));
  await settle();
  assert.equal(storage.tables.commands.size, 0);
});

test('without locks a tab sends all stored commands, and the same id twice has one effect', async () => {
  const storage = new FakeStorage();
  const first = await offline({ storage });
  const answered = first.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  await settle();
  const second = await connected({ storage });
  await second.clock.advance(1_000);
  assert.deepEqual(ids(second.last().all('command')), ['k1']);
  second.last().push(ack('k1'));
  await relink(first);
  assert.deepEqual(ids(first.last().all('command')), ['k1']);
  first.last().push(ack('k1'));
  assert.equal((await answered).position, 11);
});

test('a page closed on purpose leaves its waiting commands for the next page', async () => {
  const [storage, locks] = [new FakeStorage(), new FakeLocks()];
  const before = await offline({ storage, locks });
  const lost = code(before.bell.command({ id: 'k1', order: 'o1', action: 'start' }));
  await settle();
  before.bell.close();
  assert.equal(await lost, 'closed');
  await settle();
  const next = await connected({ storage, locks });
  await next.clock.advance(1_000);
  assert.deepEqual(ids(next.last().all('command')), ['k1']);
});

test('a final stop removes the stored copies too', async () => {
  const storage = new FakeStorage();
  const it = await connected({ storage });
  const dropped = code(it.bell.command({ id: 'k1', order: 'o1', action: 'start' }));
  await settle();
  it.last().drop(4400);
  await settle();
  assert.deepEqual([await dropped, storage.tables.commands.size], ['closed', 0]);
});

for (const [name, storage] of [
  ['refuses', { read: async () => { throw new Error('no'); }, write: async () => { throw new Error('quota'); }, remove: async () => { throw new Error('no'); }, prune: async () => { throw new Error('no'); } }],
  ['never answers', { read: () => new Promise(() => {}), write: () => new Promise(() => {}), remove: () => new Promise(() => {}), prune: () => new Promise(() => {}) }],
]) {
  test(`storage that ${name} loses only the stored copies`, async () => {
    const { bell, room, clock, last } = await resumed({ storage, resume: false });
    last().push(snapshot(10, [order('o1', 10)]), live(10));
    const answered = bell.command({ id: 'k1', order: 'o1', action: 'accept' });
    await clock.advance(2_000);
    last().push(ack('k1'));
    assert.deepEqual([(await answered).position, bell.state, room.cursor], [11, 'live', 10]);
    const patient = bench({ storage, resume: true });
    patient.bell.start();
    await patient.clock.advance(2_000);
    assert.equal(patient.sockets.length, 1);
  });
}

/** Returns a storage to which a page has written its room at position 11. */
async function keptAt11(options = {}) {
  const storage = new FakeStorage();
  const it = await connected({ storage, ...options });
  it.bell.room(ROOM);
  it.last().push(snapshot(10, [order('o1', 10), order('o2', 9)], { calls: { c1: { id: 'c1' } } }), live(10));
  await it.clock.advance(1_000);
  it.last().push(event(10, 11, 'o1', { status: 'accepted' }));
  it.bell.freeze();
  await settle();
  return storage;
}

test('a reload resumes from the cursor: missed changes come as events, without a snapshot', async () => {
  const storage = await keptAt11();
  const { room, changes, asked, bell, last } = await resumed({ storage });
  assert.deepEqual(asked, [{ type: 'subscribe', room: ROOM, since: 11, epoch: 'e1' }]);
  assert.deepEqual([room.documents.get('o1').status, room.documents.size, room.calls], ['accepted', 2, { c1: { id: 'c1' } }]);
  last().push(event(11, 12, 'o1', { status: 'preparing' }), live(12));
  assert.deepEqual([changes, room.documents.get('o1').status, bell.state], [['restored', 'order.accepted'], 'preparing', 'live']);
});

test('a stored room of another epoch is shown only until the snapshot', async () => {
  const storage = await keptAt11();
  const { room, asked, last } = await resumed({ storage, welcome: { epoch: 'e2' } });
  assert.deepEqual([asked, room.documents.size], [[{ type: 'subscribe', room: ROOM }], 2]);
  last().push(snapshot(2, []), live(2));
  assert.deepEqual([room.documents.size, room.cursor, room.epoch], [0, 2, 'e2']);
});

test('without a network a page shows what it last knew, and how old that is', async () => {
  const storage = await keptAt11();
  const { bell, room } = await offline({ storage, wallClock: () => 1_600_000 });
  await settle();
  assert.deepEqual([room.documents.get('o1').status, bell.state, bell.heardAt], ['accepted', 'offline', 1_001_000]);
});

for (const [name, options] of [
  ['of another version of the page', { version: '2' }], ['of another principal', { storageKey: 'somebody else' }],
  ['of the day before', { wallClock: () => 1_001_001 + KEPT_FOR_MS }],
]) {
  test(`a stored room ${name} is not used`, async () => {
    const storage = await keptAt11();
    const { room, asked } = await resumed({ storage, ...options });
    assert.deepEqual([room.documents.size, asked], [0, [{ type: 'subscribe', room: ROOM }]]);
  });
}

test('a room is stored soon, then at intervals and when the link is lost, but not with every event', async () => {
  const storage = new FakeStorage();
  let writes = 0;
  const counting = Object.assign(Object.create(storage), { write: (table, ...rest) => { writes += table === 'rooms'; return storage.write(table, ...rest); } });
  const it = await connected({ storage: counting });
  it.bell.room(ROOM);
  it.last().push(snapshot(10, [order('o1', 10)]), live(10));
  await it.clock.advance(1_000);
  for (let position = 10; position < 140; position += 1) {
    it.last().push(event(position, position + 1, 'o1', { note: `${position}` }));
    await it.clock.advance(1_000);
  }
  const soonAndThen = 1 + 120_000 / WRITE_EVERY_MS;
  assert.equal(writes, soonAndThen);
  it.last().push(event(140, 141, 'o1', { note: 'another' }));
  it.bell.rest();
  assert.equal(writes, soonAndThen + 1, 'and when the page is hidden');
  it.last().push(event(141, 142, 'o1', { note: 'the last' }));
  it.last().drop(1006);
  await settle();
  assert.equal(writes, soonAndThen + 2, 'and when the link is lost');
});

test('a room with very many documents is not stored', async () => {
  const storage = new FakeStorage();
  const it = await connected({ storage });
  it.bell.room(ROOM);
  it.last().push(snapshot(1, Array.from({ length: KEPT_DOCUMENTS + 1 }, (_, at) => order(`o${at}`, 1))), live(1));
  await it.clock.advance(1_000);
  it.bell.freeze();
  await settle();
  assert.equal(storage.tables.rooms.size, 0);
});

test('the end of a session removes its stored rooms', async () => {
  const closed = await keptAt11();
  const leaving = await connected({ storage: closed });
  leaving.bell.close();
  await settle();
  assert.equal(closed.tables.rooms.size, 0);
  const tokens = new FakeTokens();
  const revoked = await keptAt11();
  const it = await connected({ storage: revoked, tokens });
  tokens.refuse = true;
  it.last().drop(4401);
  await it.clock.advance(0);
  await settle();
  assert.deepEqual([it.bell.state, revoked.tables.rooms.size], ['stopped', 0]);
});
