// The service worker alone, with a fake network, caches and windows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { loadedLater, modulesOf, read } from './modules.mjs';
import { FakeClock } from './support.mjs';

const ORIGIN = 'http://orderbell.test';

class FakeCache {
  entries = new Map();
  constructor(network) { this.network = network; }
  put = async (request, response) => void this.entries.set(path(request), response);
  match = async (request) => this.entries.get(path(request));
  addAll = async (paths) => void await Promise.all(paths.map(async (each) => {
    assert.equal(new URL(each, ORIGIN).origin, ORIGIN, `a cache cannot store ${each}`);
    this.put(each, await this.network(each));
  }));
}

const path = (request) => new URL(request.url ?? request, ORIGIN).pathname;

/** Returns a worker of a version with its environment. */
function worker({ version = '0.1.0+aaa', kind = '', caches = new Map(), windows = [] } = {}) {
  const clock = new FakeClock();
  const listeners = {};
  const it = { caches, clock, windows, network: async (request) => new Response(pageAt(path(request))), shown: [], opened: [], claimed: false };
  const network = (request) => it.network(request);
  const self = {
    location: new URL(`${ORIGIN}/service-worker.js?version=${encodeURIComponent(version)}${kind}`),
    addEventListener: (name, listener) => void (listeners[name] = listener),
    skipWaiting: async () => {},
    registration: { showNotification: async (title, options) => void it.shown.push({ title, ...options }) },
    clients: {
      claim: async () => void (it.claimed = true),
      matchAll: async () => windows,
      openWindow: async (to) => void it.opened.push(to),
    },
  };
  const store = {
    open: async (name) => caches.get(name) ?? caches.set(name, new FakeCache(network)).get(name),
    keys: async () => [...caches.keys()],
    delete: async (name) => caches.delete(name),
  };
  const context = vm.createContext({ self, caches: store, fetch: network, URL, Response, Map, Set, setTimeout: clock.setTimeout });
  context.importScripts = (file) => vm.runInContext(read(file), context);
  vm.runInContext(read('service-worker.js'), context);
  it.say = async (name, fields = {}) => {
    const lasting = [];
    listeners[name]({ ...fields, waitUntil: (promise) => lasting.push(promise) });
    await Promise.all(lasting);
  };
  /** Returns the answer to a request, or undefined when the worker leaves it to the browser. */
  it.ask = (to, fields = {}, ids = {}) => {
    let answer;
    listeners.fetch({
      request: { url: new URL(to, ORIGIN).href, method: 'GET', mode: 'cors', ...fields }, clientId: 'page', resultingClientId: 'next', ...ids,
      respondWith: (promise) => void (answer = promise),
    });
    return answer;
  };
  it.visit = (to) => it.ask(to, { mode: 'navigate' });
  return it;
}

/** Returns the network's answer: HTML for pages, and a line of text for everything else. */
function pageAt(address) {
  if (address === '/') return read('index.html');
  if (address.startsWith('/t/')) return read('table.html');
  if (address.startsWith('/orders/')) return read('order.html');
  if (['/kitchen', '/staff', '/manage'].includes(address)) return read(`${address.slice(1)}.html`);
  return `fresh ${address}`;
}

const text = async (answer) => (await answer).text();
const noNetwork = async () => { throw new TypeError('no network'); };

test('a worker caches both pages with every file that they load, even later, under its version', async () => {
  const it = worker();
  await it.say('install');
  assert.deepEqual([...it.caches.keys()], ['orderbell-0.1.0+aaa']);
  const kept = [...it.caches.get('orderbell-0.1.0+aaa').entries.keys()];
  for (const entry of ['/landing/main.js', '/guest/table.js', '/guest/order.js']) {
    for (const needed of [...modulesOf(entry), ...loadedLater(entry)]) assert.ok(kept.includes(needed), needed);
  }
  for (const page of ['index.html', 'table.html', 'order.html']) {
    for (const [, style] of read(page).matchAll(/<link rel="stylesheet" href="([^"]+)"/g)) assert.ok(kept.includes(style), style);
  }
  assert.ok(kept.includes('/t/shell') && kept.includes('/orders/shell'));
});

test('a worker that cannot load its pages is not installed', async () => {
  const it = worker();
  it.network = async () => new Response('no', { status: 503 });
  await assert.rejects(it.say('install'), /503/);
});

test('a new version deletes the pages of the old ones, and nothing else', async () => {
  const caches = new Map([['orderbell-0.1.0+aaa', 1], ['another', 2]]);
  const it = worker({ version: '0.2.0+bbb', caches });
  await it.say('install');
  await it.say('activate');
  assert.deepEqual([...caches.keys()], ['another', 'orderbell-0.2.0+bbb']);
  assert.ok(it.claimed);
});

