// Corrections of lines on the staff's page, without a DOM.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StaffCommands } from '../../static/floor/commands.js';
import { Corrections, lineWords } from '../../static/floor/corrections.js';
import { withPending } from '../../static/shared/optimistic.js';

globalThis.document = { getElementById: () => null };

const HAM = { menu_item: 'pizza', name: 'Pizza', quantity: 1, status: 'queued', options: ['ham', 'olives'], choices: [{ id: 'l1', group: 'Left' }, { id: 'r2', group: 'Right' }] };
const order = (position, line, more = {}) => ({ id: 'o1', number: 12, position, status: 'accepted', service: 'dine_in', items: { a: { ...HAM, ...line }, b: { ...HAM, name: 'Cha' } }, ...more });
const wants = (quantity, note = '') => ({ quantity, note });
/** Returns a correction whose sheet has shown the order. */
function shown(document) {
  const corrections = new Corrections();
  corrections.begin(document, 'a');
  return corrections;
}

test('a correction names options by id, and options of an older order by name', () => {
  const line = (document) => shown(document).command(document, 'a', wants(2)).line;
  assert.deepEqual(line(order(10)), { menu_item: 'pizza', quantity: 2, options: ['l1', 'r2'] });
  assert.deepEqual(line(order(10, { choices: undefined })).options, ['ham', 'olives']);
  assert.deepEqual(line(order(10, { choices: undefined, options: undefined })), { menu_item: 'pizza', quantity: 2 });
});

test('a correction applies to the line as its sheet showed it, at the position of that moment', () => {
  const corrections = shown(order(10, { note: 'walnuts', allergy: true }));
  const command = corrections.command(order(11, { note: 'walnuts', allergy: true }, { rush: true }), 'a', wants(2, 'walnuts'));
  assert.deepEqual([command.action, command.order, command.item, command.expected_position], ['change_item', 'o1', 'a', 10]);
  assert.deepEqual([command.line.note, command.line.allergy], ['walnuts', true]);
});

test('a correction keeps an allergy that a colleague has added: the sheet asks again, with the values of both people', () => {
  const corrections = shown(order(10));
  const now = order(11, { note: 'walnuts', allergy: true });
  assert.equal(corrections.command(now, 'a', wants(2)), null);
  assert.deepEqual(corrections.begin(now, 'a'), { quantity: 2, note: 'walnuts', news: '1 × Pizza, Left: ham, Right: olives, “walnuts” (an allergy)' });
  const { line, expected_position: at } = corrections.command(now, 'a', wants(2, 'walnuts'));
  assert.deepEqual([line.note, line.allergy, at], ['walnuts', true, 11]);
  assert.deepEqual(corrections.begin(now, 'a'), { quantity: 1, note: 'walnuts' }, 'a difference that the person has decided is not shown again');
});

test('the sheet joins the notes of both people, and takes the values that only the colleague has changed', () => {
  const again = (before, now, wanted) => {
    const corrections = shown(order(10, before));
    corrections.command(order(11, now), 'a', wanted);
    const { quantity, note } = corrections.begin(order(11, now), 'a');
    return [quantity, note];
  };
  assert.deepEqual(again({}, { note: 'walnuts', allergy: true }, wants(1, 'no salt')), [1, 'walnuts. no salt']);
  assert.deepEqual(again({ note: 'hot' }, { note: 'hot', quantity: 4 }, wants(1, 'very hot')), [4, 'very hot']);
  assert.deepEqual(again({ note: 'nuts' }, { note: 'nuts', allergy: true }, wants(1, '')), [1, 'nuts'], 'it is an allergy now');
  assert.deepEqual(again({ note: 'hot' }, { note: 'hot', quantity: 4 }, wants(2, '')), [2, '']);
  assert.equal(again({}, { note: 'x'.repeat(199) }, wants(1, 'hot'))[1].length, 200);
});

/** The staff's commands, with what they sent. */
function staff() {
  const sent = [];
  const bell = { pending: [], command: (command) => { sent.push(command); return new Promise(() => {}); } };
  return { sent, commands: new StaffCommands({ bell, order: () => order(10), changed: () => {} }) };
}

test('a stale correction is sent again if its line has not changed since the sheet showed it; otherwise it waits for the person', () => {
  const corrections = shown(order(10));
  const first = corrections.command(order(10), 'a', wants(3));
  const second = corrections.again(first, order(15, {}, { rush: true }));
  assert.deepEqual({ ...second, id: '' }, { ...first, id: '', expected_position: 15 });
  assert.notEqual(second.id, first.id, 'a refused id is never sent again');
  const now = order(16, { note: 'walnuts', allergy: true });
  assert.equal(corrections.again(second, now), null);
  assert.deepEqual(corrections.begin(now, 'a'), { quantity: 3, note: 'walnuts', news: lineWords(now.items.a) });
  for (const changed of [{ quantity: 2 }, { choices: [HAM.choices[1], HAM.choices[0]] }, { status: 'cooking' }]) {
    const other = shown(order(10));
    assert.equal(other.again(other.command(order(10), 'a', wants(3)), order(15, changed)), null, JSON.stringify(changed));
  }
});

test('after a reload a stale correction waits for the person with its whole text', () => {
  const { sent, commands } = staff();
  const pending = { id: 'k1', order: 'o1', action: 'change_item', item: 'a', line: { menu_item: 'pizza', quantity: 3, note: 'hot' }, expected_position: 10 };
  const error = { code: 'stale', document: order(15, { note: 'walnuts', allergy: true }) };
  assert.deepEqual([commands.overtaken({ pending, error }), sent], [true, []]);
  assert.equal(commands.overtaken({ pending, error: { code: 'invalid' } }), false);
  const corrections = new Corrections();
  corrections.again(pending, error.document);
  assert.equal(corrections.begin(error.document, 'a').note, 'walnuts. hot');
});

test('a correction shows before its answer', () => {
  const document = order(10, { note: 'hot' });
  const line = withPending(document, [{ order: 'o1', action: 'change_item', item: 'a', line: { menu_item: 'pizza', quantity: 3, note: 'walnuts', allergy: true } }]).items.a;
  assert.deepEqual([line.quantity, line.note, line.allergy, line.pending, line.options], [3, 'walnuts', true, true, HAM.options]);
  assert.equal(document.items.a.quantity, 1);
});
