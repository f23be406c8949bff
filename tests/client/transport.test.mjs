// The choice of the transport: down when one is blocked, and up again when it works.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECT_DEADLINE_MS, QUIET_MS } from '../../static/client/transport/connection.js';
import { PROBE_BASE_MS, PROBE_CAP_MS } from '../../static/client/transport/fallback.js';
import { followLifecycle } from '../../static/client/lifecycle.js';
import { fixedToken } from '../../static/client/tokens.js';
import { FakeStore, ROOM, WELCOME, bench, event, fallBack, live, order, relink, settle, snapshot, streaming } from './support.mjs';

const STREAM = `/api/v1/rooms/${ROOM}/stream`;
const POLL = `/api/v1/rooms/${ROOM}/events`;

/** Blocks the live stream too. Returns the first poll. */
async function pollingFrom(it) {
  it.stream.end(true);
  for (let step = 0; it.http.last().path !== POLL; step += 1) {
    assert.ok(step < 2_000, 'no poll is tried');
    if (it.http.last().path === STREAM && !it.http.last().aborted) it.http.last().page(502);
    if (it.last().readyState === 0) it.last().drop(1006);
    await it.clock.advance(20);
  }
  return it.http.last();
}

const answer = (position, frames = [], more = {}) => ({ room: ROOM, epoch: 'e1', position, frames, ...more });

test('the client does not fall back during an outage, however long', async () => {
  const { bell, clock, http, last } = bench();
  http.health = 'away';
  bell.room(ROOM);
  bell.start();
  await clock.advance(0);
  for (let loss = 0; loss < 30; loss += 1) {
    last().drop(1006);
    await clock.advance(20_000);
  }
  assert.deepEqual([http.requests.length, bell.transport], [0, 'websocket']);
  assert.ok(http.healthAsked > 20, '`/healthz` is asked each time');
  await relink({ clock, last });
  assert.equal(bell.state, 'catching-up');
});

test('a server that comes back between two handshakes gets another handshake, and nothing else', async () => {
  const { bell, clock, http, last, sockets } = bench();
  http.health = 'away';
  bell.room(ROOM);
  bell.start();
  await clock.advance(0);
  for (let loss = 0; loss < 6; loss += 1) {
    last().drop(1006);
    await clock.advance(20_000);
  }
  http.health = 'alive';
  const before = sockets.length;
  last().drop(1006);
  await clock.advance(0);
  assert.equal(sockets.length, before + 1, 'at once, because the server answers');
  last().welcome();
  assert.deepEqual([http.requests.length, bell.transport], [0, 'websocket']);
});

test('a page that a network shows in place of the server is not taken for the server', async () => {
  const { bell, clock, http, last } = bench();
  http.health = 'portal';
  bell.room(ROOM);
  bell.start();
  for (let loss = 0; loss < 10; loss += 1) {
    await clock.advance(20_000);
    last().drop(1006);
  }
  assert.deepEqual([http.requests.length, bell.transport], [0, 'websocket']);
});

test('WebSocket blocked: a stream takes over, with the token in a header', async () => {
  const { bell, room, states, stream, tokens, http } = await streaming();
  assert.equal(bell.transport, 'stream');
  const headers = { accept: 'text/event-stream', authorization: `Bearer token-${tokens.refreshes}`, 'orderbell-snapshot': 'paged' };
  assert.deepEqual([stream.path, stream.query, stream.headers], [STREAM, {}, headers]);
  assert.equal(http.requests.length, 1, 'subscribing after the welcome requests nothing twice');
  assert.deepEqual([bell.state, room.cursor, room.documents.get('o1').status], ['live', 10, 'placed']);
  assert.deepEqual(states.slice(-2), ['catching-up', 'live']);
});

for (const [what, WebSocket] of [
  ['a browser that forbids WebSockets', class { constructor() { throw new DOMException('insecure', 'SecurityError'); } }],
  ['a browser without WebSockets', null],
]) {
  test(`${what}: a stream takes over`, async () => {
    // With `undefined`, the client would take Node's own.
    const { bell, clock, http } = bench({ WebSocket: WebSocket ?? {} });
    bell.room(ROOM);
    bell.start();
    for (let step = 0; http.requests.length === 0; step += 1) {
      assert.ok(step < 1_000, 'the stream is asked for');
      await clock.advance(20);
    }
    assert.equal(http.last().path, STREAM);
    bell.close();
  });
}

test('a page whose WebSocket is blocked shows "connecting" until the stream is open, and is never offline', async () => {
  const { states } = await streaming();
  assert.deepEqual(states, ['catching-up', 'live']);
});

