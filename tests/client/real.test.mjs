// The library against the real server, through the faults of networks and proxies: nothing is lost, nothing is repeated.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IdbStorage } from '../../static/client/persistence/idb_storage.js';
import { newId } from '../../static/client/ids.js';
import { Orderbell } from '../../static/client/orderbell.js';
import { fixedToken } from '../../static/client/tokens.js';
import { Proxy } from './proxy.mjs';
import { Server, until } from './real_server.mjs';
import { tool } from './tools.mjs';

const { WebSocket } = tool('undici');
const { IDBFactory, IDBKeyRange } = tool('fake-indexeddb');
globalThis.IDBKeyRange = IDBKeyRange;

const HEARTBEAT_MS = 2_000;
/** Timers that divide the library's own deadlines by five. Shorter ones (heartbeats) and longer ones (waits agreed with the
 * server) stay as they are. */
const hurried = { setTimeout: (task, ms) => setTimeout(task, ms > 2 * HEARTBEAT_MS && ms <= 10_000 ? ms / 5 : ms) };
/** Events that must arrive over a transport before the test tries the next. */
const ENOUGH = 6;

/** @type {Server} */ let server;
/** @type {any[]} */ const open = [];

before(async () => { server = await Server.start(['--heartbeat-ms', String(HEARTBEAT_MS)]); });
after(() => server.end());

/** Closes at the end what a test has opened, whether it passes or not. */
const opened = (it) => {
  open.push(it);
  return it;
};
const tried = (name, body) => test(name, async () => {
  try {
    await body();
  } finally {
    for (const it of open.splice(0).reverse()) it.close?.() ?? it.end?.();
  }
});

const through = async () => opened(await Proxy.before(server.base));

/** Returns a client with short backoffs. @param {Proxy} proxy @param {object} options @returns {any} */
function client(proxy, options) {
  return opened(new Orderbell({ url: proxy.base, slug: 'demo', WebSocket, locks: null, random: () => Math.random() / 4, ...options }));
}

/** Records what a client sees of a room: its snapshots, and its events in the order in which they are applied. */
function recorded(bell, name) {
  const room = bell.room(name);
  const seen = { room, snapshots: 0, from: 0, events: [] };
  room.on('change', ({ kind, event }) => {
    if (event) seen.events.push(event.id);
    else seen.from = room.cursor;
    if (kind === 'snapshot') seen.snapshots += 1;
  });
  return seen;
}

const isLive = (bell, transport) => until(`live over ${transport}`, () => bell.state === 'live' && bell.transport === transport);

/** Asserts that a client has seen one snapshot and then each event of the log, once and in order, and has the same documents. */
async function sawItAll(seen, staff) {
  const head = async () => (await staff.log(seen.room.name, seen.from, seen.room.epoch)).at(-1)?.position ?? seen.from;
  await until('the last event', async () => seen.room.cursor >= await head());
  const log = await staff.log(seen.room.name, seen.from, seen.room.epoch);
  assert.deepEqual(seen.events, log.map(({ event }) => event.id));
  assert.equal(seen.snapshots, 1, 'from its cursor each time');
  for (const [id, shown] of seen.room.documents) assert.deepEqual(shown, await staff.order(id));
  return log;
}

/** Places orders and takes them through their life until stopped. @param {import('./real_server.mjs').Person} staff */
function traffic(staff) {
  let goesOn = true;
  const done = (async () => {
    const guest = await server.guest(9);
    const basket = await guest.basket('Firni');
    while (goesOn) {
      const { id } = await guest.place(basket);
      for (const action of ['accept', 'start', 'ready', 'serve']) await staff.act(id, action);
    }
  })();
  return opened({ end: () => { goesOn = false; return done; } });
}

tried('over a WebSocket an order goes from the table to its end, and matches its log', async () => {
  const proxy = await through();
  const [guest, staff] = [await server.guest(1), await server.staff()];
  const phone = client(proxy, { tokens: guest.tokens });
  phone.start();
  const { document, changed } = await phone.place(await guest.basket('Beef rezala', 2));
  assert.deepEqual([changed, document.status, document.diner], [true, 'placed', guest.answer.diner]);
  const seen = recorded(phone, `order:${document.id}`);
  await isLive(phone, 'websocket');

  const floor = client(proxy, { tokens: staff.tokens });
  floor.start();
  for (const action of ['accept', 'start', 'ready', 'serve']) await floor.command({ order: document.id, action });
  await assert.rejects(phone.command({ order: document.id, action: 'cancel', reason: 'customer_request' }), { code: 'invalid_transition' });
  await assert.rejects(phone.command({ order: document.id, action: 'accept' }), { code: 'forbidden' });
  await until('served', () => seen.room.documents.get(document.id)?.status === 'served');
  const log = await sawItAll(seen, staff);
  assert.deepEqual(log.map(({ event }) => event.kind), ['order.accepted', 'order.started', 'order.ready', 'order.served']);
});

