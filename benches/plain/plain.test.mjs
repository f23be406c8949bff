// Tests the plain way on SQLite, and on PostgreSQL if BENCH_POSTGRES_URL names one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient, Screen, token } from './clients.mjs';
import { SECRET, start } from './servers.mjs';

const DATABASES = ['sqlite', process.env.BENCH_POSTGRES_URL].filter(Boolean);
const DELIVERY_MS = 5000;

for (const database of DATABASES) describe(`the plain way on ${database.split(':')[0]}`, () => works(database));

function works(database) {
  let server;
  let http;
  let menu;

  before(async () => {
    server = await start('plain', { database, restaurants: 2, core: '0' });
    [menu] = server.menus;
    http = await HttpClient.open(server.port, token(SECRET, menu.restaurant, 'staff'));
  });

  after(async () => {
    http?.close();
    await server?.stop();
  });

  async function place(key = randomUUID(), quantity = 2) {
    const basket = { items: [{ menu_item: menu.dish, quantity }], service: 'takeaway' };
    const { status, body } = await http.call('POST', `/api/v1/restaurants/${menu.slug}/orders`, basket, `Idempotency-Key: ${key}\r\n`);
    return { status, order: JSON.parse(body) };
  }

  async function command(order, fields, client = http) {
    const { status, body } = await client.call('POST', `/api/v1/orders/${order}/commands`, { id: randomUUID(), ...fields });
    return { status, answer: JSON.parse(body) };
  }

  it('has one effect and one answer for an id that is sent twice', async () => {
    const key = randomUUID();
    const [first, second] = [await place(key), await place(key)];
    assert.equal(first.status, 201);
    assert.deepEqual(second, first);
    assert.equal((await place(key, 3)).status, 409);

    const [id, other] = [randomUUID(), (await place()).order];
    assert.equal(other.position, first.order.position + 1);
    const accepted = await command(first.order.id, { id, action: 'accept', minutes: 20 });
    assert.equal(accepted.answer.position, other.position + 1);
    assert.deepEqual(await command(first.order.id, { id, action: 'accept', minutes: 20 }), accepted);
    assert.equal((await command(other.id, { action: 'accept' })).answer.position, accepted.answer.position + 1);
  });

  it('has one effect for an id that is sent by many at once', async () => {
    const key = randomUUID();
    const clients = await Promise.all(Array.from({ length: 8 }, () => HttpClient.open(server.port, http.bearer)));
    const { order } = await place();
    const body = { id: key, action: 'accept', minutes: 20 };
    const answers = await Promise.all(clients.map((client) => command(order.id, body, client)));
    clients.forEach((client) => client.close());
    assert.deepEqual(new Set(answers.map(({ answer }) => answer.position)), new Set([order.position + 1]));
  });

  it('takes an order through its life, and refuses commands out of order', async () => {
    const { order } = await place();
    assert.equal((await command(order.id, { action: 'serve' })).status, 409);
    for (const [action, expected] of [['accept', 'accepted'], ['ready', 'ready'], ['serve', 'served']]) {
      const { status, answer } = await command(order.id, { action });
      assert.equal(status, 200);
      assert.equal(answer.document.status, expected);
    }
    assert.equal((await command(order.id, { action: 'cancel' })).status, 409);
    const cancelled = await command((await place()).order.id, { action: 'cancel', reason: 'duplicate' });
    assert.equal(cancelled.answer.document.status, 'cancelled');
  });

  it('decides on two simultaneous commands one after the other', async () => {
    const { order } = await place();
    const clients = await Promise.all([1, 2].map((sub) => HttpClient.open(server.port, token(SECRET, menu.restaurant, `staff-${sub}`))));
    const answers = await Promise.all(clients.map((client) => command(order.id, { action: 'accept' }, client)));
    clients.forEach((client) => client.close());
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  });

  it('refuses strangers, guests and other restaurants', async () => {
    const { order } = await place();
    const as = async (bearer, action) => {
      const client = await HttpClient.open(server.port, bearer);
      const { status } = await command(order.id, { action }, client);
      client.close();
      return status;
    };
    assert.equal(await as('none', 'accept'), 401);
    assert.equal(await as(token('another-secret-that-is-long-enough', menu.restaurant, 'staff'), 'accept'), 401);
    assert.equal(await as(token(SECRET, menu.restaurant, 'guest', 'diner'), 'accept'), 403);
    assert.equal(await as(token(SECRET, menu.restaurant, 'guest', 'diner'), 'cancel'), 404);
    assert.equal(await as(token(SECRET, server.menus[1].restaurant, 'staff'), 'accept'), 404);
  });

  it('tells the screens of an order, and no others', async () => {
    const [{ order }, other] = [await place(), await place()];
    const open = () => Screen.open('plain', server.port, http.bearer);
    const screens = await Promise.all([open(), open(), open()]);
    await Promise.all([order, order, other.order].map(({ id }, number) => screens[number].join(`order:${id}`)));
    await command(order.id, { action: 'accept' });
    await command(order.id, { action: 'ready' });
    const deadline = Date.now() + DELIVERY_MS;
    while (screens[0].events + screens[1].events < 4 && Date.now() < deadline) await sleep(5);
    screens.forEach((screen) => screen.close());
    assert.deepEqual(screens.map((screen) => screen.events), [2, 2, 0]);
  });

  it('admits no screen without a token', async () => {
    await assert.rejects(Screen.open('plain', server.port, 'none'), /refused/);
  });
}
