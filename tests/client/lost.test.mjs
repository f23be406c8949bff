// A database that comes back without some of its orders: how the pages report the orders that they had shown.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Emitter } from '../../static/client/emitter.js';
import { OrderbellError } from '../../static/client/codes.js';
import { Room } from '../../static/client/room.js';
import { ClosedOrders } from '../../static/floor/closed_orders.js';
import { KEPT_LOST, LostOrders } from '../../static/floor/lost_orders.js';
import { forgetOrder, isRewritten, keepOrders, lastOrder } from '../../static/guest/last_seen.js';
import { VisitOrders } from '../../static/guest/visit_orders.js';
import { KitchenOrders } from '../../static/kitchen/orders.js';
import { TicketMemory } from '../../static/kitchen/ticket_memory.js';
import { called, dishWords } from '../../static/shared/order_facts.js';
import { place as placeWords } from '../../static/shared/format.js';
import { compareHistories, findClosed } from '../../static/shared/lost.js';
import { OrderBook } from '../../static/shared/order_book.js';
import { FakeStore, ROOM, liveRoom, order as plain, relink, settle, snapshot } from './support.mjs';

globalThis.document = { documentElement: {}, getElementById: () => null };
globalThis.location = { origin: 'https://orderbell.test' };
beforeEach(() => { globalThis.localStorage = new FakeStore(); });

const NOON = Date.parse('2026-11-24T12:00:00.000Z');
const at = (minutes) => new Date(NOON + minutes * 60_000).toISOString();
const idAt = (number) => `0193a5f0-${number.toString(16).padStart(4, '0')}-7abc-8000-00000000002a`;

/** An order by its number, by which its id is sorted too. */
function order(number, status = 'accepted', more = {}) {
  const items = { a: { name: 'Beef rezala', quantity: 2, station: 'hot', status: 'queued', options: ['extra spicy'], note: 'nut allergy' } };
  return {
    id: idAt(number), number, status, service: 'dine_in', table: '4', rush: false, placed_at: at(0), accepted_at: at(1), position: number,
    items, total: { amount: 1800, currency: 'BDT' }, ...more,
  };
}

/** A room that shows these orders in the epoch `e1`. */
function showing(name, orders) {
  const room = new Room(name);
  const snap = (epoch, position, documents) => room.receive({ type: 'snapshot', room: name, position, documents }, epoch);
  const live = async (epoch, position) => {
    room.receive({ type: 'live', room: name, position }, epoch);
    await settle();
  };
  /** Gives the server another history, with these orders. */
  const rewrite = async (position, documents, epoch = 'e1-2') => {
    room.lost();
    room.enter(epoch);
    snap(epoch, position, documents);
    await live(epoch, position);
  };
  /** Call once the listeners are there. */
  const begin = async () => {
    snap('e1', 30, orders);
    await live('e1', 30);
  };
  return { room, begin, rewrite, snap, live };
}

// ---- the client library ----

test('a snapshot of another epoch reports a rewritten history, and one of the same epoch does not', async () => {
  const bench = await liveRoom();
  const { room, last, changes } = bench;
  assert.equal(changes.at(-1).rewritten, false, 'there was nothing before the first');
  last().push(snapshot(12, [plain('o1', 12)]));
  assert.equal(changes.at(-1).rewritten, false);
  last().drop();
  await relink(bench, { epoch: 'e1-2' });
  last().push(snapshot(5, []));
  assert.deepEqual([changes.at(-1).rewritten, [...changes.at(-1).replaced.keys()], room.epoch], [true, ['o1'], 'e1-2']);
  last().drop();
  await relink(bench, { epoch: 'e1-2' });
  last().push(snapshot(6, []));
  assert.equal(changes.at(-1).rewritten, false);
});

test('a server that has lost the event of a cursor says so after the snapshot, and a receipt of before is dropped', async () => {
  const bench = await liveRoom();
  const { bell, room, last, changes } = bench;
  bell.seen(room, 10);
  last().drop();
  await relink(bench, { epoch: 'e1' });
  last().push(snapshot(12, [plain('o2', 12)]));
  assert.equal(changes.at(-1).rewritten, false);
  last().push({ type: 'live', room: ROOM, position: 12, tag: '00000000000a', rewritten: true });
  assert.deepEqual([changes.at(-1).kind, changes.at(-1).rewritten, [...changes.at(-1).replaced.keys()]], ['snapshot', true, ['o1']]);
  assert.deepEqual([...room.documents.keys(), last().all('seen').length], ['o2', 0]);
});

