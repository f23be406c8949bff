// The words of an order's story.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storyLines } from '../../static/floor/story.js';

const at = '2026-11-24T10:00:00.123Z';
const order = { items: { a: { name: 'Beef rezala' }, b: { name: 'Firni' } } };
const mina = { role: 'staff', person: { id: '1', name: 'mina' } };
const told = (position, kind, by, more = {}) => ({ position, kind, at, by, ...more });
const lines = (...events) => storyLines({ events }, order);

test('each line names the action, the dishes, the person and the screen, the latest first', () => {
  const [voided, finished, placed] = lines(
    told(1, 'order.placed', { role: 'diner' }, { items: ['a', 'b'] }),
    told(2, 'item.finished', { role: 'kitchen', screen: { id: '2', name: 'Hot line' } }, { items: ['a'] }),
    told(3, 'item.voided', { ...mina, screen: { id: '3', name: 'Bar tablet' } }, { items: ['a', 'b'], reason: 'out_of_stock' }));
  assert.deepEqual([placed.what, placed.who, placed.detail], ['Ordered', 'The guest', '']);
  assert.deepEqual([finished.what, finished.who, finished.detail], ['Done', 'Hot line', 'Beef rezala']);
  assert.deepEqual([voided.what, voided.who, voided.detail], ['Voided', 'mina on Bar tablet', 'Beef rezala, Firni. Out of stock']);
});

test('an undone line says who undid it', () => {
  const [recalled, finished] = lines(told(2, 'item.finished', { role: 'kitchen' }, { items: ['a'], undone_by: 3 }), told(3, 'item.recalled', mina, { items: ['a'] }));
  assert.match(finished.undone, /^Undone .* by mina$/);
  assert.equal(recalled.undone, '');
});

test('an unknown kind of event, a removed screen and a purge have words, too', () => {
  const [purged, parked] = lines(told(1, 'order.parked', { role: 'staff', screen: { id: '9' } }), told(2, 'order.rushed', { role: 'service' }));
  assert.deepEqual([parked.what, parked.who], ['order.parked', 'a removed screen']);
  assert.equal(lines(told(1, 'order.moved', { role: 'staff' }))[0].what, 'Moved to another table');
  assert.equal(purged.what, 'The guest’s words were removed');
});
