import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedGroups, defaultsOf, groupsOf, isChosenWell, kept, lacksOptions, missingGroups, priceWith, toggled } from '../../static/shared/choices.js';
import { chosenOptions } from '../../static/shared/order_facts.js';

const price = (amount) => ({ amount, currency: 'BDT' });
const option = (name, group, amount = 0, more = {}) => ({ name, price: price(amount), ...(group && { group }), ...more });

/** A dish with a required side (fries require a sauce), up to two extras, and one option outside the groups. */
const STEAK = {
  id: 'steak', name: 'Steak', price: price(1000), available: true,
  options: {
    fries: option('fries', 'side', 50, { sort: 2 }), rice: option('rice', 'side', 0, { sort: 1 }),
    ketchup: option('ketchup', 'sauce'), mayo: option('mayonnaise', 'sauce', 10, { default: true }),
    egg: option('egg', 'extras', 30), cheese: option('cheese', 'extras', 40), bacon: option('bacon', 'extras', 60),
    done: option('well done'),
  },
  groups: {
    extras: { name: 'Extras', sort: 2, min: 0, max: 2 }, sauce: { name: 'Sauce', sort: 1, min: 1, max: 1, under: 'fries' }, side: { name: 'Side', sort: 1, min: 1, max: 1 },
  },
};
const without = (id) => ({ ...STEAK, options: { ...STEAK.options, [id]: { ...STEAK.options[id], available: false } } });
const names = (groups) => groups.map(({ name }) => name);

test('groups keep the order of the menu, and a nested group follows the group of its option', () => {
  assert.deepEqual(names(groupsOf(STEAK)), ['Side', 'Sauce', 'Extras', '']);
  assert.deepEqual(groupsOf(STEAK)[0].options.map(({ id }) => id), ['rice', 'fries']);
  assert.deepEqual(groupsOf({ price: price(1) }), []);
  assert.deepEqual(groupsOf({ options: { a: option('a') } }).map(({ id, min, options }) => [id, min, options.length]), [['', 0, 1]]);
});

test('a nested group appears only with its option, and begins with its default', () => {
  assert.deepEqual(names(askedGroups(STEAK, ['rice'])), ['Side', 'Extras', '']);
  assert.deepEqual(toggled(STEAK, [], 'fries'), ['fries', 'mayo']);
  assert.deepEqual(toggled(STEAK, ['fries', 'ketchup', 'egg'], 'rice'), ['rice', 'egg'], 'the nested choice disappears with its option');
  assert.deepEqual(toggled(STEAK, ['rice'], 'ketchup'), ['rice']);
});

test('in a group that needs exactly one option, a new choice replaces the old one, and none can be removed', () => {
  assert.deepEqual(toggled(STEAK, ['rice'], 'rice'), ['rice']);
  assert.deepEqual(toggled(STEAK, ['fries', 'mayo'], 'ketchup'), ['fries', 'ketchup']);
});

test('a group takes no more options than it allows', () => {
  const full = ['rice', 'egg', 'cheese'];
  assert.deepEqual(toggled(STEAK, full, 'bacon'), full);
  assert.deepEqual(toggled(STEAK, full, 'egg'), ['rice', 'cheese']);
  assert.deepEqual(kept(STEAK, ['egg', 'rice', 'bacon', 'cheese', 'gone', 'mayo']), ['rice', 'egg', 'bacon']);
});

test('missing choices are named', () => {
  assert.deepEqual([names(missingGroups(STEAK, [])), isChosenWell(STEAK, [])], [['Side'], false]);
  assert.deepEqual(names(missingGroups(STEAK, ['fries'])), ['Sauce']);
  assert.ok(isChosenWell(STEAK, ['rice', 'done']));
  assert.ok(!isChosenWell(without('rice'), ['rice']), 'sold out');
  assert.ok(!isChosenWell(STEAK, ['rice', 'gone']), 'no longer on the menu');
});

test('a sold-out option cannot be chosen, and may make its dish impossible to order', () => {
  assert.deepEqual(toggled(without('egg'), ['rice'], 'egg'), ['rice']);
  assert.deepEqual(toggled(without('fries'), ['rice'], 'fries'), ['rice']);
  assert.deepEqual(toggled(without('egg'), ['rice', 'egg'], 'egg'), ['rice'], 'but it can be removed');
  assert.deepEqual([lacksOptions(STEAK), lacksOptions(without('rice')), lacksOptions({ ...STEAK, options: { ...without('rice').options, fries: without('fries').options.fries } })], [false, false, true]);
});

test('a dish begins with its default options, including nested ones', () => {
  const eager = { ...STEAK, options: { ...STEAK.options, fries: { ...STEAK.options.fries, default: true } } };
  assert.deepEqual(defaultsOf(eager), ['fries', 'mayo']);
  assert.deepEqual(defaultsOf(STEAK), []);
});

test('the price is the sum of the dish and its chosen options', () => {
  assert.equal(priceWith(STEAK, ['fries', 'mayo', 'egg']), 1090);
  assert.equal(priceWith(STEAK, ['gone']), 1000);
});

test('an order names each option with its group', () => {
  assert.deepEqual(chosenOptions({ options: ['olives', 'olives', 'well done'], choices: [{ id: '1', group: 'Left half' }, { id: '2', group: 'Right half' }, { id: '3' }] }),
    ['Left half: olives', 'Right half: olives', 'well done']);
  assert.deepEqual(chosenOptions({ options: ['spicy'] }), ['spicy']);
  assert.deepEqual(chosenOptions({}), []);
});
