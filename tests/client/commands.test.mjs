import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderbellError } from '../../static/client/codes.js';
import { MAX_TRIES, OUTBOX_BOUND, PLACE_LIFETIME_MS } from '../../static/client/outbox.js';
import { FakeTokens, bench, connected, order, relink, settle } from './support.mjs';

const ack = (id, more = {}) => ({ type: 'ack', id, position: 11, changed: true, document: order('o1', 11), ...more });
const refusal = (id, code, more = {}) => ({ type: 'error', id, code, message: code, ...more });
const code = (promise) => promise.then(() => 'acknowledged', (error) => error.code);

test('a command is sent at the top level and answered by its ack', async () => {
  const { bell, last } = await connected();
  const answered = bell.command({ id: 'k1', order: 'o1', action: 'accept', minutes: 20, expected_position: 10 });
  assert.deepEqual(last().sent, [{ type: 'command', id: 'k1', order: 'o1', action: 'accept', minutes: 20, expected_position: 10 }]);
  last().push(ack('k1'));
  assert.equal((await answered).changed, true);
  assert.deepEqual(bell.pending, []);
});

test('an order is placed under one id: twice is one frame and one answer', async () => {
  const { bell, last } = await connected();
  const body = { service: 'dine_in', items: [{ menu_item: 'm1', quantity: 1, options: [] }] };
  const both = [bell.place(body, 'basket-1'), bell.place(body, 'basket-1')];
  assert.deepEqual(last().sent, [{ type: 'place', id: 'basket-1', order: body }]);
  last().push(ack('basket-1'));
  assert.deepEqual((await Promise.all(both)).map(({ document }) => document.id), ['o1', 'o1']);
});

test('an older server gets only the fields that it knows, and no allergy is lost', async () => {
  const long = 'x'.repeat(195);
  const body = {
    service: 'dine_in', note: 'sesame', allergy: true, expected_total: { amount: 9000, currency: 'BDT' },
    items: [
      { menu_item: 'm1', quantity: 1, options: [], note: 'walnuts', allergy: true },
      { menu_item: 'm1', quantity: 1, options: [], note: 'hot' }, { menu_item: 'm1', quantity: 1, options: [], note: long, allergy: true },
    ],
  };
  const { bell, clock, last } = await connected();
  bell.place(body, 'basket-1').catch(() => {});
  const [{ order: sent }] = last().all('place');
  assert.deepEqual(sent, { service: 'dine_in', note: 'Allergy: sesame', items: [
    { menu_item: 'm1', quantity: 1, options: [], note: 'Allergy: walnuts' },
    { menu_item: 'm1', quantity: 1, options: [], note: 'hot' }, { menu_item: 'm1', quantity: 1, options: [], note: long },
  ] });
  last().drop();
  await relink({ clock, last }, { feature_level: 1 });
  assert.deepEqual(last().all('place').map(({ order: again }) => again), [body], 'a server of level 1 gets every field');
});

test('a server without a field for the pickup name gets the name in the note', async () => {
  const body = { service: 'takeaway', guest_name: 'Anna', note: 'sesame', allergy: true, items: [{ menu_item: 'm1', quantity: 1, options: [] }] };
  const { bell, clock, last } = await connected();
  bell.place(body, 'basket-1').catch(() => {});
  const sent = () => last().all('place').map(({ order }) => [order.guest_name, order.note, order.allergy]);
  assert.deepEqual(sent(), [[undefined, 'For Anna. Allergy: sesame', undefined]]);
  last().drop();
  await relink({ clock, last }, { feature_level: 1 });
  assert.deepEqual(sent()[0], [undefined, 'For Anna. sesame', true]);
  last().drop();
  await relink({ clock, last }, { feature_level: 2 });
  assert.deepEqual(sent()[0], ['Anna', 'sesame', true]);
});

test('a note with no room for the name is kept whole', async () => {
  const note = 'x'.repeat(199);
  const { bell, last } = await connected();
  bell.place({ service: 'takeaway', guest_name: 'Anna', note, items: [{ menu_item: 'm1', quantity: 1, options: [] }] }, 'basket-1').catch(() => {});
  assert.deepEqual(last().all('place').map(({ order }) => [order.guest_name, order.note]), [[undefined, note]]);
});

