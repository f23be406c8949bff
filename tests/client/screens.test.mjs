// The pure parts of the kitchen's and the staff's screens: how a screen shows an order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DoubleTouch } from '../../static/shared/double_touch.js';
import { KitchenCommands } from '../../static/kitchen/commands.js';
import { KitchenOrders } from '../../static/kitchen/orders.js';
import { Emitter } from '../../static/client/emitter.js';
import { OrderbellError } from '../../static/client/codes.js';
import { Room } from '../../static/client/room.js';
import { notDoneWords } from '../../static/shared/not_done.js';
import { OrderBook } from '../../static/shared/order_book.js';
import { age, ageInWords, count, place } from '../../static/shared/format.js';
import { MOST_CANCELLED, TicketMemory } from '../../static/kitchen/ticket_memory.js';
import { bestLayout, scalesFor } from '../../static/kitchen/columns.js';
import { endingInSight, pack } from '../../static/kitchen/pack.js';
import { stepped } from '../../static/kitchen/settings.js';
import { RUSH_AHEAD, UNDO_MS, allDay, changesBetween, heldAlone, inSequence, markWords, marksBetween, recallable, ticketOf } from '../../static/kitchen/tickets.js';
import { firesAt, nextHeld } from '../../static/shared/courses.js';
import { DigitTargets, LastMove, ON_ITS_WAY_MS } from '../../static/kitchen/misdirected_touch.js';
import { isAllergy, orderAllergyWord } from '../../static/shared/notes.js';
import { withPending } from '../../static/shared/optimistic.js';
import { ClosedOrders } from '../../static/floor/closed_orders.js';
import { Ringing, RING_EVERY_MS, SILENT_MS } from '../../static/floor/ringing.js';
import { canBeCalledBack, isTable, lanes, nextAt, progress, screensOf, tablesOf, undrawnByStation, undrawnLine, undrawnWords, waitingThings, wantsStaff, laneClock } from '../../static/floor/lanes.js';
import { clockOf, levelAt } from '../../static/shared/urgency.js';

const NOON = Date.parse('2026-11-24T12:00:00.000Z');
const at = (minutes) => new Date(NOON + minutes * 60_000).toISOString();
const item = (status, more = {}) => ({ name: 'Beef rezala', quantity: 1, station: 'hot', status, ...more });

function order(status, items, more = {}) {
  return { id: 'o1', number: 1, status, service: 'dine_in', rush: false, placed_at: at(0), accepted_at: at(1), position: 10, items, ...more };
}

const state = (status, items, station) => ticketOf(order(status, items), station).state;

test('a ticket shows the part of an order that its screen has not finished', () => {
  const two = { a: item('done'), b: item('queued', { station: 'bar' }) };
  assert.equal(state('placed', two), 'incoming');
  assert.equal(state('accepted', { a: item('queued') }), 'new');
  assert.equal(state('preparing', two), 'cooking');
  assert.equal(state('preparing', two, 'hot'), 'bumped', 'the hot station is done, whatever the bar has open');
  assert.equal(state('preparing', two, 'bar'), 'cooking');
  assert.equal(state('preparing', two, 'cold'), 'gone', 'nothing for this station');
  assert.equal(state('ready', two), 'bumped');
  assert.equal(state('served', two), 'gone');
  assert.equal(state('cancelled', two), 'cancelled');
  assert.equal(state('preparing', { a: item('voided'), b: item('queued', { station: 'bar' }) }, 'hot'), 'cancelled', 'all items of the station are voided');
});

test('rush tickets come first, then the oldest, and tickets that nobody has accepted come last', () => {
  const of = (number, more) => ticketOf({ ...order('accepted', { a: item('queued') }, more), id: `o${number}`, number });
  const tickets = [
    of(1, { status: 'placed', rush: true }), of(2, { accepted_at: at(5) }), of(3, { accepted_at: at(2) }), of(4, { accepted_at: at(9), rush: true }),
  ];
  assert.deepEqual(inSequence(tickets, () => false).map(({ order: { number } }) => number), [4, 3, 2, 1]);
});

test('a late ticket stays on the first page, however many rush tickets there are', () => {
  const of = (number, minutes, more) => ticketOf({ ...order('accepted', { a: item('queued') }, { accepted_at: at(minutes), ...more }), id: `o${number}`, number });
  const isLate = ({ order: { number } }) => number === 2 || number === 9;
  const tickets = [of(1, 0), of(2, 1), ...[5, 6, 7, 8, 9].map((number) => of(number, number, { rush: true }))];
  const numbers = inSequence(tickets, isLate).map(({ order: { number } }) => number);
  assert.deepEqual(numbers, [5, 6, 7, 2, 9, 8, 1], 'three rush orders, the late ones, the other rush orders, then by age');
  assert.ok(numbers.indexOf(2) <= RUSH_AHEAD);
  // A bumped ticket keeps its place while it can be undone.
  tickets[2] = of(5, 5, { rush: true, status: 'ready' });
  assert.deepEqual(inSequence(tickets, isLate).map(({ order: { number } }) => number), numbers);
});

test('all-day counts add up equal dishes of open tickets only', () => {
  const spicy = { options: ['extra spicy'] };
  const tickets = [
    ticketOf(order('accepted', { a: item('queued', { quantity: 2 }), b: item('queued', { quantity: 3, ...spicy }) })),
    ticketOf(order('preparing', { a: item('cooking', { quantity: 4 }), b: item('done', { quantity: 9 }), c: item('voided') })),
    ticketOf(order('placed', { a: item('queued', { quantity: 50 }) })),
  ];
  assert.deepEqual(allDay(tickets).map(({ quantity, options }) => [quantity, ...options]), [[6], [3, 'extra spicy']]);
});

test('a served order can be recalled for fifteen minutes', () => {
  const served = ticketOf(order('served', { a: item('done') }, { served_at: at(0) }));
  assert.equal(recallable([served], NOON + 14 * 60_000).length, 1);
  assert.equal(recallable([served], NOON + 15 * 60_000).length, 0);
});

test('only a newly voided dish of this station is a change to confirm', () => {
  const before = order('preparing', { a: item('cooking'), b: item('voided') });
  const after = order('preparing', { a: item('voided'), b: item('voided') });
  assert.deepEqual(changesBetween(before, after, undefined), ['No Beef rezala']);
  assert.deepEqual(changesBetween(before, after, 'bar'), []);
  assert.deepEqual(changesBetween(after, after, undefined), []);
});

test('a change says how many portions of a dish remain after some were taken off', () => {
  const spicy = item('queued', { options: ['extra spicy'] });
  const before = order('preparing', { a: item('cooking', { quantity: 3 }), b: spicy, c: item('done') });
  const without = (items) => changesBetween(before, order('preparing', { ...before.items, ...items }), 'hot');
  assert.deepEqual(without({ b: { ...spicy, status: 'voided' } }), ['1 × Beef rezala, extra spicy taken off, 3 still to cook']);
  // Part of a line becomes its own line.
  assert.deepEqual(without({ a: item('cooking', { quantity: 2 }), d: item('voided') }), ['1 × Beef rezala taken off, 3 still to cook']);
  assert.deepEqual(without({ a: item('voided', { quantity: 3 }), b: item('done') }), ['3 × Beef rezala taken off, 0 still to cook']);
  const none = Object.fromEntries(Object.entries(before.items).map(([id, each]) => [id, { ...each, status: 'voided' }]));
  assert.deepEqual(without(none), ['No Beef rezala', 'No Beef rezala', 'No Beef rezala']);
});

test('the kitchen counts takeaway and delivery orders among the dishes of the day', () => {
  const tickets = ['dine_in', 'takeaway', 'delivery', 'takeaway'].map((service) =>
    ticketOf(order('preparing', { a: item('cooking', { quantity: 2 }) }, { service })));
  assert.deepEqual(allDay(tickets).map(({ quantity, services }) => [quantity, services]), [[8, { takeaway: 4, delivery: 2 }]]);
});

test('the kitchen counts portions with an allergy among the dishes of the day', () => {
  const tickets = [{}, { note: 'no nuts please' }, { allergy: true }].map((said) =>
    ticketOf(order('preparing', { a: item('cooking', { quantity: 2 }), b: item('queued', { note: 'Peanut allergy' }) }, said)));
  assert.deepEqual(allDay(tickets).map(({ quantity, warned }) => [quantity, warned]), [[9, { 'Allergy?': 4, 'Allergy': 3 }]]);
});