test('a receipt of a past epoch is not sent in the next one, and does not delay later receipts', async () => {
  const bench = await liveRoom();
  const { bell, room, last } = bench;
  bell.seen(room, 10);
  last().drop();
  await relink(bench, { epoch: 'e1-2' });
  bell.seen(room, 10);
  last().push(snapshot(3, []), { type: 'live', room: ROOM, position: 4 });
  assert.deepEqual(last().all('seen'), []);
  bell.seen(room, 4);
  assert.deepEqual(last().all('seen'), [{ type: 'seen', room: ROOM, position: 4 }]);
});

// ---- lost orders ----

test('unlisted orders are missing, unless they were rejected, and orders at an earlier position are back', () => {
  const before = [order(1), order(2, 'served'), order(3, 'rejected'), order(4, 'ready', { position: 20 }), order(5)];
  const now = [order(4, 'accepted', { position: 10 }), order(5)];
  const byId = (orders) => new Map(orders.map((one) => [one.id, one]));
  const { missing, back } = compareHistories(byId(before), byId(now));
  assert.deepEqual([missing.map(({ number }) => number), back.map(({ number, status }) => [number, status])], [[1, 2], [[4, 'accepted']]]);
});

test('closed orders are looked up from the oldest on, and an order beyond the last page does not count as absent', async () => {
  const ids = [1, 2, 3].map(idAt);
  const asked = [];
  const whole = await findClosed(ids.toReversed(), async (from) => { asked.push(from); return { orders: [order(2, 'served'), order(9, 'served')] }; });
  assert.deepEqual([asked, [...whole.closed.keys()], whole.absent], [[ids[0]], [ids[1]], [ids[0], ids[2]]]);
  const many = Array.from({ length: 150 }, (_, number) => idAt(number));
  let pages = 0;
  const cut = await findClosed(many, async (from) => { pages += 1; return { orders: [], next: from }; });
  assert.deepEqual([pages, cut.absent], [5, many.slice(50, 55)], 'of the newest hundred');
});

test('an answer from the lost history does not replace the new history', async () => {
  const bell = Object.assign(new Emitter(), { pending: [] });
  const { room, begin, rewrite } = showing('floor:r1', [order(1)]);
  const book = new OrderBook({ bell, room });
  await begin();
  bell.emit('answer', { ack: { document: order(1, 'ready', { position: 40 }) } });
  assert.equal(book.orders()[0].status, 'ready', 'the answer is ahead of its event');
  await rewrite(20, [order(1)]);
  assert.equal(book.orders()[0].status, 'accepted');
});

// ---- the floor ----

async function floor(orders, list) {
  const shown = showing('floor:r1', orders);
  const told = [];
  const make = (room) => new LostOrders({ room, restaurant: 'r1', list, tell: () => told.push('lost'), changed: () => {}, now: () => NOON });
  const lost = make(shown.room);
  await shown.begin();
  return { ...shown, lost, told, reloaded: () => make(new Room('floor:r1')) };
}

test('the floor lists lost orders until somebody dismisses them, even after a reload', async () => {
  const away = order(1, 'accepted', { table: undefined, service: 'takeaway', guest_name: 'Anna' });
  away.items.a.choices = [{ id: 'l1', group: 'Left' }];
  const orders = [away, order(2), order(3, 'ready', { position: 25 }), order(4), order(5, 'cancelled')];
  const list = async () => ({ orders: [order(2, 'served')] });
  const { lost, told, rewrite, live, reloaded } = await floor(orders, list);
  await rewrite(20, [order(3, 'accepted'), order(9)]);
  const shown = ({ orders: all }) => all.map(({ number, back = false }) => [number, back]);
  assert.deepEqual([shown(lost), told.length], [[[1, false], [3, true], [4, false]], 2]);
  const [first] = lost.orders;
  assert.deepEqual(first.items, [{ name: 'Beef rezala', quantity: 2, options: ['extra spicy'], choices: [{ id: 'l1', group: 'Left' }], note: 'nut allergy', allergy: undefined }]);
  assert.deepEqual([placeWords(first), dishWords(first.items[0])], ['Takeaway, Anna', '2 × Beef rezala, Left: extra spicy']);
  lost.dismiss(idAt(1));
  lost.dismiss(idAt(3));
  await live('e1-2', 21);
  assert.deepEqual([shown(lost), shown(reloaded())], [[[4, false]], [[4, false]]]);
  lost.forget();
  assert.deepEqual(shown(reloaded()), []);
});

