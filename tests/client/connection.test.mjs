import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECT_DEADLINE_MS, PROBE_DEADLINE_MS, QUIET_MS, STEADY_MS } from '../../static/client/transport/connection.js';
import { STUCK_AFTER_MS } from '../../static/client/outbox.js';
import { followLifecycle } from '../../static/client/lifecycle.js';
import { FakeTokens, ROOM, WELCOME, bench, connected, live, liveRoom, order, outage, relink, settle, snapshot } from './support.mjs';

test('the token travels as a subprotocol, never in the address', async () => {
  const { last } = await connected();
  assert.equal(last().url, 'ws://orderbell.test/ws');
  assert.deepEqual(last().protocols, ['orderbell.v1', 'bearer.token-0']);
});

test('the states of a link, in order', async () => {
  const { bell, clock, states, last } = await connected();
  bell.room(ROOM);
  last().push(snapshot(1), live(1));
  last().drop(1006);
  await clock.advance(500);
  last().welcome();
  last().push(live(1));
  bell.close();
  assert.deepEqual(states, ['live', 'catching-up', 'live', 'offline: connection lost', 'catching-up', 'live', 'stopped: closed']);
});

test('failed links reconnect with full jitter and growing delays', async () => {
  const { bell, clock, sockets, last } = bench(outage());
  bell.start();
  await clock.advance(0);
  const pauses = [];
  for (let loss = 0; loss < 7; loss += 1) {
    const from = clock.time;
    const before = sockets.length;
    last().drop(1006);
    while (sockets.length === before) await clock.advance(1);
    pauses.push(clock.time - from);
  }
  assert.deepEqual(pauses, [499, 999, 1998, 3996, 7992, 15984, 19980]);
  assert.equal(bell.state, 'offline');
});

test('a stable link resets the backoff, and a short one does not', async () => {
  const { clock, sockets, last } = await connected();
  last().drop();
  await clock.advance(499);
  last().welcome();
  last().drop();
  await clock.advance(998);
  assert.equal(sockets.length, 2, 'the second backoff is longer');
  await clock.advance(1);
  last().welcome();
  await clock.advance(STEADY_MS);
  last().drop();
  await clock.advance(499);
  assert.equal(sockets.length, 4, 'the backoff starts again');
});

test('the client gives up a handshake that never ends', async () => {
  const { bell, clock, sockets } = bench(outage());
  bell.start();
  await clock.advance(CONNECT_DEADLINE_MS - 1);
  assert.equal(bell.state, 'connecting');
  await clock.advance(1);
  assert.equal(bell.state, 'offline');
  await clock.advance(500);
  assert.equal(sockets.length, 2);
});

test('the client pings a silent server, then doubts it, then leaves it', async () => {
  const { bell, clock, sockets, last, states } = await connected();
  await clock.advance(QUIET_MS - 1);
  assert.equal(last().all('ping').length, 0);
  await clock.advance(1);
  assert.equal(last().all('ping').length, 1);
  await clock.advance(QUIET_MS / 2 - 1);
  last().push({ type: 'pong', server_time: '2026-11-24T10:00:15.000Z' });
  assert.deepEqual(states, ['live'], 'an answer in time changes nothing');
  await clock.advance(1.5 * QUIET_MS - 1);
  assert.equal(bell.state, 'live');
  await clock.advance(1);
  assert.equal(bell.state, 'checking', 'a page that has not heard from the server does not say that it is live');
  last().push({ type: 'pong', server_time: '2026-11-24T10:00:30.000Z' });
  assert.equal(bell.state, 'live', 'a late answer counts');
  await clock.advance(2 * QUIET_MS - 1);
  assert.equal(bell.state, 'checking');
  await clock.advance(1);
  assert.deepEqual([bell.state, sockets[0].closedWith], ['offline', 4408]);
  await clock.advance(500);
  assert.equal(sockets.length, 2);
  last().welcome();
  assert.equal(bell.state, 'live');
});

test('a command without an answer makes the client ping the server, and doubt one that has stopped', async () => {
  const { bell, clock, last } = await connected();
  const stuck = () => bell.pending.map((command) => command.stuck);
  bell.command({ id: 'k1', order: 'o1', action: 'ready' });
  await clock.advance(STUCK_AFTER_MS - 1);
  assert.deepEqual([stuck(), last().all('ping').length], [[false], 0], 'a server that is there answers sooner');
  await clock.advance(1);
  assert.deepEqual([stuck(), last().all('ping').length, bell.state], [[true], 1, 'live']);
  // Further commands do not postpone the doubt.
  bell.command({ id: 'k2', order: 'o2', action: 'ready' });
  await clock.advance(QUIET_MS / 2 - 1);
  assert.deepEqual([stuck(), last().all('ping').length, bell.state], [[true, true], 1, 'live']);
  await clock.advance(1);
  assert.equal(bell.state, 'checking');
  await clock.advance(QUIET_MS / 2);
  assert.equal(bell.state, 'offline');
});