test('the worker prefers an answer of the network to its cached copy', async () => {
  const it = worker();
  await it.say('install');
  it.network = async (request) => new Response(`newer ${path(request)}`);
  assert.equal(await text(it.visit('/orders/o1')), 'newer /orders/o1');
  assert.equal(await text(it.ask('/css/order.css')), 'newer /css/order.css');
  it.network = noNetwork;
  assert.equal(await text(it.visit('/orders/o1')), read('order.html'));
  assert.equal(await text(it.visit('/t/demo-table-1')), read('table.html'));
  assert.equal(await text(it.visit('/')), read('index.html'), 'the start page of the installed app');
  assert.equal(await text(it.ask('/css/order.css')), 'fresh /css/order.css');
  await assert.rejects(it.ask('/css/kitchen.css'), /no network/);
});

test('the worker answers with its cached copy instead of an error of the server', async () => {
  const it = worker();
  await it.say('install');
  it.network = async () => new Response('bad gateway', { status: 502 });
  assert.equal(await text(it.visit('/orders/o1')), read('order.html'));
  assert.equal(await text(it.ask('/css/order.css')), 'fresh /css/order.css');
  assert.equal(await text(it.ask('/css/kitchen.css')), 'bad gateway', 'the cache has no copy');
  it.network = async () => new Response('not found', { status: 404 });
  assert.equal(await text(it.visit('/orders/o1')), 'not found');
});

test('the worker stops waiting for a silent network, and then loads the files of that page from the cache at once', async () => {
  const it = worker();
  await it.say('install');
  it.network = () => new Promise(() => {});
  const answer = it.visit('/orders/o1');
  await it.clock.advance(5_000);
  assert.equal(await text(answer), read('order.html'));
  assert.equal(await text(it.ask('/css/order.css', {}, { clientId: 'next' })), 'fresh /css/order.css');
});

test('the worker leaves the API, other pages, other origins and changing calls to the browser', async () => {
  const it = worker();
  await it.say('install');
  for (const to of ['/api/v1/orders/o1', '/api/v1/diner-sessions/current', '/ws', 'https://elsewhere.test/dish.jpg']) assert.equal(it.ask(to), undefined, to);
  for (const to of ['/kitchen', '/staff', '/orders/', '/orders/o1/more', '/orders']) assert.equal(it.visit(to), undefined, to);
  assert.equal(it.ask('/orders/o1', { method: 'POST', mode: 'navigate' }), undefined);
});

for (const [page, entry] of [['kitchen', '/kitchen/main.js'], ['staff', '/floor/main.js'], ['manage', '/manager/main.js']]) {
  test(`/${page} has its own worker, which stores that page and no page for guests`, async () => {
    const caches = new Map([['orderbell-0.1.0+aaa', 1], ['another-orderbell-0.0.9', 2], [`${page}-orderbell-0.0.9`, 3]]);
    const it = worker({ kind: `&for=${page}`, caches });
    await it.say('install');
    await it.say('activate');
    const mine = `${page}-orderbell-0.1.0+aaa`;
    assert.deepEqual([...caches.keys()], ['orderbell-0.1.0+aaa', 'another-orderbell-0.0.9', mine]);
    const kept = [...caches.get(mine).entries.keys()];
    for (const needed of [...modulesOf(entry), ...loadedLater(entry)]) assert.ok(kept.includes(needed), needed);
    for (const [, style] of read(`${page}.html`).matchAll(/<link rel="stylesheet" href="([^"]+)"/g)) assert.ok(kept.includes(style), style);
    assert.ok(!kept.some((each) => each === '/languages/notifications.js' || each.endsWith('/shell') || each.startsWith('/api')), 'nothing of the guests\' pages');
    it.network = noNetwork;
    assert.equal(await text(it.visit(`/${page}`)), read(`${page}.html`));
    const others = ['/kitchen', '/staff', '/manage'].filter((other) => other !== `/${page}`);
    for (const to of ['/', '/orders/o1', '/t/demo-table-1', ...others]) assert.equal(it.visit(to), undefined, to);
    assert.equal(it.ask(`/${page}`, { cache: 'no-store' }), undefined, 'only the server knows whether it has a newer page');
  });
}

const push = (data) => ({ data: { json: () => data } });

