import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_LINES, MAX_QUANTITY, emptyBasket, linePrice, obstacle, pieces, placement, total, withAdded, withLine, withOption, withOrderAgain,
} from '../../static/views/basket.js';

const MENU = {
  currency: 'BDT', paused: false,
  items: {
    rezala: { id: 'rezala', name: 'Beef rezala', price: { amount: 45000, currency: 'BDT' }, available: true, options: { hot: { name: 'extra spicy', price: { amount: 0 } }, big: { name: 'extra meat', price: { amount: 18000 } } } },
    naan: { id: 'naan', name: 'Naan', price: { amount: 6000, currency: 'BDT' }, available: true },
    hilsa: { id: 'hilsa', name: 'Ilish bhapa', price: { amount: 78000, currency: 'BDT' }, available: false },
  },
};

const filled = (...wanted) => wanted.reduce(withAdded, emptyBasket('basket-1'));

test('the same wish is one line, another wish another', () => {
  const basket = filled({ item: 'naan' }, { item: 'naan' }, { item: 'rezala', options: ['hot', 'big'] }, { item: 'rezala', options: ['big', 'hot'] }, { item: 'rezala' }, { item: 'naan', note: 'no butter' });
  assert.deepEqual(basket.lines.map(({ item, quantity }) => [item, quantity]), [['naan', 2], ['rezala', 2], ['rezala', 1], ['naan', 1]]);
  assert.deepEqual([pieces(basket), pieces(basket, 'rezala')], [6, 3]);
  assert.equal(new Set(basket.lines.map(({ key }) => key)).size, 4);
});

test('a line\'s key is not given to another after it is gone', () => {
  const removed = withLine(filled({ item: 'naan' }, { item: 'rezala' }), '1', { quantity: 0 });
  assert.deepEqual(withAdded(removed, { item: 'naan' }).lines.map(({ key, item }) => [key, item]), [['2', 'rezala'], ['3', 'naan']]);
});

test('quantities and lines stay within the contract', () => {
  assert.equal(withLine(filled({ item: 'naan' }), '1', { quantity: 500 }).lines[0].quantity, MAX_QUANTITY);
  const full = filled(...Array.from({ length: MAX_LINES + 1 }, (_, at) => ({ item: 'naan', note: String(at) })));
  assert.equal(full.lines.length, MAX_LINES);
});

test('the total counts options and quantities, in minor units', () => {
  const basket = withOption(filled({ item: 'rezala', quantity: 2 }, { item: 'naan', quantity: 3 }), '1', 'big');
  assert.equal(linePrice(basket.lines[0], MENU), 126000);
  assert.deepEqual(total(basket, MENU), { amount: 144000, currency: 'BDT' });
  assert.deepEqual(total(withOption(basket, '1', 'big'), MENU), { amount: 108000, currency: 'BDT' });
  assert.equal(linePrice({ item: 'gone', quantity: 1, options: [] }, MENU), 0);
});

test('what cannot be ordered is no part of the total', () => {
  const basket = filled({ item: 'naan', quantity: 2 }, { item: 'hilsa', quantity: 3 }, { item: 'gone' });
  assert.equal(total(basket, MENU).amount, linePrice(basket.lines[0], MENU));
});

test('what cannot be placed says why', () => {
  assert.equal(obstacle(emptyBasket('b'), MENU), 'empty');
  assert.equal(obstacle(filled({ item: 'hilsa' }), MENU), 'sold_out');
  assert.equal(obstacle(filled({ item: 'gone' }), MENU), 'sold_out');
  assert.equal(obstacle(filled({ item: 'naan' }), { ...MENU, paused: true }), 'paused');
  assert.equal(obstacle(filled({ item: 'naan' }), MENU), null);
});

test('a placement is the contract\'s body, without empty notes', () => {
  const basket = { ...filled({ item: 'rezala', options: ['hot'], note: ' nut allergy ' }, { item: 'naan', quantity: 2 }), note: '  ' };
  assert.deepEqual(placement(basket), {
    service: 'dine_in',
    items: [{ menu_item: 'rezala', quantity: 1, options: ['hot'], note: 'nut allergy' }, { menu_item: 'naan', quantity: 2, options: [] }],
  });
});

test('an order can be had again, as far as the menu still has it', () => {
  const order = { items: {
    a: { menu_item: 'rezala', quantity: 2, options: ['extra meat'], note: 'nut allergy' },
    b: { menu_item: 'removed', quantity: 1, options: [] },
  } };
  assert.deepEqual(placement(withOrderAgain(emptyBasket('b'), order, MENU)).items, [{ menu_item: 'rezala', quantity: 2, options: ['big'], note: 'nut allergy' }]);
});
