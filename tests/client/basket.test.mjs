import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_LINES, MAX_QUANTITY, addition, asRoundOf, chosenCourse, coursesOf, emptyBasket, isAllergySilent, isExplained, isNoteTooLong, linePrice, mayBeAllergy, missingNames, obstacle, pieces, placement, priceBefore, total, totalBefore, unavailable, wantsChoice, withAdded, withAgreed, withLine, withOption, withOrderAgain, withQuoted, withRoundAgain, withSeen,
} from '../../static/shared/basket.js';
import { withTouch } from '../../static/shared/basket_edits.js';

const MENU = {
  currency: 'BDT', paused: false,
  items: {
    rezala: { id: 'rezala', name: 'Beef rezala', price: { amount: 45000, currency: 'BDT' }, available: true, options: { hot: { name: 'extra spicy', price: { amount: 0 } }, big: { name: 'extra meat', price: { amount: 18000 } } } },
    naan: { id: 'naan', name: 'Naan', price: { amount: 6000, currency: 'BDT' }, available: true },
    hilsa: { id: 'hilsa', name: 'Ilish bhapa', price: { amount: 78000, currency: 'BDT' }, available: false },
  },
};

const filled = (...wanted) => wanted.reduce(withAdded, emptyBasket('basket-1'));

test('equal dishes share a line, and a different choice gets its own line', () => {
  const basket = filled({ item: 'naan' }, { item: 'naan' }, { item: 'rezala', options: ['hot', 'big'] }, { item: 'rezala', options: ['big', 'hot'] }, { item: 'rezala' }, { item: 'naan', note: 'no butter' });
  assert.deepEqual(basket.lines.map(({ item, quantity }) => [item, quantity]), [['naan', 2], ['rezala', 2], ['rezala', 1], ['naan', 1]]);
  assert.deepEqual([pieces(basket), pieces(basket, 'rezala')], [6, 3]);
  assert.equal(new Set(basket.lines.map(({ key }) => key)).size, 4);
});

test('the key of a removed line is not used again', () => {
  const removed = withLine(filled({ item: 'naan' }, { item: 'rezala' }), '1', { quantity: 0 });
  assert.deepEqual(withAdded(removed, { item: 'naan' }).lines.map(({ key, item }) => [key, item]), [['2', 'rezala'], ['3', 'naan']]);
});

test('quantities and lines stay within the contract', () => {
  assert.equal(withLine(filled({ item: 'naan' }), '1', { quantity: 500 }).lines[0].quantity, MAX_QUANTITY);
  const full = filled(...Array.from({ length: MAX_LINES + 1 }, (_, at) => ({ item: 'naan', note: String(at) })));
  assert.equal(full.lines.length, MAX_LINES);
});

test('the total counts options and quantities, in minor units', () => {
  const basket = withOption(filled({ item: 'rezala', quantity: 2 }, { item: 'naan', quantity: 3 }), '1', 'big', MENU);
  assert.equal(linePrice(basket.lines[0], MENU), 126000);
  assert.deepEqual(total(basket, MENU), { amount: 144000, currency: 'BDT' });
  assert.deepEqual(total(withOption(basket, '1', 'big', MENU), MENU), { amount: 108000, currency: 'BDT' });
  assert.equal(linePrice({ item: 'gone', quantity: 1, options: [] }, MENU), 0);
});

test('the total leaves out lines that cannot be ordered', () => {
  const basket = filled({ item: 'naan', quantity: 2 }, { item: 'hilsa', quantity: 3 }, { item: 'gone' });
  assert.equal(total(basket, MENU).amount, linePrice(basket.lines[0], MENU));
});

test('a basket that cannot be placed says why', () => {
  assert.equal(obstacle(emptyBasket('b'), MENU), 'empty');
  assert.equal(obstacle(filled({ item: 'hilsa' }), MENU), 'sold_out');
  assert.equal(obstacle(filled({ item: 'gone' }), MENU), 'sold_out');
  assert.equal(obstacle(filled({ item: 'naan' }), { ...MENU, paused: true }), 'paused');
  assert.equal(obstacle(filled({ item: 'naan' }), MENU), null);
});

test('only a takeaway needs a name, and only if the restaurant calls names out', () => {
  const [menu, basket] = [{ ...MENU, names_required: true }, { ...filled({ item: 'naan' }), service: 'takeaway' }];
  assert.equal(obstacle(basket, menu), 'nameless');
  assert.equal(obstacle({ ...basket, guest: '  ' }, menu), 'nameless');
  assert.equal(obstacle({ ...basket, guest: 'Anna' }, menu), null);
  assert.equal(obstacle({ ...basket, service: 'dine_in' }, menu), null);
  assert.equal(obstacle(basket, MENU), null);
});

