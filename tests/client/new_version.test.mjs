// When a page reloads for a new version: one rule for guests, the kitchen, the floor and the manager.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../static/client/emitter.js';
import { UNTOUCHED_MS, followVersion } from '../../static/shared/new_version.js';
import { modulesOf, loadedLater, read } from './modules.mjs';

globalThis.setInterval = () => 0;

function page({ own = 'a', losesNothing = true, visibilityState = 'visible', welcome } = {}) {
  const it = { loads: [], losesNothing, time: 0, source: Object.assign(new Emitter(), { welcome }), page: Object.assign(new EventTarget(), { visibilityState }) };
  it.check = followVersion(it.source, () => it.losesNothing, {
    own, page: it.page, monotonic: () => it.time, load: async (version, still) => { it.loads.push(version); it.still = still; },
  });
  it.welcome = (version) => it.source.emit('welcome', { version });
  it.touch = () => it.page.dispatchEvent(new Event('pointerdown'));
  it.hide = () => {
    it.page.visibilityState = 'hidden';
    it.page.dispatchEvent(new Event('visibilitychange'));
  };
  return it;
}

test('a page of the server\'s version, or without one, stays', () => {
  for (const [own, server] of [['a', 'a'], ['a', undefined], [null, 'b']]) {
    const it = page({ own });
    it.welcome(server);
    it.hide();
    assert.deepEqual(it.loads, []);
  }
});

test('an untouched page loads the other version at once, and a touched one after a while or when it is hidden', () => {
  const untouched = page();
  untouched.welcome('b');
  assert.deepEqual(untouched.loads, ['b']);
  const touched = page();
  touched.touch();
  touched.welcome('b');
  assert.deepEqual(touched.loads, []);
  touched.time = UNTOUCHED_MS;
  touched.check();
  assert.deepEqual(touched.loads, ['b']);
  const hidden = page();
  hidden.touch();
  hidden.welcome('b');
  hidden.hide();
  assert.deepEqual(hidden.loads, ['b']);
});

test('a touch counts even before the page follows versions', () => {
  Object.defineProperty(globalThis, 'navigator', { value: { userActivation: { hasBeenActive: true } }, configurable: true });
  const it = page({ welcome: { version: 'b' } });
  assert.deepEqual(it.loads, []);
  it.time = UNTOUCHED_MS;
  it.check();
  assert.deepEqual(it.loads, ['b']);
  delete globalThis.navigator;
});

test('a page that would lose something stays, even hidden, and so does a page that is touched while the new one loads', () => {
  const it = page({ losesNothing: false });
  it.welcome('b');
  it.hide();
  assert.deepEqual(it.loads, []);
  const asked = page();
  asked.welcome('b');
  assert.ok(asked.still());
  asked.touch();
  assert.ok(!asked.still(), 'a tap while the new page is requested');
});

test('a server that has returned to this page\'s version causes no reload', () => {
  const it = page({ losesNothing: false });
  it.welcome('b');
  it.welcome('a');
  it.losesNothing = true;
  it.check();
  assert.deepEqual(it.loads, []);
});

test('a node that does not have the new page yet is asked again after a while', () => {
  const it = page();
  it.welcome('b');
  it.time = 19_000;
  it.check();
  assert.deepEqual(it.loads, ['b']);
  it.time = 20_000;
  it.check();
  assert.deepEqual(it.loads, ['b', 'b']);
});

test('a version named between two welcomes counts, and so does a welcome that came before the page listened', () => {
  const it = page();
  it.welcome('a');
  it.source.emit('version', { server: 'b' });
  assert.deepEqual(it.loads, ['b']);
  assert.deepEqual(page({ welcome: { version: 'b' } }).loads, ['b']);
});

test('every page that stays open follows this one rule', () => {
  for (const entry of ['/guest/table.js', '/guest/order.js', '/kitchen/main.js', '/floor/main.js', '/manager/main.js']) {
    const modules = [...modulesOf(entry), ...loadedLater(entry)];
    assert.ok(modules.some((path) => /\bfollowVersion\(/.test(read(path)) && path !== '/shared/new_version.js'), entry);
    const reloads = modules.filter((path) => /\bmayReload\(/.test(read(path)));
    assert.deepEqual(reloads, ['/shared/new_version.js'], entry);
  }
});