test('a refusal carries its code, and with stale the document', async () => {
  const { bell, last } = await connected();
  const refused = bell.command({ id: 'k1', order: 'o1', action: 'accept' });
  last().push(refusal('k1', 'stale', { document: order('o1', 20, 'cancelled') }));
  const error = await refused.catch((reason) => reason);
  assert.deepEqual([error.name, error.code, error.document.status], ['OrderbellError', 'stale', 'cancelled']);
});

test('an unanswered command is sent again with the same id on the next link, until it is answered', async () => {
  const { bell, clock, last } = await connected();
  const answered = bell.command({ id: 'k1', order: 'o1', action: 'accept' });
  for (let link = 0; link < 3; link += 1) {
    assert.deepEqual(last().all('command').map(({ id }) => id), ['k1']);
    last().drop();
    await relink({ clock, last });
  }
  last().push(ack('k1'));
  await answered;
  last().drop();
  await relink({ clock, last });
  assert.equal(last().all('command').length, 0, 'an answered command is not sent again');
});

test('a second answer to the same command is ignored', async () => {
  const { bell, last } = await connected();
  let answers = 0;
  bell.on('answer', () => { answers += 1; });
  const answered = bell.command({ id: 'k1', order: 'o1', action: 'accept' });
  last().push(ack('k1'), ack('k1'), refusal('k1', 'conflict'));
  assert.equal((await answered).position, 11);
  assert.equal(answers, 1);
  assert.equal(bell.state, 'live');
});

test('commands made offline wait in order and go when the link is up', async () => {
  const { bell, clock, last } = bench();
  const seen = [];
  bell.on('pending', (pending) => seen.push(pending.map(({ action }) => action).join('+')));
  const first = bell.command({ id: 'k1', order: 'o1', action: 'start_item', item: 'i1' });
  const second = bell.command({ id: 'k2', order: 'o1', action: 'finish_item', item: 'i1' });
  const other = bell.command({ id: 'k3', order: 'o2', action: 'start' });
  assert.deepEqual(bell.pending.map(({ id, action, item }) => [id, action, item]), [['k1', 'start_item', 'i1'], ['k2', 'finish_item', 'i1'], ['k3', 'start', undefined]]);
  bell.start();
  await clock.advance(0);
  last().welcome();
  await clock.advance(1_000);
  assert.deepEqual(last().all('command').map(({ id }) => id), ['k1', 'k3'], 'an order\'s next command waits for its first');
  last().push(ack('k1'), ack('k3'));
  await clock.advance(1_000);
  last().push(ack('k2'));
  await Promise.all([first, second, other]);
  assert.equal(seen.at(-1), '');
});

test('a full queue is sent no faster than the server allows', async () => {
  const { bell, clock, last } = bench();
  for (let at = 0; at < 50; at += 1) bell.command({ id: `k${at}`, order: `o${at}`, action: 'start' });
  bell.start();
  await clock.advance(0);
  last().welcome({ limits: { messages_per_second: 20, heartbeat_ms: 15_000 } });
  await clock.advance(1_000);
  assert.equal(last().all('command').length, 21);
  await clock.advance(2_000);
  assert.equal(last().all('command').length, 50);
});

test('a command beyond the bound of the queue is refused', async () => {
  const { bell } = bench();
  for (let at = 0; at < OUTBOX_BOUND; at += 1) bell.command({ id: `k${at}`, order: 'o1', action: 'rush', rush: true });
  assert.equal(await code(bell.command({ order: 'o1', action: 'rush', rush: true })), 'queue_full');
  assert.equal(bell.pending.length, OUTBOX_BOUND);
});

test('after the answer "later" the same command is sent again once the server\'s pause is over, and later commands wait', async () => {
  const { bell, clock, last } = await connected();
  const answered = bell.command({ id: 'k1', order: 'o1', action: 'accept' });
  last().push(refusal('k1', 'rate_limited', { retry_after_ms: 800 }));
  bell.command({ id: 'k2', order: 'o2', action: 'accept' });
  await clock.advance(799);
  assert.equal(last().all('command').length, 1);
  await clock.advance(1_000);
  assert.deepEqual(last().all('command').map(({ id }) => id), ['k1', 'k1', 'k2']);
  last().push(ack('k1'));
  await answered;
});

