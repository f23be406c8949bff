import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT_FINISHED_ORDERS, Room } from '../../static/client/room.js';
import { Room as OldRoom } from './fixtures/old_client/room.js';
import { ROOM, connected, event, live, liveRoom, order, relink, snapshot } from './support.mjs';

test('a snapshot replaces the documents of the room, and `live` ends catching up', async () => {
  const { bell, last } = await connected();
  const room = bell.room(ROOM);
  assert.equal(bell.state, 'catching-up');
  assert.deepEqual(last().all('subscribe'), [{ type: 'subscribe', room: ROOM }]);
  room.documents.set('ghost', order('ghost', 1));
  last().push(snapshot(10, [order('o1', 10)]));
  assert.equal(bell.state, 'catching-up', 'not live before the frame `live`');
  last().push(live(12));
  assert.equal(bell.state, 'live');
  assert.deepEqual([...room.documents.keys()], ['o1']);
  assert.equal(room.cursor, 12, 'live moves the cursor');
});

test('an event is applied once, and reported with the document before and after it', async () => {
  const { last, room, changes } = await liveRoom();
  last().push(event(10, 11, 'o1', { status: 'accepted' }), event(10, 11, 'o1', { status: 'accepted' }), event(9, 10, 'o1', { status: 'rejected' }));
  assert.equal(room.documents.get('o1').status, 'accepted');
  assert.equal(room.cursor, 11);
  const applied = changes.filter(({ kind }) => kind === 'order.accepted');
  assert.equal(applied.length, 1, 'the duplicate and the old event are dropped');
  assert.deepEqual([applied[0].order, applied[0].before.status, applied[0].after.status], ['o1', 'placed', 'accepted']);
});

test('a new order is made from its first patch', async () => {
  const { last, room, changes } = await liveRoom();
  last().push(event(10, 15, 'o2', order('o2', 15), 'order.placed'));
  assert.equal(room.documents.get('o2').status, 'placed');
  assert.equal(changes.at(-1).before, undefined);
});

test('moving a closed order that is not shown changes nothing but the cursor', async () => {
  const { last, room, changes } = await liveRoom();
  const before = changes.length;
  last().push(event(10, 15, 'closed', order('closed', 15, 'served', { table: '8' }), 'order.moved'));
  assert.deepEqual([room.documents.has('closed'), room.cursor, changes.length], [false, 15, before]);
  last().push(event(15, 16, 'o1', { table: '8' }, 'order.moved'));
  assert.equal(room.documents.get('o1').table, '8');
});

test('lines that move between orders are in one of them, and an older library agrees', async () => {
  const { last, room } = await liveRoom();
  const old = new OldRoom(ROOM);
  const line = (quantity) => ({ name: 'Firni', quantity, status: 'cooking' });
  const whole = order('o1', 10, 'preparing', { table: '3', items: { a: line(1), b: line(3) } });
  const part = order('o2', 13, 'preparing', { table: '8', items: { a: line(1), c: line(2) }, split_from: { order: 'o1', number: 1 } });
  const served = (items, position) => ({ ...order('o3', position, 'served', { items }), closed_at: '2026-11-24T10:00:00.000Z' });
  const frames = [
    event(10, 11, 'o1', { ...whole, position: 11 }, 'item.changed'),
    event(11, 12, 'o1', { position: 12, items: { a: null, b: { quantity: 1 } } }, 'item.moved'),
    event(12, 13, 'o2', part, 'order.placed'),
    event(13, 14, 'o1', { position: 14, items: { a: line(1), b: { quantity: 3 } } }, 'item.moved'),
    event(14, 15, 'o2', { position: 15, status: 'served', items: { a: null, c: null } }, 'item.moved'),
  ];
  old.receive(snapshot(10, [order('o1', 10)]), 'e1');
  for (const frame of frames) {
    last().push(frame);
    assert.equal(old.receive(frame, 'e1'), 'none');
    assert.deepEqual([...room.documents], [...old.documents]);
    const lines = [...room.documents.values()].flatMap(({ items }) => Object.keys(items ?? {}));
    if (frame.position !== 14) assert.equal(new Set(lines).size, lines.length, 'outside of a commit, each line is in one order');
  }
  assert.deepEqual(room.documents.get('o1').items, whole.items);
  assert.deepEqual(room.documents.get('o2').items, {});
  // A closed order that this room does not show: it stays so, unless its lines are open again. An older library asks.
  last().push(event(15, 16, 'o3', served({ a: line(1) }, 16), 'item.moved'));
  assert.deepEqual([room.documents.has('o3'), room.cursor], [false, 16]);
  last().push(event(16, 17, 'o3', order('o3', 17, 'preparing', { items: { a: line(2) } }), 'item.moved'));
  assert.equal(room.documents.get('o3').items.a.quantity, 2);
  old.receive(event(15, 16, 'o1', { position: 16 }, 'order.promised'), 'e1');
  assert.equal(old.receive(event(16, 17, 'o3', order('o3', 17, 'preparing'), 'item.moved'), 'e1'), 'snapshot');
});

