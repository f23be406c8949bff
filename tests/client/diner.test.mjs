// The diner's pages, without a DOM: shared links, the last known state, newer versions.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Emitter } from '../../static/client/emitter.js';
import { OrderbellError } from '../../static/client/codes.js';
import { speak } from '../../static/languages/language.js';
import { forgetOrders, keepMenu, keepOrders, lastMenu, lastOrder, lastOrders, leaveOrders, leftOrders, newestOrder } from '../../static/guest/last_seen.js';
import { messages } from '../../static/guest/basket_view.js';
import { menuEntries } from '../../static/guest/menu_view.js';
import { nearest } from '../../static/guest/order_strip.js';
import { filesOf, pictureAttributes } from '../../static/shared/picture.js';
import { Refusals, refusalWords } from '../../static/guest/refusals.js';
import { Room } from '../../static/client/room.js';
import { FOLLOWED, VisitOrders } from '../../static/guest/visit_orders.js';
import { Receipts, SecondTouch, linkTo, sharedToken } from '../../static/guest/page_state.js';
import { hint, promise, promisedRange, refusalsOf } from '../../static/guest/order_view.js';
import { FakeClock, FakeStore } from './support.mjs';

globalThis.document = { documentElement: {}, getElementById: () => null };
beforeEach(() => { globalThis.localStorage = new FakeStore(); });
await speak('en');

// ---- shared links ----

test('the token of a shared link moves from the address into this tab, and survives a reload', () => {
  const cleaned = [];
  globalThis.history = { state: null, replaceState: (_, __, to) => cleaned.push(to) };
  const store = new FakeStore();
  const link = new URL(linkTo('https://orderbell.test', 'o1', 'aaa.bbb-_.ccc'));
  assert.equal(link.pathname, '/orders/o1');
  assert.equal(sharedToken('o1', link, store), 'aaa.bbb-_.ccc');
  assert.deepEqual(cleaned, ['/orders/o1']);
  assert.equal(sharedToken('o1', { hash: '', pathname: '/orders/o1' }, store), 'aaa.bbb-_.ccc');
  assert.equal(sharedToken('o2', { hash: '#elsewhere', pathname: '/orders/o2' }, store), null);
  assert.equal(cleaned.length, 1, 'other fragments stay in the address');
});

// ---- what was last seen ----

test('the dozen newest orders are kept as last seen until the visit is over', () => {
  for (let at = 1; at <= 20; at += 1) keepOrders([{ id: `o${at}` }], at);
  assert.equal(lastOrders().length, 12);
  assert.equal(lastOrder('o8'), null);
  assert.deepEqual(lastOrder('o9'), { document: { id: 'o9' }, at: 9 });
  keepOrders([{ id: 'o9', status: 'ready' }], 30);
  assert.deepEqual(lastOrder('o9'), { document: { id: 'o9', status: 'ready' }, at: 30 });
  forgetOrders();
  assert.deepEqual(lastOrders(), []);
});

test('open orders of an ended session stay as last seen for some hours', () => {
  const order = (id, status, restaurant = 'r1') => ({ id, status, restaurant });
  keepOrders([order('open', 'preparing'), order('over', 'served'), order('elsewhere', 'placed')], 1_000);
  leaveOrders((id) => id !== 'elsewhere', 2_000);
  assert.deepEqual(lastOrder('open'), { document: order('open', 'preparing'), at: 1_000, left: true });
  assert.deepEqual([lastOrder('over'), lastOrder('elsewhere').left], [null, undefined]);
  const left = (restaurant, now) => leftOrders(restaurant, now).map(({ document }) => document.id);
  assert.deepEqual([left('r1', 2_000), left('r2', 2_000), left('r1', 7 * 3_600_000)], [['open'], [], []]);
  keepOrders([order('open', 'ready')], 3_000);
  assert.deepEqual(left('r1', 3_000), [], 'the order is followed again');
});

test('a stored menu is used only for its own restaurant', () => {
  assert.equal(lastMenu('r1'), null);
  keepMenu({ restaurant: 'r1', items: {} }, 5);
  assert.deepEqual(lastMenu('r1'), { document: { restaurant: 'r1', items: {} }, at: 5 });
  assert.equal(lastMenu('r2'), null);
});

// ---- the promised time ----

