import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { modulesOf, read } from './modules.mjs';

for (const [page, entry] of [['index.html', '/landing/main.js'], ['table.html', '/guest/table.js'], ['order.html', '/guest/order.js'],
  ['kitchen.html', '/kitchen/main.js'], ['staff.html', '/floor/main.js'], ['manage.html', '/manager/main.js'], ['demo.html', '/demo/main.js']]) {
  test(`${page} preloads exactly what ${entry} imports: a phone waits for one round trip, not for six`, () => {
    const html = read(page);
    const preloaded = [...html.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(([, href]) => href).sort();
    const needed = [...modulesOf(entry)].filter((path) => path !== entry).sort();
    assert.deepEqual(preloaded, needed);
  });

  test(`${page} keeps to the content security policy: no inline script, style or handler`, () => {
    const html = read(page);
    assert.doesNotMatch(html, /\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)/);
    assert.match(html, /<html lang="[a-z]+"(?: data-theme="dark")? data-connection="connecting"(?: data-guard="once")?>/);
  });
}

test('no page, view or library module writes markup from text', () => {
  for (const entry of ['/landing/main.js', '/guest/table.js', '/guest/order.js', '/kitchen/main.js', '/floor/main.js', '/manager/main.js', '/demo/main.js']) {
    for (const path of modulesOf(entry)) {
      assert.doesNotMatch(read(path.slice(1)), /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, path);
    }
  }
});

test('no string of a script spans lines, since the server strips comments and indentation', () => {
  const spans = (source) => [...source.matchAll(/\/\*[^]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g)].filter(([text]) => text.startsWith('`') && text.includes('\n'));
  assert.equal(spans('a(`one\n  two`, `three`);').length, 1);
  for (const path of readdirSync(new URL('../../static/', import.meta.url), { recursive: true }).filter((name) => name.endsWith('.js'))) {
    assert.deepEqual(spans(read(path)), [], path);
  }
});

test('the manifest names existing icons, for every shape that phones use', () => {
  const { icons, start_url: start, scope } = JSON.parse(read('manifest.webmanifest'));
  for (const { src, type, sizes } of icons) {
    const file = readFileSync(new URL(`../../static${src}`, import.meta.url));
    if (type !== 'image/png') continue;
    assert.equal(`${file.readUInt32BE(16)}x${file.readUInt32BE(20)}`, sizes, src);
  }
  const of = (purpose) => icons.filter((icon) => (icon.purpose ?? 'any') === purpose && icon.type === 'image/png').map(({ sizes }) => sizes);
  assert.deepEqual([of('any'), of('maskable')], [['192x192', '512x512'], ['192x192', '512x512']]);
  assert.deepEqual([start, scope], ['/', '/']);
  for (const page of ['table.html', 'order.html']) assert.match(read(page), /<link rel="manifest" href="\/manifest\.webmanifest">/, page);
});
