// Snapshots in parts: kept aside until the last part arrives, dropped with the link, requested only from servers that know
// them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOM, bench, connected, event, live, order, settle, snapshot, streaming } from './support.mjs';

/** @param {number} position @param {number} number @param {any[]} documents @param {boolean} [more] @param {object} [fields] */
const part = (position, number, documents, more = true, fields = {}) => ({ ...snapshot(position, documents), part: number, more, ...fields });

/** Returns a client of a server that knows parts, live in a room. */
async function livePaged() {
  const it = bench();
  it.bell.start();
  await it.clock.advance(0);
  it.last().welcome({ paged: true });
  const room = it.bell.room(ROOM);
  it.last().push(snapshot(10, [order('o1', 10)]), live(10));
  const changes = [];
  room.on('change', (change) => changes.push(change.kind));
  return { ...it, room, changes };
}

test('the client requests parts only from a server that says it knows them', async () => {
  const { last } = await livePaged();
  assert.deepEqual(last().all('subscribe'), [{ type: 'subscribe', room: ROOM, paged: true }]);
  const old = await connected();
  old.bell.room(ROOM);
  assert.deepEqual(old.last().all('subscribe'), [{ type: 'subscribe', room: ROOM }]);
});

test('documents and cursor are swapped with the last part, all at once', async () => {
  const { last, room, changes } = await livePaged();
  last().push(part(20, 0, [order('o2', 12)]), part(20, 1, [order('o3', 13)]));
  assert.deepEqual([[...room.documents.keys()], room.cursor, changes], [['o1'], 10, []]);
  last().push(part(20, 2, [order('o4', 20)], false));
  assert.deepEqual([[...room.documents.keys()], room.cursor, changes], [['o2', 'o3', 'o4'], 20, ['snapshot']]);
  last().push(event(20, 21, 'o3', { status: 'accepted' }), live(21));
  assert.deepEqual([room.documents.get('o3').status, room.cursor, room.live], ['accepted', 21, true]);
});

test('calls and displays of all parts are combined', async () => {
  const { bell, last } = await livePaged();
  const floor = bell.room('floor:r1');
  const of = (...given) => ({ ...part(...given), room: 'floor:r1' });
  last().push(
    of(5, 0, [order('o1', 4)], true, { calls: {}, displays: {} }),
    of(5, 1, [], true, { calls: { c1: { id: 'c1' } }, displays: {} }),
    of(5, 2, [], false, { calls: { c2: { id: 'c2' } }, displays: { d1: { id: 'd1' } } }),
  );
  assert.deepEqual([Object.keys(floor.calls), Object.keys(floor.displays), floor.documents.size], [['c1', 'c2'], ['d1'], 1]);
});

test('a link lost between parts discards them, and the next link starts over', async () => {
  const { clock, last, room } = await livePaged();
  last().push(part(20, 0, [order('o2', 12)]));
  last().drop();
  await clock.advance(500);
  last().welcome({ paged: true });
  assert.deepEqual(last().all('subscribe'), [{ type: 'subscribe', room: ROOM, since: 10, epoch: 'e1', paged: true }]);
  last().push(part(20, 1, [order('o3', 13)], false), live(10));
  assert.deepEqual([[...room.documents.keys()], room.cursor], [['o1'], 10], 'the second half alone is not a snapshot');
  last().push(part(22, 0, [order('o5', 22)], false), live(22));
  assert.deepEqual([[...room.documents.keys()], room.cursor], [['o5'], 22]);
});

test('parts that do not fit together are not shown, and the client requests another snapshot', async () => {
  for (const wrong of [part(21, 1, [order('o3', 13)]), part(20, 2, [order('o3', 13)], false)]) {
    const { last, room } = await livePaged();
    last().push(part(20, 0, [order('o2', 12)]), wrong);
    assert.deepEqual([[...room.documents.keys()], room.cursor], [['o1'], 10]);
    assert.deepEqual(last().all('subscribe').slice(1), [{ type: 'subscribe', room: ROOM, paged: true }]);
  }
});

test('a stream that is cut between parts is requested again from the cursor before them', async () => {
  const it = await streaming();
  it.stream.push(part(20, 0, [order('o2', 12)]));
  await settle();
  it.stream.end(true);
  await it.clock.advance(500);
  const again = it.http.last();
  assert.deepEqual([again.query, again.headers['orderbell-snapshot']], [{ since: '10', epoch: 'e1' }, 'paged']);
  assert.deepEqual([[...it.room.documents.keys()], it.room.cursor], [['o1'], 10]);
});