test('a command answered in time causes no ping, and a command without a link is stuck at once', async () => {
  const { bell, clock, last } = await connected();
  const drawn = [];
  bell.on('pending', (pending) => drawn.push(pending.map(({ stuck }) => stuck)));
  bell.command({ id: 'k1', order: 'o1', action: 'ready' });
  last().push({ type: 'ack', id: 'k1', position: 11, changed: false });
  await clock.advance(STUCK_AFTER_MS);
  assert.deepEqual([drawn, last().all('ping').length], [[[false], []], 0]);
  bell.command({ id: 'k2', order: 'o1', action: 'ready' });
  last().drop();
  assert.deepEqual(drawn.at(-1), [true], 'the page learns that the answer was lost with the link');
  bell.command({ id: 'k3', order: 'o2', action: 'ready' });
  assert.deepEqual(drawn.at(-1), [true, true]);
});

test('a room that still waits for its events is not live after a doubt', async () => {
  const { bell, clock, last } = await connected();
  bell.room(ROOM);
  await clock.advance(1.5 * QUIET_MS);
  assert.equal(bell.state, 'checking');
  last().push({ type: 'pong', server_time: WELCOME.server_time });
  assert.equal(bell.state, 'catching-up');
});

test('a server with faster heartbeats is pinged sooner, and a hidden page pings later', async () => {
  const fast = await connected({ welcome: { limits: { heartbeat_ms: 2_000 } } });
  await fast.clock.advance(1.5 * 2_500);
  assert.equal(fast.bell.state, 'checking');
  const hidden = await connected({ welcome: { limits: { heartbeat_ms: 25_000 } } });
  hidden.bell.rest();
  hidden.last().push({ type: 'pong', server_time: WELCOME.server_time });
  await hidden.clock.advance(31_249);
  assert.equal(hidden.last().all('ping').length, 0);
  await hidden.clock.advance(1);
  assert.equal(hidden.last().all('ping').length, 1);
  hidden.bell.wake();
  assert.equal(hidden.last().all('ping').length, 2, 'a page that becomes visible pings at once');
  await hidden.clock.advance(PROBE_DEADLINE_MS);
  assert.equal(hidden.bell.state, 'offline');
});

test('any frame is a sign of life', async () => {
  const { bell, clock, last } = await connected();
  for (let beat = 0; beat < 10; beat += 1) {
    await clock.advance(QUIET_MS - 1);
    last().push({ type: 'sync', room: ROOM, prev: 0, position: beat + 1, server_time: '2026-11-24T10:00:00.000Z' });
  }
  assert.equal(last().all('ping').length, 0);
  assert.equal(bell.state, 'live');
});

for (const code of [1000, 1009, 4400, 4403]) {
  test(`${code} stops the client`, async () => {
    const { bell, clock, sockets, last } = await connected();
    last().drop(code);
    assert.equal(bell.state, 'stopped');
    await clock.advance(3_600_000);
    assert.equal(sockets.length, 1);
  });
}

test('a stopped client starts again when told to', async () => {
  const { bell, clock, sockets, last, states } = await connected();
  last().drop(4403);
  bell.start();
  await clock.advance(0);
  last().welcome();
  assert.equal(sockets.length, 2);
  assert.deepEqual(states, ['live', 'stopped: not allowed any more', 'connecting', 'live']);
});

test('4401 gets a new token and reconnects at once', async () => {
  const { clock, sockets, tokens, last } = await connected();
  last().drop(4401);
  await clock.advance(0);
  assert.equal(tokens.refreshes, 1);
  assert.equal(sockets.length, 2);
  assert.deepEqual(last().protocols, ['orderbell.v1', 'bearer.token-1']);
});

test('4401 stops a client that cannot get a new token, with the reason', async () => {
  const tokens = new FakeTokens();
  tokens.refuse = true;
  const { clock, sockets, states, last } = await connected({ tokens });
  last().drop(4401);
  await clock.advance(60_000);
  assert.equal(sockets.length, 1);
  assert.equal(states.at(-1), 'stopped: unauthorized');
});

test('the client pauses between renewals of a token that is refused repeatedly', async () => {
  const { clock, tokens, last } = await connected();
  for (let refusal = 0; refusal < 5; refusal += 1) {
    last().drop(4401);
    await clock.advance(0);
    if (last().readyState === 0) last().welcome();
  }
  assert.equal(tokens.refreshes, 1, 'the second waits');
  await clock.advance(499);
  assert.equal(tokens.refreshes, 2);
});