test('an order shows the louder of its own allergy word and those of its dishes at any station', () => {
  const of = (said, dish) => orderAllergyWord(order('placed', { a: item('queued', dish), b: item('queued', { station: 'bar' }) }, said));
  assert.deepEqual([of({}, {}), of({}, { note: 'no nuts' }), of({ note: 'no nuts' }, { allergy: true })], ['', 'Allergy?', 'Allergy']);
});

test('an order is named with its service, unless it is eaten at a table', () => {
  const named = [['dine_in', '4'], ['takeaway', '4'], ['delivery', '4'], ['dine_in'], ['takeaway'], ['delivery']];
  assert.deepEqual(named.map(([service, table]) => place({ service, table })),
    ['Table 4', 'Table 4, Takeaway', 'Table 4, Delivery', 'Dine in', 'Takeaway', 'Delivery']);
});

test('a ticket\'s age passes a first and a second threshold, across midnight too', () => {
  const clock = clockOf({ since: NOON }, { warnMinutes: 10, lateMinutes: 20 });
  assert.deepEqual([599_999, 600_000, 1_199_999, 1_200_000].map((ms) => levelAt(clock, NOON + ms)), ['fresh', 'warn', 'warn', 'late']);
  assert.deepEqual([age(-5), age(67_000), age(3_900_000), age(90_000_000)], ['0:00', '1:07', '1 h 05', '25 h 00']);
  assert.deepEqual([ageInWords(1000), ageInWords(125_000), count(2, 'dish', 'dishes')], ['1 second', '2 minutes', '2 dishes']);
});

test('an order is in a hurry shortly before its promised time and late after it, on tickets and cards alike', () => {
  const minutes = (levels, clock) => levels.map((after) => levelAt(clock, NOON + after * 60_000));
  const promised = (after) => order('preparing', { a: item('cooking') }, { accepted_at: at(0), promised_at: at(after) });
  const thresholds = { warnMinutes: 10, lateMinutes: 20 };
  for (const of of [(one) => clockOf(ticketOf(one), thresholds), (one) => laneClock(one, 'kitchen')]) {
    assert.deepEqual(minutes([12, 24, 25, 29, 30, 35], of(promised(30))), ['fresh', 'fresh', 'warn', 'warn', 'late', 'late']);
    assert.deepEqual(minutes([21, 114, 115, 120], of(promised(120))), ['fresh', 'fresh', 'warn', 'late']);
    assert.deepEqual(minutes([2, 3, 6], of(promised(6))), ['fresh', 'warn', 'late'], 'the warning for a short promise comes at half of its time');
    assert.deepEqual(minutes([9, 10, 20], of(order('preparing', {}, { accepted_at: at(0) }))), ['fresh', 'warn', 'late'], 'without a promise the age decides');
  }
  assert.deepEqual(minutes([19, 20], clockOf(ticketOf(promised(30)), { ...thresholds, hurryMinutes: 10 })), ['fresh', 'warn'], 'as a screen has set it');
});

test('waiting events ring in turn until somebody answers, and those already waiting can be silenced', () => {
  let now = 0;
  const heard = [];
  const ringing = new Ringing({ play: (tune) => heard.push(tune), now: () => now });
  const things = (...ids) => ids.map((id) => ({ id, tune: id.startsWith('call') ? 'call' : 'ring' }));
  const look = (ms, ...ids) => { now += ms; ringing.look(things(...ids)); return heard.splice(0); };
  assert.deepEqual(look(0, 'order 1'), ['ring'], 'at once');
  assert.deepEqual(look(RING_EVERY_MS - 1, 'order 1'), []);
  assert.deepEqual(look(1, 'order 1'), ['ring'], 'repeated');
  assert.deepEqual(look(1000, 'order 1', 'call 2'), ['call'], 'a new event rings at once');
  assert.deepEqual([look(RING_EVERY_MS, 'order 1', 'call 2'), look(RING_EVERY_MS, 'order 1', 'call 2')], [['ring'], ['call']]);
  ringing.silence(things('order 1', 'call 2'));
  assert.deepEqual(look(RING_EVERY_MS, 'order 1', 'call 2'), []);
  assert.deepEqual(look(1000, 'order 1', 'call 2', 'order 3'), ['ring'], 'the order is new');
  assert.deepEqual(look(SILENT_MS, 'call 2'), ['call'], 'still not answered');
  assert.deepEqual(look(RING_EVERY_MS), [], 'answered');
});

test('an order that nobody has accepted, an order that no screen shows, and a call each ring', () => {
  const orders = [order('placed', {}, { id: 'p' }), order('accepted', { a: item('queued') }, { id: 'a' }), order('ready', {}, { id: 'r' })];
  const undrawn = undrawnByStation({ x: { station: 'hot', undrawn: { a: 1 } } }, orders);
  assert.deepEqual(waitingThings({ orders, undrawn, calls: ['c'] }).map(({ id, tune }) => [id, tune]), [
    ['order p', 'ring'], ['undrawn a hot', 'ring'], ['call c', 'call'],
  ]);
});

test('an order that no screen shows is reported for as long as it waits', () => {
  const entry = { id: 'station:hot', station: 'hot', connected: false, undrawn: { o2: 2, o1: 1, o3: 3 } };
  const displays = { 'grill': { id: 'grill', name: 'Grill', station: 'hot', connected: true }, 'station:hot': entry };
  const open = (id, number, status, items) => ({ ...order(status, items), id, number });
  const orders = [
    open('o1', 1, 'accepted', { a: item('queued') }), { ...open('o2', 2, 'preparing', { a: item('queued'), b: item('done') }), ticket: 'A7' },
    open('o3', 3, 'preparing', { a: item('cooking'), b: item('queued', { station: 'bar' }) }),
  ];
  assert.deepEqual(undrawnByStation(displays, orders), [{ station: 'hot', orders: [{ id: 'o1', name: '1' }, { id: 'o2', name: 'A7' }] }]);
  assert.deepEqual(undrawnByStation(displays, [orders[2]]), [], 'begun, or unknown');
  assert.deepEqual(undrawnByStation({ grill: displays.grill }, orders), []);
  assert.deepEqual(screensOf(displays).map(({ id }) => id), ['grill'], 'an entry of a station is not a screen');
});

test('the floor names the orders that no screen shows, however many there are', () => {
  const some = (count) => Array.from({ length: count }, (_, at) => ({ name: String(41 + at) }));
  assert.equal(undrawnWords('hot', some(1)), 'No screen shows order 41 at hot.');
  assert.equal(undrawnLine('hot', some(3)), '41, 42 and 43 at hot');
  assert.equal(undrawnWords('hot', some(3)), 'No screen shows orders 41, 42 and 43 at hot.');
  assert.equal(undrawnWords('bar', some(12)), 'No screen shows orders 41, 42, 43, 44, 45, 46, 47, 48 and 4 more at bar.');
});

test('a note about an allergy is recognized', () => {
  for (const note of ['Nut allergy', 'I am allergic to prawns', 'gluten-free please', 'no peanuts', 'coeliac', 'lactose intolerant', 'এলার্জি আছে']) {
    assert.ok(isAllergy(note), note);
  }
  for (const note of ['no onion', 'extra nuts on top', 'no ice', '', undefined]) assert.ok(!isAllergy(note), String(note));
});

test('a touch shows before its answer, without changing the document itself', () => {
  const document = order('accepted', { a: item('queued'), b: item('queued', { station: 'bar' }) });
  const copy = structuredClone(document);
  const guess = (...pending) => withPending(document, pending.map((command) => ({ order: 'o1', ...command })));
  assert.equal(guess({ action: 'finish_item', item: 'a' }).status, 'preparing');
  assert.equal(guess({ action: 'finish_item', item: 'a' }, { action: 'finish_item', item: 'b' }).status, 'ready');
  assert.equal(guess({ action: 'ready' }, { action: 'recall' }).status, 'preparing', 'in the order they were touched');
  assert.equal(withPending(document, [{ order: 'o1', action: 'ready' }], 'hot').items.b.status, 'queued', 'a screen with a station changes only its own items');
  assert.equal(withPending(document, [{ order: 'o2', action: 'ready' }]), document, 'another order');
  const four = order('accepted', { a: item('queued', { quantity: 4 }) });
  const voided = (quantity) => withPending(four, [{ order: 'o1', action: 'void_item', item: 'a', quantity }]).items.a;
  assert.deepEqual([voided(1), voided(4), voided()].map(({ quantity, status }) => [quantity, status]), [[3, 'queued'], [4, 'voided'], [4, 'voided']]);
  assert.deepEqual(document, copy);
});

