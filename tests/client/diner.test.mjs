// The diner's pages, as far as they need no page: shared links, what was last seen, newer versions.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Emitter } from '../../static/client/emitter.js';
import { OrderbellError } from '../../static/client/codes.js';
import { speak } from '../../static/languages/language.js';
import { forgetOrders, keepMenu, keepOrders, lastMenu, lastOrder, lastOrders, newestOrder } from '../../static/pages/last_seen.js';
import { SecondTouch } from '../../static/pages/page_state.js';
import { linkTo, sharedToken } from '../../static/pages/shared_link.js';
import { followVersion } from '../../static/pages/upkeep.js';
import { promise, promisedRange } from '../../static/views/order_view.js';
import { FakeClock, FakeStore } from './support.mjs';

globalThis.document = { documentElement: {}, getElementById: () => null };
beforeEach(() => { globalThis.localStorage = new FakeStore(); });
await speak('en');

// ---- shared links ----

test('a shared link\'s token goes from the address into this tab, and stays for a reload', () => {
  const cleaned = [];
  globalThis.history = { state: null, replaceState: (_, __, to) => cleaned.push(to) };
  const store = new FakeStore();
  const link = new URL(linkTo('https://orderbell.test', 'o1', 'aaa.bbb-_.ccc'));
  assert.equal(link.pathname, '/orders/o1');
  assert.equal(sharedToken('o1', link, store), 'aaa.bbb-_.ccc');
  assert.deepEqual(cleaned, ['/orders/o1']);
  assert.equal(sharedToken('o1', { hash: '', pathname: '/orders/o1' }, store), 'aaa.bbb-_.ccc');
  assert.equal(sharedToken('o2', { hash: '#elsewhere', pathname: '/orders/o2' }, store), null);
  assert.equal(cleaned.length, 1, 'other fragments are left alone');
});

// ---- what was last seen ----

test('orders last seen are kept, the newest dozen of them, until the visit is over', () => {
  for (let at = 1; at <= 20; at += 1) keepOrders([{ id: `o${at}` }], at);
  assert.equal(lastOrders().length, 12);
  assert.equal(lastOrder('o8'), null);
  assert.deepEqual(lastOrder('o9'), { document: { id: 'o9' }, at: 9 });
  keepOrders([{ id: 'o9', status: 'ready' }], 30);
  assert.deepEqual(lastOrder('o9'), { document: { id: 'o9', status: 'ready' }, at: 30 });
  forgetOrders();
  assert.deepEqual(lastOrders(), []);
});

test('a menu is kept for its restaurant alone', () => {
  assert.equal(lastMenu('r1'), null);
  keepMenu({ restaurant: 'r1', items: {} }, 5);
  assert.deepEqual(lastMenu('r1'), { document: { restaurant: 'r1', items: {} }, at: 5 });
  assert.equal(lastMenu('r2'), null);
});

// ---- newer versions ----

function page({ own = 'a', quiet = true } = {}) {
  const it = { reloads: 0, quiet, time: 0, bell: new Emitter(), store: new FakeStore(), page: Object.assign(new EventTarget(), { visibilityState: 'visible' }) };
  it.load = () => clearInterval(followVersion(it.bell, own, { quiet: () => it.quiet, reload: () => { it.reloads += 1; }, store: it.store, now: () => it.time, page: it.page }));
  it.welcome = (version) => it.bell.emit('welcome', { version });
  it.hide = () => {
    it.page.visibilityState = 'hidden';
    it.page.dispatchEvent(new Event('visibilitychange'));
  };
  it.load();
  return it;
}

test('a page of the server\'s version, or without one, stays', () => {
  for (const [own, server] of [['a', 'a'], ['a', undefined], [null, 'b']]) {
    const it = page({ own });
    it.welcome(server);
    it.hide();
    assert.equal(it.reloads, 0);
  }
});