test('a renewal that the network interrupts is repeated once the network is back', async () => {
  const tokens = new FakeTokens();
  let fails = 2;
  tokens.refresh = async () => {
    if (fails-- > 0) throw new Error('no network');
    return 'token-new';
  };
  const { bell, clock, last } = await connected({ tokens });
  last().drop(4401);
  await clock.advance(5_000);
  assert.deepEqual(last().protocols, ['orderbell.v1', 'bearer.token-new']);
  last().welcome();
  assert.equal(bell.state, 'live');
});

test('several refused handshakes make the client suspect its token, since a browser hides a 401', async () => {
  const { bell, clock, sockets, tokens, last } = bench();
  bell.start();
  await clock.advance(0);
  last().drop(1006);
  await clock.advance(500);
  assert.equal(tokens.refreshes, 0);
  last().drop(1006);
  await clock.advance(1000);
  assert.deepEqual([sockets.length, tokens.refreshes], [3, 1]);
  assert.equal(last().protocols[1], 'bearer.token-1');
});

test('a suspected token is still used if no new one is available', async () => {
  const tokens = new FakeTokens();
  tokens.refresh = async () => {
    tokens.refreshes += 1;
    throw new Error('no answer');
  };
  const { bell, clock, last } = bench({ tokens });
  bell.start();
  await clock.advance(0);
  last().drop(1006);
  await clock.advance(500);
  last().drop(1006);
  await relink({ clock, last });
  assert.equal(tokens.refreshes, 1);
  assert.deepEqual([bell.state, last().protocols[1]], ['live', 'bearer.token-0']);
});

test('4409 reconnects at once with its cursors', async () => {
  const { clock, sockets, last } = await liveRoom();
  last().drop(4409);
  await clock.advance(0);
  assert.equal(sockets.length, 2);
  last().welcome();
  assert.deepEqual(last().all('subscribe'), [{ type: 'subscribe', room: ROOM, since: 10, epoch: 'e1' }]);
});

for (const code of [1006, 1011, 4408, 4429]) {
  test(`${code} reconnects after backoff`, async () => {
    const { clock, sockets, last } = await connected();
    last().drop(code);
    await clock.advance(498);
    assert.equal(sockets.length, 1);
    await clock.advance(1);
    assert.equal(sockets.length, 2);
  });
}

test('going away: the client reconnects in its own slot after the close', async () => {
  const { clock, sockets, last } = await connected();
  last().push({ type: 'going_away', reconnect_in_ms: 3_000 });
  await clock.advance(1_000);
  last().drop(1012);
  await clock.advance(1_999);
  assert.equal(sockets.length, 1);
  await clock.advance(1);
  assert.equal(sockets.length, 2);
});

test('going away: if the server does not close, the client leaves in its slot', async () => {
  const { clock, sockets, last } = await connected();
  last().push({ type: 'going_away', reconnect_in_ms: 3_000 });
  await clock.advance(3_000);
  assert.equal(sockets[0].closedWith, 1000);
  assert.equal(sockets.length, 2);
});

test('1012 without a slot is an ordinary loss', async () => {
  const { clock, sockets, last } = await connected();
  last().drop(1012);
  await clock.advance(498);
  assert.equal(sockets.length, 1);
  await clock.advance(1);
  assert.equal(sockets.length, 2);
});

test('a token is renewed on the open link before it expires', async () => {
  const { clock, tokens, last } = await connected();
  const heard = async () => {
    await clock.advance(10_000);
    last().push({ type: 'pong', server_time: new Date(Date.parse(WELCOME.server_time) + clock.time).toISOString() });
  };
  while (clock.time < 3_530_000) await heard();
  assert.equal(tokens.refreshes, 0, 'not before a minute is left');
  await heard();
  assert.deepEqual(last().all('refresh'), [{ type: 'refresh', token: 'token-1' }]);
  assert.equal(last().closedWith, null);
});

test('a link that closed while its token was renewed sends nothing on the next', async () => {
  const tokens = new FakeTokens();
  let finish;
  tokens.refresh = () => new Promise((resolve) => { finish = resolve; });
  const { clock, last } = await connected({ tokens, welcome: { expires_at: '2026-11-24T10:00:10.000Z' } });
  await clock.advance(6_000);
  last().drop();
  await clock.advance(500);
  last().welcome({ connection: 'c2' });
  finish('token-late');
  await settle();
  assert.equal(last().all('refresh').length, 0);
});