tried('every transport in turn, with cuts, in a busy kitchen: the same cursor throughout', async () => {
  const proxy = await through();
  const [guest, staff] = [await server.guest(2), await server.staff()];
  const [floor, phone] = [client(proxy, { tokens: staff.tokens }), client(proxy, { tokens: guest.tokens })];
  const seen = recorded(floor, `kitchen:${staff.restaurant}`);
  const [transports, placed] = [[], []];
  floor.on('transport', ({ transport }) => transports.push(transport));
  const basket = await guest.basket('Chicken roast');
  phone.room(`menu:${staff.restaurant}`);
  for (const bell of [floor, phone]) bell.start();
  const busy = traffic(staff);

  /** Sends an order and its acceptance over this transport, each twice as by a double tap, and then makes more events. */
  const work = async (transport) => {
    await Promise.all([isLive(floor, transport), isLive(phone, transport)]);
    const [order, accept] = [newId(), newId()];
    const [one, other] = await Promise.all([phone.place(basket, order), phone.place(basket, order)]);
    assert.equal(one.document.id, other.document.id);
    placed.push(one.document.id);
    await Promise.all([0, 1].map(() => floor.command({ id: accept, order: one.document.id, action: 'accept' })));
    const before = seen.events.length;
    await until(`events over ${transport}`, () => seen.events.length >= before + ENOUGH);
  };
  await work('websocket');
  for (let turn = 0; turn < 3; turn += 1) {
    proxy.cut();
    await work('websocket');
  }
  proxy.blocked.websocket = true;
  proxy.cut();
  await work('stream');
  proxy.cut();
  await work('stream');
  proxy.blocked.stream = 'refused';
  proxy.cut();
  await work('poll');
  proxy.cut();
  await work('poll');
  proxy.blocked.stream = false;
  for (const bell of [floor, phone]) bell.wake();
  await work('stream');
  proxy.blocked.websocket = false;
  for (const bell of [floor, phone]) bell.wake();
  await work('websocket');

  await busy.end();
  assert.deepEqual(transports, ['stream', 'poll', 'stream', 'websocket']);
  const log = await sawItAll(seen, staff);
  assert.ok(log.length >= 10 * ENOUGH);
  const { orders } = await guest.api.get('/api/v1/diner-sessions/current');
  assert.deepEqual(orders.map(({ id }) => id).reverse(), placed);
  const accepts = log.filter(({ event }) => event.kind === 'order.accepted' && placed.includes(event.order));
  assert.deepEqual(accepts.map(({ event }) => event.order), placed);
});

tried('the client detects a stream of which only the beginning arrives, and polls instead', async () => {
  const proxy = await through();
  Object.assign(proxy.blocked, { websocket: true, stream: 'held' });
  const staff = await server.staff();
  const floor = client(proxy, { tokens: staff.tokens, ...hurried });
  const seen = recorded(floor, `kitchen:${staff.restaurant}`);
  floor.start();
  await isLive(floor, 'poll');
  assert.ok(proxy.came.stream >= 2, 'one attempt proves nothing');
  const guest = await server.guest(3);
  const { id } = await guest.place(await guest.basket('Firni'));
  await floor.command({ order: id, action: 'reject', reason: 'too_busy' });
  assert.equal((await sawItAll(seen, staff)).length, 2);
});

tried('the end of a session stops its clients on each transport, and no others', async () => {
  for (const blocked of [{}, { websocket: true }, { websocket: true, stream: 'refused' }]) {
    const proxy = await through();
    Object.assign(proxy.blocked, blocked);
    const [leaves, stays] = [await server.staff(), await server.staff()];
    const bells = [leaves, stays].map(({ tokens }) => client(proxy, { tokens }));
    const told = [];
    bells[0].on('state', ({ state, reason }) => told.push([state, reason]));
    for (const bell of bells) bell.room(`kitchen:${stays.restaurant}`);
    for (const bell of bells) bell.start();
    await until('both live', () => bells.every(({ state }) => state === 'live'));
    const { transport } = bells[0];
    await leaves.api.delete('/api/v1/sessions/current');
    await until(`stopped, over ${transport}`, () => bells[0].state === 'stopped');
    assert.deepEqual(told.at(-1), ['stopped', 'unauthorized']);
    assert.equal(leaves.tokens.present, false, 'a spent token is not kept');
    const { document } = await bells[1].command({ order: (await placedBy(4)).id, action: 'accept' });
    assert.equal(document.status, 'accepted');
  }
});

const placedBy = async (table) => {
  const guest = await server.guest(table);
  return guest.place(await guest.basket('Firni'));
};