test('a bumped ticket keeps its place until its undo is over', () => {
  const memory = remembering();
  const bumped = ticketOf(order('ready', { a: item('done') }));
  memory.observe([ticketOf(order('preparing', { a: item('cooking') }))], 0);
  memory.observe([bumped], 1000);
  assert.ok(memory.shows(bumped, 1000 + UNDO_MS - 1));
  assert.ok(!memory.shows(bumped, 1000 + UNDO_MS));
  assert.ok(!remembering().shows(bumped, 0), 'a ticket bumped before this screen opened is not shown');
});

test('a cancelled ticket that was to be cooked stays until it is confirmed', () => {
  const memory = remembering();
  const cancelled = ticketOf(order('cancelled', { a: item('queued') }));
  memory.observe([ticketOf(order('accepted', { a: item('queued') }))], 0);
  assert.deepEqual([...memory.observe([cancelled], 1)], ['cancelled']);
  assert.ok(memory.shows(cancelled, 10 * UNDO_MS));
  assert.deepEqual(memory.cancelled.map(({ id }) => id), ['o1'], 'kept, because a snapshot does not list it');
  memory.confirm('o1');
  assert.ok(!memory.shows(cancelled, 1));
});

test('the newest cancelled tickets are kept, as many as fit into the browser\'s storage', () => {
  const memory = remembering();
  const ids = Array.from({ length: MOST_CANCELLED + 5 }, (_, at) => `o${at}`);
  const all = (status) => ids.map((id) => ticketOf({ ...order(status, { a: item('queued') }), id }));
  memory.observe(all('accepted'), 0);
  memory.observe(all('cancelled'), 1);
  assert.deepEqual(memory.cancelled.map(({ id }) => id), ids.slice(5));
});

test('a cancelled ticket that nobody had accepted disappears silently, and nothing rings when the screen opens', () => {
  const memory = remembering();
  assert.deepEqual([...memory.observe([ticketOf(order('placed', { a: item('queued') }))], 0)], []);
  assert.deepEqual([...memory.observe([ticketOf(order('rejected', { a: item('queued') }))], 1)], []);
  assert.deepEqual(memory.cancelled, []);
});

test('new, incoming and recalled tickets ring, and the cook\'s own undo does not', () => {
  const memory = remembering();
  memory.observe([], 0);
  const heard = (document, now = 0) => [...memory.observe([ticketOf(document)], now)];
  assert.deepEqual(heard(order('placed', { a: item('queued') })), ['incoming']);
  assert.deepEqual(heard(order('accepted', { a: item('queued') })), ['new']);
  assert.deepEqual(heard(order('preparing', { a: item('cooking') })), []);
  assert.deepEqual(heard(order('ready', { a: item('done') }), 1000), []);
  assert.deepEqual(heard(order('preparing', { a: item('cooking') }), 2000), [], 'within the time for undo');
  assert.deepEqual(heard(order('ready', { a: item('done') }), 3000), []);
  assert.deepEqual(heard(order('preparing', { a: item('cooking') }), 3000 + UNDO_MS), ['changed']);
  assert.deepEqual(memory.changes({ id: 'o1' }), ['Recalled']);
});

test('the screen asks for tickets that were to be cooked and are no longer listed', () => {
  const memory = remembering();
  memory.observe([ticketOf(order('accepted', { a: item('queued') })), ticketOf({ ...order('ready', { a: item('done') }), id: 'o2' })], 0);
  assert.deepEqual(memory.missing(['o3']), ['o1']);
  assert.deepEqual(memory.missing(['o1']), []);
});

test('an undo restores exactly the state before the bump', () => {
  const { commands, sent } = sending();
  const document = order('preparing', { a: item('done'), b: item('cooking') });
  commands.act('ready', ticketOf(document));
  commands.act('recall', ticketOf(order('ready', { a: item('done'), b: item('done') })));
  assert.deepEqual(sent, [
    { action: 'ready', order: 'o1', only: ['b'] }, { action: 'recall', order: 'o1' }, { action: 'finish_item', order: 'o1', item: 'a' },
  ]);
});

test('a delayed bump names the lines that were on the ticket, and finishes no line that was added meanwhile', () => {
  const { commands, sent } = sending();
  const seen = order('preparing', { a: item('cooking'), b: item('queued'), c: item('queued', { held: true }), d: item('done') });
  for (const action of ['start', 'ready']) {
    commands.act(action, ticketOf(seen));
    assert.deepEqual(sent.pop(), { action, order: 'o1', only: ['a', 'b'] });
  }
  const grown = { ...seen, items: { ...seen.items, e: item('queued', { round: 2 }) } };
  const guess = withPending(grown, [{ order: 'o1', action: 'ready', only: ['a', 'b'] }]);
  assert.deepEqual([guess.status, ...Object.values(guess.items).map(({ status }) => status)], ['preparing', 'done', 'done', 'queued', 'done', 'queued']);
});

test('undoing the last item reopens that item, not the whole ticket that it finished', () => {
  const { commands, sent } = sending();
  commands.act('finish_item', ticketOf(order('preparing', { a: item('done'), b: item('cooking') })), { item: 'b' });
  commands.act('recall', ticketOf(order('ready', { a: item('done'), b: item('done') })));
  assert.deepEqual(sent.slice(1), [{ action: 'recall_item', order: 'o1', item: 'b' }]);
  assert.ok(!commands.undo(), 'a command can be undone once');
});

test('after five seconds a recall reopens the whole ticket, and the undo key does nothing', () => {
  let now = 0;
  const { commands, sent } = sending(() => now);
  commands.act('ready', ticketOf(order('preparing', { a: item('done'), b: item('cooking') })));
  now = UNDO_MS;
  assert.ok(!commands.undo());
  commands.act('recall', ticketOf(order('ready', { a: item('done'), b: item('done') })));
  assert.deepEqual(sent.slice(1), [{ action: 'recall', order: 'o1' }]);
});

test('the undo key takes back the last bump of the screen, then the one before it', () => {
  const { commands, sent } = sending();
  const tickets = ['o1', 'o2'].map((id) => ticketOf({ ...order('accepted', { a: item('queued') }), id }));
  commands.act('ready', tickets[1]);
  commands.act('finish_item', tickets[0], { item: 'a' });
  assert.ok(commands.undo() && commands.undo());
  assert.deepEqual(sent.slice(2), [{ action: 'recall_item', order: 'o1', item: 'a' }, { action: 'recall', order: 'o2' }]);
});

test('a screen that shows one station bumps only that station', () => {
  const { commands, sent } = sending();
  const document = order('preparing', { a: item('cooking'), b: item('cooking', { station: 'bar' }), c: item('voided') });
  commands.act('ready', ticketOf(document, 'hot'), { filter: 'hot' });
  assert.deepEqual(sent, [{ action: 'finish_item', order: 'o1', item: 'a' }]);
  assert.ok(commands.undo());
  assert.deepEqual(sent.slice(1), [{ action: 'recall_item', order: 'o1', item: 'a' }], 'and undoes only that station');
});

test('a trembling finger makes no second touch, even if another target is under it by then', () => {
  const click = (timeStamp, clientX, more) => ({ detail: 1, timeStamp, clientX, clientY: 0, pointerType: 'touch', ...more });
  const judged = (...clicks) => {
    const touch = new DoubleTouch();
    return clicks.map((one) => touch.trembles(one));
  };
  assert.deepEqual(judged(click(0, 0), click(349, 23)), [false, true]);
  assert.deepEqual(judged(click(0, 0), click(350, 0)), [false, false], 'a later tap is intended');
  assert.deepEqual(judged(click(0, 0), click(100, 24)), [false, false], 'a tap elsewhere is intended');
  const mouse = { pointerType: 'mouse' };
  assert.deepEqual(judged(click(0, 0, mouse), click(100, 0, mouse)), [false, false], 'a mouse counts its clicks itself');
  assert.deepEqual(judged(click(0, 0, mouse), click(100, 0, { ...mouse, detail: 2 })), [false, true]);
});

