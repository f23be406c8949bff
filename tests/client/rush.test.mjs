// The rush of the demonstration.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Player } from '../../static/demo/player.js';
import { ORDERS, planRush } from '../../static/demo/rush.js';

const MENU = { items: Object.fromEntries(['a', 'b', 'c'].map((id) => [id, { id, available: id !== 'c', options: id === 'a' ? { hot: {} } : undefined }])) };

/** Numbers that look random and are the same in each run. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
const plan = (seed) => planRush({ tables: ['2', '3'], menu: MENU, random: seeded(seed) });

test('each order of a rush is placed and taken through its steps, in time and within the contract', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const steps = plan(seed);
    assert.equal(steps.length, ORDERS * 5);
    assert.ok(steps.every(({ at }, before) => before === 0 || steps[before - 1].at <= at));
    for (let order = 0; order < ORDERS; order += 1) {
      assert.deepEqual(steps.filter((step) => step.order === order).map(({ does }) => does), ['place', 'accept', 'start', 'ready', 'serve']);
    }
    assert.ok(steps.at(-1).at < 4 * 60_000, 'it is over in minutes');
    for (const { basket } of steps.filter(({ does }) => does === 'place')) {
      assert.ok(basket.items.length > 0 && basket.items.every(({ menu_item: id, options = [] }) => id !== 'c' && (id === 'a' || options.length === 0)), 'nothing that is sold out');
      assert.ok(basket.items.every(({ note, allergy }) => !allergy || note));
      assert.notEqual(basket.table === undefined, basket.service === 'dine_in');
    }
  }
});

test('without a dish or a table there is no rush', () => {
  assert.deepEqual(planRush({ tables: [], menu: MENU, random: seeded(1) }), []);
  assert.deepEqual(planRush({ tables: ['2'], menu: { items: {} }, random: seeded(1) }), []);
});

test('a rush plays to its end although the visitor acted first, and stops on request', async () => {
  const sent = [];
  const send = { place: async (basket) => { sent.push('place'); if (sent.length === 1) throw new Error('refused'); return `o${sent.length}`; }, act: async (order, action) => { sent.push(`${action} ${order}`); throw new Error('invalid_transition'); } };
  const steps = [{ at: 0, order: 0, does: 'place' }, { at: 5, order: 1, does: 'place' }, { at: 10, order: 0, does: 'accept' }, { at: 10, order: 1, does: 'accept', minutes: 10 }, { at: 20, order: 1, does: 'serve' }];
  let changes = 0;
  const player = new Player(steps, send, { changed: () => { changes += 1; }, now: () => 0 });
  player.look(7);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([sent, player.progress, player.isOver], [['place', 'place'], { placed: 1, all: 2 }, false]);
  player.look(30);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([sent.slice(2), player.isOver], [['accept o2', 'serve o2'], true]);
  assert.ok(changes >= 2);
  const stopped = new Player(steps, send, { changed: () => {}, now: () => 0 });
  stopped.stop();
  assert.equal(stopped.isOver, true);
});

test('a rush stops when the server cannot be reached, and counts no order that it does not have', async () => {
  const steps = [0, 1, 2].map((order) => ({ at: order * 10, order, does: 'place' }));
  let asked = 0;
  const place = async () => {
    asked += 1;
    if (asked === 2) throw Object.assign(new Error('no network'), { code: 'offline' });
    return 'o1';
  };
  const player = new Player(steps, { place, act: async () => {} }, { changed: () => {}, now: () => 0 });
  player.look(5);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([player.progress.placed, player.isOver, player.isCut], [1, false, false]);
  player.look(15);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([asked, player.progress.placed, player.isOver, player.isCut], [2, 1, true, true]);
});