test('sync moves the cursor without an event, so that the next event fits', async () => {
  const { last, room } = await liveRoom();
  last().push({ type: 'sync', room: ROOM, prev: 10, position: 500, server_time: '2026-11-24T10:00:00.000Z' });
  assert.equal(room.cursor, 500);
  last().push(event(500, 501, 'o1', { status: 'accepted' }));
  assert.equal(room.documents.get('o1').status, 'accepted');
});

test('the client requests a missing range once, and the replay closes the gap', async () => {
  const { last, room } = await liveRoom();
  last().push(event(12, 13, 'o1', { status: 'preparing' }), event(13, 14, 'o1', { rush: true }));
  assert.equal(room.documents.get('o1').status, 'placed', 'nothing is applied after a gap');
  assert.deepEqual(last().all('subscribe').slice(1), [{ type: 'subscribe', room: ROOM, since: 10, epoch: 'e1' }]);
  last().push(event(10, 12, 'o1', { status: 'accepted' }), event(12, 13, 'o1', { status: 'preparing' }), event(13, 14, 'o1', { rush: true }), live(14));
  assert.deepEqual([room.documents.get('o1').status, room.documents.get('o1').rush, room.cursor], ['preparing', true, 14]);
  assert.equal(last().all('subscribe').length, 2, 'and nothing more is requested');
});

test('a gap before `sync` is requested too', async () => {
  const { last, room } = await liveRoom();
  last().push({ type: 'sync', room: ROOM, prev: 12, position: 20, server_time: '2026-11-24T10:00:00.000Z' });
  assert.equal(room.cursor, 10);
  assert.deepEqual(last().all('subscribe').at(-1), { type: 'subscribe', room: ROOM, since: 10, epoch: 'e1' });
});

test('if a gap remains when the replay ends, the client requests a snapshot', async () => {
  const { last, room } = await liveRoom();
  last().push(event(12, 13, 'o1', { status: 'preparing' }), live(13));
  assert.equal(room.cursor, 10, 'the cursor does not pass the gap');
  assert.deepEqual(last().all('subscribe').at(-1), { type: 'subscribe', room: ROOM });
  last().push(snapshot(13, [order('o1', 13, 'preparing')]), live(13));
  assert.deepEqual([room.documents.get('o1').status, room.cursor], ['preparing', 13]);
});

test('the recall of an order that was closed before the snapshot makes the client request a snapshot once', async () => {
  const { last, room } = await liveRoom();
  last().push(event(10, 11, 'o7', { status: 'preparing' }, 'order.recalled'), event(11, 12, 'o7', { rush: true }, 'order.rushed'));
  assert.equal(room.documents.has('o7'), false, 'half a document is never shown');
  assert.deepEqual(last().all('subscribe').slice(1), [{ type: 'subscribe', room: ROOM }]);
  last().push(snapshot(12, [order('o1', 10), order('o7', 12, 'preparing')]), live(12));
  assert.equal(room.documents.get('o7').status, 'preparing');
});