test('a page that opens while the server is away is offline after the first handshake', async () => {
  const it = bench();
  it.http.health = 'away';
  it.bell.start();
  await it.clock.advance(0);
  it.last().drop(1006);
  await it.clock.advance(0);
  assert.deepEqual(it.states, ['offline: connection lost']);
});

test('a page whose transports are all blocked is offline once it has tried them', async () => {
  const it = bench({ tokens: fixedToken('t') });
  it.bell.room(ROOM);
  it.bell.start();
  (await fallBack(it)).fail();
  await settle();
  assert.deepEqual(it.states, ['offline: fetch failed']);
});

test('a reload begins with the transport that worked before it', async () => {
  const session = new FakeStore();
  await streaming({ session });
  const reloaded = bench({ session });
  reloaded.bell.room(ROOM);
  reloaded.bell.start();
  await reloaded.clock.advance(0);
  reloaded.http.last().stream(WELCOME, snapshot(10, [order('o1', 10)]), live(10));
  await settle();
  assert.deepEqual([reloaded.sockets.length, reloaded.states], [0, ['catching-up', 'live']]);
  await reloaded.clock.advance(PROBE_BASE_MS);
  reloaded.last().welcome();
  assert.equal(reloaded.bell.transport, 'websocket', 'the page looks for a better transport');
  const again = bench({ session });
  again.bell.start();
  await again.clock.advance(0);
  assert.equal(again.sockets.length, 1);
});

test('a remembered transport that no longer works after a reload is left for the best one', async () => {
  const session = new FakeStore();
  session.setItem('orderbell.seen.transport', 'poll');
  const it = bench({ session, tokens: fixedToken('t') });
  it.bell.room(ROOM);
  it.bell.start();
  for (let step = 0; it.sockets.length === 0; step += 1) {
    assert.ok(step < 200, 'WebSocket is tried');
    it.http.last()?.fail();
    await it.clock.advance(500);
  }
  it.last().welcome();
  assert.equal(it.bell.transport, 'websocket');
  session.setItem('orderbell.seen.transport', 'pigeon');
  const odd = bench({ session });
  odd.bell.start();
  await odd.clock.advance(0);
  assert.equal(odd.sockets.length, 1, 'an unknown transport is ignored');
});

test('the client doubts and leaves a silent stream, although the server answers other requests', async () => {
  const it = await streaming({ welcome: { limits: { heartbeat_ms: 8_000 } } });
  it.http.health = 'away';
  it.stream.write(': hb\n\n');
  await settle();
  await it.clock.advance(1.5 * QUIET_MS - 1);
  assert.equal(it.bell.state, 'live');
  await it.clock.advance(1);
  assert.equal(it.bell.state, 'checking');
  await it.clock.advance(1_000);
  assert.deepEqual([it.bell.state, it.stream.aborted], ['offline', true]);
  const half = await streaming({ welcome: { limits: { heartbeat_ms: 8_000 } } });
  half.stream.write(': hb\n\n');
  await settle();
  await half.clock.advance(16_000);
  assert.ok(half.stream.aborted, 'an answer to another request does not keep a dead stream');
});

test('the client falls back after fewer attempts if handshakes time out', async () => {
  const { bell, clock, http, sockets } = bench({ tokens: fixedToken('t') });
  bell.room(ROOM);
  bell.start();
  await clock.advance(4 * CONNECT_DEADLINE_MS);
  assert.equal(sockets.length, 3, 'two attempts, and one after the server has answered');
  assert.equal(http.last().path, STREAM);
});

test('a change of transport is reported once in each direction', async () => {
  const it = bench();
  const told = [];
  it.bell.on('transport', ({ transport }) => told.push(transport));
  it.bell.room(ROOM);
  it.bell.start();
  (await fallBack(it)).stream(WELCOME, snapshot(1), live(1));
  await it.clock.advance(PROBE_BASE_MS);
  it.last().welcome();
  assert.deepEqual(told, ['stream', 'websocket']);
});

