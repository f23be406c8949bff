import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Api } from '../../static/client/api.js';
import { TokenSource, fixedToken, renewalDelay, tokenClaims, tokenExpiry } from '../../static/client/tokens.js';
import { FakeStore } from './support.mjs';

const code = (promise) => promise.then(() => 'fine', (error) => error.code);

/** A server that answers a repeated token with the same successor until that is used. An older token ends the session. */
class FakeSessions {
  /** The tokens that were presented. */ shown = [];
  calls = 0;
  status = 200;
  ended = false;
  /** Handles the answer of each call. @type {(answer: Response) => Promise<Response> | Response} */ way = (given) => given;
  #head = 1;

  fetch = async (url, { method, body, signal }) => {
    assert.deepEqual([url.pathname, method, signal.aborted], ['/api/v1/sessions/refresh', 'POST', false]);
    this.calls += 1;
    const { refresh_token } = JSON.parse(body);
    this.shown.push(refresh_token);
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.status !== 200) return answer(this.status, {});
    const number = Number(refresh_token.split('-')[1]);
    this.ended ||= number < this.#head - 1;
    if (this.ended) return this.way(answer(401, { code: 'unauthorized' }));
    this.#head = number + 1;
    return this.way(answer(200, { access_token: `access-${this.#head}`, refresh_token: `refresh-${this.#head}`, token_type: 'Bearer', expires_in: 900 }));
  };
}

const answer = (status, body, headers = {}) => new Response(status === 204 ? null : JSON.stringify(body), { status, headers });

/** The browser's locks, shared by all tabs of the origin. */
class FakeLocks {
  #tail = Promise.resolve();
  request = (_name, _options, task) => {
    const run = this.#tail.then(task);
    this.#tail = run.catch(() => {});
    return run;
  };
}

function source(parts = {}) {
  const sessions = parts.sessions ?? new FakeSessions();
  const clock = { now: 0 };
  const made = new TokenSource({
    url: 'http://orderbell.test', store: new FakeStore(), key: 'staff', fetch: sessions.fetch, now: () => clock.now, locks: null, ...parts,
  });
  return { tokens: made, sessions, clock };
}

const FIRST = { access_token: 'access-1', refresh_token: 'refresh-1', expires_in: 900 };

test('a token is used while it is fresh and renewed before it expires', async () => {
  const { tokens, sessions, clock } = source();
  assert.equal(tokens.present, false);
  assert.equal(await code(tokens.get()), 'unauthorized');
  tokens.save(FIRST);
  clock.now = 839_999;
  assert.equal(await tokens.get(), 'access-1');
  clock.now = 840_000;
  assert.equal(await tokens.get(), 'access-2');
  assert.equal(sessions.calls, 1);
});

test('a token that cannot be renewed just now is used until it expires', async () => {
  const { tokens, sessions, clock } = source();
  tokens.save(FIRST);
  sessions.status = 503;
  clock.now = 899_999;
  assert.equal(await tokens.get(), 'access-1');
  clock.now = 900_000;
  assert.equal(await code(tokens.get()), 'unavailable');
  sessions.status = 200;
  assert.equal(await tokens.get(), 'access-2');
});

test('a short-lived token is renewed at half its life', () => {
  assert.deepEqual([900_000, 100_000, 10_000, -5].map(renewalDelay), [840_000, 50_000, 5_000, 0]);
});

test('calls made while one renewal runs share it', async () => {
  const { tokens, sessions } = source();
  tokens.save(FIRST);
  assert.deepEqual(await Promise.all([tokens.refresh(), tokens.refresh(), tokens.refresh()]), ['access-2', 'access-2', 'access-2']);
  assert.equal(sessions.calls, 1);
});

for (const [name, locks] of [['with locks', new FakeLocks()], ['without locks, on plain http', null]]) {
  test(`two tabs renew once, ${name}`, async () => {
    const shared = { store: new FakeStore(), sessions: new FakeSessions(), locks };
    const [one, two] = [source(shared).tokens, source(shared).tokens];
    one.save(FIRST);
    assert.deepEqual(await Promise.all([one.refresh(), two.refresh()]), ['access-2', 'access-2']);
    assert.equal(shared.sessions.calls, 1);
  });
}

test('a lease left behind by a closed tab expires', async () => {
  const store = new FakeStore();
  store.setItem('staff.lease', JSON.stringify({ owner: 'a tab that is gone', until: -1 }));
  const { tokens } = source({ store });
  tokens.save(FIRST);
  assert.equal(await tokens.refresh(), 'access-2');
  assert.equal(store.getItem('staff.lease'), null);
});