test('a second drop from a wet hand is ignored on the same target, and counts on another one', () => {
  const drop = (timeStamp, clientX) => ({ detail: 1, timeStamp, clientX, clientY: 0, pointerType: 'touch' });
  const judged = (...drops) => {
    const touch = new DoubleTouch();
    return drops.map(([click, thing]) => touch.trembles(click, thing));
  };
  assert.deepEqual(judged([drop(0, 0), 'o1'], [drop(899, 90), 'o1']), [false, true]);
  assert.deepEqual(judged([drop(0, 0), 'o1'], [drop(900, 0), 'o1']), [false, false], 'after the pause an undo is intended');
  assert.deepEqual(judged([drop(0, 0), 'o1'], [drop(400, 90), 'o2']), [false, false]);
  assert.deepEqual(judged([drop(0, 0), ''], [drop(400, 90), '']), [false, false], 'on no control');
});

test('a touch that was aimed before the tickets moved does not hit another ticket', () => {
  const place = (left) => ({ left, right: left + 100, top: 0, bottom: 200 });
  const move = new LastMove();
  const before = new Map([['o1', place(0)], ['o2', place(110)]]);
  const after = new Map([['o2', place(0)]]);
  const point = { clientX: 50, clientY: 150 };
  assert.ok(!move.misled('o1', point, 0), 'nothing has moved yet');
  move.note(before, before, 1000);
  assert.ok(!move.misled('o2', point, 1000), 'a redraw without changed positions is not a move');
  move.note(before, after, 1000);
  assert.ok(move.misled('o2', point, 1000 + ON_ITS_WAY_MS), 'the tap was aimed at o1, which is gone');
  assert.ok(!move.misled('o1', point, 1000), 'the tap has hit its target');
  assert.ok(!move.misled('o2', { clientX: 300, clientY: 150 }, 1000), 'nothing was there before');
  assert.ok(!move.misled('o2', point, 1001 + ON_ITS_WAY_MS), 'by now the cook has seen the move');
  move.note(after, new Map([['o2', { ...place(0), top: 7, bottom: 207 }]]), 9000);
  assert.ok(!move.misled('o1', point, 9000), 'a small shift is not a move');
});

test('a digit that was chosen before the tickets moved does not hit another ticket', () => {
  const digits = new DigitTargets();
  digits.note(['o1', 'o2'], 0, false);
  assert.ok(!digits.misled(1, 0), 'nothing has moved yet');
  digits.note(['o2', 'o3'], 1000, false);
  assert.ok(digits.misled(1, 1000 + ON_ITS_WAY_MS), 'the digit meant o1, which is gone');
  assert.ok(!digits.misled(1, 1001 + ON_ITS_WAY_MS), 'by now the cook has read the new digit');
  assert.ok(!digits.misled(3, 1000), 'the digit had no ticket');
  digits.note(['o2'], 3000, false);
  digits.note(['o2', 'o4'], 3100, false);
  assert.ok(digits.misled(2, 3200), 'the digit meant o3 a moment ago');
  digits.note(['o2', 'o3'], 3200, false);
  assert.ok(digits.misled(2, 3300), 'the digit meant o4 last');
  digits.note(['o7', 'o8'], 9000, true);
  assert.ok(!digits.misled(1, 9000), 'a cook who turns the page means the tickets in sight');
});

test('an unconfirmed change survives a reload', () => {
  const kept = new Map();
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
  try {
    const before = remembering('reloaded');
    before.observe([ticketOf(order('preparing', { a: item('cooking') }))], 0);
    before.addChanges('o1', ['No Firni']);
    const after = remembering('reloaded');
    assert.deepEqual(after.changes({ id: 'o1' }), ['No Firni']);
    after.confirm('o1');
    assert.deepEqual(remembering('reloaded').changes({ id: 'o1' }), []);
  } finally {
    delete globalThis.localStorage;
  }
});

test('tickets fill columns in order, and continue in the next column where they can be cut', () => {
  const column = { height: 100, gap: 10, mark: () => 5 };
  const dishes = (number, foot = 10) => ({ head: 10, items: Array.from({ length: number }, () => 20), foot });
  const placed = (shapes, columns) => pack(shapes, column, columns).map(({ column: at, top, cut }) => [at, top, cut?.breaks.join('+') ?? '-'].join());
  assert.deepEqual(placed([dishes(1), dishes(1, 12), dishes(2)]), ['0,0,-', '0,50,-', '1,0,-'], 'two dishes stay together in a small gap');
  assert.deepEqual(placed([dishes(1), dishes(1), dishes(1), dishes(2)]), ['0,0,-', '0,50,-', '1,0,-', '1,50,1'], 'two dishes are split to fill a large gap');
  assert.deepEqual(placed([dishes(3), dishes(1)]), ['0,0,-', '1,0,-'], 'one dish stays whole');
  assert.deepEqual(placed([dishes(2), { ...dishes(3), items: [40, 20, 20] }]), ['0,0,-', '1,0,-'], 'no head without a dish');
  assert.deepEqual(placed([dishes(1), dishes(3), dishes(1)]), ['0,0,-', '0,50,2', '1,45,-'], 'the last dish keeps its buttons');
  assert.deepEqual(placed([dishes(1), dishes(3)], 2), ['0,0,-', '1,0,-'], 'no ticket is split while all fit');
  assert.deepEqual(placed([dishes(9), dishes(1)]), ['0,0,4+8', '2,45,-'], 'a ticket longer than a column');
  const marks = { ...column, mark: (at) => (at === 1 ? 30 : 5) };
  assert.equal(pack([dishes(1), dishes(3)], marks)[1].cut.bottom, 60, 'the head is as high on the continued part as on the ticket');
});

test('letters on a large screen shrink while tickets do not fit on the page, and grow when a column is free', () => {
  assert.deepEqual([1280, 1920, 2000].map(scalesFor), [[1], [1], [1]]);
  assert.deepEqual(scalesFor(3840).map((scale) => Math.round(100 * scale)), [100, 84, 71, 59, 50]);
  // Each size of letters has room for a number of tickets, two in a column.
  const glass = (count) => (scale) => [4, 5].map((most) => Math.round(most / scale)).map((columns) => {
    const shows = Math.min(count, 2 * columns);
    return { columns, shows, used: Math.ceil(shows / 2) };
  });
  const best = (count, found, scales = [1, 0.7, 0.5]) => Object.values(bestLayout(count, scales, glass(count), found));
  assert.deepEqual(best(8), [1, 4], 'the largest letters in which all fit, in columns of the best width');
  assert.deepEqual(best(9), [1, 5]);
  assert.deepEqual([best(12), best(20), best(99)], [[0.7, 6], [0.5, 10], [0.5, 10]]);
  assert.deepEqual(best(99, undefined, [1]), [1, 5], 'a screen of usual size has one letter size');
  const tried = [];
  bestLayout(99, [1, 0.8, 0.6, 0.5], (scale) => tried.push(scale) && glass(99)(scale), undefined);
  assert.deepEqual(tried, [1, 0.5], 'sizes that cannot be enough are not tried');
  const small = { scale: 0.5, columns: 10 };
  assert.deepEqual([best(15, small), best(14, small), best(12, small)], [[0.5, 10], [0.5, 10], [0.7, 7]]);
  assert.deepEqual(best(10, small), [0.7, 6], 'one more would shrink letters of full size at once');
  assert.deepEqual(best(9, { scale: 1, columns: 4 }), [1, 4], 'one more ticket is not worth moving all');
});

test('only tickets whose buttons are on the page in sight have digits', () => {
  const column = (first, last = first) => ({ left: first * 110, right: last * 110 + 100 });
  const places = new Map([['o1', column(0)], ['o2', column(1)], ['long', column(1, 2)], ['o4', column(3)]]);
  const page = (first) => endingInSight(places, 100, { left: first * 110 - 8, right: first * 110 + 210 + 8 });
  assert.deepEqual(page(0), ['o1', 'o2'], 'a long ticket that continues has its buttons on the next page');
  assert.deepEqual(page(2), ['long', 'o4']);
  assert.deepEqual(page(5), []);
});

test('promised minutes change in steps of one up to ten, then of five, between 1 and 240', () => {
  const steps = (from, by, times) => Array.from({ length: times }, () => (from = stepped(from, by)));
  assert.deepEqual(steps(8, 1, 4), [9, 10, 15, 20]);
  assert.deepEqual(steps(20, -1, 4), [15, 10, 9, 8]);
  assert.deepEqual([stepped(1, -1), stepped(240, 1)], [1, 240]);
});