test('a placement has the fields of the contract, without empty notes', () => {
  const basket = { ...filled({ item: 'rezala', options: ['hot'], note: ' nut allergy ' }, { item: 'naan', quantity: 2 }), note: '  ' };
  assert.deepEqual(placement(basket, MENU), {
    service: 'dine_in',
    items: [{ menu_item: 'rezala', quantity: 1, options: ['hot'], note: 'nut allergy' }, { menu_item: 'naan', quantity: 2, options: [] }],
    expected_total: { amount: 57000, currency: 'BDT' },
  });
});

test('an order can be repeated with the dishes that the menu still has', () => {
  const order = { items: {
    a: { menu_item: 'rezala', quantity: 2, options: ['extra meat'], note: 'nut allergy' },
    b: { menu_item: 'removed', quantity: 1, options: [] },
  } };
  assert.deepEqual(placement(withOrderAgain(emptyBasket('b'), order, MENU), MENU).items, [{ menu_item: 'rezala', quantity: 2, options: ['big'], note: 'nut allergy' }]);
});

/** Returns the menu with another price. @param {number} amount */
const naanAt = (amount) => ({ ...MENU, items: { ...MENU.items, naan: { ...MENU.items.naan, price: { amount, currency: 'BDT' } } } });

test('a price that changed since the dish was chosen is shown, for the line and in total', () => {
  const basket = withSeen(filled({ item: 'naan', quantity: 2 }, { item: 'rezala' }), MENU);
  assert.deepEqual([totalBefore(basket, MENU), priceBefore(basket.lines[0], MENU)], [null, undefined]);
  const dearer = naanAt(9000);
  assert.deepEqual([priceBefore(basket.lines[0], dearer), priceBefore(basket.lines[1], dearer)], [6000, undefined]);
  assert.deepEqual([totalBefore(basket, dearer).amount, total(basket, dearer).amount], [57000, 63000]);
  assert.equal(withSeen(basket, dearer).lines[0].seen, 6000, 'the price that was shown is kept');
  const agreed = withAgreed(basket, dearer);
  assert.equal(totalBefore(agreed, dearer), null);
  assert.equal(placement(agreed, dearer).expected_total.amount, 63000);
  assert.equal(totalBefore(filled({ item: 'naan' }), dearer), null, 'an older basket without noted prices');
});

test('choosing an option does not count as a changed price', () => {
  const chosen = withSeen(withOption(withSeen(filled({ item: 'rezala' }), MENU), '1', 'big', MENU), MENU);
  assert.equal(totalBefore(chosen, MENU), null);
});

test('the price that the server quoted applies until the menu shows it', () => {
  const quoted = withQuoted(withSeen(filled({ item: 'naan' }, { item: 'rezala' }), MENU), [{ amount: 99000 }, { amount: 45000 }]);
  assert.deepEqual([total(quoted, MENU).amount, totalBefore(quoted, MENU).amount], [144000, 51000]);
  assert.equal(placement(quoted, MENU).expected_total.amount, 144000);
  assert.equal(totalBefore(withQuoted(quoted), MENU), null);
});

test('a declared allergy is sent with its note, and the guest is asked about a note that may mention one', () => {
  const basket = filled({ item: 'naan', note: 'walnuts', allergy: true }, { item: 'naan', note: 'walnuts' }, { item: 'rezala', note: 'no nuts' });
  assert.equal(basket.lines.length, 3, 'a line with an allergy is a separate line');
  assert.deepEqual(basket.lines.map(mayBeAllergy), [false, false, true]);
  assert.equal(mayBeAllergy(withLine(basket, '3', { denied: 'no nuts' }).lines[2]), false);
  assert.equal(mayBeAllergy(withLine(basket, '3', { denied: 'no nuts', note: 'no nuts at all' }).lines[2]), true, 'the guest is asked about a changed note again');
  assert.equal(mayBeAllergy({ ...basket, note: 'allergic to fish' }), true, 'the order\'s own note');
  assert.deepEqual([isAllergySilent(basket), isAllergySilent(withLine(basket, '1', { note: ' ' }))], [false, true]);
  const items = placement({ ...withLine(basket, '3', { allergy: true }), note: 'egg', allergy: true }, MENU);
  assert.deepEqual(items.items.map(({ allergy }) => allergy), [true, undefined, true]);
  assert.deepEqual([items.note, items.allergy], ['egg', true]);
  const again = withOrderAgain(emptyBasket('b'), { items: { a: { menu_item: 'naan', quantity: 1, note: 'nuts', allergy: true } } }, MENU);
  assert.equal(placement(again, MENU).items[0].allergy, true);
});