tried('an expired token is replaced at once, and the room resumes from its cursor', async () => {
  for (const websocket of [false, true]) {
    const proxy = await through();
    proxy.blocked.websocket = websocket;
    const staff = await server.staff();
    const long = await server.kitchenToken();
    const short = await server.kitchenToken('3s');
    let renewed = 0;
    // `renewable: false`: the token is renewed only once it has expired.
    const tokens = { renewable: false, get: async () => (renewed ? long : short), refresh: async () => { renewed += 1; return long; } };
    const screen = client(proxy, { tokens });
    const seen = recorded(screen, `kitchen:${staff.restaurant}`);
    screen.start();
    await until('live', () => screen.state === 'live');
    await placedBy(5);
    await until('a new token', () => renewed > 0);
    await until('live again', () => screen.state === 'live');
    await placedBy(5);
    assert.equal((await sawItAll(seen, staff)).length, 2);
  }
});

tried('a token is renewed on the open link, which stays open', async () => {
  for (const websocket of [false, true]) {
    const proxy = await through();
    proxy.blocked.websocket = websocket;
    const staff = await server.staff();
    const first = await staff.tokens.get();
    let early = 1;
    /** Only the renewal has a timer of minutes. The first time it fires at once. */
    const timer = (task, ms) => setTimeout(task, ms > 300_000 && early-- > 0 ? 0 : ms);
    const floor = client(proxy, { tokens: staff.tokens, setTimeout: timer });
    const seen = recorded(floor, `kitchen:${staff.restaurant}`);
    const states = [];
    floor.on('state', ({ state }) => states.push(state));
    floor.start();
    await until('live', () => floor.state === 'live');
    const before = states.length;
    await until('another token', async () => await staff.tokens.get() !== first);
    const { document } = await floor.command({ order: (await placedBy(6)).id, action: 'accept' });
    assert.equal(document.status, 'accepted');
    assert.equal((await sawItAll(seen, staff)).length, 2);
    assert.equal(states.slice(before).includes('offline'), false, states.join());
  }
});

tried('a kitchen screen reports what it has drawn over each transport, and the floor sees it', async () => {
  for (const blocked of [{}, { websocket: true }, { websocket: true, stream: 'refused' }]) {
    const proxy = await through();
    Object.assign(proxy.blocked, blocked);
    const staff = await server.staff();
    const screen = client(proxy, { tokens: fixedToken(await server.kitchenToken()) });
    const kitchen = screen.room(`kitchen:${staff.restaurant}`);
    kitchen.on('change', () => screen.seen(kitchen, kitchen.cursor));
    screen.start();
    await until('live', () => screen.state === 'live');
    const { id } = await placedBy(8);
    await until(`drawn, over ${screen.transport}`, async () => {
      // A receipt makes no event: only the next snapshot has it.
      const { frames: [{ displays }] } = await staff.api.get(`/api/v1/rooms/floor:${staff.restaurant}/events?wait=0`);
      const { position } = await staff.order(id);
      return Object.values(displays).some((display) => display.connected && display.position >= position);
    });
  }
});

tried('clients return to a restarted server, and commands made meanwhile take effect once', async () => {
  const proxy = await through();
  const staff = await server.staff();
  const factory = new IDBFactory();
  const kept = { tokens: fixedToken(await server.kitchenToken()), storage: factory, storageKey: 'the screen' };
  const page = client(proxy, kept);
  const seen = recorded(page, `kitchen:${staff.restaurant}`);
  page.start();
  await until('live', () => page.state === 'live');
  const { id } = await placedBy(7);
  await staff.act(id, 'accept');
  await until('both events', () => seen.events.length === 2);
  const events = [...seen.events];

  await server.stop();
  await until('offline', () => page.state === 'offline');
  page.command({ order: id, action: 'start' }).catch(() => {});
  await until('the command on the disk', async () => (await new IdbStorage(factory).read('commands', kept.storageKey)).length === 1);
  // The page disappears as pages do: nobody closes anything.
  page.freeze();
  await until('the room on the disk', async () => (await new IdbStorage(factory).read('rooms', kept.storageKey))[0]?.value.cursor === seen.room.cursor);

  await server.start();
  proxy.aim(server.base);
  const later = client(proxy, { ...kept, resume: true });
  const again = recorded(later, seen.room.name);
  later.start();
  await until('started', () => again.room.documents.get(id)?.status === 'preparing');
  assert.deepEqual([again.from, again.snapshots], [seen.room.cursor, 0], 'the room is restored as it was left, and resumes from there');
  const staffAgain = await server.staff();
  const log = await staffAgain.log(seen.room.name, seen.from, again.room.epoch);
  assert.deepEqual([...events, ...again.events], log.map(({ event }) => event.id));
});