test('an answer that comes before its event shows at once, and an older state does not return', () => {
  const listeners = {};
  const bell = { pending: [], on: (name, listener) => { listeners[name] = listener; } };
  const room = Object.assign(new Emitter(), { documents: new Map([['o1', order('placed', { a: item('queued') })]]) });
  const book = new OrderBook({ bell, room });
  listeners.answer({ ack: { document: order('accepted', { a: item('queued') }, { position: 11 }) } });
  assert.equal(book.orders()[0].status, 'accepted');
  room.documents.set('o1', order('cancelled', { a: item('queued') }, { position: 12 }));
  assert.equal(book.orders()[0].status, 'cancelled');
});

test('the floor sorts orders into lanes, and finds an order by number or table', () => {
  const orders = [
    order('placed', {}, { id: 'p', number: 7, table: '4' }), order('preparing', {}, { id: 'c', number: 12, table: '7' }),
    order('ready', {}, { id: 'r', number: 70, table: '1', ready_at: at(3) }), order('served', {}, { id: 's', number: 5, served_at: at(-16) }),
    order('cancelled', {}, { id: 'x', number: 71, closed_at: at(-1) }),
  ];
  const ids = (search) => Object.fromEntries(Object.entries(lanes(orders, NOON, search)).map(([lane, some]) => [lane, some.map(({ id }) => id)]));
  assert.deepEqual(ids(''), { incoming: ['p'], kitchen: ['c'], ready: ['r'], done: ['x'], upcoming: [] });
  assert.deepEqual(ids('7'), { incoming: ['p'], kitchen: ['c'], ready: ['r'], done: ['x'], upcoming: [] }, 'number 7, table 7, number 70');
  assert.deepEqual(ids('Table 7'), { incoming: [], kitchen: ['c'], ready: [], done: [], upcoming: [] });
  assert.deepEqual(ids('#7'), { incoming: ['p'], kitchen: [], ready: ['r'], done: ['x'], upcoming: [] });
  assert.deepEqual(ids('99'), { incoming: [], kitchen: [], ready: [], done: [], upcoming: [] });
});

test('digits find whole numbers in the labels of tables and tickets, in every script', () => {
  const orders = [
    order('preparing', {}, { id: 'four', number: 31, table: '4' }), order('preparing', {}, { id: 'patio', number: 32, table: 'Patio B4' }),
    order('preparing', {}, { id: 'fourteen', number: 33, table: '14' }), order('preparing', {}, { id: 'ticket', number: 4, ticket: 'T2', table: '9' }),
    order('preparing', {}, { id: 'away', number: 35, ticket: 'T48', service: 'takeaway' }),
  ];
  const found = (search) => lanes(orders, NOON, search).kitchen.map(({ id }) => id).sort();
  for (const typed of ['4', '৪', '٤']) assert.deepEqual(found(typed), ['away', 'four', 'patio'], `${typed}: not by the hidden number of T2`);
  assert.deepEqual(found('table 4'), ['four'], 'the link of a table finds that table alone');
  assert.deepEqual(found('t2'), ['ticket']);
  assert.deepEqual(['4', '1', '৪'].map((typed) => isTable({ table: 'Patio B4' }, typed)), [true, false, true]);
});

test('the floor by table shows what each table waits for, with calls, in the order of the tables', () => {
  const total = { amount: 500, currency: 'BDT' };
  const orders = [
    order('preparing', {}, { id: 'c', number: 12, table: '10', total }), order('ready', {}, { id: 'r', number: 9, table: '2', total, ready_at: at(0) }),
    order('placed', {}, { id: 'p', number: 13, table: '2', total }), order('rejected', {}, { id: 'x', number: 14, table: '3', total, closed_at: at(0) }),
    order('accepted', {}, { id: 't', number: 15, service: 'takeaway', total }), order('served', {}, { id: 's', number: 1, table: '5', total, served_at: at(-20) }),
  ];
  const calls = { k: { id: 'k', table: '6', reason: 'bill', raised_at: at(0) } };
  const tables = tablesOf(orders, calls, NOON);
  assert.deepEqual(tables.map(({ key, orders: some, calls: raised }) => [key, some.map(({ id }) => id).join(), raised.length]), [
    ['2', 'p,r', 0], ['6', '', 1], ['10', 'c', 0], [':takeaway', 't', 0],
  ]);
  assert.deepEqual(tables.map((table) => table.total?.amount), [1000, undefined, 500, 500]);
  assert.deepEqual(tables.filter((table) => isTable(table, 'table 1')).map(({ key }) => key), ['10']);
});

test('progress counts dishes instead of lines, without voided ones', () => {
  assert.deepEqual(progress({ items: { a: item('done', { quantity: 2 }), b: item('cooking'), c: item('voided', { quantity: 9 }) } }), { done: 2, all: 3 });
});

let remembered = 0;

/** Returns a new memory. With a name, it reads what an earlier memory of that name has stored. */
function remembering(name = `restaurant.${(remembered += 1)}`) {
  const memory = new TicketMemory();
  memory.use(name);
  return memory;
}

function sending(now = () => 0) {
  const sent = [];
  const bell = { command: (command) => { sent.push(command); return Promise.resolve(); } };
  return { sent, commands: new KitchenCommands({ bell, now }) };
}

test('a search finds what was closed hours ago; without a search only the last fifteen minutes are listed', () => {
  const served = order('served', { a: item('done') }, { number: 42, served_at: at(0), table: '7' });
  const later = NOON + 2 * 3_600_000;
  assert.equal(lanes([served], later, '').done.length, 0);
  assert.equal(lanes([served], later, '42').done.length, 1);
  assert.equal(lanes([served], later, '43').done.length, 0);
  assert.equal(canBeCalledBack(served, NOON + 15 * 60_000), true);
  assert.equal(canBeCalledBack(served, later), false, 'the server would refuse the recall');
});

test('a dish that is sold out until a time of day returns when the device\'s clock next shows that time', () => {
  const evening = new Date(2026, 10, 24, 22, 15, 30).getTime();
  assert.equal(nextAt('22:30', evening), new Date(2026, 10, 24, 22, 30).getTime());
  assert.equal(nextAt('05:00', evening), new Date(2026, 10, 25, 5).getTime(), 'tomorrow');
  assert.equal(nextAt('22:15', evening), new Date(2026, 10, 25, 22, 15).getTime(), 'the time has just passed');
});

test('a table needs staff for a call, for an order to accept, and for an order to serve', () => {
  const table = (status, calls = []) => wantsStaff({ orders: status ? [order(status, {})] : [], calls });
  assert.deepEqual(['placed', 'accepted', 'preparing', 'ready', 'served'].map((status) => table(status)), [true, false, false, true, false]);
  assert.ok(table('served', [{ id: 'c1' }]));
});

test('an order is found by its number, table, service, external id or dish', () => {
  const order = (id, more) => ({ id, number: 40, status: 'accepted', service: 'dine_in', placed_at: new Date(NOON).toISOString(), items: {}, ...more });
  const dish = (name, status = 'queued') => ({ [name]: { name, status } });
  const orders = [
    order('patio', { table: 'Patio B4', items: dish('Beef rezala') }),
    order('away', { number: 7, service: 'takeaway', items: dish('Tea') }),
    order('brought', { number: 8, service: 'delivery', external_id: 'UE-99X', items: dish('Naan', 'voided') }),
    order('seven', { number: 12, table: '7', items: dish('7-spice soup') }),
  ];
  const found = (search) => lanes(orders, NOON, search).kitchen.map(({ id }) => id).sort();
  assert.deepEqual(found('b4'), ['patio']);
  assert.deepEqual(found('table patio'), ['patio']);
  assert.deepEqual(found('rezala'), ['patio']);
  assert.deepEqual(found('take away'), ['away']);
  assert.deepEqual(found('Delivery'), ['brought']);
  assert.deepEqual(found('ue-99'), ['brought']);
  assert.deepEqual(found('naan'), [], 'voided items are not searched');
  assert.deepEqual(found('7'), ['away', 'seven'], 'digits match a number or a table, not a dish');
  assert.ok(isTable({ table: 'Patio B4' }, 'b4'));
});