test('a dish that is removed from the menu keeps its name and price in the basket, and looks different from a sold-out one', () => {
  const chosen = withSeen(filled({ item: 'naan', quantity: 2 }, { item: 'hilsa' }, { item: 'rezala' }), MENU);
  const { naan, ...items } = MENU.items;
  const menu = { ...MENU, items };
  const { soldOut, removed } = unavailable(chosen, menu);
  assert.deepEqual([soldOut.map(({ item }) => item), removed.map(({ name }) => name)], [['hilsa'], ['Naan']]);
  assert.equal(linePrice(removed[0], menu), 12000);
  assert.deepEqual([total(chosen, menu).amount, obstacle(chosen, menu)], [45000, 'sold_out']);
  assert.deepEqual(withSeen(chosen, menu), chosen, 'a menu without the dish changes nothing');
});

test('a refusal is shown until the menu shows the reason', () => {
  const [fine, gone] = [filled({ item: 'naan' }), filled({ item: 'naan' }, { item: 'hilsa' })];
  const told = [['invalid', fine, MENU], ['invalid', gone, MENU], ['paused', fine, MENU], ['paused', fine, { ...MENU, paused: true }], [undefined, gone, { ...MENU, paused: true }]];
  assert.deepEqual(told.map(([code, basket, menu]) => isExplained(code, basket, menu)), [false, true, false, true, false]);
});

test('a repeated order keeps the allergy, the note and the service, and leaves out voided lines', () => {
  const menu = { items: { r: { name: 'Rezala', options: {} }, f: { name: 'Firni', options: {} } } };
  const order = {
    service: 'takeaway', note: 'No shellfish', allergy: true,
    items: { a: { menu_item: 'r', quantity: 3, status: 'done' }, b: { menu_item: 'r', quantity: 1, status: 'voided' }, c: { menu_item: 'f', quantity: 1, status: 'done', note: 'nuts', allergy: true } },
  };
  const again = withOrderAgain(emptyBasket('b1'), order, menu);
  assert.deepEqual([again.service, again.note, again.allergy], ['takeaway', 'No shellfish', true]);
  assert.deepEqual(again.lines.map(({ item, quantity, allergy }) => [item, quantity, allergy === true]), [['r', 3, false], ['f', 1, true]]);
  const begun = withOrderAgain({ ...withOrderAgain(emptyBasket('b2'), { ...order, service: 'dine_in', note: 'Mild' }, menu) }, order, menu);
  assert.deepEqual([begun.service, begun.note], ['dine_in', 'Mild'], 'the choices of the guest are kept');
});

test('another round repeats the last one and is added to its order', () => {
  const order = { id: 'o1', number: 42, service: 'dine_in', items: {
    a: { menu_item: 'rezala', quantity: 1, status: 'done' },
    b: { menu_item: 'naan', quantity: 2, status: 'queued', round: 2, note: 'no butter' },
    c: { menu_item: 'naan', quantity: 1, status: 'voided', round: 2 },
  }, note: 'no rush' };
  const basket = withRoundAgain(emptyBasket('basket-1'), order, MENU);
  assert.deepEqual(basket.lines.map(({ item, quantity, note }) => [item, quantity, note]), [['naan', 2, 'no butter']]);
  assert.deepEqual(addition(basket, MENU), {
    id: 'basket-1', action: 'add_items', order: 'o1',
    items: [{ menu_item: 'naan', quantity: 2, options: [], note: 'no butter' }], expected_total: { amount: 12000, currency: 'BDT' },
  });
  const own = filled({ item: 'rezala' });
  assert.deepEqual(withRoundAgain(own, order, MENU).lines, own.lines, 'what the guest has chosen stays');
  assert.deepEqual(asRoundOf(basket).round, undefined);
});

test('the note and the allergy of a basket are sent with each line of a round', () => {
  const round = (more) => asRoundOf({ ...filled({ item: 'rezala' }, { item: 'naan', note: 'no butter' }, { item: 'naan', note: 'sesame' }), ...more }, { id: 'o1', number: 42 });
  const said = (basket) => addition(basket, MENU).items.map(({ note, allergy = false }) => [note, allergy]);
  assert.deepEqual(said(round({ note: ' sesame ', allergy: true })), [['sesame', true], ['no butter. sesame', true], ['sesame', true]]);
  assert.deepEqual(said(round({ note: 'after the soup' })), [['after the soup', false], ['no butter. after the soup', false], ['sesame. after the soup', false]]);
  assert.deepEqual(said(round({ note: '' })), [[undefined, false], ['no butter', false], ['sesame', false]]);
  const basket = round({ note: 'sesame', allergy: true });
  assert.deepEqual([placement(asRoundOf(basket), MENU).note, placement(asRoundOf(basket), MENU).items[1].note], ['sesame', 'no butter'], 'a new order has it once');
  const long = round({ note: 'x'.repeat(195) });
  assert.deepEqual([isNoteTooLong(basket), isNoteTooLong(long), isNoteTooLong(asRoundOf(long))], [false, true, false]);
});