test('an ended session clears the stored tokens, and a failing server does not', async () => {
  const { tokens, sessions } = source();
  tokens.save(FIRST);
  sessions.status = 503;
  assert.equal(await code(tokens.refresh()), 'unavailable');
  assert.equal(tokens.present, true);
  sessions.status = 200;
  sessions.ended = true;
  assert.equal(await code(tokens.refresh()), 'unauthorized');
  assert.equal(tokens.present, false);
});

test('a renewal whose answer was lost is repeated with the same token', async () => {
  const { tokens, sessions } = source();
  tokens.save(FIRST);
  const lost = [() => { throw new TypeError('cut'); }, () => new Response('{"access_token":"acc'), () => new Response('<h1>Sign in to the network</h1>'),
    () => answer(200, {}), () => answer(401, { message: 'a portal' }), () => new Response('no', { status: 403 }), () => answer(429, { code: 'rate_limited' })];
  for (const way of lost) {
    sessions.way = way;
    assert.match(await code(tokens.refresh()), /^(offline|unavailable)$/);
    assert.deepEqual([tokens.present, tokens.over], [true, false]);
  }
  sessions.way = (given) => given;
  assert.equal(await tokens.refresh(), 'access-2');
  assert.deepEqual(new Set(sessions.shown), new Set(['refresh-1']));
});

test('a page that is left during a renewal leaves behind a token that can be renewed', async () => {
  const [store, sessions] = [new FakeStore(), new FakeSessions()];
  const first = source({ store, sessions }).tokens;
  first.save(FIRST);
  sessions.way = () => new Promise(() => {});
  first.refresh();
  await new Promise((resolve) => setTimeout(resolve, 20));
  sessions.way = (given) => given;
  store.removeItem('staff.lease');
  const next = source({ store, sessions }).tokens;
  assert.equal(await next.refresh(), 'access-2');
  assert.equal(await next.refresh(), 'access-3');
});

test('a late tab does not overwrite the tokens that another tab has renewed, and ends no session', async () => {
  for (const late of [(given) => given, () => answer(401, { code: 'unauthorized' })]) {
    const [store, sessions] = [new FakeStore(), new FakeSessions()];
    const locks = { request: (_name, _options, task) => task() };
    const [slow, quick] = [source({ store, sessions, locks }).tokens, source({ store, sessions, locks }).tokens];
    slow.save(FIRST);
    let arrive = () => {};
    sessions.way = (given) => new Promise((resolve) => { arrive = () => resolve(late(given)); });
    const waiting = slow.refresh();
    await new Promise((resolve) => setTimeout(resolve, 20));
    sessions.way = (given) => given;
    assert.equal(await quick.refresh(), 'access-2');
    assert.equal(await quick.refresh(), 'access-3');
    arrive();
    assert.equal(await waiting, 'access-3');
    assert.deepEqual([await quick.refresh(), slow.over, sessions.ended], ['access-4', false, false]);
  }
});

test('a person who signs out while another tab renews stays signed out', async () => {
  const { tokens, sessions } = source();
  tokens.save(FIRST);
  sessions.way = (given) => { tokens.clear(); return given; };
  assert.equal(await code(tokens.refresh()), 'unauthorized');
  assert.equal(tokens.present, false);
});

test('a refused lock does not prevent a renewal', async () => {
  const refusing = source({ locks: { request: async () => { throw new DOMException('no', 'SecurityError'); } } }).tokens;
  refusing.save(FIRST);
  assert.equal(await refusing.refresh(), 'access-2');
});

test('a lease from before the clock was set back does not count', async () => {
  const store = new FakeStore();
  store.setItem('staff.lease', JSON.stringify({ owner: 'a tab that is gone', until: 3_600_000 }));
  const { tokens } = source({ store });
  tokens.save(FIRST);
  assert.equal(await tokens.refresh(), 'access-2');
});

test('the client tells a missing network from a refusal', async () => {
  const { tokens } = source({ fetch: async () => { throw new TypeError('fetch failed'); } });
  tokens.save(FIRST);
  assert.equal(await code(tokens.refresh()), 'offline');
  assert.equal(tokens.present, true);
});

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;

test('a fixed token is used until it expires and is never renewed', async () => {
  const token = jwt({ exp: 10, sub: 'ঢাকা' });
  assert.equal(tokenExpiry(token), 10_000);
  assert.equal(tokenClaims(token).sub, 'ঢাকা');
  assert.equal(await fixedToken(token, () => 9_999).get(), token);
  assert.equal(await code(fixedToken(token, () => 10_000).get()), 'unauthorized');
  assert.equal(await code(fixedToken(token).refresh()), 'unauthorized');
  assert.equal(tokenExpiry('opaque'), null);
  assert.deepEqual(tokenClaims(''), {});
});