test('the floor lists nothing after reconnecting to the same history, or to another one that has all orders', async () => {
  const { lost, told, rewrite, snap, live } = await floor([order(1), order(2)], async () => ({ orders: [order(1, 'served')] }));
  snap('e1', 40, [order(2)]);
  await live('e1', 40);
  await rewrite(50, [order(2)]);
  assert.deepEqual([lost.orders, told], [[], []]);
});

test('an order that could not be looked up does not count as lost, and is looked up again', async () => {
  let list = async () => { throw new OrderbellError({ code: 'offline' }); };
  const { lost, rewrite, live } = await floor([order(1)], (from) => list(from));
  await rewrite(20, []);
  assert.deepEqual(lost.orders, []);
  list = async () => ({ orders: [] });
  await live('e1-2', 20);
  assert.deepEqual(lost.orders.map(({ number }) => number), [1]);
});

test('the list shows that a lost order has come back, or that its guest has sent it again', async () => {
  const { lost, rewrite, room } = await floor([order(1, 'accepted', { ticket: 'A1' }), order(2)], async () => ({ orders: [] }));
  await rewrite(20, []);
  const event = { id: 'e', kind: 'order.placed', order: idAt(7), command: idAt(1), patch: order(7, 'placed', { ticket: 'A7' }) };
  room.receive({ type: 'event', room: room.name, position: 21, prev: 20, event }, 'e1-2');
  assert.deepEqual(lost.orders.map((lostOrder) => [called(lostOrder), lostOrder.again]), [['A1', 'A7'], ['2', undefined]]);
  await rewrite(30, [order(2)], 'e1-3');
  assert.deepEqual(lost.orders.map(({ number }) => number), [1, 7], 'the order that was placed meanwhile is lost too');
});

test('the list keeps the newest of very many lost orders', async () => {
  const many = (from, count) => Array.from({ length: count }, (_, number) => order(from + number));
  const { lost, rewrite } = await floor(many(1, KEPT_LOST - 20), async () => ({ orders: [] }));
  await rewrite(20, many(1001, 40));
  await rewrite(30, [], 'e1-3');
  assert.deepEqual([lost.orders.length, lost.orders[0].number], [KEPT_LOST, 21]);
});

test('closed orders of another history are not listed as done', async () => {
  const served = (number) => order(number, 'served', { closed_at: at(2), served_at: at(2) });
  const { room, begin, rewrite } = showing('floor:r1', [order(1), served(2)]);
  let closed = [served(3)];
  const orders = new ClosedOrders({ room, read: async () => closed, tell: () => {}, changed: () => {} });
  await begin();
  await orders.read();
  assert.deepEqual(orders.orders.map(({ number }) => number), [3]);
  closed = [served(4)];
  await rewrite(20, [order(1)]);
  assert.deepEqual(orders.orders.map(({ number }) => number), [4]);
});

// ---- the kitchen ----

test('a ticket that the database has lost stays among the cancelled ones until a cook has confirmed it', async (t) => {
  const { fetch } = globalThis;
  t.after(() => { globalThis.fetch = fetch; });
  let answer = () => { throw new TypeError('no network'); };
  globalThis.fetch = async () => Response.json(answer());
  const turns = async () => { for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => { setImmediate(resolve); }); };
  const { room, begin, rewrite } = showing('kitchen:r1', [order(1), order(2), order(3, 'placed'), order(4)]);
  const memory = new TicketMemory();
  memory.use('r1.expo');
  const bell = Object.assign(new Emitter(), { pending: [] });
  const orders = new KitchenOrders({ bell, room, memory, restaurant: 'r1' });
  const look = (now) => [...memory.observe(orders.tickets(undefined), now)];
  const strip = () => orders.tickets(undefined).filter(({ state }) => state === 'cancelled').map(({ order: { number, lost } }) => [number, lost]);
  await begin();
  look(0);
  await rewrite(20, [order(4)]);
  await turns();
  assert.deepEqual([look(1), strip()], [[], []], 'nobody knows yet what became of them');
  answer = () => ({ orders: [order(2, 'served')] });
  room.receive({ type: 'sync', room: room.name, prev: 20, position: 21 }, 'e1-2');
  await turns();
  assert.deepEqual([strip(), look(2)], [[[1, true]], ['cancelled']], 'and it rings');
  assert.deepEqual(look(3), []);
  const reloaded = new TicketMemory();
  reloaded.use('r1.expo');
  assert.deepEqual(reloaded.cancelled.map(({ number, lost }) => [number, lost]), [[1, true]]);
  memory.confirm(idAt(1));
  assert.deepEqual(strip(), []);
});