test('messages that are not frames of the protocol are ignored', async () => {
  const { bell, last } = await connected();
  last().onmessage({ data: 'not json' });
  last().onmessage({ data: '[]' });
  last().onmessage({ data: 'null' });
  last().push({ type: 'from the future', room: ROOM });
  assert.equal(bell.state, 'live');
});

test('an error that belongs to no command or room becomes an event', async () => {
  const { bell, last } = await connected();
  const errors = [];
  bell.on('error', ({ code, retryAfterMs }) => errors.push([code, retryAfterMs]));
  last().push({ type: 'error', code: 'rate_limited', message: 'slower', retry_after_ms: 250 });
  assert.deepEqual(errors, [['rate_limited', 250]]);
});

test('the time of the last sign of life is read from the server\'s clock', async () => {
  const { bell, clock, last } = await connected();
  const start = Date.parse(WELCOME.server_time);
  assert.equal(bell.heardAt, start);
  await clock.advance(4_000);
  last().push({ type: 'pong', server_time: '2026-11-24T10:00:04.000Z' });
  last().drop();
  await clock.advance(100);
  assert.deepEqual([bell.heardAt, bell.now()], [start + 4_000, start + 4_100]);
});

/** Returns the parts of a window that `followLifecycle` needs. */
function fakeWindow() {
  const target = Object.assign(new EventTarget(), { document: Object.assign(new EventTarget(), { visibilityState: 'visible' }) });
  return target;
}

/** Returns the event of a page that comes back from the back-forward cache. */
const shownAgain = () => Object.assign(new Event('pageshow'), { persisted: true });

test('a phone that is back on the network reconnects without waiting for the backoff', async () => {
  const { bell, clock, sockets, last } = await connected(outage());
  const window = fakeWindow();
  followLifecycle(bell, window);
  for (let loss = 0; loss < 6; loss += 1) {
    last().drop();
    await clock.advance(20_000);
  }
  last().drop();
  await clock.advance(1);
  const before = sockets.length;
  window.dispatchEvent(new Event('online'));
  await clock.advance(300);
  assert.equal(sockets.length, before + 1);
});

test('a page that becomes visible tests its link, and drops a dead one', async () => {
  const { bell, clock, last } = await liveRoom();
  const window = fakeWindow();
  const unfollow = followLifecycle(bell, window);
  window.document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(last().all('ping').length, 1);
  last().push({ type: 'pong', server_time: WELCOME.server_time });
  await clock.advance(PROBE_DEADLINE_MS);
  assert.equal(bell.state, 'live', 'the link answered');
  window.dispatchEvent(shownAgain());
  await clock.advance(PROBE_DEADLINE_MS);
  assert.equal(bell.state, 'offline', 'the link did not answer');
  unfollow();
  await clock.advance(500);
  last().welcome();
  last().push(snapshot(10, [order('o1', 10)]), live(10));
  window.dispatchEvent(shownAgain());
  assert.equal(last().all('ping').length, 0);
});

test('a hidden page does not test its link', async () => {
  const { bell, last } = await connected();
  const window = fakeWindow();
  window.document.visibilityState = 'hidden';
  followLifecycle(bell, window);
  window.document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(last().all('ping').length, 0);
});

test('each welcome of a server of another version is reported, but not one of the same version or without a version', async () => {
  const { bell, clock, last } = await connected({ version: '0.1.0+aaa', welcome: { version: '0.1.0+aaa' } });
  const told = [];
  bell.on('version', (versions) => told.push(versions));
  for (const version of [undefined, '0.1.0+aaa', '0.1.0+bbb', '0.1.0+bbb']) {
    last().drop();
    await relink({ clock, last }, { version });
  }
  assert.deepEqual(told, Array(2).fill({ own: '0.1.0+aaa', server: '0.1.0+bbb' }));
  const unversioned = await connected({ welcome: { version: '0.1.0+bbb' } });
  unversioned.bell.on('version', () => assert.fail('a page without a version'));
  unversioned.last().drop();
  await relink(unversioned, { version: '0.1.0+ccc' });
});

test('a socket error counts as one lost link, with or without a close after it', async () => {
  const { bell, clock, sockets, last, states } = bench(outage());
  bell.start();
  await clock.advance(0);
  last().onerror({});
  assert.equal(bell.state, 'connecting', 'a close may still say why');
  await clock.advance(100);
  assert.deepEqual(states, ['offline: connection lost']);
  while (sockets.length === 1) await clock.advance(50);
  last().onerror({});
  last().drop(4403, '');
  await clock.advance(60_000);
  assert.deepEqual([states.at(-1), sockets.length], ['stopped: not allowed any more', 2]);
});
