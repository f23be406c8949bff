// The staff's order entry, without a DOM.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../static/client/emitter.js';
import { addition, obstacle, placement, withAdded, withOption } from '../../static/shared/basket.js';
import { withTouch } from '../../static/shared/basket_edits.js';
import { matching, numbered, optionOf, tablesLike, wishOf } from '../../static/floor/dish_finder.js';
import { likeliestPlace, optionWish, placeWords, placesFor, whyNot, wishWords } from '../../static/floor/entry_view.js';
import { MOST_NEW, NewOrders, sendToKitchen } from '../../static/floor/new_orders.js';
import { freeTables } from '../../static/floor/lanes.js';

const dish = (name, category, sort, more = {}) => [name, { id: name, name, category, sort, price: { amount: 100, currency: 'BDT' }, available: true, ...more }];
const MENU = {
  currency: 'BDT', paused: false, categories: { s: { name: 'Starters', sort: 1 }, m: { name: 'Mains', sort: 2 } },
  items: Object.fromEntries([
    dish('Beef rezala', 'm', 1, { options: { hot: { name: 'extra spicy', price: { amount: 0 } }, big: { name: 'extra meat', price: { amount: 50 } } } }),
    dish('Chicken roast', 'm', 2), dish('Crème caramel', 's', 2), dish('Shingara', 's', 1), dish('7 up', 'm', 3, { available: false }),
  ]),
};
const DISHES = numbered(MENU).flatMap(({ dishes }) => dishes);
const found = (typed) => matching(DISHES, wishOf(typed).words).map(({ item }) => item.name);

test('dishes are numbered in the order of the menu', () => {
  assert.deepEqual(DISHES.map(({ number, item }) => `${number} ${item.name}`), ['1 Shingara', '2 Crème caramel', '3 Beef rezala', '4 Chicken roast', '5 7 up']);
});

test('a dish is found by its number or by the beginnings of its words, with or without accents', () => {
  assert.deepEqual(found('3'), ['Beef rezala']);
  assert.deepEqual(found('rez'), ['Beef rezala']);
  assert.deepEqual(found('be re'), ['Beef rezala']);
  assert.deepEqual(found('creme'), ['Crème caramel']);
  assert.deepEqual(found('CA'), ['Crème caramel'], 'the beginning of a word');
  assert.deepEqual(found('in'), ['Shingara']);
  assert.deepEqual(found('7'), ['7 up'], 'a number that no dish has is searched for in the names');
  assert.deepEqual(found('pizza'), []);
  assert.equal(found('').length, 5);
});

test('the typed text is read as a quantity and a dish, or as an option', () => {
  assert.deepEqual(wishOf(' 3x rez'), { quantity: 3, words: 'rez', isOption: false });
  assert.deepEqual(wishOf('2 × 12'), { quantity: 2, words: '12', isOption: false });
  assert.deepEqual(wishOf('0x rez').quantity, 1);
  assert.deepEqual(wishOf('12'), { quantity: 1, words: '12', isOption: false });
  assert.deepEqual(wishOf('+ Spi'), { quantity: 1, words: 'spi', isOption: true });
});

const HALVES = {
  id: 'pizza', name: 'Pizza', price: { amount: 100 }, available: true,
  groups: { l: { name: 'Left', sort: 1, min: 1, max: 1 }, r: { name: 'Right', sort: 2, min: 1, max: 1 }, x: { name: 'Extras', sort: 3, min: 0, max: 2 } },
  options: Object.fromEntries([['r1', 'ham', 'r'], ['l1', 'ham', 'l'], ['l2', 'olives', 'l', false], ['r2', 'olives', 'r', false], ['l3', 'tuna', 'l'], ['x1', 'chili', 'x'], ['x2', 'garlic', 'x'], ['x3', 'basil', 'x']]
    .map(([id, name, group, available = true]) => [id, { name, group, available, price: { amount: 0 } }])),
};

