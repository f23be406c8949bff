import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const STATIC = new URL('../../static/', import.meta.url);
const read = (path) => readFileSync(new URL(path, STATIC), 'utf8');

/** Every module a page's entry needs, by the paths it is served at. */
function modulesOf(entry, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  const source = read(entry.slice(1));
  for (const [, specifier] of source.matchAll(/^(?:import|export)\s[^;]*?from '(\.[^']+)';/gm)) {
    modulesOf(new URL(specifier, `http://page${entry}`).pathname, seen);
  }
  return seen;
}

for (const [page, entry] of [['index.html', '/pages/landing.js'], ['table.html', '/pages/table.js'], ['order.html', '/pages/order.js'],
  ['kitchen.html', '/pages/kitchen.js'], ['staff.html', '/pages/staff.js'], ['manage.html', '/pages/manage.js']]) {
  test(`${page} preloads exactly what ${entry} imports: a phone waits for one round trip, not for six`, () => {
    const html = read(page);
    const preloaded = [...html.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(([, href]) => href).sort();
    const needed = [...modulesOf(entry)].filter((path) => path !== entry).sort();
    assert.deepEqual(preloaded, needed);
  });

  test(`${page} keeps to the content security policy: no inline script, style or handler`, () => {
    const html = read(page);
    assert.doesNotMatch(html, /\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)/);
    assert.match(html, /<html lang="[a-z]+"(?: data-theme="dark")? data-connection="connecting">/);
  });
}

test('no page, view or library module writes markup from text', () => {
  for (const entry of ['/pages/landing.js', '/pages/table.js', '/pages/order.js', '/pages/kitchen.js', '/pages/staff.js', '/pages/manage.js']) {
    for (const path of modulesOf(entry)) {
      assert.doesNotMatch(read(path.slice(1)), /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, path);
    }
  }
});
