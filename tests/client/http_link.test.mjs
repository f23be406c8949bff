// A link over plain HTTP: what streams and calls carry, and how they end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStream } from '../../static/client/transport/event_stream.js';
import { PROBE_BASE_MS } from '../../static/client/transport/fallback.js';
import { fixedToken } from '../../static/client/tokens.js';
import { FakeTokens, ROOM, WELCOME, bench, event, fallBack, live, order, settle, snapshot, streaming } from './support.mjs';

const code = (promise) => promise.then(() => 'acknowledged', (error) => error.code);

test('events of a stream arrive one by one, however the stream is cut into pieces', async () => {
  const { room, stream } = await streaming();
  const text = `: hb\n\nid: e1.11\r\nevent: event\r\ndata: ${JSON.stringify(event(10, 11, 'o1', { status: 'accepted', note: 'ঝাল' }))}\r\n\r\n`;
  for (const byte of new TextEncoder().encode(text)) stream.write(new Uint8Array([byte]));
  await settle();
  await settle();
  assert.deepEqual([room.cursor, room.documents.get('o1').status, room.documents.get('o1').note], [11, 'accepted', 'ঝাল']);
});

test('the lines of a stream end with LF, CRLF or CR, also where the stream is cut between the two', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const text = ['id: e1.11', 'data: a', ': hb', 'data:b', '', 'data: c', '', ''].join(end);
    for (const size of [1, 2, 3, 5, text.length]) {
      const events = new EventStream();
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
      assert.deepEqual(pieces.flatMap((piece) => [...events.push(piece), ...events.push('')]), ['a\nb', 'c'], JSON.stringify([end, size]));
    }
  }
});

test('a lost stream resumes from its cursor', async () => {
  const it = await streaming();
  it.stream.push(event(10, 11, 'o1', { status: 'accepted' }));
  await settle();
  it.stream.end(true);
  await it.clock.advance(500);
  assert.equal(it.bell.transport, 'stream');
  assert.deepEqual(it.http.last().query, { since: '11', epoch: 'e1' });
  it.http.last().stream(WELCOME, event(11, 12, 'o1', { status: 'preparing' }), live(12));
  await settle();
  assert.deepEqual([it.bell.state, it.room.documents.get('o1').status], ['live', 'preparing']);
  assert.equal(it.changes.filter(({ kind }) => kind === 'snapshot').length, 1);
});

test('a stream that is cut now and then resumes without going offline', async () => {
  const it = await streaming();
  for (let cut = 0; cut < 3; cut += 1) {
    await it.clock.advance(10_000);
    const before = it.http.requests.length;
    it.http.to('/stream').at(-1).end();
    await it.clock.advance(0);
    assert.equal(it.http.requests.length, before + 1);
    it.http.last().stream(WELCOME, live(10));
    await settle();
  }
  assert.ok(!it.states.some((state) => state.startsWith('offline') && state.includes('ended')), it.states.join());
  assert.equal(it.states.at(-1), 'live');
});

test('a stream without a heartbeat for two periods is given up', async () => {
  const it = await streaming();
  for (let beat = 0; beat < 6; beat += 1) {
    await it.clock.advance(15_000);
    it.stream.write(': hb\n\n');
    await settle();
  }
  assert.equal(it.stream.aborted, false);
  it.http.health = 'away';
  await it.clock.advance(30_000);
  assert.equal(it.stream.aborted, true);
  assert.match(it.states.at(-1), /^offline/);
});

test('a stream whose token expires continues with a new token', async () => {
  const it = await streaming();
  const refreshes = it.tokens.refreshes;
  await it.clock.advance(6_000);
  it.stream.push({ type: 'error', code: 'unauthorized', message: 'expired' });
  await it.clock.advance(0);
  assert.equal(it.tokens.refreshes, refreshes + 1);
  assert.deepEqual([it.http.last().headers.authorization, it.http.last().query.since], [`Bearer token-${refreshes + 1}`, '10']);
});

test('a token renewed in time opens a new stream from the cursor, without going offline', async () => {
  const it = await streaming({ welcome: { expires_at: '2026-11-24T10:00:10.000Z' } });
  const states = it.states.length;
  await it.clock.advance(6_000);
  assert.equal(it.stream.aborted, true);
  assert.deepEqual(it.http.to('/stream').at(-1).query, { since: '10', epoch: 'e1' });
  assert.equal(it.http.to('/stream').at(-1).headers.authorization, `Bearer token-${it.tokens.refreshes}`);
  assert.equal(it.states.length, states);
});