test('an option is found by its words, and options of the same name in the order in which the server takes them', () => {
  const ids = (words, chosen = []) => { const { id, state } = optionOf(HALVES, words, chosen) ?? {}; return [id, state]; };
  assert.deepEqual(['spi', 'extra', 'eat', 'no'].map((words) => optionOf(MENU.items['Beef rezala'], words, [])?.id), ['hot', 'hot', 'big', undefined]);
  assert.deepEqual([ids('ham'), ids('ham', ['l1']), ids('ham', ['l1', 'r1'])], [['l1', 'fits'], ['r1', 'fits'], ['l1', 'chosen']]);
  assert.deepEqual(ids('tu', ['l1']), ['l3', 'fits'], 'the found option replaces another one');
  assert.deepEqual(ids('ham', ['l3']), ['r1', 'fits'], 'a chosen option stays if the other half has room');
  assert.deepEqual(ids('oli'), ['l2', 'sold-out']);
  assert.deepEqual(ids('bas', ['x1', 'x2']), ['x3', 'full']);
  assert.equal(optionOf(HALVES, 'ham', ['l1']).name, 'Right: ham');
});

test('Enter adds an option only if the hint says so', () => {
  const menu = { ...MENU, items: { ...MENU.items, pizza: HALVES } };
  const typed = (text, options) => {
    const basket = withAdded({ id: 'b', lines: [], note: '', service: 'dine_in' }, { item: 'pizza', options });
    const look = { wish: wishOf(text), basket, line: '1', menu };
    const { state, id } = optionWish(look) ?? {};
    return [wishWords({ ...look, typed: text, categories: [] }), state === 'fits' ? withOption(basket, '1', id, menu).lines[0].options : options];
  };
  assert.deepEqual(typed('+ham', ['l1']), ['Enter: + Right: ham · Pizza', ['l1', 'r1']]);
  assert.deepEqual(typed('+ham', ['l1', 'r1']), ['Left: ham (Pizza): chosen already', ['l1', 'r1']]);
  assert.deepEqual(typed('+oli', ['l1']), ['Left: olives (Pizza): sold out', ['l1']]);
  assert.deepEqual(typed('+bas', ['x1', 'x2']), ['Extras: basil (Pizza): no more of these can be chosen', ['x1', 'x2']]);
  assert.deepEqual(typed('+nuts', ['l1']), ['The last dish has no such option.', ['l1']]);
});

test('the message that an order was sent to the kitchen appears only once the server has it', async () => {
  const told = [];
  let answer;
  const bell = { command: ({ action }) => new Promise((resolve, reject) => { told.push(action); answer = { resolve, reject }; }) };
  const send = (status) => sendToKitchen(bell, { id: 'o1', status }, () => told.push('sent'));
  const first = send('placed');
  assert.deepEqual(told, ['accept']);
  answer.resolve();
  await first;
  const refused = send('placed');
  answer.reject(new Error('no'));
  await refused;
  assert.deepEqual(told, ['accept', 'sent', 'accept']);
  await send('accepted');
  assert.deepEqual(told.slice(3), ['sent']);
});

test('Enter opens the table that was typed, or otherwise a takeaway under that name', () => {
  const tables = ['1', '10', '2', 'Terrace'];
  assert.deepEqual(tablesLike(tables, ''), ['1', '2', '10', 'Terrace']);
  const first = (typed) => likeliestPlace(tables, typed);
  assert.equal(first(' '), undefined, 'nothing is marked before anything is typed');
  assert.deepEqual(first('1'), { table: '1', service: 'dine_in' });
  assert.deepEqual(first('table 10'), { table: '10', service: 'dine_in' });
  assert.deepEqual(first('ter'), { table: 'Terrace', service: 'dine_in' });
  assert.deepEqual(first(' Anna '), { service: 'takeaway', guest: 'Anna' });
  assert.deepEqual(first('race'), { service: 'takeaway', guest: 'race' });
  assert.deepEqual(placesFor(tables, '').map(({ table }) => table), [undefined, '1', '2', '10', 'Terrace']);
  assert.deepEqual(placesFor(tables, 'Anna', true), [{ service: 'takeaway', guest: 'Anna' }, { service: 'delivery', guest: 'Anna' }]);
  assert.deepEqual([placeWords(first('10')), placeWords(first('Anna')), placeWords({ service: 'takeaway', guest: '' })], ['Table 10', 'Takeaway, Anna', 'Takeaway']);
});