test('a takeaway that is ordered again keeps its name', () => {
  const order = { id: 'o1', service: 'takeaway', guest_name: 'Anna', items: { a: { menu_item: 'naan', quantity: 1, status: 'queued' } } };
  assert.equal(placement(withOrderAgain(emptyBasket('b1'), order, MENU), MENU).guest_name, 'Anna');
  assert.equal(withOrderAgain({ ...emptyBasket('b1'), guest: 'Ben' }, order, MENU).guest, 'Ben');
  assert.equal(withOrderAgain(filled({ item: 'naan' }), order, MENU).guest, undefined, 'nobody is called to a table');
});

/** A dish that asks for a side. @param {boolean} [riceIsThere] */
const steakMenu = (riceIsThere = true) => ({ ...MENU, items: { ...MENU.items, steak: {
  id: 'steak', name: 'Steak', price: { amount: 90000 }, available: true, groups: { side: { name: 'Side', sort: 1, min: 1, max: 1 } },
  options: { rice: { name: 'rice', price: { amount: 0 }, group: 'side', available: riceIsThere }, fries: { name: 'fries', price: { amount: 5000 }, group: 'side' } },
} } });

test('a line without a required choice prevents the order, and names the choice', () => {
  const menu = steakMenu();
  const open = filled({ item: 'steak' });
  assert.deepEqual([obstacle(open, menu), wantsChoice(open.lines[0], menu), missingNames(open.lines[0], menu)], ['choices', true, ['Side']]);
  const chosen = withOption(open, '1', 'rice', menu);
  assert.deepEqual([obstacle(chosen, menu), total(chosen, menu).amount], [null, 90000]);
  assert.deepEqual(withOption(chosen, '1', 'fries', menu).lines[0].options, ['fries'], 'one replaces the other');
  assert.deepEqual([obstacle(chosen, steakMenu(false)), isExplained('invalid', chosen, steakMenu(false))], ['choices', true], 'sold out since');
});

test('an order is repeated by the ids of its options, even after a rename', () => {
  const order = { items: { a: { menu_item: 'steak', quantity: 1, options: ['french fries'], choices: [{ id: 'fries', group: 'Side' }] } } };
  const again = withOrderAgain(emptyBasket('b'), order, steakMenu());
  assert.deepEqual([again.lines[0].options, obstacle(again, steakMenu())], [['fries'], null]);
  const gone = { items: { a: { menu_item: 'steak', quantity: 1, options: ['rice'], choices: [{ id: 'rice', group: 'Side' }] } } };
  assert.equal(obstacle(withOrderAgain(emptyBasket('b'), gone, steakMenu(false)), steakMenu(false)), 'choices');
});

test('a line goes to the course of its dish, unless another course was chosen', () => {
  const [starters, mains] = [{ number: 1, name: 'Starters' }, { number: 2, name: 'Mains' }];
  const menu = { ...MENU, categories: { m: { name: 'Grill', sort: 1, course: mains }, d: { name: 'Drinks', sort: 2 }, s: { name: 'Soups', sort: 3, course: starters } } };
  menu.items = Object.fromEntries(Object.entries(MENU.items).map(([id, item]) => [id, { ...item, category: 'm' }]));
  assert.deepEqual(coursesOf(menu), [starters, mains]);
  let basket = withAdded(emptyBasket('b'), { item: 'rezala' });
  const sent = () => placement(basket, menu).items.map(({ course, quantity }) => [course, quantity]);
  const touch = (course) => { basket = withTouch(basket, 'course', '1', String(course), menu); };
  assert.deepEqual(sent(), [[undefined, 1]]);
  touch(1);
  assert.deepEqual([sent(), chosenCourse(basket.lines[0], menu)], [[[1, 1]], starters]);
  basket = withAdded(basket, { item: 'rezala' });
  assert.deepEqual(sent(), [[1, 1], [undefined, 1]], 'another portion goes to the usual course');
  touch(2);
  assert.deepEqual(sent(), [[undefined, 1], [undefined, 1]]);
  touch(3);
  assert.deepEqual(sent(), [[undefined, 1], [undefined, 1]], 'a course that the menu no longer has is not sent');
});