test('a client of a stream, too, leaves a server that goes away in its slot', async () => {
  const it = await streaming();
  it.stream.push({ type: 'going_away', reconnect_in_ms: 3_000 });
  await it.clock.advance(1_000);
  it.stream.end();
  await it.clock.advance(1_999);
  assert.equal(it.http.to('/stream').length, 1);
  await it.clock.advance(1);
  assert.equal(it.http.to('/stream').length, 2);
});

test('another epoch over HTTP brings a snapshot', async () => {
  const it = await streaming();
  it.stream.end(true);
  await it.clock.advance(500);
  it.http.last().stream({ ...WELCOME, epoch: 'e2' }, snapshot(2, []), live(2));
  await settle();
  assert.deepEqual([it.room.epoch, it.room.cursor, it.room.documents.size], ['e2', 2, 0]);
});

test('a room refused over HTTP reports it, and the other rooms continue', async () => {
  const it = bench({ tokens: fixedToken('t') });
  const refused = it.bell.room('order:not-mine');
  const room = it.bell.room(ROOM);
  it.bell.start();
  const request = await fallBack(it);
  assert.equal(request.path, `/api/v1/rooms/order:not-mine,${ROOM}/stream`);
  request.stream(WELCOME, { type: 'error', room: 'order:not-mine', code: 'forbidden', message: 'no' }, snapshot(10, [order('o1', 10)]), live(10));
  await settle();
  assert.deepEqual([refused.refusal.code, it.bell.state, room.cursor, it.bell.transport], ['forbidden', 'live', 10, 'stream']);
  await it.clock.advance(6_000);
  request.end();
  await settle();
  assert.equal(it.http.last().path, `/api/v1/rooms/${ROOM}/stream`, 'the stream is not requested again');
});

test('each room of a request names the event at its own cursor', async () => {
  const it = await streaming();
  it.http.last().push({ ...live(12), tag: '00000000000a' });
  it.bell.room('menu:r1');
  await settle();
  assert.deepEqual(it.http.last().query, { since: '12,', epoch: 'e1~00000000000a' });
  it.http.last().stream(WELCOME, { ...live(12), tag: '00000000000a' }, { ...snapshot(14, []), room: 'menu:r1', tag: '00000000000b' });
  await settle();
  it.bell.room('floor:r1');
  await settle();
  assert.deepEqual(it.http.last().query, { since: '12,14,', epoch: 'e1~00000000000a,e1~00000000000b,' });
});

test('a busy room is requested again while the others continue', async () => {
  const it = await streaming();
  const menu = it.bell.room('menu:r1');
  await settle();
  assert.equal(it.stream.aborted, true);
  assert.deepEqual([it.http.last().path, it.http.last().query], [`/api/v1/rooms/${ROOM},menu:r1/stream`, { since: '10,', epoch: 'e1' }]);
  it.http.last().stream(WELCOME, live(10), { type: 'error', room: 'menu:r1', code: 'unavailable', message: 'later', retry_after_ms: 900 });
  await settle();
  it.http.last().push(event(10, 11, 'o1', { status: 'accepted' }));
  await it.clock.advance(1_000);
  assert.deepEqual([it.room.cursor, it.http.last().query], [11, { since: '11,', epoch: 'e1' }]);
  it.http.last().stream(WELCOME, live(11), { ...snapshot(10, [{ position: 10, items: {} }]), room: 'menu:r1' }, { ...live(10), room: 'menu:r1' });
  await settle();
  assert.deepEqual([it.bell.state, menu.cursor, it.http.requests.length], ['live', 10, 3]);
});

test('a page holds one request, however many rooms it has', async () => {
  const it = bench({ tokens: fixedToken('t') });
  const rooms = Array.from({ length: 5 }, (_, at) => it.bell.room(`order:o${at}`));
  it.bell.start();
  const request = await fallBack(it);
  const frames = rooms.flatMap(({ name }, at) => [{ ...snapshot(5, [order(`o${at}`, 5)]), room: name }, { ...live(5), room: name }]);
  request.stream(WELCOME, ...frames);
  await it.clock.advance(3_000);
  assert.deepEqual([it.bell.state, rooms.every(({ cursor }) => cursor === 5), it.http.requests.length], ['live', true, 1]);
  it.bell.room('menu:r1');
  it.bell.room('order:o9');
  await settle();
  assert.equal(it.http.requests.length, 2, 'two more rooms take one request');
});