test('an API call carries the token, and gets a new one after a 401', async () => {
  const { tokens } = source();
  tokens.save(FIRST);
  const calls = [];
  const fetch = async (url, { method, headers, body }) => {
    calls.push([method, url.href, headers.authorization, body]);
    return headers.authorization === 'Bearer access-1' ? answer(401, { code: 'unauthorized' }) : answer(200, { paused: true });
  };
  const api = new Api({ url: 'http://orderbell.test', tokens, fetch });
  assert.deepEqual(await api.put('/api/v1/restaurants/demo/pause', { paused: true }), { paused: true });
  assert.deepEqual(calls, [
    ['PUT', 'http://orderbell.test/api/v1/restaurants/demo/pause', 'Bearer access-1', '{"paused":true}'],
    ['PUT', 'http://orderbell.test/api/v1/restaurants/demo/pause', 'Bearer access-2', '{"paused":true}'],
  ]);
});

test('a problem answered by the API becomes an OrderbellError', async () => {
  const problem = { title: 'Conflict', status: 409, code: 'stale', detail: 'the order has moved on', document: { id: 'o1' } };
  const refusing = new Api({ url: 'http://orderbell.test', fetch: async () => answer(409, problem, { 'retry-after': '2' }) });
  const error = await refusing.post('/api/v1/orders/o1/commands', {}).catch((reason) => reason);
  assert.deepEqual([error.code, error.message, error.document.id, error.status, error.retryAfterMs], ['stale', 'the order has moved on', 'o1', 409, 2_000]);
  const broken = new Api({ url: 'http://orderbell.test', fetch: async () => new Response('<html>', { status: 502 }) });
  assert.equal(await code(broken.get('/')), 'unavailable');
  const cut = new Api({ url: 'http://orderbell.test', fetch: async () => { throw new TypeError('cut'); } });
  assert.equal(await code(cut.get('/')), 'offline');
  const silent = new Api({ url: 'http://orderbell.test', fetch: async () => answer(204) });
  assert.equal(await silent.delete('/api/v1/sessions/current'), null);
});

const NEXT = { access_token: 'access-next', refresh_token: 'refresh-next', expires_in: 900 };

test('a session is replaced before another tab renews the old one', async () => {
  const [store, locks, sessions] = [new FakeStore(), new FakeLocks(), new FakeSessions()];
  const [one, two] = [source({ store, locks, sessions }), source({ store, locks, sessions })];
  one.tokens.save(FIRST);
  let answered = (_answer) => {};
  const replaced = one.tokens.replace((token) => {
    assert.equal(token, 'access-1');
    return new Promise((resolve) => { answered = resolve; });
  });
  // The server has already closed the connections of both tabs.
  const renewals = [two.tokens.refresh(), one.tokens.refresh()];
  await new Promise((resolve) => setTimeout(resolve, 5));
  answered({ ...NEXT, confirmed_until: 'soon' });
  assert.equal((await replaced).confirmed_until, 'soon');
  assert.deepEqual(await Promise.all(renewals), ['access-next', 'access-next']);
  assert.deepEqual([sessions.calls, await two.tokens.get()], [0, 'access-next'], 'the old token is not presented');
});

test('a refusal changes nothing, and an older node that answers without tokens keeps the session', async () => {
  const { tokens, sessions } = source();
  tokens.save(FIRST);
  const refused = Object.assign(new Error('wrong'), { code: 'forbidden', status: 403 });
  assert.equal(await code(tokens.replace(() => Promise.reject(refused))), 'forbidden');
  assert.equal(await tokens.replace(async () => null), null);
  assert.equal(await tokens.get(), 'access-1');
  sessions.ended = true;
  assert.equal(await code(tokens.refresh()), 'unauthorized', 'and the end of the session is accepted');
});

test('no tab is signed out while the answer of a replacement is lost, and the repeated call succeeds', async () => {
  const store = new FakeStore();
  const [one, two] = [source({ store }), source({ store })];
  one.tokens.save(FIRST);
  assert.equal(await code(one.tokens.replace(() => Promise.reject(Object.assign(new Error('lost'), { code: 'offline' })))), 'offline');
  two.sessions.ended = true;
  assert.equal(await code(two.tokens.refresh()), 'unavailable');
  assert.equal(await one.tokens.replace(async () => NEXT), NEXT);
  assert.equal(await two.tokens.get(), 'access-next');
  assert.equal(await code(two.tokens.refresh()), 'unauthorized', 'not beyond that time');
});

test('the client accepts the end of a session a minute after a lost replacement', async () => {
  const { tokens, sessions, clock } = source();
  tokens.save(FIRST);
  await code(tokens.replace(() => Promise.reject(new Error('lost'))));
  sessions.ended = true;
  clock.now = 59_999;
  assert.equal(await code(tokens.refresh()), 'unavailable');
  clock.now = 60_000;
  assert.equal(await code(tokens.refresh()), 'unauthorized');
});
