// Calls that get no answer: the client repeats a call a few times as the same attempt, and then asks the person.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { OrderbellError } from '../../static/client/codes.js';
import { sendAgain } from '../../static/shared/attempts.js';
import { settle } from './support.mjs';

const error = (code, retry_after_ms) => new OrderbellError({ code, retry_after_ms });

/** Runs the call with these outcomes, one after another. Returns how often it was sent, and its result. */
async function outcome(outcomes, lost = []) {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let sent = 0;
    let end = null;
    const call = async () => {
      sent += 1;
      const next = outcomes[Math.min(sent, outcomes.length) - 1];
      if (next instanceof Error) throw next;
      return next;
    };
    sendAgain(call, lost).then((value) => { end = value; }, ({ code }) => { end = code; });
    for (let step = 0; step < 20 && end === null; step += 1) {
      await settle();
      mock.timers.tick(1_000);
    }
    return [sent, end];
  } finally {
    mock.timers.reset();
  }
}

test('the client waits for a call that the server is still answering', async () => {
  assert.deepEqual(await outcome([error('rate_limited', 1_000), 'well']), [2, 'well']);
});

test('the client repeats a call whose answer was lost, if the call may be repeated', async () => {
  assert.deepEqual(await outcome([error('offline'), error('unavailable', 9_000), 'well'], ['offline', 'unavailable']), [3, 'well']);
  assert.deepEqual(await outcome([error('offline'), 'well']), [1, 'offline']);
});

test('a refusal, a long wait and the third failure are shown to the person', async () => {
  assert.deepEqual(await outcome([error('unauthorized'), 'well'], ['offline']), [1, 'unauthorized']);
  assert.deepEqual(await outcome([error('rate_limited', 60_000), 'well'], ['offline']), [1, 'rate_limited']);
  assert.deepEqual(await outcome([error('rate_limited'), 'well'], ['offline']), [1, 'rate_limited']);
  assert.deepEqual(await outcome([error('offline')], ['offline']), [3, 'offline']);
});