test('with a server that takes no list of rooms, one room has a stream and the others are polled', async () => {
  const it = bench({ tokens: fixedToken('t') });
  const rooms = ['order:o0', 'order:o1', 'order:o2'].map((name) => it.bell.room(name));
  it.bell.start();
  (await fallBack(it)).problem(403, 'forbidden');
  await settle();
  const requests = it.http.requests.slice(1);
  assert.deepEqual(requests.map(({ path, query }) => [path.split('/').slice(-2).join('/'), query.wait]),
    [['order:o0/stream', undefined], ['order:o1/events', '0'], ['order:o2/events', '0']]);
  requests[0].stream(WELCOME, { ...snapshot(5, [order('o0', 5)]), room: 'order:o0' }, { ...live(5), room: 'order:o0' });
  for (const [at, request] of requests.slice(1).entries()) {
    const name = `order:o${at + 1}`;
    request.json({ room: name, epoch: 'e1', position: 5, frames: [{ ...snapshot(5, [order(name.slice(6), 5)]), room: name }] });
  }
  await settle();
  assert.deepEqual([it.bell.state, rooms.every(({ cursor }) => cursor === 5)], ['live', true]);
  await it.clock.advance(3_000);
  assert.deepEqual(it.http.to('/events').slice(2).map(({ query }) => query), Array(2).fill({ since: '5', epoch: 'e1', wait: '0' }));
});

test('leaving a room ends its request', async () => {
  const it = await streaming();
  it.room.leave();
  assert.equal(it.stream.aborted, true);
  await it.clock.advance(1_000);
  assert.equal(it.http.requests.length, 1);
});

test('commands go over HTTP under the same ids, one at a time for each order', async () => {
  const it = await streaming({ slug: 'demo' });
  const first = it.bell.command({ id: 'k1', order: 'o1', action: 'accept', minutes: 20 });
  const second = it.bell.command({ id: 'k2', order: 'o1', action: 'start' });
  await it.clock.advance(100);
  assert.deepEqual(it.http.to('/commands').map(({ path, method, body }) => [path, method, body]), [
    ['/api/v1/orders/o1/commands', 'POST', { id: 'k1', action: 'accept', minutes: 20 }],
  ]);
  it.http.last().json({ type: 'ack', id: 'k1', position: 11, changed: true, document: order('o1', 11, 'accepted') });
  assert.equal((await first).position, 11);
  await it.clock.advance(100);
  it.http.last().problem(409, 'stale', { document: order('o1', 20, 'cancelled') });
  const error = await second.catch((reason) => reason);
  assert.deepEqual([error.code, error.document.status, it.bell.state], ['stale', 'cancelled', 'live']);
});

test('an order is placed, and a waiter called, at the restaurant\'s address', async () => {
  const it = await streaming({ slug: 'demo' });
  const body = { service: 'dine_in', items: [{ menu_item: 'm1', quantity: 1 }] };
  const placed = it.bell.place(body, 'basket-1');
  await settle();
  const { path, headers, body: sent } = it.http.last();
  assert.deepEqual([path, headers['idempotency-key'], sent], ['/api/v1/restaurants/demo/orders', 'basket-1', body]);
  it.http.last().json(order('o9', 30), 201);
  assert.deepEqual((({ id, position, document }) => [id, position, document.id])(await placed), ['basket-1', 30, 'o9']);
  await it.clock.advance(100);
  const called = it.bell.command({ id: 'k1', action: 'call_waiter', reason: 'bill' });
  await settle();
  assert.deepEqual([it.http.last().path, it.http.last().body], ['/api/v1/restaurants/demo/commands', { id: 'k1', action: 'call_waiter', reason: 'bill' }]);
  it.http.last().json({ type: 'ack', id: 'k1', position: 31, changed: true, document: {} });
  await called;
});

test('without a slug an order is refused, and a command is repeated after an answer that is not the server\'s', async () => {
  const it = await streaming();
  assert.equal(await code(it.bell.place({ items: [] })), 'invalid');
  await it.clock.advance(100);
  const answered = it.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  await settle();
  it.http.last().page(502);
  await it.clock.advance(2_000);
  assert.equal(it.http.to('/commands').length, 2);
  it.http.last().json({ type: 'ack', id: 'k1', position: 11, changed: true, document: order('o1', 11) });
  await answered;
});

