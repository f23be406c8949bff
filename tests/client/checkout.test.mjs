// A basket on its way to an order, for guests and for the staff.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../static/client/emitter.js';
import { asRoundOf, withAdded } from '../../static/shared/basket.js';
import { withTouch, withTyped } from '../../static/shared/basket_edits.js';
import { Checkout } from '../../static/shared/checkout.js';

const price = (amount) => ({ amount, currency: 'BDT' });
const menuAt = (amount) => ({ currency: 'BDT', paused: false, items: { cha: { id: 'cha', name: 'Cha', price: price(amount), available: true, options: { milk: { name: 'milk', price: price(10) } } } } });

/** A client whose answers come from the test. */
class FakeBell extends Emitter {
  pending = [];
  sent = [];

  place(body, id) {
    const entry = { action: 'place', id, body };
    this.pending.push(entry);
    this.sent.push(entry);
    return new Promise((settle, reject) => { this.reject = (error) => { this.pending = []; reject(error); }; });
  }

  command(fields) {
    const entry = { ...fields };
    this.pending.push(entry);
    this.sent.push(entry);
    return new Promise((settle, reject) => { this.reject = (error) => { this.pending = []; reject(error); }; });
  }

  answer(outcome) {
    const [pending] = this.pending.splice(0, 1);
    this.emit('answer', { pending, ...outcome });
  }
}

function opened(amount = 60) {
  const [bell, events, kept] = [new FakeBell(), [], {}];
  let menu = menuAt(amount);
  const on = Object.fromEntries(['placed', 'sentBefore', 'refused'].map((name) => [name, (...words) => events.push([name, ...words])]));
  const store = { recall: () => kept.basket ?? null, keep: (basket) => { kept.basket = basket; } };
  const checkout = new Checkout({ bell, store, menu: () => menu, on: { changed: () => {}, ...on } });
  return { bell, events, kept, checkout, setMenu: (next) => { menu = next; checkout.menuChanged(); }, add: (more) => checkout.change(withAdded(checkout.basket, { item: 'cha', ...more })) };
}

test('a basket is placed once and stays unchanged until the answer, and then a new basket begins', () => {
  const { bell, events, kept, checkout, add } = opened();
  assert.equal(add(), true);
  const { id } = checkout.basket;
  assert.equal(kept.basket.id, id);
  checkout.place();
  checkout.place();
  assert.deepEqual(bell.sent.map((one) => [one.id, one.body.expected_total.amount]), [[id, 60]]);
  assert.deepEqual([checkout.sending, add()], [true, false]);
  bell.answer({ ack: { document: { number: 7, total: price(60) } } });
  assert.deepEqual(events, [['placed', { number: 7, total: price(60) }, { cheaper: false, round: false }]]);
  assert.deepEqual([checkout.count, kept.basket, checkout.sending], [0, undefined, false]);
  assert.notEqual(checkout.basket.id, id);
});

test('a round is added to its order, or becomes a new order if that order takes no more rounds', () => {
  const { bell, events, checkout, add } = opened();
  add();
  checkout.change(asRoundOf(checkout.basket, { id: 'o1', number: 42 }));
  const { id } = checkout.basket;
  checkout.place();
  assert.deepEqual(bell.sent.map(({ action, order, id: under, items }) => [action, order, under, items.length]), [['add_items', 'o1', id, 1]]);
  bell.answer({ error: { code: 'invalid_transition' } });
  assert.deepEqual([checkout.problem.is, checkout.count, checkout.basket.round], ['over', 1, undefined]);
  checkout.place();
  assert.equal(bell.sent.at(-1).action, 'place');
  bell.answer({ ack: { document: { number: 43, total: price(60) } } });
  add();
  checkout.change(asRoundOf(checkout.basket, { id: 'o2', number: 43 }));
  checkout.place();
  bell.answer({ ack: { document: { number: 43, total: price(120) } } });
  assert.deepEqual(events.at(-1), ['placed', { number: 43, total: price(120) }, { cheaper: false, round: true }]);
});

test('a round that a full order refuses becomes another order', () => {
  for (const error of [{ code: 'invalid', reason: 'order_lines' }, { code: 'too_large', reason: 'order_bytes' }]) {
    const { bell, checkout, add } = opened();
    add();
    checkout.change(asRoundOf(checkout.basket, { id: 'o1', number: 42 }));
    checkout.place();
    bell.answer({ error });
    assert.deepEqual([checkout.problem, checkout.count, checkout.basket.round], [{ is: 'over' }, 1, undefined]);
    checkout.place();
    bell.answer({ error });
    assert.deepEqual(checkout.problem, { is: 'refused', error }, 'an order of its own that is too large');
  }
});

test('a round carries the note of its basket, and asks for a shorter note if a line has no room', () => {
  const { bell, checkout, add } = opened();
  add({ note: 'no sugar' });
  checkout.change({ ...asRoundOf(checkout.basket, { id: 'o1', number: 42 }), note: 'x'.repeat(195) });
  checkout.place();
  assert.deepEqual([bell.sent.length, checkout.problem], [0, { is: 'long' }]);
  checkout.change({ ...checkout.basket, note: 'milk', allergy: true });
  checkout.place();
  assert.deepEqual(bell.sent[0].items.map(({ note, allergy }) => [note, allergy]), [['no sugar. milk', true]]);
});