test('a table keeps all orders of its visit until the visit ends', () => {
  const total = { amount: 500, currency: 'BDT' };
  const brief = (id, number, status) => ({ id, number, status, service: 'dine_in', placed_at: at(-60), closed_at: at(-50), portions: 2, total });
  const visit = { id: 'v', table: '7', opened_at: at(-61), total, orders: [brief('old', 3, 'served'), brief('gone', 4, 'rejected'), brief('open', 9, 'accepted')] };
  const open = order('accepted', {}, { id: 'open', number: 9, table: '7', total, placed_at: at(-3) });
  const justServed = order('served', {}, { id: 'new', number: 10, table: '7', total, placed_at: at(-2), served_at: at(0) });
  const ended = order('served', {}, { id: 'ended', number: 1, table: '8', total, placed_at: at(-9), served_at: at(0) });
  const tables = tablesOf([open, justServed, ended], {}, NOON, [visit]);
  assert.deepEqual(tables.map(({ key, orders: some, total: sum }) => [key, some.map(({ id }) => id).join(), sum?.amount]), [['7', 'open,new,old', 1500]]);
  assert.equal(tables[0].visit, visit);
  assert.deepEqual(tablesOf([], {}, NOON, [{ ...visit, orders: [brief('old', 3, 'served')] }]).map(({ key }) => key), ['7'], 'a table stays after all its orders were served');
  assert.deepEqual(tablesOf([ended], {}, NOON, []), [], 'a free table disappears at once');
  assert.deepEqual(tablesOf([ended], {}, NOON, null).map(({ key }) => key), ['8'], 'an older node keeps no visits');
});

test('a ticket that changed during a long absence says what has changed', (t) => {
  const location = globalThis.location;
  t.after(() => { globalThis.location = location; });
  globalThis.location = { origin: 'https://orderbell.test' };
  const room = new Room('kitchen:r1');
  const memory = new TicketMemory();
  const bell = Object.assign(new Emitter(), { pending: [] });
  const orders = new KitchenOrders({ bell, room, memory, tokens: {} });
  const noticed = [];
  orders.on('noticed', (id) => noticed.push(id));
  const snapshot = (position, document) => ({ type: 'snapshot', room: room.name, position, documents: [{ ...document, position }] });
  const before = order('preparing', { a: item('cooking'), b: item('queued', { name: 'Firni' }) });
  room.receive(snapshot(10, before), 'e1');
  assert.deepEqual(memory.changes({ id: 'o1' }), [], 'a new order has no changes');
  room.receive(snapshot(11, { ...before, items: { ...before.items, b: item('voided', { name: 'Firni' }) } }), 'e2');
  assert.deepEqual(memory.changes({ id: 'o1' }), changesBetween(before, { ...before, items: { ...before.items, b: item('voided', { name: 'Firni' }) } }));
  assert.deepEqual(noticed, ['o1']);
});

test('a state older than the cancellation keeps the warning, and a newer one removes it', () => {
  const name = 'restaurant.stale';
  const memory = remembering(name);
  const ticket = (status, position) => ticketOf(order(status, { a: item('queued') }, { position }));
  for (const [status, position] of [['placed', 10], ['accepted', 11], ['cancelled', 12]]) memory.observe([ticket(status, position)], 0);
  const kept = (at) => at.cancelled.map(({ position }) => position);
  assert.deepEqual(kept(memory), [12]);
  const reloaded = remembering(name);
  for (const [status, position] of [['placed', 10], ['cancelled', 12]]) {
    reloaded.observe([ticket(status, position)], 0);
    assert.deepEqual(kept(reloaded), [12], status);
  }
  const reopened = remembering(name);
  reopened.observe([ticket('accepted', 13)], 0);
  assert.deepEqual(kept(reopened), []);
  const returned = remembering(name);
  returned.observe([ticket('placed', 10)], 0);
  assert.deepEqual(returned.missing([]), ['o1'], 'a ticket that was to be cooked is still looked up');
  returned.regain(new Map([['o1', order('placed', {}, { position: 9 })]]));
  assert.deepEqual(returned.missing([]), []);
});

test('the floor says which of its orders were cancelled while it was away, and keeps what was closed', async () => {
  const room = new Room('floor:r1');
  const told = [];
  let closed = async () => { throw new OrderbellError({ code: 'offline' }); };
  const orders = new ClosedOrders({ room, read: () => closed(), tell: (words) => told.push(words), changed: () => {} });
  const snapshot = (position, documents) => room.receive({ type: 'snapshot', room: room.name, position, documents }, 'e1');
  const live = async (position) => {
    room.receive({ type: 'live', room: room.name, position }, 'e1');
    await new Promise((resolve) => setImmediate(resolve));
  };
  const of = (number, status, more) => order(status, {}, { id: `o${number}`, number, table: String(number), ...more });
  snapshot(10, [1, 2, 3, 4].map((number) => of(number, 'placed')));
  await live(10);
  room.receive({ type: 'event', room: room.name, position: 11, prev: 10, event: { id: 'e', kind: 'order.served', order: 'o4', patch: { status: 'served', closed_at: at(1), served_at: at(1) } } }, 'e1');
  snapshot(20, [of(1, 'accepted')]);
  await live(20);
  assert.deepEqual(told, [], 'a failed read announces nothing');
  assert.deepEqual(orders.orders.map(({ id }) => id), ['o4'], 'an order that was closed on this screen stays');
  closed = async () => [of(2, 'cancelled', { closed_at: at(2) }), of(3, 'rejected', { closed_at: at(3) }), of(9, 'cancelled', { closed_at: at(2) })];
  await live(20);
  assert.deepEqual(told, ['Order 2 (Table 2) was cancelled while this page was disconnected.'], 'orders that it never showed are not announced');
  assert.deepEqual(orders.orders.map(({ id }) => id), ['o3', 'o2', 'o9', 'o4']);
  await live(20);
  assert.equal(told.length, 1, 'announced only once');
});

/** Returns a kitchen screen that had these tickets before it lost its room. The server answers each call with a page. */
async function afterAnAbsence(t, ids, answer) {
  const { location, fetch } = globalThis;
  t.after(() => Object.assign(globalThis, { location, fetch }));
  globalThis.location = { origin: 'https://orderbell.test' };
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(url);
    return Response.json(answer(url.searchParams, asked.length));
  };
  const room = new Room('kitchen:r1');
  const memory = remembering();
  memory.observe(ids.map((id) => ticketOf({ ...order('accepted', { a: item('queued') }), id })), 0);
  const orders = new KitchenOrders({ bell: Object.assign(new Emitter(), { pending: [] }), room, memory, restaurant: 'r1' });
  const snapshot = async (position) => {
    room.receive({ type: 'snapshot', room: room.name, position, documents: [] }, 'e1');
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
  };
  await snapshot(10);
  return { asked, memory, snapshot, found: () => orders.tickets(undefined).map(({ id }) => id).sort() };
}

const idAt = (number) => `0193a5f0-${number.toString(16).padStart(4, '0')}-7abc-8000-00000000002a`;

test('orders closed during an absence are requested one page at a time', async (t) => {
  const ids = Array.from({ length: 41 }, (_, at) => idAt(at));
  const closed = [...ids.slice(0, 40), idAt(900)].map((id) => ({ ...order('cancelled', { a: item('queued') }), id }));
  const { asked, memory, found } = await afterAnAbsence(t, ids, () => ({ orders: closed }));
  assert.deepEqual(asked.map(({ pathname }) => pathname), ['/api/v1/restaurants/r1/orders']);
  assert.equal(asked[0].search, '?status=closed&limit=100&after=0193a5f0-0000-7000-8000-000000000000');
  assert.deepEqual(found(), ids.slice(0, 40), 'only orders that this screen has had');
  assert.deepEqual(memory.missing([]), ids.slice(0, 40), 'orders unknown to the server are forgotten');
});

test('the screen skips pages between two tickets, reads at most five, and takes nothing from an error', async (t) => {
  const ids = Array.from({ length: 120 }, (_, at) => idAt(10 * at));
  const page = (query) => {
    const from = ids.findIndex((id) => id > query.get('after'));
    return { orders: [{ ...order('served', { a: item('done') }), id: ids[from] }], next: ids[from].replace('7abc', '7abd') };
  };
  const { asked, memory, found } = await afterAnAbsence(t, ids, page);
  assert.equal(asked.length, 5);
  assert.deepEqual(found(), ids.slice(20, 25), 'the newest hundred, oldest first');
  assert.deepEqual(memory.missing([]), ids.slice(20, 25));

  const failing = await afterAnAbsence(t, ids.slice(0, 3), () => { throw new TypeError('no network'); });
  assert.deepEqual([failing.asked.length, failing.memory.missing([])], [1, ids.slice(0, 3)]);
  await failing.snapshot(11);
  assert.equal(failing.asked.length, 2, 'the next snapshot asks again');
});