test('streams blocked too: the long poll takes over, from the same cursor', async () => {
  const it = await streaming();
  it.stream.push(event(10, 11, 'o1', { status: 'accepted' }));
  await settle();
  const first = await pollingFrom(it);
  assert.deepEqual(first.query, { since: '11', epoch: 'e1', wait: '0' });
  assert.match(first.headers.authorization, /^Bearer token-/);
  first.json(answer(12, [event(11, 12, 'o1', { status: 'preparing' })]), 200, { date: 'Tue, 24 Nov 2026 10:00:30 GMT' });
  await settle();
  assert.deepEqual([it.bell.transport, it.bell.state, it.room.documents.get('o1').status], ['poll', 'live', 'preparing']);
  assert.deepEqual(it.http.last().query, { since: '12', epoch: 'e1', wait: '8' });
  it.http.last().json(answer(900));
  await settle();
  assert.equal(it.room.cursor, 900, 'an answer without events moves the cursor');
  assert.equal(it.http.last().query.since, '900');
  it.http.last().json(answer(901, [event(900, 901, 'o1', { rush: true })]));
  await settle();
  assert.equal(it.room.documents.get('o1').rush, true);
  assert.equal(it.changes.filter(({ kind }) => kind === 'snapshot').length, 1);
});

test('a stream that a proxy holds back counts as blocked', async () => {
  const it = bench({ tokens: fixedToken('t') });
  it.bell.room(ROOM);
  it.bell.start();
  await fallBack(it);
  for (let step = 0; it.http.last().path !== POLL && step < 100; step += 1) await it.clock.advance(1_000);
  assert.deepEqual([it.http.last().path, it.http.to('/stream').length], [POLL, 2]);
  assert.ok(it.http.to('/stream').every(({ aborted }) => aborted));
});

test('WebSocket back: it takes over from the cursor, and the stream is closed', async () => {
  const it = await streaming();
  it.stream.push(event(10, 11, 'o1', { status: 'accepted' }));
  await settle();
  const before = it.sockets.length;
  await it.clock.advance(PROBE_BASE_MS);
  assert.equal(it.sockets.length, before + 1);
  assert.equal(it.bell.state, 'live', 'a probe changes nothing');
  it.last().welcome();
  assert.deepEqual(it.last().all('subscribe'), [{ type: 'subscribe', room: ROOM, since: 11, epoch: 'e1' }]);
  assert.deepEqual([it.stream.aborted, it.bell.transport, it.bell.state], [true, 'websocket', 'catching-up']);
  it.last().push(event(11, 12, 'o1', { status: 'preparing' }), live(12));
  assert.deepEqual([it.bell.state, it.room.documents.get('o1').status], ['live', 'preparing']);
  assert.ok(!it.states.some((state) => state.startsWith('offline')), `${it.states}`);
  const sockets = it.sockets.length;
  await it.clock.advance(2 * PROBE_BASE_MS);
  assert.deepEqual([it.http.to('/stream').length, it.sockets.length], [1, sockets], 'no better transport is tried');
});

test('the client tries a blocked WebSocket at growing intervals, and soon after the network returns', async () => {
  const it = await streaming();
  const alive = async (ms) => {
    for (let at = 0; at < ms; at += 10_000) {
      await it.clock.advance(10_000);
      it.stream.write(': hb\n\n');
      if (it.last().readyState === 0) it.last().drop(1006);
      await settle();
    }
  };
  const before = it.sockets.length;
  await alive(600_000);
  const probes = it.sockets.length - before;
  assert.ok(probes >= 9 && probes <= 14, `${probes} in ten minutes`);
  it.bell.wake();
  it.http.last().stream(WELCOME, live(10));
  const tried = it.sockets.length;
  await it.clock.advance(1_000);
  assert.equal(it.sockets.length, tried + 1);
});

test('while polling, the client also tries a stream, which it prefers to polls', async () => {
  const it = await streaming();
  (await pollingFrom(it)).json(answer(11));
  await it.clock.advance(PROBE_BASE_MS);
  it.last().drop(1006);
  await it.clock.advance(0);
  assert.equal(it.http.last().path, STREAM);
  it.http.last().stream(WELCOME, live(11));
  await settle();
  assert.deepEqual([it.bell.transport, it.bell.state], ['stream', 'live']);
  assert.ok(it.http.to('/events').every(({ aborted, query }) => aborted || query.wait === '0'), 'no poll is held any longer');
});

test('streams and polls report a server of another version, even if the next request reaches another node', async () => {
  const it = await streaming({ version: 'v1', welcome: { version: 'v1' } });
  const told = [];
  it.bell.on('version', ({ server }) => told.push(server));
  (await pollingFrom(it)).json(answer(11, [], { version: 'v1' }));
  await settle();
  for (const version of ['v2', 'v2', 'v1', 'v3', undefined]) {
    it.http.last().json(answer(11, [], { version }));
    await settle();
  }
  assert.deepEqual([told, it.bell.state, it.bell.transport], [['v2', 'v3'], 'live', 'poll']);
  await it.clock.advance(2 * PROBE_BASE_MS);
  it.last().drop(1006);
  await it.clock.advance(0);
  it.http.to('/stream').at(-1).stream({ ...WELCOME, version: 'v4' }, live(11));
  await settle();
  assert.deepEqual([told, it.bell.transport], [['v2', 'v3', 'v4'], 'stream']);
});