test('a promised time is shown as a range, then as "about now", then as late, and only while the order is being prepared', () => {
  const promised = new Date(2026, 10, 24, 12, 44).getTime();
  const order = { status: 'preparing', promised_at: new Date(promised).toISOString() };
  assert.match(promisedRange(order), /12:40\W+12:50/);
  assert.match(promise(order, promised - 600_000), /^Ready .*12:40\W+12:50/);
  assert.equal(promise(order, promised - 30_000), 'Promised for about now');
  assert.equal(promise(order, promised + 9 * 60_000), 'Promised for about now');
  assert.equal(promise(order, promised + 11 * 60_000), 'It takes a little longer than promised. Sorry!');
  assert.match(promise({ ...order, promised_at: new Date(promised + 600_000).toISOString() }, promised), /12:50\W+/);
  for (const status of ['placed', 'ready', 'served', 'cancelled']) assert.equal(promise({ ...order, status }, promised), null);
});

test('an irreversible action needs a second touch, which is neither a tremor nor minutes late', ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  let drawn = 0;
  const touches = new SecondTouch(() => void (drawn += 1), () => now);
  assert.equal(touches.touch('o1'), false);
  assert.deepEqual([touches.wants('o1'), touches.wants('o2'), drawn], [true, false, 1]);
  now = 200;
  assert.equal(touches.touch('o1'), false, 'a second tap within the tremor');
  now = 1_000;
  assert.equal(touches.touch('o2'), false, 'another order');
  now = 2_000;
  assert.equal(touches.touch('o2'), true);
  now = 60_000;
  assert.equal(touches.wants('o2'), false);
  assert.equal(touches.touch('o2'), false, 'the first tap has expired');
});

test('the page shows the newest state of an order: a live room is right, and a restored room may be older than the stored order', () => {
  const [older, newer] = [{ id: 'o1', position: 4 }, { id: 'o1', position: 7 }];
  const room = (live, ...documents) => ({ live, documents: new Map(documents.map((document) => [document.id, document])) });
  assert.equal(newestOrder(room(false, older), 'o1', newer), newer);
  assert.equal(newestOrder(room(false, newer), 'o1', older), newer);
  assert.equal(newestOrder(room(true, older), 'o1', newer), older, 'a live room is right, as after a change of epoch');
  assert.equal(newestOrder(room(false), 'o1', older), older);
  assert.equal(newestOrder(undefined, 'o1', older), older);
  assert.equal(newestOrder(room(false, older), 'o1', null), older);
  assert.equal(newestOrder(room(true), 'o1', null), undefined);
});

// ---- what is known ----

const NOON = Date.parse('2026-11-24T12:00:00.000Z');
const placed = { id: 'o1', number: 1, status: 'placed', service: 'dine_in', placed_at: '2026-11-24T12:00:00.000Z' };

test('a page says only what is known about an order', () => {
  const said = (minutes, seen, more = {}) => hint({ ...placed, ...more }, { now: NOON + minutes * 60_000, seen });
  assert.equal(said(8, undefined), 'You will see their answer here.', 'a server without receipts');
  assert.equal(said(0.5, false), 'You will see their answer here.');
  assert.match(said(8, false), /^No one has seen this yet/);
  assert.equal(said(0.5, true), 'It is on the staff’s screen.');
  assert.match(said(8, true), /no one has answered yet/);
  assert.deepEqual(['dine_in', 'takeaway', 'delivery'].map((service) => said(20, true, { status: 'ready', service })),
    ['The kitchen has finished it.', 'You can pick it up at the counter.', 'It is packed and will be delivered to you.']);
});

test('the page requests the receipt while the order waits, and claims nothing without one', async () => {
  const around = { setInterval: globalThis.setInterval, document: globalThis.document };
  globalThis.setInterval = () => 0;
  globalThis.document = { ...around.document, visibilityState: 'visible', addEventListener: () => {} };
  const answers = [new OrderbellError({ code: 'not_found' }), { floor_seen: false }, new OrderbellError({ code: 'offline' }), { floor_seen: true }];
  const asked = [];
  const api = { get: async (path) => {
    asked.push(path);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  } };
  const receipts = new Receipts(api, () => [placed, { id: 'o2', status: 'accepted' }], () => NOON, () => {});
  const known = [];
  for (let at = 0; at < 5; at += 1) {
    await receipts.ask();
    known.push(receipts.of('o1'));
  }
  assert.deepEqual(known, [undefined, false, undefined, true, true]);
  assert.deepEqual(asked, Array(4).fill('/api/v1/orders/o1/receipt'), 'seen and answered orders are not asked about again');
  Object.assign(globalThis, around);
});

// ---- refusals ----

const taka = (amount) => ({ amount, currency: 'BDT' });
const lines = { a: { name: 'Firni', quantity: 2, status: 'voided', reason: 'out_of_stock', detail: 'no rice', price: taka(10000) }, b: { name: 'Borhani', quantity: 1, status: 'queued', price: taka(5000) } };