test('a cancelled ticket leaves the list of cancelled ones if another history has it open', async () => {
  const { room, begin, rewrite } = showing('kitchen:r1', [order(1)]);
  const memory = new TicketMemory();
  memory.use('r1.expo');
  const orders = new KitchenOrders({ bell: Object.assign(new Emitter(), { pending: [] }), room, memory, restaurant: 'r1' });
  const look = () => memory.observe(orders.tickets(undefined), 0);
  await begin();
  look();
  room.receive({ type: 'event', room: room.name, position: 31, prev: 30, event: { id: 'e', kind: 'order.cancelled', order: idAt(1), patch: { status: 'cancelled' } } }, 'e1');
  look();
  assert.equal(memory.cancelled.length, 1);
  await rewrite(20, [order(1)]);
  look();
  assert.deepEqual(memory.cancelled, []);
});

// ---- the guest ----

function phone(welcome = { epoch: 'e1' }) {
  const rooms = new Map();
  const left = [];
  const bell = {
    welcome,
    room: (name) => rooms.get(name) ?? rooms.set(name, new Room(name, { leave: () => { rooms.delete(name); left.push(name); } })).get(name),
  };
  const told = [];
  const orders = new VisitOrders(bell, ({ lost }) => lost && told.push(lost.number));
  return { bell, orders, rooms, left, told };
}

const refused = new OrderbellError({ code: 'forbidden' });

test('an open order that the new history lacks is lost, and a closed one disappears', () => {
  const { bell, orders, rooms, left, told } = phone();
  orders.take([order(1), order(2, 'served'), order(3)]);
  for (const room of [...rooms.values()]) room.refuse(refused);
  assert.deepEqual([orders.all.length, orders.lost], [3, []], 'a refusal alone does not mean that the database lost something');
  bell.welcome = { epoch: 'e1-2' };
  rooms.get(`order:${idAt(1)}`).refuse(new OrderbellError({ code: 'unavailable' }));
  assert.deepEqual(orders.lost, []);
  rooms.get(`order:${idAt(1)}`).refuse(refused);
  assert.deepEqual([orders.lost.map(({ number }) => number), told, left], [[1], [1], [`order:${idAt(1)}`]]);
  orders.takeAll([order(3, 'placed', { position: 1 })]);
  assert.deepEqual(orders.all.map(({ number, status }) => [number, status]), [[3, 'placed']], 'the new history is right, though its position is lower');
  assert.deepEqual(orders.lost.map(({ number }) => number), [1]);
  assert.equal(orders.drop(idAt(1)).number, 1);
  assert.deepEqual(orders.lost, []);
});

test('an order of this history stays although a call does not list it', () => {
  const { orders } = phone();
  orders.take([order(1)]);
  orders.takeAll([]);
  assert.deepEqual([orders.all.length, orders.lost], [1, []], 'it was placed while the call was under way');
});

test('the epoch of the orders last seen survives a reload', () => {
  const before = phone();
  before.orders.take([order(1)]);
  keepOrders(before.orders.all, NOON, (id) => before.orders.epochOf(id));
  const seen = lastOrder(idAt(1));
  assert.equal(seen.epoch, 'e1');
  const after = phone(null);
  after.orders.take([seen.document], () => seen.epoch);
  after.bell.welcome = { epoch: 'e1-2' };
  keepOrders(after.orders.all, NOON, (id) => after.orders.epochOf(id));
  assert.equal(lastOrder(idAt(1)).epoch, 'e1', 'until the new history has it');
  after.rooms.get(`order:${idAt(1)}`).refuse(refused);
  assert.deepEqual(after.orders.lost.map(({ number }) => number), [1]);
  forgetOrder(idAt(1));
  assert.equal(lastOrder(idAt(1)), null);
  assert.deepEqual([isRewritten('e1', 'e1-2'), isRewritten('e1', 'e1'), isRewritten(undefined, 'e1'), isRewritten('e1', undefined)], [true, false, false, false]);
});
