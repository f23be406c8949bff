// Notifications on the page: offered, switched on and off, renewed.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { OrderbellError } from '../../static/client/codes.js';
import { speak } from '../../static/languages/language.js';
import { TellMe } from '../../static/guest/tell_me.js';
import { FakeClock, FakeStore, settle } from './support.mjs';

globalThis.document = { documentElement: {}, getElementById: () => null };
beforeEach(() => { globalThis.localStorage = new FakeStore(); });
await speak('en');

/** A browser's push service, with one subscription for one key. */
class FakePush {
  current = null;
  made = 0;
  failure = null;

  async subscribe({ userVisibleOnly, applicationServerKey: key }) {
    assert.equal(userVisibleOnly, true);
    if (this.failure) throw this.failure;
    if (this.current && this.current.key !== key) throw Object.assign(new Error('another key'), { name: 'InvalidStateError' });
    if (!this.current) this.made += 1;
    const endpoint = `https://push.test/${this.made}`;
    this.current ??= {
      key, endpoint, toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh: 'p', auth: 'a' } }), unsubscribe: async () => void (this.current = null),
    };
    return this.current;
  }

  getSubscription = async () => this.current;
}

function teller({ permission = 'default', answer = 'granted', supported = true, installable = false, key = 'KEY', pushManager = new FakePush(), language = 'en' } = {}) {
  const it = { asked: 0, calls: [], states: [], closed: [], pushManager, permission, clock: new FakeClock() };
  const worker = {
    pushManager,
    async getNotifications({ tag }) {
      assert.equal(this, worker, 'called as a method, or browsers refuse');
      return [{ close: () => void it.closed.push(tag) }];
    },
  };
  it.api = {
    get: async () => ({ key }),
    put: async (path, body) => void it.calls.push(['PUT', path, body]),
    request: async (method, path, { body }) => void it.calls.push([method, path, body]),
  };
  it.env = {
    supported, installable, permission: () => it.permission, worker: async () => worker, setTimeout: it.clock.setTimeout,
    ask: async () => { it.asked += 1; it.permission = answer; return answer; },
    onReturn: (task) => { it.comeBack = async () => { task(); await settle(); }; },
    onRenewed: (task) => { it.renew = async () => { task(); await settle(); }; },
  };
  it.tell = new TellMe({ api: it.api, diner: 'd1', order: 'o1', language, env: it.env, changed: () => it.states.push(it.tell.busy ? 'busy' : it.tell.state) });
  return it;
}

const SUBSCRIBED = ['PUT', '/api/v1/push/subscription', { endpoint: 'https://push.test/1', keys: { p256dh: 'p', auth: 'a' }, language: 'en' }];

test('the page offers only what the browser can do, and asks nobody before a touch', async () => {
  for (const [parts, state] of [
    [{ key: null }, 'none'], [{ key: null, supported: false, installable: true }, 'none'], [{ supported: false }, 'unsupported'],
    [{ supported: false, installable: true }, 'install'], [{ permission: 'denied' }, 'denied'], [{}, 'off'], [{ permission: 'granted' }, 'off'],
  ]) {
    const it = teller(parts);
    await it.tell.begin();
    assert.equal(it.tell.state, state);
    await it.tell.speak('bn');
    assert.deepEqual([it.asked, it.calls], [0, []]);
  }
  const offline = teller();
  offline.api.get = async () => { throw new OrderbellError({ code: 'offline' }); };
  await offline.tell.begin();
  assert.equal(offline.tell.state, 'none');
});

test('a touch asks, subscribes and notifies the server, and a second touch undoes all of it', async () => {
  const it = teller();
  await it.tell.begin();
  await it.tell.toggle();
  assert.deepEqual([it.tell.state, it.asked, it.calls], ['on', 1, [SUBSCRIBED]]);
  await it.tell.toggle();
  assert.deepEqual(it.calls.at(-1), ['DELETE', '/api/v1/push/subscription', { endpoint: 'https://push.test/1' }]);
  assert.equal(it.pushManager.current, null);
  assert.deepEqual(it.states, ['off', 'busy', 'on', 'busy', 'off']);
  const again = teller({ permission: 'granted', pushManager: it.pushManager });
  await again.tell.begin();
  assert.equal(again.tell.state, 'off', 'a switch turned off stays off');
});