test('an older page loads itself again when it is quiet, or when nobody sees it', () => {
  const quiet = page();
  quiet.welcome('b');
  assert.equal(quiet.reloads, 1);
  const busy = page({ quiet: false });
  busy.welcome('b');
  assert.equal(busy.reloads, 0);
  busy.hide();
  assert.equal(busy.reloads, 1);
});

test('a server that came back to this page\'s version is no reason', () => {
  const it = page({ quiet: false });
  it.welcome('b');
  it.welcome('a');
  it.hide();
  assert.equal(it.reloads, 0);
});

test('the same version is loaded again once in ten minutes at most', () => {
  const it = page();
  it.welcome('b');
  it.load();
  it.welcome('b');
  assert.equal(it.reloads, 1);
  it.time = 10 * 60_000;
  it.welcome('b');
  assert.ok(it.reloads > 1);
});

test('another version that is told between two welcomes counts, as a long poll has it', () => {
  const it = page();
  it.welcome('a');
  it.bell.emit('version', { own: 'a', server: 'b' });
  assert.equal(it.reloads, 1);
});

test('a welcome before anybody listened counts', () => {
  const it = page({ own: null });
  it.bell.welcome = { version: 'b' };
  clearInterval(followVersion(it.bell, 'a', { quiet: () => true, reload: () => { it.reloads += 1; }, store: it.store, now: () => 0, page: it.page }));
  assert.equal(it.reloads, 1);
});

// ---- the promised time ----

test('a promise is a window that moves with it, then soon, then late, and nothing once it does not matter', () => {
  const promised = new Date(2026, 10, 24, 12, 44).getTime();
  const order = { status: 'preparing', promised_at: new Date(promised).toISOString() };
  assert.match(promisedRange(order), /12:40\W+12:50/);
  assert.match(promise(order, promised - 600_000), /^Ready .*12:40\W+12:50/);
  assert.equal(promise(order, promised - 30_000), 'Any minute now');
  assert.equal(promise(order, promised + 9 * 60_000), 'Any minute now');
  assert.equal(promise(order, promised + 11 * 60_000), 'It takes a little longer than promised. Sorry!');
  assert.match(promise({ ...order, promised_at: new Date(promised + 600_000).toISOString() }, promised), /12:50\W+/);
  for (const status of ['placed', 'ready', 'served', 'cancelled']) assert.equal(promise({ ...order, status }, promised), null);
});

test('what cannot be taken back wants a second touch: not a tremble, and not one minutes later', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  let drawn = 0;
  const touches = new SecondTouch(() => void (drawn += 1), () => now);
  assert.equal(touches.touch('o1'), false);
  assert.deepEqual([touches.wants('o1'), touches.wants('o2'), drawn], [true, false, 1]);
  now = 200;
  assert.equal(touches.touch('o1'), false, 'a tremble');
  now = 1_000;
  assert.equal(touches.touch('o2'), false, 'another order');
  now = 2_000;
  assert.equal(touches.touch('o2'), true);
  now = 60_000;
  assert.equal(touches.wants('o2'), false);
  assert.equal(touches.touch('o2'), false, 'forgotten by now');
});

test('an order is shown as new as it can be: a live room is right, a restored one may know less than was kept', () => {
  const [older, newer] = [{ id: 'o1', position: 4 }, { id: 'o1', position: 7 }];
  const room = (live, ...documents) => ({ live, documents: new Map(documents.map((document) => [document.id, document])) });
  assert.equal(newestOrder(room(false, older), 'o1', newer), newer);
  assert.equal(newestOrder(room(false, newer), 'o1', older), newer);
  assert.equal(newestOrder(room(true, older), 'o1', newer), older, 'of another epoch, say');
  assert.equal(newestOrder(room(false), 'o1', older), older);
  assert.equal(newestOrder(undefined, 'o1', older), older);
  assert.equal(newestOrder(room(false, older), 'o1', null), older);
  assert.equal(newestOrder(room(true), 'o1', null), undefined);
});