test('in the kitchen\'s lane of the floor the order that is due first comes first', () => {
  const of = (number, accepted, promised) => order('accepted', { a: item('queued') }, { id: `o${number}`, number, accepted_at: at(accepted), promised_at: promised && at(promised) });
  const found = lanes([of(1, 0, 60), of(2, 5, 12), of(3, 2), of(4, 9, 10)], NOON + 15 * 60_000, '');
  assert.deepEqual(found.kitchen.map(({ number }) => number), [4, 2, 3, 1]);
});

test('a round is marked as new on its lines until a cook has touched the ticket', () => {
  const before = order('preparing', { a: item('done') });
  const after = order('preparing', { a: item('done'), b: item('queued', { round: 2, added_at: at(30) }), c: item('queued', { round: 2, added_at: at(30), station: 'bar' }) });
  const marks = marksBetween(before, after, 'hot');
  assert.deepEqual(marks, { b: { round: 2 } });
  assert.deepEqual(marksBetween(before, after, undefined), { b: { round: 2 }, c: { round: 2 } });
  assert.deepEqual(marksBetween(after, after, undefined), {});
  assert.deepEqual(marksBetween(order('placed', { a: item('queued') }), after, 'hot'), {}, 'nobody has read an order that is not accepted');
  assert.deepEqual(markWords(marks, Object.entries(after.items)), ['New: round 2']);
});

test('a correction is marked with the former line, and taking portions off is not a correction', () => {
  const was = item('queued', { menu_item: 'm', quantity: 2, options: ['large'], note: 'no salt' });
  const before = order('accepted', { a: was });
  const corrected = order('accepted', { a: { ...was, quantity: 3, note: undefined } });
  const marks = marksBetween(before, corrected, undefined);
  assert.deepEqual(marks, { a: { was: { quantity: 2, options: ['large'], note: 'no salt' } } });
  assert.deepEqual(markWords(marks, Object.entries(corrected.items)), ['Changed: Beef rezala']);
  const split = order('accepted', { a: { ...was, quantity: 1 }, z: { ...was, quantity: 1, status: 'voided' } });
  assert.deepEqual(marksBetween(before, split, undefined), {});
  assert.deepEqual(marksBetween(before, order('preparing', { a: { ...was, status: 'cooking' } }), undefined), {});
});

test('marks survive a reload, a new line stays marked as new, and a touch confirms them', () => {
  const memory = remembering();
  memory.observe([ticketOf(order('accepted', { a: item('queued') }))], 0);
  memory.addMarks('o1', { b: { round: 2 } });
  memory.addMarks('o1', { b: { was: { quantity: 1 } }, a: { was: { quantity: 1 } } });
  assert.deepEqual(memory.marks('o1'), { b: { round: 2 }, a: { was: { quantity: 1 } } });
  memory.confirm('o1');
  assert.deepEqual(memory.marks('o1'), {});
});

test('a ticket that has moved shows the first and the last table until a cook has seen it', (t) => {
  const location = globalThis.location;
  t.after(() => { globalThis.location = location; });
  globalThis.location = { origin: 'https://orderbell.test' };
  const room = new Room('kitchen:r1');
  const memory = remembering('restaurant.moving');
  const noticed = [];
  const orders = new KitchenOrders({ bell: Object.assign(new Emitter(), { pending: [] }), room, memory, tokens: {} });
  orders.on('noticed', (id) => noticed.push(id));
  const document = order('accepted', { a: item('queued') }, { table: '3' });
  room.receive({ type: 'snapshot', room: room.name, position: 10, documents: [{ ...document, position: 10 }] }, 'e1');
  memory.observe(orders.tickets(undefined), 0);
  const moveTo = (table, position) => room.receive({
    type: 'event', room: room.name, prev: position - 1, position, event: { id: 'e', kind: 'order.moved', order: 'o1', patch: { table, position } },
  }, 'e1');
  const changes = (at = memory) => at.changes(room.documents.get('o1'));
  moveTo('8', 11);
  assert.deepEqual(changes(), ['Table 3 → 8']);
  moveTo('9', 12);
  assert.deepEqual(changes(), ['Table 3 → 9']);
  assert.deepEqual(changes(remembering('restaurant.moving')), ['Table 3 → 9'], 'after a reload');
  moveTo('3', 13);
  assert.deepEqual(changes(), [], 'the ticket is back where the cook has seen it');
  moveTo('8', 14);
  memory.confirm('o1');
  assert.deepEqual(changes(), []);
  moveTo('9', 15);
  assert.deepEqual(changes(), ['Table 8 → 9']);
  assert.equal(noticed.length, 5);
});

test('lines that go to another ticket are seen once, with where they have come from', (t) => {
  const location = globalThis.location;
  t.after(() => { globalThis.location = location; });
  globalThis.location = { origin: 'https://orderbell.test' };
  const room = new Room('kitchen:r1');
  const memory = remembering('restaurant.splitting');
  const orders = new KitchenOrders({ bell: Object.assign(new Emitter(), { pending: [] }), room, memory, tokens: {} });
  const whole = order('accepted', { a: item('queued'), b: item('queued', { quantity: 3 }) }, { table: '3', ticket: 'A1', position: 10 });
  room.receive({ type: 'snapshot', room: room.name, position: 10, documents: [whole] }, 'e1');
  memory.observe(orders.tickets(undefined), 0);
  const push = (position, kind, id, patch) => room.receive({
    type: 'event', room: room.name, prev: position - 1, position, event: { id: 'e', kind, order: id, patch: { position, ...patch } },
  }, 'e1');
  push(11, 'item.moved', 'o1', { items: { a: null, b: { quantity: 1 } } });
  const part = { ...whole, id: 'o2', number: 9, ticket: 'A2', table: '8', items: { a: item('queued'), c: item('queued', { quantity: 2 }) } };
  push(12, 'order.placed', 'o2', { ...part, split_from: { order: 'o1', number: 7, ticket: 'A1', table: '3' } });
  assert.deepEqual([...memory.observe(orders.tickets(undefined), 1)], ['changed'], 'no new order rings');
  const shown = orders.tickets(undefined).flatMap(({ items }) => items.map(([id, { quantity }]) => `${id} ${quantity}`)).sort();
  assert.deepEqual(shown, ['a 1', 'b 1', 'c 2'], 'each line once');
  const changes = (id) => memory.changes(room.documents.get(id));
  assert.deepEqual(changes('o2'), ['Table 3 → 8', 'Split from A1']);
  assert.deepEqual(changes('o1').length, 1, 'what has left is said');
  assert.deepEqual(memory.marks('o1').b.was.quantity, 3);
  memory.confirm('o2');
  assert.deepEqual(changes('o2'), []);
  push(13, 'item.moved', 'o1', { items: { a: item('queued'), b: { quantity: 3 } } });
  push(14, 'item.moved', 'o2', { status: 'served', items: { a: null, c: null } });
  memory.observe(orders.tickets(undefined), 2);
  assert.deepEqual(orders.tickets(undefined).filter((ticket) => memory.shows(ticket, 2)).map(({ id }) => id), ['o1']);
  assert.ok(changes('o1').some((words) => words.endsWith('back on this ticket')), changes('o1').join());
});

test('each bill of a table stands by itself, with its own total', () => {
  const total = { amount: 500, currency: 'BDT' };
  const open = (id) => order('preparing', { a: item('cooking') }, { id, number: 1, table: '3', total });
  const visit = (id, orders, more) => ({ id, table: '3', opened_at: at(-60), read_at: NOON, total, orders: orders.map((one) => ({ id: one })), ...more });
  const all = tablesOf([open('x'), open('y'), open('z')], {}, NOON, [visit('v', ['x', 'y']), visit('w', ['z'], { bill: 2 })]);
  assert.deepEqual(all.map(({ bill, orders, total: { amount } }) => [bill, orders.map(({ id }) => id).sort(), amount]), [[undefined, ['x', 'y'], 1000], [2, ['z'], 500]]);
  assert.equal(new Set(all.map(({ key }) => key)).size, 2);
});

test('a visit that moved to a table does not show the orders of the guests who sat there before', () => {
  const total = { amount: 500, currency: 'BDT' };
  const served = (id, minute, table) => order('served', {}, { id, number: minute + 90, table, total, placed_at: at(minute), served_at: at(minute + 1) });
  const visit = { id: 'v', table: '8', opened_at: at(-60), read_at: NOON - 60_000, total, orders: [{ ...served('own', -40, '3'), items: undefined }] };
  const [table] = tablesOf([served('others', -30, '8'), served('own', -40, '8')], {}, NOON, [visit]);
  assert.deepEqual([table.orders.map(({ id }) => id), table.total.amount], [['own'], 500]);
  const [later] = tablesOf([served('own', -40, '8'), served('new', 0, '8')], {}, NOON, [visit]);
  assert.deepEqual(later.orders.map(({ id }) => id), ['new', 'own']);
});

