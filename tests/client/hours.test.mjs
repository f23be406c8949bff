// The pages' words for hours, and the names that are called out for orders.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExplained, obstacle, total, unavailable } from '../../static/shared/basket.js';
import { noOrdersWords, orderFromWords, withHours } from '../../static/guest/hours.js';
import { speak, when } from '../../static/languages/language.js';
import { dayIn, knownZone } from '../../static/manager/days.js';
import { openingWords, spanWords } from '../../static/manager/hours_view.js';
import { called } from '../../static/shared/order_facts.js';
import { FakeStore } from './support.mjs';

globalThis.localStorage = new FakeStore();
globalThis.document = { documentElement: {} };
await speak('en');

const soon = new Date(Date.now() + 60_000);
const item = (id, category) => ({ id, name: id, category, available: true, price: { amount: 100, currency: 'BDT' }, options: {} });
const basket = { id: 'b', lines: [{ key: '1', item: 'rice', quantity: 1, options: [], note: '' }], note: '', service: 'dine_in' };
const menu = (opening, more = {}) => ({
  paused: false, currency: 'BDT', categories: { late: { name: 'Late', sort: 1, opening }, day: { name: 'Day', sort: 2 } },
  items: { rice: item('rice', 'late'), tea: item('tea', 'day') }, ...more,
});

test('a restaurant that is closed says when it opens, and takes no order', () => {
  const closed = withHours(menu(undefined, { opening: { open: false, until: soon.toISOString() } }));
  assert.equal(noOrdersWords(closed), `We are closed. You can look around, and order again from ${when(soon)}.`);
  assert.equal(noOrdersWords({ ...closed, opening: { open: false } }), 'We are closed at the moment. You can look around.');
  assert.equal(obstacle(basket, closed), 'paused');
  assert.ok(isExplained('paused', basket, closed), 'the menu says why the server refused');
  const open = withHours(menu(undefined, { opening: { open: true, until: soon.toISOString() } }));
  assert.deepEqual([noOrdersWords(open), obstacle(basket, open)], [null, null]);
  assert.match(noOrdersWords({ ...open, paused: true }), /short break/);
});

test('a dish outside the hours of its category cannot be ordered, and looks different from a sold-out one', () => {
  const shown = withHours(menu({ open: false, until: soon.toISOString() }));
  assert.deepEqual([shown.items.rice.available, shown.items.tea.available], [false, true]);
  assert.equal(obstacle(basket, shown), 'sold_out');
  const { soldOut, closed, removed } = unavailable(basket, shown);
  assert.deepEqual([soldOut.length, closed.length, removed.length], [0, 1, 0]);
  assert.equal(total(basket, shown).amount, 0);
  assert.ok(isExplained('paused', basket, shown), 'the menu says why the server refused');
  assert.equal(orderFromWords(shown.items.rice.closed), `You can order this from ${when(soon)}.`);
  const open = menu({ open: true, until: soon.toISOString() });
  assert.equal(withHours(open), open, 'nothing is closed');
  assert.equal(withHours(null), null, 'there is no menu yet');
});

test('a time of another day names the day', () => {
  const noon = new Date(2026, 10, 24, 12, 0).getTime();
  assert.ok(!when(noon + 3_600_000, noon).includes('Tuesday'));
  assert.match(when(noon + 86_400_000, noon), /^Wednesday /);
});

test('a manager reads hours in words', () => {
  const span = (days, from = '11:30', until = '15:00') => spanWords({ days, from, until });
  assert.equal(span(['mon', 'tue', 'wed', 'thu', 'fri']), 'Monday to Friday, 11:30 to 15:00');
  assert.equal(span(['mon', 'wed', 'thu', 'sun']), 'Monday, Wednesday, Thursday, Sunday, 11:30 to 15:00');
  assert.equal(span(['sun', 'sat', 'fri', 'thu', 'wed', 'tue', 'mon'], '18:00', '02:00'), 'Every day, 18:00 to 02:00 of the next day');
  assert.equal(openingWords({ open: true }, 'UTC'), 'open');
  const until = '2026-11-28T19:30:00Z';
  assert.match(openingWords({ open: false, until }, 'UTC'), /^closed until Saturday (07:30|7:30|19:30)/);
  assert.match(openingWords({ open: false, until }, 'Asia/Dhaka'), /^closed until Sunday 0?1:30/, 'by the clock on the wall');
});

test('the day is that of the restaurant’s clock', () => {
  const evening = new Date('2026-11-24T19:30:00Z');
  assert.deepEqual([dayIn('UTC', evening), dayIn('Asia/Dhaka', evening)], ['2026-11-24', '2026-11-25']);
});

test('the name to call out is the ticket of an order, or its number if it has no ticket', () => {
  assert.deepEqual([called({ number: 41 }), called({ number: 41, ticket: 'A7' })], ['41', 'A7']);
});

test('a time zone that the browser does not know does not break the page', () => {
  assert.deepEqual(['Asia/Dhaka', 'Factory', 'Mars/Olympus'].map(knownZone), ['Asia/Dhaka', 'UTC', 'UTC']);
});