test('a table without an open order is free', () => {
  const orders = [{ table: '1', status: 'ready' }, { table: '2', status: 'served' }, { status: 'placed' }];
  assert.deepEqual(freeTables(['10', '1', '2', '3', '4'], orders, { c: { table: '3' } }, [{ table: '4' }]), ['2', '10']);
});

test('a placement names the table, and names the guest only if names are called out', () => {
  const basket = { ...withAdded({ id: 'b', lines: [], note: '', service: 'dine_in' }, { item: 'Shingara' }), table: '4', guest: ' Anna ' };
  const { service, table, guest_name: name } = placement(basket, MENU);
  assert.deepEqual([service, table, name], ['dine_in', '4', undefined]);
  const away = placement({ ...basket, service: 'takeaway', table: undefined }, MENU);
  assert.deepEqual([away.service, 'table' in away, away.guest_name], ['takeaway', false, 'Anna']);
});

class FakeBell extends Emitter {
  pending = [];

  place(body, id) {
    this.pending.push({ action: 'place', id, body });
    return new Promise(() => {});
  }

  answer(id, outcome) {
    const pending = this.pending.find((one) => one.id === id);
    this.pending = this.pending.filter((one) => one !== pending);
    this.emit('answer', { pending, ...outcome });
  }
}

function desk(kept = {}) {
  const [bell, events] = [new FakeBell(), []];
  const stored = { baskets: kept };
  const on = { changed: () => {}, placed: ({ number }, key) => events.push(['placed', number, key]), sentBefore: (key) => events.push(['sentBefore', key]), refused: (key) => events.push(['refused', key]) };
  const orders = new NewOrders({ bell, menu: () => MENU, store: { recall: () => stored.baskets, keep: (baskets) => { stored.baskets = baskets; } }, on });
  const enter = (place, item = 'Shingara') => {
    const key = orders.begin(place);
    const checkout = orders.get(key);
    checkout?.change(withAdded(checkout.basket, { item }));
    return key;
  };
  return { bell, events, stored, orders, enter };
}
const at = (table) => ({ table, service: 'dine_in' });

test('a new order can be taken while the last one waits for the network, and each answer reaches its own order', () => {
  const { bell, events, stored, orders, enter } = desk();
  const [first, second] = [enter(at('4')), enter(at('5'))];
  for (const key of [first, second]) orders.get(key).place();
  const [one, two] = bell.pending;
  assert.deepEqual([one.body.table, two.body.table, Object.keys(stored.baskets)], ['4', '5', [first, second]]);
  orders.discard(first);
  assert.equal(orders.all.length, 2, 'an order under way cannot be forgotten');
  bell.answer(two.id, { ack: { document: { number: 9, status: 'placed', total: { amount: 100 } } } });
  bell.answer(one.id, { error: { code: 'invalid', message: 'Shingara is sold out' } });
  assert.deepEqual(events, [['placed', 9, second], ['refused', first]]);
  assert.deepEqual(orders.all.map(({ key }) => key), [first]);
  const { basket, problem } = orders.get(first);
  assert.notEqual(basket.id, one.id);
  assert.deepEqual(whyNot(basket, MENU, problem), ['Not sent: Shingara is sold out']);
  orders.discard(first);
  assert.deepEqual([orders.all, stored.baskets], [[], {}]);
});

