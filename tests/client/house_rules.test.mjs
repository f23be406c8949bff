import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HouseRules, asksForRole } from '../../static/shared/house_rules.js';

test('an action asks for a role only from people below it, according to the rules read last', async () => {
  /** @type {any} */ let answer = { minimum_roles: { void_item: 'manager', start: 'staff' } };
  let drawn = 0;
  const rules = new HouseRules({ read: async () => { if (!answer) throw new Error('offline'); return answer; }, changed: () => { drawn += 1; } });
  const asked = () => ['kitchen', 'staff', 'manager'].map((role) => [rules.asked('void_item', role), rules.asked('start', role), rules.asked('serve', role)]);
  const none = [undefined, undefined, undefined];
  assert.deepEqual(asked(), [none, none, none], 'before the rules are read, only the server refuses');
  await rules.refresh();
  assert.deepEqual(asked(), [['manager', 'staff', undefined], ['manager', undefined, undefined], none]);
  answer = null;
  await rules.refresh();
  assert.equal(rules.asked('void_item', 'staff'), 'manager', 'without an answer the last rules stay');
  answer = {};
  await rules.refresh();
  assert.deepEqual(asked(), [none, none, none]);
  assert.equal(drawn, 2);
});

test('only a refusal for a missing role asks for somebody with that role', () => {
  assert.deepEqual(['manager_required', 'staff_required', 'shift_over', undefined].map((reason) => asksForRole({ reason })), [true, true, false, false]);
});