test('a refusal shows its reason, the words of the staff and the new total', () => {
  const order = { ...placed, status: 'preparing', total: taka(5000), items: lines };
  assert.deepEqual(refusalsOf(order), ['a']);
  assert.match(refusalWords(order, ['a']), /^Taken off order 1: 2 × Firni: Sold out. “no rice” The total is \D*50 now \(it was \D*250\)\.$/);
  const over = { ...order, status: 'rejected', reason: 'other' };
  assert.deepEqual(refusalsOf(over), ['order']);
  assert.equal(refusalWords(over, ['order']), 'Order 1 was not accepted. The restaurant gave no reason.');
  assert.equal(refusalWords({ ...over, detail: 'Sorry' }, ['order']), 'Order 1 was not accepted. “Sorry”');
});

test('a toast about an order disappears when its refusal is read', () => {
  globalThis.addEventListener ??= () => {};
  const { getElementById } = globalThis.document;
  const notes = ['o1', 'o2', undefined].map((about) => ({ getAttribute: () => about ?? null, isGone: false, remove() { this.isGone = true; } }));
  globalThis.document.getElementById = () => ({ children: notes });
  try {
    const refusals = new Refusals(Object.assign(new Emitter(), { pending: [] }), () => {});
    refusals.read({ ...placed, id: 'o1', status: 'rejected', total: taka(5000), items: lines });
    assert.deepEqual(notes.map(({ isGone }) => isGone), [true, false, false]);
  } finally {
    globalThis.document.getElementById = getElementById;
  }
});

test('a refusal stays until it is confirmed, and a cancellation by the guest is not a refusal', () => {
  globalThis.addEventListener ??= () => {};
  const bell = Object.assign(new Emitter(), { pending: [] });
  const refusals = new Refusals(bell, () => {});
  const order = { ...placed, status: 'preparing', total: taka(5000), items: lines };
  assert.deepEqual(refusals.unread(order), ['a']);
  refusals.read(order);
  assert.deepEqual(new Refusals(bell, () => {}).unread(order), [], 'another page has confirmed it');
  const more = { ...order, items: { ...lines, c: { ...lines.a } } };
  assert.deepEqual(refusals.unread(more), ['c'], 'a second line is another refusal');
  const gone = { ...placed, id: 'o2', status: 'cancelled', items: lines };
  bell.pending = [{ action: 'cancel', order: 'o2' }];
  assert.deepEqual(refusals.unread(gone), [], 'being confirmed');
  bell.pending = [];
  assert.deepEqual(refusals.unread(gone), ['order']);
  bell.emit('answer', { pending: { action: 'cancel' }, ack: { changed: true, document: gone } });
  assert.deepEqual(refusals.unread(gone), []);
  refusals.tell({ ...gone, id: 'o3' }, { kind: 'order.cancelled', by: { role: 'diner' } });
  assert.deepEqual(refusals.unread({ ...gone, id: 'o3' }), []);
  for (let number = 10; number < 60; number += 1) refusals.read({ ...gone, id: `o${number}` });
  assert.deepEqual(refusals.unread({ ...gone, id: 'o59' }), []);
  assert.deepEqual(refusals.unread({ ...gone, id: 'o10' }), ['order'], 'the last forty are kept');
});

// ---- the basket's button ----

test('the button names everything that blocks an order: a pause, dishes, prices', () => {
  const items = { naan: { name: 'Naan', price: { amount: 9000 }, available: true }, firni: { name: 'Firni', price: { amount: 100 }, available: false } };
  const menu = { currency: 'BDT', paused: false, items };
  const line = (key, item, more = {}) => ({ key, item, quantity: 1, options: [], note: '', ...more });
  const basket = { id: 'b', note: '', service: 'dine_in', lines: [
    line('1', 'naan', { seen: 6000 }), line('2', 'firni'), line('3', 'firni', { note: 'cold' }), line('4', 'removed', { name: 'Borhani', seen: 11000 }), line('5', 'unnamed'),
  ] };
  const said = (menu, state = {}) => messages(basket, menu, { sending: false, offline: false, problem: null, ...state }).map(({ words }) => words);
  const [soldOut, removed, price] = said(menu);
  assert.deepEqual([soldOut, removed, said(menu).length], [
    'Sold out: Firni. Please remove what is sold out, then order.', 'No longer on the menu: Borhani, A dish. Please remove it, then order.', 3,
  ]);
  assert.match(price, /Prices have changed.*60.*90/);
  const paused = said({ ...menu, paused: true });
  assert.match(paused[0], /short break/);
  assert.deepEqual(paused.slice(1), [soldOut, removed, price]);
  assert.match(said({ ...menu, paused: true, paused_until: '2026-11-24T12:30:00Z' })[0], /until about/);
  assert.deepEqual(said(menu, { problem: 'Please write.' }), [soldOut, removed, 'Please write.'], 'the problem replaces the words on prices');
  assert.deepEqual(said(menu, { sending: true }), []);
  assert.match(said(menu, { sending: true, offline: true })[0], /^No connection/);
});