test('a cursor names the event at it, as the frames do, so that a server knows one that it has lost', async () => {
  const bench = await liveRoom();
  const { last, room } = bench;
  const tagged = (/** @type {any} */ frame, /** @type {string} */ id) => ({ ...frame, event: { ...frame.event, id } });
  const epochs = async (/** @type {any[]} */ ...frames) => {
    last().push(...frames);
    last().drop();
    await relink(bench, { epoch: 'e1' });
    const [{ since, epoch }] = last().all('subscribe');
    last().push(live(since));
    return [since, epoch];
  };
  assert.deepEqual(await epochs(), [10, 'e1'], 'an older server names none');
  assert.deepEqual(await epochs({ ...live(11), tag: '00000000000a' }), [11, 'e1~00000000000a']);
  assert.deepEqual(await epochs(tagged(event(11, 12, 'o1', { rush: true }), '0193a5f0-7c1e-7000-8000-00000000000b')), [12, 'e1~00000000000b']);
  const sync = { type: 'sync', room: ROOM, prev: 12, position: 20, tag: '00000000000c', server_time: '2026-11-24T10:00:00.000Z' };
  assert.deepEqual(await epochs(sync), [20, 'e1~00000000000c']);
  assert.deepEqual(await epochs({ ...snapshot(30, []), tag: '00000000000d' }), [30, 'e1~00000000000d']);
  assert.equal(room.epoch, 'e1');
});

test('after a reconnect the room resumes from its cursor, in its epoch', async () => {
  const { bell, clock, last, room } = await liveRoom();
  last().push(event(10, 11, 'o1', { status: 'accepted' }));
  last().drop();
  assert.equal(bell.state, 'offline');
  await clock.advance(500);
  last().welcome();
  assert.equal(bell.state, 'catching-up');
  assert.deepEqual(last().all('subscribe'), [{ type: 'subscribe', room: ROOM, since: 11, epoch: 'e1' }]);
  last().push(event(11, 12, 'o1', { status: 'preparing' }), live(12));
  assert.equal(bell.state, 'live');
  assert.equal(room.documents.get('o1').status, 'preparing');
});

test('a cursor of another epoch is not used, and the documents stay until the snapshot', async () => {
  const { clock, last, room } = await liveRoom();
  last().drop();
  await clock.advance(500);
  last().welcome({ epoch: 'e2' });
  assert.deepEqual(last().all('subscribe'), [{ type: 'subscribe', room: ROOM }]);
  assert.equal(room.documents.size, 1);
  last().push(event(1, 3, 'o1', { status: 'rejected' }));
  assert.equal(room.documents.get('o1').status, 'placed', 'an event of the new epoch is not compared with the old cursor');
  last().push(snapshot(2, []), live(2));
  assert.deepEqual([room.documents.size, room.cursor, room.epoch], [0, 2, 'e2']);
});

test('the client accepts a snapshot in answer to a cursor', async () => {
  const { clock, last, room } = await liveRoom();
  last().drop();
  await clock.advance(500);
  last().welcome();
  last().push(snapshot(4, []), live(4));
  assert.deepEqual([room.documents.size, room.cursor], [0, 4]);
});

test('calls, displays and the menu are patched like orders', async () => {
  const { bell, last } = await connected();
  const floor = bell.room('floor:r1');
  const menu = bell.room('menu:r1');
  last().push(
    { ...snapshot(5, [], { calls: { c1: { id: 'c1', table: '7' } }, displays: {} }), room: 'floor:r1' },
    { ...snapshot(5, [{ restaurant: 'r1', position: 5, items: { i1: { available: true } } }]), room: 'menu:r1' },
  );
  last().push(
    { type: 'event', room: 'floor:r1', prev: 5, position: 6, event: { id: 'e', kind: 'call.raised', patch: { c2: { id: 'c2', table: '8' } } } },
    { type: 'event', room: 'floor:r1', prev: 6, position: 7, event: { id: 'e', kind: 'call.answered', patch: { c1: null } } },
    { type: 'event', room: 'floor:r1', prev: 7, position: 8, event: { id: 'e', kind: 'display.connected', patch: { d1: { connected: true } } } },
    { type: 'event', room: 'menu:r1', prev: 5, position: 9, event: { id: 'e', kind: 'menu.availability', patch: { items: { i1: { available: false } } } } },
  );
  assert.deepEqual(floor.calls, { c2: { id: 'c2', table: '8' } });
  assert.deepEqual(floor.displays, { d1: { connected: true } });
  assert.equal(menu.menu.items.i1.available, false);
  assert.equal(menu.documents.size, 0);
});

test('a refused room reports it, and delays no other room', async () => {
  const { bell, last } = await connected();
  const room = bell.room('floor:other');
  const refused = [];
  room.on('refused', (error) => refused.push(error.code));
  last().push({ type: 'error', room: 'floor:other', code: 'forbidden', message: 'no such room, or not for you' });
  assert.deepEqual([refused, room.refusal.code, bell.state], [['forbidden'], 'forbidden', 'live']);
});

