// A restaurant so full that its snapshot once exceeded the limit of a connection, against the real server: with this
// library, and with the version from before snapshots in parts (`fixtures/old_client`).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Orderbell } from '../../static/client/orderbell.js';
import { Orderbell as OldOrderbell } from './fixtures/old_client/orderbell.js';
import { Proxy } from './proxy.mjs';
import { Server, until } from './real_server.mjs';
import { tool } from './tools.mjs';

const { WebSocket } = tool('undici');

/** Orders of some 40 KB, together more than 16 MiB. */
const ORDERS = 430;
const LINES = 100;
/** Orders placed at the same time. */
const AT_ONCE = 10;
const PATIENCE_MS = 60_000;

/** @type {Server} */ let server;
/** @type {import('./real_server.mjs').Person} */ let staff;
/** @type {object} */ let small;

before(async () => {
  server = await Server.start();
  staff = await server.staff();
  small = { ...await staff.basket('Firni'), service: 'takeaway' };
  const [line] = /** @type {any} */ (small).items;
  const feast = { ...small, items: Array.from({ length: LINES }, () => ({ ...line, note: 'n'.repeat(200) })) };
  for (let placed = 0; placed < ORDERS; placed += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, () => staff.place(feast)));
});
after(() => server.end());

/** Joins a room during events, and asserts that the client sees each event once. */
async function follow(Client, blocked) {
  const proxy = await Proxy.before(server.base);
  Object.assign(proxy.blocked, blocked);
  const bell = new Client({ url: proxy.base, slug: 'demo', WebSocket, locks: null, tokens: staff.tokens, random: () => 0.1 });
  try {
    const room = bell.room(`kitchen:${staff.restaurant}`);
    const seen = { snapshots: 0, from: 0, events: /** @type {string[]} */ ([]), epoch: '' };
    room.on('change', ({ kind, event }) => {
      if (event) seen.events.push(event.id);
      if (kind !== 'snapshot') return;
      [seen.snapshots, seen.from, seen.epoch] = [seen.snapshots + 1, room.cursor, room.epoch];
    });
    const { id } = await staff.place(small);
    bell.start();
    let rush = false;
    await until('live', async () => {
      rush = !rush;
      await staff.act(id, 'rush', { rush });
      return bell.state === 'live';
    }, PATIENCE_MS);
    const { position } = await staff.act(id, 'accept');
    await until('the last event', () => room.cursor >= position);
    assert.equal(seen.snapshots, 1);
    assert.ok(room.documents.size > ORDERS);
    assert.deepEqual(room.documents.get(id), await staff.order(id));
    assert.deepEqual(seen.events, (await staff.log(room.name, seen.from, seen.epoch)).map(({ event }) => event.id));
    return bell.transport;
  } finally {
    bell.close();
    proxy.end();
  }
}

const STREAM = { websocket: true };
const POLL = { websocket: true, stream: 'refused' };

test('the snapshot arrives in parts over a WebSocket, a stream and long polls', async () => {
  assert.deepEqual([await follow(Orderbell, {}), await follow(Orderbell, STREAM), await follow(Orderbell, POLL)], ['websocket', 'stream', 'poll']);
});

test('the older library gets it as one message, over a WebSocket and a stream', async () => {
  assert.deepEqual([await follow(OldOrderbell, {}), await follow(OldOrderbell, STREAM)], ['websocket', 'stream']);
});
