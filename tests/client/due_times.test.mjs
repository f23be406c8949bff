// Times for later: by the restaurant's clock and hours, in quarters of an hour.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lanes, unansweredByAge, waitingThings } from '../../static/floor/lanes.js';
import { ticketOf } from '../../static/kitchen/tickets.js';
import { isForLater, placement } from '../../static/shared/basket.js';
import { dueTimes, isWithin } from '../../static/shared/due_times.js';
import { isUpcoming } from '../../static/shared/order_facts.js';
import { clockAt, wallAt, whenAt } from '../../static/shared/zone.js';

const ms = (text) => Date.parse(text);
const MINUTE = 60_000;
const NOW = ms('2026-11-24T12:00:00Z');

test('days and times are those of the restaurant\'s time zone', () => {
  assert.deepEqual(wallAt(ms('2026-11-24T20:07:00Z'), 'Asia/Dhaka'), { date: '2026-11-25', weekday: 'wed', before: 'tue', minute: 127 });
  assert.equal(clockAt('2026-11-24T13:30:00Z', 'Asia/Dhaka'), '19:30');
  assert.equal(whenAt('2026-11-24T13:30:00Z', 'Asia/Dhaka', NOW), '19:30');
  assert.equal(whenAt('2026-11-25T13:30:00Z', 'Asia/Dhaka', NOW), 'Wed 25 Nov, 19:30');
});

test('opening hours belong to the day on which they begin, even past midnight', () => {
  const late = [{ days: ['fri'], from: '18:00', until: '02:00' }];
  for (const [at, open] of [['2026-11-27T17:59:00Z', false], ['2026-11-27T18:00:00Z', true], ['2026-11-28T01:59:00Z', true], ['2026-11-28T02:00:00Z', false], ['2026-11-27T01:00:00Z', false]]) {
    assert.equal(isWithin(late, wallAt(ms(at), 'UTC')), open, at);
  }
  const wall = wallAt(NOW, 'UTC');
  assert.ok(isWithin(undefined, wall) && !isWithin([], wall));
});

test('the times on offer are the remaining quarters of an hour within the opening hours, grouped by day', () => {
  const hours = [{ days: ['tue', 'wed'], from: '18:00', until: '19:00' }];
  const days = dueTimes({ now: NOW + 1, zone: 'Asia/Dhaka', hours, first: 15 });
  assert.deepEqual(days.map(({ date, times }) => [date, times.map((at) => clockAt(at, 'Asia/Dhaka'))]).slice(0, 2), [
    ['2026-11-24', ['18:30', '18:45']], ['2026-11-25', ['18:00', '18:15', '18:30', '18:45']],
  ]);
  const all = dueTimes({ now: NOW, zone: 'Asia/Kathmandu', until: 60 }).flatMap(({ times }) => times);
  assert.deepEqual(all.map((at) => at - NOW), [15, 30, 45, 60].map((minutes) => minutes * MINUTE));
});

test('when clocks are set back an hour appears twice, and each time stays in its own day', () => {
  const days = dueTimes({ now: ms('2026-10-24T22:00:00Z') - 1, zone: 'Europe/Berlin', until: 2 * 24 * 60 });
  assert.deepEqual(days.map(({ date, times }) => [date, times.length]), [['2026-10-25', 100], ['2026-10-26', 92]]);
});

const order = (more) => ({ id: '1', number: 1, service: 'takeaway', items: { a: { name: 'Rice', quantity: 1, status: 'queued', station: 'hot' } }, total: { amount: 1, currency: 'BDT' }, placed_at: '2026-11-24T11:00:00Z', ...more });
const waiting = order({ status: 'placed', upcoming: true, starts_at: '2026-11-24T13:00:00Z', due_at: '2026-11-24T13:20:00Z' });

test('an order for later is listed apart, does not ring, and becomes due by the clock even without a network', () => {
  const then = ms(waiting.starts_at);
  for (const [now, lane, state] of [[NOW, 'upcoming', 'upcoming'], [then, 'incoming', 'incoming']]) {
    const found = lanes([waiting], now, '');
    assert.deepEqual(Object.keys(found).filter((name) => found[name].length > 0), [lane]);
    assert.equal(unansweredByAge([waiting], {}, now).length, lane === 'incoming' ? 1 : 0);
    assert.equal(waitingThings({ orders: [waiting], now, undrawn: [], calls: [] }).length, lane === 'incoming' ? 1 : 0);
    assert.equal(ticketOf(waiting, undefined, now).state, state);
  }
  const accepted = order({ ...waiting, status: 'accepted', accepted_at: '2026-11-24T11:05:00Z' });
  assert.equal(ticketOf(accepted, undefined, NOW).state, 'upcoming');
  const due = ticketOf(accepted, undefined, then);
  assert.deepEqual([due.state, due.since], ['new', then], 'its age counts from when the work began');
  assert.ok(!isUpcoming({ ...accepted, upcoming: undefined }, NOW));
});

test('a basket for later sends its time to the server, unless it is eaten at a table', () => {
  const menu = { currency: 'BDT', categories: {}, items: {} };
  const basket = { id: 'b', lines: [], note: '', service: 'takeaway', due: ms('2026-11-24T13:30:00Z') };
  assert.equal(placement(basket, menu).due_at, '2026-11-24T13:30:00.000Z');
  for (const now of [{ ...basket, service: 'dine_in' }, { ...basket, table: '4' }, { ...basket, due: undefined }]) {
    assert.ok(!isForLater(now) && !('due_at' in placement(now, menu)));
  }
});
