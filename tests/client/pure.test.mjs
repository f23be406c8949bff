import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, fullJitter } from '../../static/client/backoff.js';
import { ServerClock } from '../../static/client/clock.js';
import { CLOSE_CODES, ERROR_CODES, closeRule, errorRule } from '../../static/client/codes.js';
import { judge } from '../../static/client/cursor.js';
import { newId } from '../../static/client/ids.js';
import { leastIdAt, leastIdOf } from '../../static/shared/time_ids.js';

test('backoff draws from the whole window, which doubles up to its cap', () => {
  const ceilings = [0, 1, 2, 3, 10, 10_000].map((attempt) => fullJitter(attempt, () => 1));
  assert.deepEqual(ceilings, [BACKOFF_BASE_MS, 1000, 2000, 4000, BACKOFF_CAP_MS, BACKOFF_CAP_MS]);
  assert.equal(fullJitter(10, () => 0), 0);
  assert.equal(fullJitter(2, () => 0.25), 500);
});

test('the cursor rule, on both sides of each bound', () => {
  const verdicts = [[9, 10], [8, 9], [10, 11], [9, 11], [0, 11], [11, 12], [10, 10]].map(([prev, position]) => judge(10, { prev, position }));
  assert.deepEqual(verdicts, ['drop', 'drop', 'apply', 'apply', 'apply', 'gap', 'drop']);
});

test('the table of close codes equals that of the contract', () => {
  const rules = Object.fromEntries(Object.entries(CLOSE_CODES).map(([code, { rule }]) => [code, rule]));
  assert.deepEqual(rules, {
    1000: 'stop', 1009: 'stop', 1012: 'slot', 4400: 'stop', 4401: 'token', 4403: 'stop', 4408: 'backoff', 4409: 'at-once', 4429: 'backoff',
  });
  assert.equal(closeRule(1006).rule, 'backoff');
});

test('every error code of the contract has a rule, and an unknown one is final', () => {
  assert.deepEqual(Object.keys(ERROR_CODES).sort(), [
    'bad_frame', 'confirm_password', 'conflict', 'forbidden', 'internal', 'invalid', 'invalid_transition', 'not_found', 'paused',
    'price_changed', 'rate_limited', 'stale', 'too_large', 'too_many_rooms', 'unauthorized', 'unavailable',
  ]);
  assert.equal(errorRule('never heard of'), 'final');
});

test('ids are UUIDs with and without a secure context', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(newId(webcrypto), uuid);
  const insecure = { getRandomValues: (bytes) => webcrypto.getRandomValues(bytes) };
  const ids = Array.from({ length: 100 }, () => newId(insecure));
  for (const id of ids) assert.match(id, uuid);
  assert.equal(new Set(ids).size, 100);
});

test('the least id of a time is below every id made in that millisecond', () => {
  const at = leastIdAt(0x0193a5f0abcd + 0.9);
  assert.equal(at, '0193a5f0-abcd-7000-8000-000000000000');
  assert.equal(leastIdOf('0193a5f0-abcd-7abc-9000-00000000002a'), at);
  assert.ok(at < '0193a5f0-abcd-7000-8000-000000000001' && at > '0193a5f0-abcc-7fff-bfff-ffffffffffff');
  assert.equal(leastIdAt(-5), '00000000-0000-7000-8000-000000000000', 'times before the epoch count as the epoch');
});

test('the estimate of the server\'s clock runs on between samples, and trusts the fastest sample', () => {
  let monotonic = 5_000;
  const clock = new ServerClock({ now: () => monotonic, wallClock: () => 77 });
  assert.equal(clock.now(), 77, 'without a sample the device\'s clock counts');
  const at = Date.parse('2026-11-24T10:00:00.000Z');
  assert.equal(clock.sample('2026-11-24T10:00:00.000Z'), true);
  monotonic += 1_500;
  assert.equal(clock.now(), at + 1_500);
  assert.equal(clock.sample('2026-11-24T10:00:01.300Z'), false, 'a frame that took 200 ms longer');
  assert.equal(clock.now(), at + 1_500);
  assert.equal(clock.sample('2026-11-24T10:00:01.600Z'), true, 'a frame that was faster');
  assert.equal(clock.now(), at + 1_600);
  assert.equal(clock.sample('2026-11-24T09:59:50.000Z'), true, 'the server\'s clock was set back');
  assert.equal(clock.now(), at - 10_000);
  assert.equal(clock.sample('no time'), false);
});
