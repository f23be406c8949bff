import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeMenus, sameMenu } from '../../static/manager/menu_merge.js';

const dish = (id, more = {}) => ({ id, name: id, description: '', amount: 900, station: 'hot', photo: '', available: true, options: [], ...more });
const heading = (id, items = [], name = id) => ({ id, name, items });
const base = () => [heading('mains', [dish('rezala'), dish('roast')]), heading('drinks', [dish('lassi')])];
const names = (draft) => draft.map(({ name, items }) => [name, items.map((item) => item.name)]);
const find = (draft, id) => draft.flatMap(({ items }) => items).find((item) => item.id === id);

function edited(change) {
  const draft = structuredClone(base());
  change(draft);
  return draft;
}

test('edits of different dishes and of different fields of one dish are both kept, without a question', () => {
  const mine = edited((draft) => { draft[0].items[0].amount = 950; draft[1].items.push(dish('tea')); });
  const theirs = edited((draft) => { draft[0].items[0].description = 'Slow'; draft[0].items[1].amount = 100; draft[0].items[0].available = false; });
  const { draft, conflicts } = mergeMenus(base(), mine, theirs);
  assert.deepEqual(conflicts, []);
  assert.equal(find(draft, 'rezala').amount, 950);
  assert.equal(find(draft, 'rezala').description, 'Slow');
  assert.equal(find(draft, 'rezala').available, false, 'the staff decide what is sold out');
  assert.equal(find(draft, 'roast').amount, 100);
  assert.deepEqual(names(draft), [['mains', ['rezala', 'roast']], ['drinks', ['lassi', 'tea']]]);
});

test('a field that both have changed becomes a question, and either answer keeps everything else', () => {
  const mine = edited((draft) => { draft[0].items[0].amount = 950; });
  const theirs = edited((draft) => { draft[0].items[0].amount = 1000; draft[1].name = 'To drink'; });
  const { conflicts } = mergeMenus(base(), mine, theirs);
  assert.deepEqual(conflicts, [{ key: 'rezala/amount', name: 'rezala', field: 'amount', mine: 950, theirs: 1000 }]);
  for (const [choice, amount] of [['mine', 950], ['theirs', 1000]]) {
    const { draft } = mergeMenus(base(), mine, theirs, { 'rezala/amount': choice });
    assert.equal(find(draft, 'rezala').amount, amount);
    assert.equal(draft[1].name, 'To drink');
  }
});

test('the same change by both people is not a conflict', () => {
  const both = edited((draft) => { draft[0].items[0].amount = 950; });
  assert.deepEqual(mergeMenus(base(), both, structuredClone(both)).conflicts, []);
});

test('a dish that one person removed disappears, unless the other has changed it', () => {
  const mine = edited((draft) => { draft[0].items.pop(); });
  assert.deepEqual(names(mergeMenus(base(), mine, base()).draft)[0], ['mains', ['rezala']]);
  const theirs = edited((draft) => { draft[0].items[1].amount = 1; });
  const { conflicts } = mergeMenus(base(), mine, theirs);
  assert.deepEqual(conflicts.map(({ key, mine: my, theirs: their }) => [key, my, their]), [['roast/present', 'removed', 'changed']]);
  assert.equal(find(mergeMenus(base(), mine, theirs, { 'roast/present': 'theirs' }).draft, 'roast').amount, 1);
  assert.equal(find(mergeMenus(base(), mine, theirs).draft, 'roast'), undefined);
});

test('a heading that one person removed stays if the other has put a dish there', () => {
  const mine = edited((draft) => { draft.pop(); });
  const theirs = edited((draft) => { draft[1].items.push(dish('tea')); });
  assert.deepEqual(names(mergeMenus(base(), mine, theirs).draft), [['mains', ['rezala', 'roast']], ['drinks', ['tea']]]);
  assert.deepEqual(names(mergeMenus(base(), theirs, mine).draft), [['mains', ['rezala', 'roast']], ['drinks', ['tea']]]);
});

test('a new order by one person and a new dish by the other are both kept', () => {
  const mine = edited((draft) => { draft[0].items.reverse(); draft.reverse(); });
  const theirs = edited((draft) => { draft[0].items.splice(1, 0, dish('kebab')); });
  assert.deepEqual(names(mergeMenus(base(), mine, theirs).draft), [['drinks', ['lassi']], ['mains', ['roast', 'rezala', 'kebab']]]);
  assert.deepEqual(names(mergeMenus(base(), theirs, mine).draft), [['drinks', ['lassi']], ['mains', ['roast', 'rezala', 'kebab']]]);
});

test('options are merged one by one', () => {
  const option = (id, amount) => ({ id, name: id, amount });
  const at = (options) => [heading('mains', [dish('rezala', { options })])];
  const from = at([option('spicy', 0), option('large', 50)]);
  const mine = at([option('spicy', 10), option('large', 50)]);
  const theirs = at([option('spicy', 0), option('nuts', 5)]);
  const { draft, conflicts } = mergeMenus(from, mine, theirs);
  assert.deepEqual(conflicts, []);
  assert.deepEqual(find(draft, 'rezala').options, [option('spicy', 10), option('nuts', 5)]);
});

test('menus that differ only in what is sold out count as equal', () => {
  const other = edited((draft) => { draft[0].items[0].available = false; });
  assert.ok(sameMenu(base(), other));
  assert.ok(!sameMenu(base(), edited((draft) => { draft[0].name = 'x'; })));
});
