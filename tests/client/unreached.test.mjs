// Pages that cannot reach the server ask again by themselves.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { readDemo } from '../../static/shared/demo.js';
import { retryDelay } from '../../static/shared/unreached.js';

globalThis.location ??= { origin: 'http://house.example' };

/** Answers calls one after another; an Error is a network that fails. */
function answering(...answers) {
  return mock.method(globalThis, 'fetch', async () => {
    const next = answers.shift();
    if (next instanceof Error) throw next;
    const [status, body] = next;
    return new Response(JSON.stringify(body), { status, headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' } });
  });
}

test('a page asks for the demonstration until the server answers, and is told of each attempt that fails', async () => {
  mock.method(Math, 'random', () => 0);
  const calls = answering(new TypeError('no network'), [503, { code: 'unavailable' }], [200, { restaurant: 'demo' }]);
  const lost = [];
  assert.deepEqual(await readDemo((since) => lost.push(since)), { restaurant: 'demo' });
  assert.equal(calls.mock.callCount(), 3);
  assert.deepEqual([lost.length, new Set(lost).size], [2, 1], 'since the first failure');
  mock.restoreAll();
});

test('a server without a demonstration has answered', async () => {
  const calls = answering([404, { code: 'not_found' }]);
  assert.equal(await readDemo(() => assert.fail('the server was reached')), null);
  assert.equal(calls.mock.callCount(), 1);
  mock.restoreAll();
});

test('attempts are spread over a window that grows to ten seconds', () => {
  mock.method(Math, 'random', () => 0.999);
  assert.deepEqual([0, 1, 2, 3, 4, 9].map((attempt) => Math.ceil(retryDelay(attempt) / 1000)), [1, 2, 4, 8, 10, 10]);
  mock.restoreAll();
});