test('a basket begun at a table can be continued, even after a reload', () => {
  const { stored, enter } = desk();
  const key = enter(at('4'));
  assert.equal(enter(at('4')), key);
  const again = desk(stored.baskets);
  assert.equal(again.orders.begin(at('4')), key);
  assert.equal(again.orders.get(key).count, 2);
  assert.notEqual(again.orders.begin(at('5')), key);
  const anna = again.enter({ service: 'takeaway', guest: 'Anna' });
  assert.notEqual(again.orders.begin({ service: 'takeaway', guest: 'Ben' }), anna);
});

test('orders of another tab appear and disappear', () => {
  const { stored, orders, enter } = desk();
  const key = enter(at('4'));
  const other = desk(stored.baskets);
  stored.baskets = { ...stored.baskets, there: { id: 'x', lines: [{ key: '1', item: 'Shingara', quantity: 2, options: [], note: '' }], note: '', service: 'dine_in', table: '6' } };
  orders.reread();
  assert.deepEqual(orders.all.map(({ checkout }) => checkout.basket.table), ['4', '6']);
  other.orders.discard(key);
  stored.baskets = other.stored.baskets;
  orders.reread();
  assert.deepEqual(orders.all, []);
});

test('only a few baskets can be begun at once', () => {
  const { orders, enter } = desk();
  for (let table = 1; table <= MOST_NEW; table += 1) enter(at(String(table)));
  assert.equal(orders.begin(at('99')), null);
  assert.notEqual(orders.begin(at('3')), null, 'a basket already begun can be finished');
});

test('a seat and a course can be typed after a dish, or alone for the last dish', () => {
  const at = (typed) => { const { quantity, words, seat, course } = wishOf(typed); return [quantity, words, seat, course]; };
  assert.deepEqual(at('2x rez @3'), [2, 'rez', 3, undefined]);
  assert.deepEqual(at('rez /2'), [1, 'rez', undefined, 2]);
  assert.deepEqual(at('@12'), [1, '', 12, undefined]);
  assert.deepEqual(at('rez @2 /1'), [1, 'rez', 2, 1]);
  assert.deepEqual(at('rez @0'), [1, 'rez @0', undefined, undefined]);
});

test('the same dish for another seat gets its own line, and the seat is sent', () => {
  const one = withAdded({ id: 'b', lines: [], note: '', service: 'dine_in', table: '4' }, { item: 'naan', seat: 1 });
  const two = withAdded(withAdded(one, { item: 'naan', seat: 1 }), { item: 'naan', seat: 2 });
  assert.deepEqual(two.lines.map(({ quantity, seat }) => [quantity, seat]), [[2, 1], [1, 2]]);
  const menu = { currency: 'BDT', categories: {}, items: { naan: { id: 'naan', name: 'Naan', price: { amount: 1, currency: 'BDT' }, available: true, options: {} } } };
  assert.deepEqual(placement(two, menu).items.map(({ seat }) => seat), [1, 2]);
  assert.deepEqual(withTouch(two, 'seat', '2', '2', menu).lines[1].seat, undefined, 'a second touch removes the seat');
});

test('a delivery needs the details for the rider, and only a delivery sends them', () => {
  const menu = { currency: 'BDT', categories: {}, items: { naan: { id: 'naan', name: 'Naan', price: { amount: 1, currency: 'BDT' }, available: true, options: {} } } };
  const bare = { ...withAdded({ id: 'b', lines: [], note: '' }, { item: 'naan' }), service: 'delivery' };
  assert.equal(obstacle(bare, menu), 'no_address');
  assert.match(whyNot(bare, menu, null).join(' '), /phone number/);
  const whole = { ...bare, delivery: { name: ' Anna ', phone: '1', address: 'Road 7', note: ' ' } };
  assert.equal(obstacle(whole, menu), null);
  assert.deepEqual(placement(whole, menu).delivery, { name: 'Anna', phone: '1', address: 'Road 7' });
  assert.ok(!('delivery' in placement({ ...whole, service: 'takeaway' }, menu)));
  assert.ok(!('delivery' in addition({ ...whole, round: { order: 'o' } }, menu)), 'a round is delivered with its order');
});