test('a double touch counts as one', async () => {
  const it = teller();
  await it.tell.begin();
  await Promise.all([it.tell.toggle(), it.tell.toggle()]);
  assert.deepEqual([it.tell.state, it.asked, it.calls], ['on', 1, [SUBSCRIBED]]);
});

test('a refused permission stays refused, and a dismissed question may be asked again', async () => {
  const no = teller({ answer: 'denied' });
  await no.tell.begin();
  await no.tell.toggle();
  await no.tell.toggle();
  assert.deepEqual([no.tell.state, no.asked, no.calls], ['denied', 1, []]);
  const shrug = teller({ answer: 'default' });
  await shrug.tell.begin();
  await shrug.tell.toggle();
  await shrug.tell.toggle();
  assert.deepEqual([shrug.tell.state, shrug.asked, shrug.calls], ['off', 2, []]);
});

test('the page notices changed browser settings when it becomes visible again', async () => {
  const it = teller({ permission: 'denied' });
  await it.tell.begin();
  it.permission = 'default';
  await it.comeBack();
  assert.equal(it.tell.state, 'off');
  await it.tell.toggle();
  it.permission = 'denied';
  await it.comeBack();
  assert.equal(it.tell.state, 'denied');
  it.permission = 'granted';
  await it.comeBack();
  assert.deepEqual([it.tell.state, it.asked], ['on', 1], 'because the diner had switched it on');
});

test('a visible page closes the notifications of its order', async () => {
  const it = teller();
  await it.tell.begin();
  await settle();
  assert.deepEqual(it.closed, ['o1']);
  await it.comeBack();
  assert.deepEqual(it.closed, ['o1', 'o1']);
});

test('a reload and a change of language send the subscription again', async () => {
  const first = teller();
  await first.tell.begin();
  await first.tell.toggle();
  const it = teller({ permission: 'granted', pushManager: first.pushManager });
  await it.tell.begin();
  assert.deepEqual([it.tell.state, it.calls, it.asked], ['on', [SUBSCRIBED], 0]);
  await it.tell.speak('bn');
  assert.equal(it.calls.at(-1)[2].language, 'bn');
  assert.equal(first.pushManager.made, 1, 'with the same endpoint');
});

test('a subscription that the browser has renewed is sent to the server', async () => {
  const it = teller();
  await it.tell.begin();
  await it.renew();
  assert.deepEqual(it.calls, [], 'not before it is wanted');
  await it.tell.toggle();
  it.pushManager.current = null;
  await it.renew();
  assert.deepEqual([it.tell.state, it.calls.at(-1)[2].endpoint], ['on', 'https://push.test/2']);
});

test('a subscription under an older key of the server is replaced', async () => {
  const first = teller({ key: 'OLD' });
  await first.tell.begin();
  await first.tell.toggle();
  const it = teller({ permission: 'granted', pushManager: first.pushManager });
  await it.tell.begin();
  assert.deepEqual([it.tell.state, it.calls[0][2].endpoint, first.pushManager.current.key], ['on', 'https://push.test/2', 'KEY']);
});

test('a push service that cannot be reached, or a server that refuses, leaves notifications off', async () => {
  const service = teller();
  service.pushManager.failure = new Error('push service not available');
  const server = teller();
  server.api.put = async () => { throw new OrderbellError({ code: 'unavailable' }); };
  for (const { tell } of [service, server]) {
    await tell.begin();
    await tell.toggle();
    assert.deepEqual([tell.state, tell.busy], ['off', false]);
  }
});

test('the page gives up on a push service that never answers, and on a worker that never starts', async () => {
  const service = teller();
  service.pushManager.subscribe = () => new Promise(() => {});
  const worker = teller();
  worker.env.worker = () => new Promise(() => {});
  for (const { tell, clock, states } of [service, worker]) {
    await tell.begin();
    const touched = tell.toggle();
    await clock.advance(19_000);
    assert.equal(states.at(-1), 'busy');
    await clock.advance(1_000);
    await touched;
    assert.equal(tell.state, 'off');
  }
});

test('an order that nobody waits for any longer offers no notifications', async () => {
  const { tell } = teller();
  await tell.begin();
  for (const status of ['ready', 'served', 'cancelled', 'rejected']) assert.equal(tell.view({ status }), null);
});