// ---- news that a snapshot brings ----

test('the page reports changes of an order from before it joined the room, and from a long absence', () => {
  const rooms = [];
  const told = [];
  const bell = { room: (name) => rooms[rooms.push(new Room(name)) - 1] };
  const orders = new VisitOrders(bell, ({ before, after }) => told.push([before?.status, after?.status]));
  orders.take([{ ...placed, id: 'o1', position: 4 }]);
  const snapshot = (position, status) => ({ type: 'snapshot', room: 'order:o1', position, documents: [{ ...placed, id: 'o1', status, position }] });
  rooms[0].receive(snapshot(5, 'rejected'), 'e1');
  rooms[0].receive(snapshot(6, 'ready'), 'e2');
  assert.deepEqual(told, [['placed', 'rejected'], ['rejected', 'ready']]);
});

test('a phone with more orders than it may follow follows the open ones', () => {
  const rooms = new Map();
  const bell = { room: (name) => { const room = new Room(name, { leave: () => rooms.delete(name) }); rooms.set(name, room); return room; } };
  const orders = new VisitOrders(bell, () => {});
  const of = (number, status) => ({ ...placed, id: `o${number}`, number, status, position: number });
  orders.take([of(1, 'placed')]);
  orders.take(Array.from({ length: FOLLOWED + 5 }, (_, at) => of(at + 2, 'served')));
  assert.ok(rooms.has('order:o1'), 'the oldest order is the open one');
  assert.equal(rooms.size, FOLLOWED);
  orders.take([of(FOLLOWED + 7, 'placed')]);
  assert.deepEqual([rooms.has('order:o1'), rooms.has(`order:o${FOLLOWED + 7}`), rooms.size], [true, true, FOLLOWED]);
  assert.equal(orders.all.length, FOLLOWED + 7, 'all orders are shown');
});

test('a rejection is shown although the guest\'s own cancellation has no answer yet', () => {
  globalThis.addEventListener ??= () => {};
  const bell = Object.assign(new Emitter(), { pending: [{ action: 'cancel', order: 'o9' }] });
  const refusals = new Refusals(bell, () => {});
  assert.deepEqual(refusals.unread({ ...placed, id: 'o9', status: 'rejected', items: lines }), ['order']);
  assert.deepEqual(refusals.unread({ ...placed, id: 'o9', status: 'cancelled', items: lines }), [], 'the order has no known owner yet');
  bell.pending = [];
  assert.deepEqual(refusals.unread({ ...placed, id: 'o9', status: 'cancelled', items: lines }), ['order']);
});

test('the strip shows the order that is closest to being served, and the oldest of equal ones', () => {
  const orders = [['d', 'placed'], ['c', 'preparing'], ['b', 'preparing'], ['a', 'accepted']].map(([id, status]) => ({ id, status }));
  assert.equal(nearest(orders).id, 'b');
  assert.equal(nearest([{ id: 'e', status: 'ready' }, ...orders]).id, 'e');
  assert.equal(nearest([]), undefined);
});

test('a long menu is drawn section by section until the given number of dishes is reached', () => {
  const categories = Object.fromEntries(['a', 'b', 'c'].map((id, sort) => [id, { name: id, sort }]));
  const items = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`m${at}`, { id: `m${at}`, name: `dish ${at}`, category: 'abc'[at % 3], sort: at }]));
  const keys = (dishes) => menuEntries({ restaurant: 'r', categories, items }, { lines: [] }, dishes).map(({ key }) => key);
  assert.deepEqual([keys(1), keys(3), keys(4), keys(undefined)], [['a'], ['a'], ['a', 'b'], ['a', 'b', 'c']]);
});

test('a picture lists its files by width, so that the browser can choose one', () => {
  const picture = { id: 'p1', width: 960, height: 640, alt: 'Firni' };
  const { srcset, alt, width } = pictureAttributes('r1', picture, '6.5rem');
  assert.deepEqual([alt, width, srcset.split(', ').map((file) => file.split(' ')[1])], ['Firni', 960, ['160w', '480w', '960w']]);
  assert.deepEqual(filesOf('r1', { ...picture, width: 300 }).map(({ address }) => address), ['/api/v1/restaurants/r1/pictures/p1/160', '/api/v1/restaurants/r1/pictures/p1/300']);
});