test('a push says what happened, in the subscription\'s language', async () => {
  const it = worker();
  const order = 'o1';
  await it.say('push', push({ order, number: 42, status: 'ready', language: 'bn' }));
  await it.say('push', push({ order, number: 42, status: 'accepted', promised_at: '2026-11-24T10:00:00.000Z', language: 'en' }));
  const [ready, accepted] = it.shown;
  assert.deepEqual([ready.title, ready.lang, ready.tag, { ...ready.data }], ['অর্ডার ৪২ তৈরি', 'bn', order, { order }]);
  assert.equal(accepted.title, 'Order 42 is accepted');
  assert.match(accepted.body, /^Ready at about \d?\d:00\.$/);
  assert.equal(accepted.tag, ready.tag, 'one notification for each order');
});

test('a push that cannot be read still shows something', async () => {
  const it = worker();
  await it.say('push', { data: null });
  await it.say('push', { data: { json: () => { throw new SyntaxError('no JSON'); } } });
  await it.say('push', push({ order: 'o1', number: 1, status: 'toString', language: 'constructor' }));
  await it.say('push', push({ order: 'o1', status: 'ready', language: 'en' }));
  assert.deepEqual(it.shown.map(({ title }) => title), Array(4).fill('Your order has changed'));
  await it.say('push', push({ order: 'o1', number: 7, status: 'accepted', promised_at: 'soon', language: 'en' }));
  assert.equal(it.shown.pop().body, 'The restaurant has taken it.');
  assert.deepEqual(it.shown.map(({ tag }) => tag), ['orderbell', 'orderbell', 'o1', 'o1']);
});

test('a notification says that an order is a takeaway or a delivery, in both languages', async () => {
  const it = worker();
  for (const [service, language] of [['takeaway', 'en'], ['delivery', 'en'], ['takeaway', 'bn'], ['drone', 'en']]) {
    await it.say('push', push({ order: 'o1', number: 5, status: 'ready', service, language }));
  }
  const [picked, brought, bengali, unknown] = it.shown.map(({ body }) => body);
  assert.match(picked, /Take away.*counter/);
  assert.match(brought, /Delivery/);
  assert.match(bengali, /পার্সেল/);
  assert.equal(unknown, 'Enjoy your meal!');
});

test('the part of the day stands where the language puts it', async () => {
  const it = worker();
  await it.say('push', push({ order: 'o1', number: 4, status: 'accepted', promised_at: '2026-11-24T10:00:00.000Z', language: 'bn' }));
  assert.match(it.shown[0].body, /^তৈরি হবে মোটামুটি \p{L}[\p{L}\p{M}]* [০-৯]{1,2}:০০।$/u);
});

test('a notification is silent if a visible page shows its order', async () => {
  const windows = [];
  const it = worker({ windows });
  const ready = (order) => it.say('push', push({ order, number: 1, status: 'ready', language: 'en' }));
  await ready('o1');
  windows.push({ url: `${ORIGIN}/orders/o1`, visibilityState: 'hidden' });
  await ready('o1');
  windows[0].visibilityState = 'visible';
  await ready('o1');
  await ready('o2');
  assert.deepEqual(it.shown.map(({ silent }) => silent), [false, false, true, false]);
});

test('the worker tells the pages, which have the token, that the browser has changed the subscription', async () => {
  const heard = [];
  const page = () => ({ url: `${ORIGIN}/orders/o1`, postMessage: (message) => void heard.push(message) });
  await worker({ windows: [page(), page()] }).say('pushsubscriptionchange');
  assert.deepEqual(heard, ['pushsubscriptionchange', 'pushsubscriptionchange']);
});

test('a touched notification opens its order, in the window that already shows it', async () => {
  const focused = [];
  const page = (url) => ({ url: `${ORIGIN}${url}`, focus: () => void focused.push(url) });
  const it = worker({ windows: [page('/t/demo-table-1'), page('/orders/o1')] });
  let closed = 0;
  const touch = (order) => it.say('notificationclick', { notification: { data: { order }, close: () => void (closed += 1) } });
  await touch('o1');
  assert.deepEqual([focused, it.opened], [['/orders/o1'], []]);
  await touch('o2');
  assert.deepEqual([focused.length, it.opened, closed], [1, ['/orders/o2'], 2]);
  await touch(undefined);
  assert.deepEqual(it.opened.at(-1), '/', 'an unreadable message belongs to no order');
});

test('a page that was left out when its worker started is claimed when it asks', async () => {
  const it = worker();
  await it.say('message', { data: 'other' });
  assert.equal(it.claimed, false);
  await it.say('message', { data: 'claim' });
  assert.equal(it.claimed, true);
});