test('a refused basket keeps its lines, gets a new id, and shows the reason until it is changed', () => {
  const { bell, events, checkout, add } = opened();
  add();
  const { id } = checkout.basket;
  checkout.place();
  bell.answer({ error: { code: 'rate_limited' } });
  assert.deepEqual([checkout.count, checkout.problem.is, checkout.problem.error.code], [1, 'refused', 'rate_limited']);
  assert.notEqual(checkout.basket.id, id);
  assert.deepEqual(events, [['refused']]);
  add();
  assert.equal(checkout.problem, null);
});

test('a refusal disappears once the menu shows its reason', () => {
  const { bell, checkout, add, setMenu } = opened();
  add();
  checkout.place();
  bell.answer({ error: { code: 'paused' } });
  assert.equal(checkout.problem.is, 'refused');
  setMenu({ ...menuAt(60), paused: true });
  assert.equal(checkout.problem, null);
});

test('a higher price needs a second press, whether the menu or the server reports it', () => {
  const { bell, checkout, add, setMenu } = opened();
  add();
  setMenu(menuAt(80));
  checkout.place();
  assert.deepEqual([bell.sent.length, checkout.problem], [0, { is: 'dearer', before: price(60), now: price(80) }]);
  checkout.place();
  assert.equal(bell.sent[0].body.expected_total.amount, 80);
  bell.answer({ error: { code: 'price_changed', document: { total: price(90), prices: [price(90)] } } });
  assert.deepEqual(checkout.problem, { is: 'dearer', before: price(80), now: price(90) });
  checkout.place();
  assert.equal(bell.sent[1].body.expected_total.amount, 90);
});

test('a question about a raised total is withdrawn when the total changes again', () => {
  const { bell, checkout, setMenu, add } = opened();
  add();
  setMenu(menuAt(80));
  checkout.place();
  assert.equal(checkout.problem.is, 'dearer');
  setMenu(menuAt(60));
  assert.equal(checkout.problem, null, 'it costs again what was chosen');
  setMenu(menuAt(80));
  checkout.place();
  setMenu(menuAt(90));
  assert.equal(checkout.problem, null, 'it costs more still');
  checkout.place();
  assert.deepEqual([bell.sent.length, checkout.problem], [0, { is: 'dearer', before: price(60), now: price(90) }]);
});

test('an allergy without words is not sent', () => {
  const { bell, checkout, add } = opened();
  add();
  checkout.change(withTyped(checkout.basket, { dataset: { field: 'allergy' }, value: 'on', checked: true }, '1'));
  checkout.place();
  assert.deepEqual([bell.sent.length, checkout.problem], [0, { is: 'silent' }]);
  checkout.change(withTyped(checkout.basket, { dataset: { field: 'line-note' }, value: 'peanuts', checked: false }, '1'));
  checkout.place();
  assert.deepEqual(bell.sent[0].body.items, [{ menu_item: 'cha', quantity: 1, options: [], note: 'peanuts', allergy: true }]);
});

test('a basket that was never sent is refused, and one that an earlier press has placed is reported', async () => {
  const { bell, events, checkout, add } = opened();
  add();
  const placing = checkout.place();
  bell.reject({ code: 'queue_full' });
  await placing;
  assert.deepEqual([events, checkout.problem.error.code], [[['refused']], 'queue_full']);
  checkout.place();
  bell.answer({ error: { code: 'conflict' } });
  assert.deepEqual([events.at(-1), checkout.count], [['sentBefore'], 0]);
});

test('a basket and its unanswered order survive a reload', () => {
  const { bell, kept, checkout, add } = opened();
  add();
  checkout.place();
  const again = new Checkout({ bell, store: { recall: () => kept.basket, keep: () => {} }, menu: () => menuAt(60), on: {} });
  assert.deepEqual([again.basket.id, again.sending], [checkout.basket.id, true]);
});

test('each control of a line has one effect, on that line alone', () => {
  const basket = [{ item: 'cha' }, { item: 'cha', options: ['milk'] }].reduce(withAdded, { id: 'b', lines: [], note: 'soon', service: 'dine_in' });
  const menu = { items: { cha: { name: 'Cha', available: true, price: { amount: 60 }, options: { milk: { name: 'milk', price: { amount: 0 } } } } } };
  const second = (does, option) => withTouch(basket, does, '2', option, menu)?.lines.map(({ quantity, options, allergy }) => [quantity, options.length, Boolean(allergy)]);
  assert.deepEqual(second('line-more'), [[1, 0, false], [2, 1, false]]);
  assert.deepEqual(second('line-fewer'), [[1, 0, false]]);
  assert.deepEqual(second('option', 'milk'), [[1, 0, false], [1, 0, false]]);
  assert.deepEqual(second('allergy-yes'), [[1, 0, false], [1, 1, true]]);
  assert.deepEqual([withTouch(basket, 'allergy-yes', null).allergy, withTouch(basket, 'allergy-no', null).denied], [true, 'soon']);
  assert.deepEqual([withTouch(basket, 'line-more', '9'), withTouch(basket, 'close', '1'), withTouch(basket, 'line-more', null)], [null, null, null]);
});