test('a refusal by the server itself makes the client wait as told, and does not make it fall back', async () => {
  const it = bench({ tokens: fixedToken('t') });
  it.bell.room(ROOM);
  it.bell.start();
  const trial = await fallBack(it);
  const before = it.sockets.length;
  trial.problem(503, 'unavailable', { headers: { 'retry-after': '7' } });
  await it.clock.advance(6_999);
  assert.equal(it.sockets.length, before);
  await it.clock.advance(500);
  assert.equal(it.sockets.length, before + 1);
  assert.equal(it.bell.transport, 'websocket');
  it.last().welcome();
  assert.equal(it.bell.state, 'catching-up');
});

test('a refused token that cannot be renewed stops the client, although a handshake hides the refusal', async () => {
  const it = bench({ tokens: fixedToken('t') });
  it.bell.room(ROOM);
  it.bell.start();
  (await fallBack(it)).problem(401, 'unauthorized');
  await it.clock.advance(0);
  assert.equal(it.states.at(-1), 'stopped: unauthorized');
});

/** Returns the parts of a window that `followLifecycle` needs. */
function fakeWindow() {
  return Object.assign(new EventTarget(), { document: Object.assign(new EventTarget(), { visibilityState: 'visible' }) });
}

test('a hidden page holds no poll open, and asks at intervals', async () => {
  const it = await streaming();
  (await pollingFrom(it)).json(answer(11));
  await settle();
  const window = fakeWindow();
  followLifecycle(it.bell, window);
  window.document.visibilityState = 'hidden';
  window.document.dispatchEvent(new Event('visibilitychange'));
  it.http.last().json(answer(12));
  await settle();
  const held = it.http.to('/events').length;
  await it.clock.advance(19_999);
  assert.equal(it.http.to('/events').length, held, 'nothing is held while hidden');
  await it.clock.advance(1);
  assert.deepEqual(it.http.to('/events').at(-1).query, { since: '12', epoch: 'e1', wait: '0' });
  it.http.to('/events').at(-1).json(answer(12));
  await settle();
  window.document.visibilityState = 'visible';
  window.document.dispatchEvent(new Event('visibilitychange'));
  assert.deepEqual(it.http.to('/events').at(-1).query, { since: '12', epoch: 'e1', wait: '0' }, 'a page that becomes visible polls at once');
});

for (const [name, sleep] of [['freeze', (window) => window.document.dispatchEvent(new Event('freeze'))], ['pagehide', (window) => window.dispatchEvent(new Event('pagehide'))]]) {
  test(`${name}: the page ends its held requests, and resumes from the cursor`, async () => {
    const it = await streaming();
    const window = fakeWindow();
    followLifecycle(it.bell, window);
    sleep(window);
    assert.deepEqual([it.stream.aborted, it.states.at(-1)], [true, 'offline: frozen']);
    const before = [it.http.requests.length, it.sockets.length];
    await it.clock.advance(3_600_000);
    assert.deepEqual([it.http.requests.length, it.sockets.length], before, 'a frozen page requests nothing');
    window.document.dispatchEvent(new Event('resume'));
    await it.clock.advance(300);
    assert.deepEqual(it.http.last().query, { since: '10', epoch: 'e1' });
    it.http.last().stream(WELCOME, live(10));
    await settle();
    assert.equal(it.bell.state, 'live');
  });
}

test('repeated losses of a link do not postpone the search for a better transport', async () => {
  const it = await streaming();
  const before = it.sockets.length;
  for (let loss = 0; loss < 12; loss += 1) {
    await it.clock.advance(PROBE_BASE_MS / 4);
    it.http.to('/stream').at(-1).end(true);
    await it.clock.advance(600);
    if (it.last().readyState === 0) it.last().drop(1006);
    it.http.to('/stream').at(-1).stream(WELCOME, live(10));
    await settle();
  }
  assert.ok(it.sockets.length > before, 'WebSocket was tried');
});

test('a normal close before any welcome does not count as a close by the server', async () => {
  const { bell, clock, sockets, last } = bench();
  bell.start();
  await clock.advance(0);
  last().drop(1000);
  await clock.advance(500);
  assert.deepEqual([bell.state, sockets.length], ['connecting', 2]);
});