test('a command fails after too many answers of "later"', async () => {
  const { bell, clock, last } = await connected();
  const refused = code(bell.command({ id: 'k1', order: 'o1', action: 'accept' }));
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    last().push(refusal('k1', 'unavailable', { retry_after_ms: 10 }));
    await clock.advance(100);
  }
  assert.equal(await refused, 'unavailable');
  assert.equal(last().all('command').length, MAX_TRIES);
});

test('a command refused because of its token is sent again with a new token', async () => {
  const { bell, clock, tokens, sockets, last } = await connected();
  const answered = bell.command({ id: 'k1', order: 'o1', action: 'accept' });
  last().push(refusal('k1', 'unauthorized'));
  await clock.advance(0);
  assert.deepEqual([tokens.refreshes, sockets.length], [1, 2]);
  last().welcome();
  assert.deepEqual(last().all('command').map(({ id }) => id), ['k1']);
  last().push(ack('k1'));
  await answered;
});

test('an order that has waited too long is not placed without its diner\'s knowledge', async () => {
  const { bell, clock, last } = bench();
  const late = code(bell.place({ items: [] }, 'basket-1'));
  await clock.advance(PLACE_LIFETIME_MS);
  bell.start();
  await clock.advance(0);
  last().welcome();
  assert.equal(await late, 'expired');
  assert.equal(last().all('place').length, 0);
});

test('the client refuses a frame for which the server would close the link', async () => {
  const { bell, last } = await connected();
  assert.equal(await code(bell.place({ note: 'x'.repeat(5_000), items: [] })), 'too_large');
  assert.equal(last().sent.length, 0);
});

test('a final stop drops waiting commands, and an expired sign-in keeps them', async () => {
  const forced = await connected();
  const dropped = code(forced.bell.command({ id: 'k1', order: 'o1', action: 'accept' }));
  forced.last().drop(4400);
  assert.deepEqual([await dropped, forced.bell.pending.length], ['closed', 0]);

  const tokens = new FakeTokens();
  const expired = await connected({ tokens });
  const kept = expired.bell.command({ id: 'k1', order: 'o1', action: 'accept' });
  tokens.refuse = true;
  expired.last().drop(4401);
  await settle();
  await expired.clock.advance(0);
  assert.equal(expired.bell.state, 'stopped');
  expired.bell.start();
  await expired.clock.advance(0);
  expired.last().welcome();
  expired.last().push(ack('k1'));
  assert.equal((await kept).position, 11);
});

test('a command without an id gets a unique one', async () => {
  const { bell, clock, last } = await connected();
  bell.command({ order: 'o1', action: 'start' });
  bell.command({ order: 'o2', action: 'start' });
  await clock.advance(100);
  assert.equal(new Set(last().all('command').map(({ id }) => id)).size, 2);
});

test('a held command waits until it is released or taken back, while others pass it', async () => {
  let holds = true;
  const { bell, clock, last } = await connected({ stamp: (frame) => ({ ...frame, shift: 's1' }), holds: ({ shift, order: id }) => holds && shift === 's1' && id !== 'o2' });
  const [first, second] = [bell.command({ id: 'k1', order: 'o1', action: 'accept' }), bell.command({ id: 'k3', order: 'o3', action: 'accept' })];
  const placed = bell.place({ service: 'takeaway', items: [] }, 'p1');
  bell.command({ id: 'k2', order: 'o2', action: 'ready' }).catch(() => {});
  assert.deepEqual(last().sent.map(({ id }) => id), ['k2']);
  assert.deepEqual(bell.pending.map(({ shift }) => shift), ['s1', 's1', 's1', 's1']);
  bell.withdraw(({ id }) => id === 'k3', new OrderbellError({ code: 'forbidden' }));
  assert.equal(await code(second), 'forbidden');
  holds = false;
  bell.release();
  await clock.advance(1000);
  assert.deepEqual(last().sent.map(({ id, shift }) => [id, shift]), [['k2', 's1'], ['k1', 's1'], ['p1', 's1']]);
  bell.withdraw(() => true, new OrderbellError({ code: 'forbidden' }));
  last().push(ack('k1'));
  last().push(ack('p1'));
  assert.deepEqual([await code(first), await code(placed)], ['acknowledged', 'acknowledged'], 'what was sent is not taken back');
});
