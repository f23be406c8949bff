// How an unattended screen recovers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGAIN_AFTER_MS, mayReload } from '../../static/shared/new_version.js';
import { Watchdog, advise } from '../../static/kitchen/watchdog.js';

/** Returns a watchdog with its own clock. `answers` are the server's answers in turn; the last one repeats. */
function watching(...answers) {
  const did = [];
  const bell = { state: 'offline', wake: () => did.push('wake'), start: () => did.push('start') };
  let now = 1_000_000;
  const dog = new Watchdog({
    bell,
    ask: async () => { did.push('ask'); return answers.length > 1 ? answers.shift() : answers[0]; },
    end: () => did.push('end'), reload: () => did.push('reload'), wallClock: () => now,
  });
  const pass = async (seconds) => {
    for (let second = 0; second < seconds; second += 1) {
      now += 1000;
      dog.look();
      await null;
      await null;
    }
    return did.splice(0);
  };
  return { bell, pass, sleep: (ms) => { now += ms; } };
}

test('the watchdog ignores a short break and a live link', async () => {
  const { bell, pass } = watching('well');
  assert.deepEqual(await pass(4), []);
  bell.state = 'live';
  assert.deepEqual(await pass(600), []);
  bell.state = 'catching-up';
  assert.deepEqual(await pass(4), []);
});

test('the watchdog keeps asking a server that is away, without a reload, which would find nothing', async () => {
  const { pass } = watching('none');
  const did = await pass(600);
  assert.ok(did.length >= 50 && did.every((deed) => deed === 'ask'), did.join());
});

test('a token that the server refuses ends the session, however long the link has been tried', async () => {
  const { pass } = watching('none', 'refused');
  assert.ok((await pass(30)).includes('end'));
});

test('the watchdog reloads the page if the link stays down for a minute although the server is well', async () => {
  const { pass } = watching('well');
  assert.ok(!(await pass(59)).includes('reload'));
  assert.ok((await pass(15)).includes('reload'));
});

test('a client that stopped for good is started again when the server is well', async () => {
  const { bell, pass } = watching('none', 'well');
  bell.state = 'stopped';
  assert.ok(!(await pass(14)).includes('start'));
  assert.equal((await pass(15)).filter((deed) => deed === 'start').length, 1);
});

test('after a sleep the link is tested at once, and has the usual time to reconnect', async () => {
  const { pass, sleep } = watching('well');
  await pass(4);
  sleep(8 * 3_600_000);
  assert.deepEqual(await pass(5), ['wake']);
});

test('the advice changes at the time limit of each state', () => {
  const advice = (state, forMs, answer) => advise({ state, forMs, answer });
  assert.deepEqual([advice('offline', 4_999), advice('offline', 5_000), advice('live', 1e9)], ['wait', 'ask', 'wait']);
  assert.deepEqual([advice('offline', 59_999, 'well'), advice('offline', 60_000, 'well')], ['wait', 'reload']);
  assert.deepEqual(['none', 'refused', 'well'].map((answer) => advice('stopped', 15_000, answer)), ['wait', 'end', 'start']);
});

test('a page is reloaded once in ten minutes for one reason, whatever its clock does', () => {
  const store = (reloads) => ({ getItem: () => (reloads === undefined ? null : JSON.stringify(reloads)) });
  const before = { '0.1.0+b': 5_000_000 };
  assert.ok(mayReload(store(), '0.1.0+b', 1));
  assert.ok(mayReload(store(before), '0.1.0+c', 5_000_001));
  assert.ok(!mayReload(store(before), '0.1.0+b', 5_000_000 + AGAIN_AFTER_MS - 1));
  assert.ok(mayReload(store(before), '0.1.0+b', 5_000_000 + AGAIN_AFTER_MS));
  assert.ok(mayReload(store(before), '0.1.0+b', 4_000_000), 'the clock was set back');
  assert.ok(mayReload({ getItem: () => 'no json' }, '0.1.0+b', 1));
});