test('a subscription answered "later" is sent again after the server\'s pause', async () => {
  const { bell, clock, last } = await connected();
  bell.room(ROOM);
  last().push({ type: 'error', room: ROOM, code: 'rate_limited', message: 'slower', retry_after_ms: 700 });
  await clock.advance(699);
  assert.equal(last().all('subscribe').length, 1);
  await clock.advance(1);
  assert.equal(last().all('subscribe').length, 2);
});

test('a room that is left is unsubscribed and does not come back', async () => {
  const { clock, last, room } = await liveRoom();
  room.leave();
  assert.deepEqual(last().all('unsubscribe'), [{ type: 'unsubscribe', room: ROOM }]);
  last().push(event(10, 11, 'o1', { status: 'accepted' }));
  assert.equal(room.documents.get('o1').status, 'placed');
  last().drop();
  await clock.advance(500);
  last().welcome();
  assert.equal(last().all('subscribe').length, 0);
});

test('a receipt is sent once, and again on a new link when its room is live', async () => {
  const { bell, clock, last, room } = await liveRoom();
  bell.seen(room, 10);
  bell.seen(room, 10);
  bell.seen(room, 9);
  assert.deepEqual(last().all('seen'), [{ type: 'seen', room: ROOM, position: 10 }]);
  last().drop();
  await clock.advance(500);
  last().welcome();
  assert.equal(last().all('seen').length, 0);
  last().push(live(10));
  assert.deepEqual(last().all('seen'), [{ type: 'seen', room: ROOM, position: 10 }]);
});

test('a screen that switches to another station reports it, although it has drawn nothing new', async () => {
  const { bell, last, room } = await liveRoom();
  for (const station of ['hot', 'hot', 'cold', undefined, undefined]) bell.seen(room, 10, station);
  assert.deepEqual(last().all('seen'), [
    { type: 'seen', room: ROOM, position: 10, station: 'hot' }, { type: 'seen', room: ROOM, position: 10, station: 'cold' },
    { type: 'seen', room: ROOM, position: 10 },
  ]);
});

test('a room keeps the newest finished orders', () => {
  const room = new Room(ROOM);
  const count = KEPT_FINISHED_ORDERS + 5;
  const open = order('open', 1);
  room.receive(snapshot(count, [open, ...Array.from({ length: count }, (_, at) => order(`o${at}`, at, 'ready'))]), 'e1');
  for (let at = 0; at < count; at += 1) room.receive(event(count + at, count + at + 1, `o${at}`, { status: 'served' }, 'order.served'), 'e1');
  assert.equal(room.documents.size, KEPT_FINISHED_ORDERS + 1);
  assert.equal(room.documents.has('open'), true);
  assert.equal(room.documents.has('o0'), false);
  assert.equal(room.documents.has(`o${count - 1}`), true);
});

test('a client that does not know rounds merges their patches to the right document', () => {
  const line = (status, more = {}) => ({ name: 'Tea', quantity: 1, status, price: { amount: 5, currency: 'BDT' }, ...more });
  const placed = { id: 'o1', number: 1, position: 1, status: 'ready', ready_at: 't1', items: { a: line('done', { note: 'hot' }) }, total: { amount: 5, currency: 'BDT' } };
  const steps = [
    ['item.added', { position: 2, items: { b: line('queued', { round: 2, added_at: 't2' }) }, total: { amount: 10 } }],
    ['order.recalled', { position: 3, status: 'preparing', ready_at: null }],
    ['item.changed', { position: 4, items: { b: { quantity: 2, note: 'no sugar' } }, total: { amount: 15 } }],
    ['item.changed', { position: 5, items: { b: { note: null } } }],
  ];
  const after = {
    id: 'o1', number: 1, position: 5, status: 'preparing', total: { amount: 15, currency: 'BDT' },
    items: { a: line('done', { note: 'hot' }), b: line('queued', { round: 2, added_at: 't2', quantity: 2 }) },
  };
  for (const Client of [OldRoom, Room]) {
    const room = new Client(ROOM);
    room.receive(snapshot(1, [placed]), 'e1');
    steps.forEach(([kind, patch], at) => room.receive(event(at + 1, at + 2, 'o1', patch, kind), 'e1'));
    assert.deepEqual(room.documents.get('o1'), after);
  }
});