test('a command whose answer is lost is sent again under its id, over whichever transport comes next', async () => {
  const it = await streaming();
  const answered = it.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  await settle();
  it.http.last().fail();
  await it.clock.advance(0);
  assert.match(it.states.at(-1), /^offline/);
  await it.clock.advance(500);
  it.http.to('/stream').at(-1).stream(WELCOME, live(10));
  await it.clock.advance(0);
  assert.deepEqual(it.http.to('/commands').map(({ body }) => body.id), ['k1', 'k1']);
  await it.clock.advance(2 * PROBE_BASE_MS);
  it.last().welcome();
  assert.deepEqual(it.last().all('command').map(({ id }) => id), ['k1'], 'in flight when the WebSocket came back');
  it.http.last().json({ type: 'ack', id: 'k1', position: 99, changed: true, document: order('o1', 99) });
  it.last().push({ type: 'ack', id: 'k1', position: 11, changed: true, document: order('o1', 11) });
  assert.equal((await answered).position, 11, 'messages of the old link are ignored');
});

/** Returns the bodies of the receipts that were sent. */
const receipts = ({ http }) => http.to(`/rooms/${ROOM}/seen`).map(({ body }) => body);

test('receipts are sent one call at a time, skipping to the latest, and again over the next link', async () => {
  const it = await streaming();
  for (const [position, station] of [[10, 'hot'], [11, 'hot'], [12, 'hot'], [12, undefined]]) it.bell.seen(it.room, position, station);
  await settle();
  assert.deepEqual(receipts(it), [{ position: 10, station: 'hot' }]);
  assert.deepEqual([it.http.last().method, it.http.last().headers.authorization], ['POST', it.stream.headers.authorization]);
  it.http.last().done();
  await settle();
  assert.deepEqual(receipts(it).slice(1), [{ position: 12 }]);
  it.http.last().done();
  await it.clock.advance(PROBE_BASE_MS);
  assert.equal(receipts(it).length, 2, 'no further receipts');
  it.last().welcome();
  it.last().push(live(12));
  assert.deepEqual(it.last().all('seen'), [{ type: 'seen', room: ROOM, position: 12 }]);
});

test('a failed receipt is sent again, unless there is a newer one or the server refuses it', async () => {
  const it = await streaming();
  const last = () => it.http.to('/seen').at(-1);
  it.bell.seen(it.room, 10);
  await settle();
  last().problem(503, 'unavailable');
  await it.clock.advance(2_999);
  assert.equal(receipts(it).length, 1);
  await it.clock.advance(1);
  assert.deepEqual(receipts(it), [{ position: 10 }, { position: 10 }]);
  it.bell.seen(it.room, 11);
  last().fail();
  await it.clock.advance(3_000);
  assert.deepEqual(receipts(it).slice(2), [{ position: 11 }]);
  last().problem(404, 'not_found');
  await it.clock.advance(3_000);
  assert.equal(receipts(it).length, 3, 'a server without this call');
  it.bell.seen(it.room, 12);
  await settle();
  last().problem(503, 'unavailable');
  it.bell.close();
  await it.clock.advance(60_000);
  assert.equal(receipts(it).length, 4, 'a released link sends nothing');
});

test('without a room there is no stream, but commands are sent', async () => {
  const it = bench({ slug: 'demo', tokens: new FakeTokens() });
  const answered = it.bell.command({ id: 'k1', order: 'o1', action: 'start' });
  it.bell.start();
  const request = await fallBack(it);
  assert.deepEqual([it.bell.transport, it.bell.state, request.path], ['stream', 'live', '/api/v1/orders/o1/commands']);
  request.json({ type: 'ack', id: 'k1', position: 11, changed: true, document: order('o1', 11) });
  await answered;
  const room = it.bell.room(ROOM);
  it.http.last().stream(WELCOME, snapshot(10), live(10));
  await settle();
  assert.deepEqual([room.cursor, room.epoch, it.bell.state], [10, 'e1', 'live']);
});

test('a command without a free connection takes that of the held request, if tabs cannot know of each other', async () => {
  const it = await streaming();
  const answers = ['o1', 'o2'].map((id) => code(it.bell.command({ order: id, action: 'accept' })));
  await it.clock.advance(500);
  const commands = it.http.requests.filter(({ method }) => method === 'POST');
  assert.equal(commands.length, 2);
  await it.clock.advance(2_000);
  assert.equal(it.stream.aborted, false, 'the network may be slow');
  await it.clock.advance(1_000);
  assert.equal(it.stream.aborted, true);
  assert.deepEqual(it.http.last().query, { since: '10', epoch: 'e1', wait: '0' }, 'events still arrive');
  commands[0].json({ position: 11, changed: true, document: order('o1', 11) });
  await settle();
  assert.ok(it.http.last().path.endsWith('/events'), 'the other command still waits');
  commands[1].problem(409, 'closed');
  await settle();
  assert.ok(it.http.last().path.endsWith('/stream'), 'streaming again');
  assert.deepEqual([await answers[0], await answers[1], it.bell.state], ['acknowledged', 'closed', 'live']);
});