test('a bumped ticket that gets a round rings as a new one, and its age counts from the round', () => {
  const memory = remembering();
  const bumped = order('ready', { a: item('done') });
  memory.observe([ticketOf(bumped)], 0);
  const back = order('preparing', { a: item('done'), b: item('queued', { round: 2, added_at: at(30) }) });
  memory.addMarks('o1', marksBetween(bumped, back, undefined));
  assert.deepEqual([...memory.observe([ticketOf(back)], 10 * UNDO_MS)], ['new']);
  assert.deepEqual(memory.changes({ id: 'o1' }), [], 'nothing was called back');
  assert.equal(ticketOf(back).since, NOON + 30 * 60_000);
  assert.equal(ticketOf(order('preparing', { a: item('cooking'), ...back.items, a: item('cooking') })).since, NOON + 60_000, 'the age is that of the oldest open line');
});

const MAINS = { number: 2, name: 'Mains' };

test('a held dish is on no station\'s ticket until it is fired, while the expo keeps its ticket', () => {
  const held = item('queued', { held: true, course: MAINS, station: 'bar' });
  const items = { a: item('done'), b: held };
  assert.equal(state('preparing', items, 'bar'), 'gone');
  assert.equal(state('preparing', items, 'hot'), 'bumped');
  assert.equal(state('preparing', items), 'waiting');
  assert.equal(state('accepted', { a: item('queued'), b: held }), 'new');
  assert.deepEqual(nextHeld(Object.entries({ ...items, c: { ...held, course: { number: 3, name: 'Sweets' } } })), MAINS);
  const counts = (station, ...orders) => allDay(orders.map((each) => ticketOf(each, station))).map((line) => [line.quantity, line.held]);
  const [begun, later] = [order('preparing', { a: item('cooking'), b: { ...held, station: 'hot' } }), order('accepted', { b: { ...held, name: 'Firni', quantity: 3 } })];
  assert.deepEqual(counts(undefined, begun, later), [[1, 1], [0, 3]], 'what is held is counted apart');
  assert.deepEqual(counts('bar', begun, later), [[0, 3]]);
  assert.deepEqual(counts(undefined, order('cancelled', begun.items), order('placed', begun.items)), []);
});

test('a fired course rings as a new ticket, is marked until a cook has touched it, and ages from the firing', () => {
  const memory = remembering();
  const before = order('preparing', { a: item('done'), b: item('queued', { held: true, course: MAINS }) });
  const after = order('preparing', { a: item('done'), b: item('queued', { course: MAINS, fired_at: at(25) }) });
  memory.observe([ticketOf(before, 'hot')], 0);
  const marks = marksBetween(before, after, 'hot');
  assert.deepEqual(marks, { b: { fired: 'Mains' } });
  assert.deepEqual(markWords(marks, Object.entries(after.items)), ['Fire: Mains']);
  memory.addMarks('o1', marks);
  assert.deepEqual([...memory.observe([ticketOf(after, 'hot')], 10 * UNDO_MS)], ['new']);
  assert.equal(ticketOf(after, 'hot').since, NOON + 25 * 60_000);
});

test('a course that is held again loses its mark of being fired, and keeps the mark of a correction', (t) => {
  const { location } = globalThis;
  t.after(() => { globalThis.location = location; });
  globalThis.location = { origin: 'https://orderbell.test' };
  const room = new Room('kitchen:r1');
  const memory = remembering();
  new KitchenOrders({ bell: Object.assign(new Emitter(), { pending: [] }), room, memory, tokens: {} });
  let position = 10;
  const show = (items) => room.receive({ type: 'snapshot', room: room.name, position: position += 1, documents: [{ ...order('preparing', items), position }] }, 'e1');
  const line = (held, more) => item('queued', { course: MAINS, quantity: 2, held, ...more });
  show({ a: item('done'), b: line(true) });
  memory.observe([ticketOf(room.documents.get('o1'))], 0);
  show({ a: item('done'), b: line(false), c: line(false, { round: 2 }) });
  assert.deepEqual(memory.marks('o1'), { b: { fired: 'Mains' }, c: { round: 2 } });
  show({ a: item('done'), b: line(true), c: line(true, { round: 2 }) });
  assert.deepEqual(memory.marks('o1'), {});
  show({ a: item('done'), b: line(false), c: line(false, { round: 2 }) });
  memory.confirm('o1');
  show({ a: item('done'), b: line(false, { quantity: 3 }), c: line(false, { round: 2 }) });
  show({ a: item('done'), b: line(true, { quantity: 3 }), c: line(true, { round: 2 }) });
  assert.deepEqual(memory.marks('o1'), { b: { was: { quantity: 2 } } });
  const taken = [['b', item('voided')], ['c', item('voided')]];
  assert.deepEqual(markWords({ b: { fired: 'Mains' }, c: { round: 2 } }, taken), [], 'lines that were taken off have no marks');
});

test('a line that is held without a course can be fired by itself', () => {
  const items = Object.entries({ a: item('queued'), b: item('queued', { held: true, course: MAINS }), c: item('queued', { held: true }) });
  assert.deepEqual(heldAlone(items), items[2]);
  assert.equal(heldAlone(items.slice(0, 2)), undefined);
  const { commands, sent } = sending();
  commands.act('fire', ticketOf(order('accepted', Object.fromEntries(items))), { item: 'c' });
  assert.deepEqual(sent, [{ action: 'fire', order: 'o1', item: 'c' }]);
});

test('firing, holding and serving show before the server has answered', () => {
  const document = order('preparing', { a: item('done', { course: { number: 1, name: 'Starters' } }), b: item('queued', { held: true, course: MAINS }) });
  const guess = (action, more) => withPending(document, [{ order: 'o1', action, ...more }]).items;
  assert.equal(guess('fire', { course: 2 }).b.held, false);
  assert.equal(guess('hold', { item: 'b' }).b.held, true);
  assert.ok(guess('serve', { course: 1 }).a.served_at && guess('serve_item', { item: 'a' }).a.served_at);
  assert.equal(guess('start', {}).b.status, 'queued', 'a held dish does not start');
  const brought = { a: item('done', { served_at: at(5) }), b: item('done') };
  const recalled = (status) => Object.values(withPending(order(status, brought), [{ order: 'o1', action: 'recall' }]).items).map((line) => [line.status, line.served_at]);
  assert.deepEqual(recalled('ready'), [['done', at(5)], ['cooking', undefined]], 'a served dish is not cooked again');
  assert.deepEqual(recalled('served'), [['cooking', undefined], ['cooking', undefined]]);
  assert.equal(guess('ready', {}).b.status, 'queued');
});

test('a refused command names its order, if the order is known', () => {
  const error = { message: 'not possible while the order is cancelled' };
  const order = { number: 50, table: '3', service: 'takeaway' };
  assert.equal(
    notDoneWords({ action: 'accept' }, error, order),
    'Order 50 (Table 3, Takeaway) was not accepted: not possible while the order is cancelled',
  );
  assert.equal(notDoneWords({ action: 'fire' }, { message: 'too late' }, order), 'Order 50 (Table 3, Takeaway) was not fired: too late');
  assert.equal(notDoneWords({ action: 'add_items' }, { message: 'too late' }, order), 'Nothing was added to order 50 (Table 3, Takeaway): too late');
  assert.match(notDoneWords({ action: 'accept' }, error, { ...order, ticket: 'T9' }), /^Order T9 /);
  for (const [command, known] of [[{ action: 'accept' }, undefined], [{ action: 'answer_call' }, order]]) {
    assert.equal(notDoneWords(command, error, known), 'Not done: not possible while the order is cancelled');
  }
});

test('only the course that fires next says when, and only while it is held', () => {
  const mains = { held: true, course: { number: 2, name: 'Mains' } };
  const sweets = { held: true, course: { number: 3, name: 'Sweets' } };
  const order = { fires_at: '2026-11-24T19:42:00.000Z', items: { a: { course: { number: 1 } }, b: mains, c: sweets, d: { held: true } } };
  assert.equal(firesAt(mains, order), Date.parse(order.fires_at));
  for (const [item, of] of [[sweets, order], [order.items.a, order], [order.items.d, order], [mains, { items: order.items }]]) {
    assert.equal(firesAt(item, of), undefined);
  }
});
