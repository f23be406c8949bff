// Which orders a floor page may report as seen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sight } from '../../static/floor/sight.js';

const placed = (id, position) => ({ id, position });

/** Returns a visible page without an open sheet. `shown` is what is in its window. */
function page(shown, { visibilityState = 'visible', sheet = null } = {}) {
  globalThis.document = { visibilityState, querySelector: () => sheet };
  return new Sight((id) => shown.has(id));
}

test('a receipt stops before the first thing that was never in sight', () => {
  const shown = new Set(['a']);
  const sight = page(shown);
  sight.follow(9, [placed('a', 4), placed('b', 7)]);
  assert.equal(sight.position, 3, 'nothing has been in sight yet');
  sight.look(0);
  assert.equal(sight.position, 3, 'a glance does not count');
  sight.look(1000);
  assert.equal(sight.position, 6);
  shown.add('b');
  sight.look(2000);
  sight.look(3000);
  assert.equal(sight.position, 9);
  sight.follow(12, [placed('b', 7), placed('c', 11), { id: 'call' }]);
  assert.equal(sight.position, 9, 'later orders are not seen');
});

test('an order that leaves the window before it could be read was not seen', () => {
  const shown = new Set(['a']);
  const sight = page(shown);
  sight.follow(5, [placed('a', 5)]);
  sight.look(0);
  shown.clear();
  sight.look(500);
  shown.add('a');
  sight.look(1000);
  assert.equal(sight.position, 4);
});

test('an unseen call from the snapshot prevents every receipt, since its position is unknown', () => {
  const shown = new Set(['a']);
  const sight = page(shown);
  sight.follow(5, [placed('a', 5), { id: 'call' }]);
  sight.look(0);
  sight.look(1000);
  assert.equal(sight.position, 0);
  sight.follow(6, [placed('a', 5)]);
  assert.equal(sight.position, 6, 'the order was answered');
});

test('a hidden page, and a page behind an open sheet, have nothing in sight', () => {
  for (const state of [{ visibilityState: 'hidden' }, { sheet: {} }]) {
    const sight = page(new Set(['a']), state);
    sight.follow(5, [placed('a', 5)]);
    sight.look(0);
    sight.look(1000);
    assert.equal(sight.position, 4, JSON.stringify(state));
  }
});
