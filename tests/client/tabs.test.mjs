// Tabs of one browser whose WebSockets are blocked: one tab of a session, the leader, requests the events for all of them, and
// another takes over when the leader dies or sleeps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HELD_REQUESTS } from '../../static/client/transport/tabs.js';
import { Browser, tokenOf } from './browser.mjs';
import { settle } from './support.mjs';

const STAFF = tokenOf({ sid: 'staff' });
const ROOMS = ['order:o1', 'order:o2'];

const status = (tab, id) => tab.rooms.map(({ documents }) => documents.get(id)?.status).find(Boolean);
const everywhere = (tabs, id) => tabs.map((tab) => status(tab, id));
const all = (tabs, what) => Array(tabs.length).fill(what);

/** Opens `count` tabs of one session. */
async function browser(count, rooms = ROOMS) {
  const it = new Browser();
  for (let number = 0; number < count; number += 1) await it.open(STAFF, rooms);
  return it;
}

test('eight tabs of a session hold one request, and all receive its frames at once', async () => {
  const it = await browser(8);
  assert.deepEqual(it.tabs.map((tab) => tab.it.bell.state), all(it.tabs, 'live'));
  assert.equal(it.server.held.size, 1);
  const looks = it.server.looks;
  it.server.happen('order:o1', 'accepted');
  it.server.happen('order:o2', 'accepted');
  it.server.happen('order:o1', 'preparing');
  await settle();
  assert.deepEqual([everywhere(it.tabs, 'o1'), everywhere(it.tabs, 'o2')], [all(it.tabs, 'preparing'), all(it.tabs, 'accepted')]);
  assert.equal(it.server.looks, looks, 'no tab had to poll for it');
});

test('the leader also follows the rooms of other tabs', async () => {
  const it = await browser(1, ['order:o1']);
  const other = await it.open(STAFF, ['order:o2']);
  it.server.happen('order:o2', 'accepted');
  await settle();
  assert.deepEqual([status(other, 'o2'), it.server.held.size, it.server.holders], ['accepted', 1, ['tab 0']]);
});

test('where tabs cannot find each other, each visible tab holds a request and no hidden tab does', async () => {
  const it = new Browser();
  for (let number = 0; number < 8; number += 1) await it.open(STAFF, ROOMS, { locks: null });
  assert.equal(it.server.held.size, 8, 'as eight separate windows would');
  for (const tab of it.tabs.slice(1)) tab.it.bell.rest();
  await settle();
  assert.deepEqual(it.server.holders, ['tab 0']);
  it.server.happen('order:o1', 'accepted');
  await it.clock.advance(4_000);
  assert.deepEqual(everywhere(it.tabs, 'o1'), all(it.tabs, 'accepted'));
  it.tabs[3].it.bell.wake();
  await settle();
  assert.deepEqual(it.server.holders, ['tab 0', 'tab 3']);
});

test('where locks are refused each tab follows for itself', async () => {
  const it = new Browser();
  const locks = { request: () => Promise.reject(new DOMException('not here', 'SecurityError')) };
  const BroadcastChannel = class { constructor() { throw new DOMException('not here', 'SecurityError'); } };
  await it.open(STAFF, ROOMS, { locks });
  await it.open(STAFF, ROOMS, { BroadcastChannel });
  assert.deepEqual(it.server.holders, ['tab 0', 'tab 1']);
  it.server.happen('order:o1', 'accepted');
  await settle();
  assert.deepEqual(everywhere(it.tabs, 'o1'), ['accepted', 'accepted']);
});

test('when the leader dies, another tab continues from its own cursors, and nothing is lost', async () => {
  const it = await browser(4);
  for (const [number, word] of ['accepted', 'preparing', 'ready'].entries()) {
    const [leader] = it.tabs.filter(({ name, isDead }) => !isDead && it.server.holders.includes(name));
    await it.kill(leader);
    it.server.happen('order:o1', word);
    await settle();
    await settle();
    const alive = it.tabs.filter(({ isDead }) => !isDead);
    assert.deepEqual([everywhere(alive, 'o1'), it.server.held.size], [all(alive, word), 1], `death ${number + 1}`);
  }
});

test('a stuck leader is replaced, and steps down when it wakes', async () => {
  const it = await browser(3);
  const [stuck, ...others] = it.tabs;
  assert.deepEqual(it.server.holders, [stuck.name]);
  stuck.isFrozen = true;
  // The stuck tab receives nothing more from its stream.
  for (const held of it.server.held) held.tell = () => {};
  it.server.happen('order:o1', 'accepted');
  await it.clock.advance(30_000);
  assert.deepEqual(everywhere(others, 'o1'), all(others, 'accepted'));
  assert.ok(it.server.holders.some((name) => name !== stuck.name), 'another tab follows');
  const looks = it.server.looks;
  it.server.happen('order:o1', 'preparing');
  await settle();
  assert.deepEqual([everywhere(others, 'o1'), it.server.looks], [all(others, 'preparing'), looks]);
  await it.thaw(stuck);
  await it.clock.advance(10_000);
  assert.deepEqual([status(stuck, 'o1'), it.server.held.size], ['preparing', 1]);
});

test('tabs of different sessions share the limit on held requests, but no frames or tokens', async () => {
  const it = new Browser();
  const tokens = ['a', 'b', 'c', 'd', 'e'].map((sid) => tokenOf({ sid, role: sid === 'a' ? 'kitchen' : 'staff' }));
  // The same session with fewer rights counts as another one.
  tokens.push(tokenOf({ sid: 'b', share: 'o1' }));
  for (const token of tokens) await it.open(token, ['order:o1']);
  assert.equal(it.server.held.size, HELD_REQUESTS);
  it.server.happen('order:o1', 'accepted');
  await it.clock.advance(3_100);
  assert.deepEqual(everywhere(it.tabs, 'o1'), all(it.tabs, 'accepted'));
  for (const [number, tab] of it.tabs.entries()) {
    const bearers = new Set(tab.requests.map(({ headers }) => headers.authorization));
    assert.deepEqual([...bearers], [`Bearer ${tokens[number]}`], tab.name);
  }
  // When a tab that holds a request dies, a waiting tab opens one in its place.
  await it.kill(it.tabs[0]);
  await it.clock.advance(10_000);
  assert.equal(it.server.held.size, HELD_REQUESTS);
});

test('where streams are blocked as well, one long poll serves all tabs', async () => {
  const it = new Browser();
  it.server.blocksStreams = true;
  for (let number = 0; number < 3; number += 1) await it.open(STAFF, ROOMS);
  await it.clock.advance(60_000);
  assert.deepEqual(it.tabs.map((tab) => tab.it.bell.state), all(it.tabs, 'live'));
  it.server.happen('order:o1', 'accepted');
  await it.clock.advance(3_100);
  assert.deepEqual(everywhere(it.tabs, 'o1'), all(it.tabs, 'accepted'));
  assert.ok(it.server.held.size <= 2, `${it.server.held.size}: the poll and one attempted stream`);
});

test('another tab leads at once when the leader is closed', async () => {
  const it = await browser(2);
  it.tabs[0].it.bell.freeze();
  await settle();
  assert.deepEqual(it.server.holders, ['tab 1']);
  it.tabs[0].it.bell.wake();
  await it.clock.advance(1_000);
  assert.deepEqual([it.tabs[0].it.bell.state, it.server.holders], ['live', ['tab 1']]);
});
