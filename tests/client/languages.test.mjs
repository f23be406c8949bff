// Texts for diners: they exist in every language, and only in the languages' files.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import { LANGUAGES, WORDS, ageInWords, clock, errorWords, language, money, number, preferred, speak, timeRange } from '../../static/languages/language.js';
import { loadedLater, modulesOf, read } from './modules.mjs';
import { FakeStore } from './support.mjs';

globalThis.localStorage = new FakeStore();
globalThis.document = { documentElement: {} };

const ENTRIES = ['/guest/table.js', '/guest/order.js'];
const PAGES = ['table.html', 'order.html'];
const MODULES = [...new Set(ENTRIES.flatMap((entry) => [...modulesOf(entry), ...loadedLater(entry)]))];
/** Without the patterns for guests' notes, which cover every language at once. */
const SPEAKING = MODULES.filter((path) => !path.startsWith('/client/') && !path.startsWith('/languages/') && path !== '/shared/notes.js');

const languages = Object.fromEntries(await Promise.all(
  Object.entries(LANGUAGES).map(async ([name, { load }]) => [name, (await load()).default]),
));
const notifications = () => {
  const context = vm.createContext({});
  vm.runInContext(read('languages/notifications.js'), context);
  return vm.runInContext('NOTIFICATIONS', context);
};

test('every language file is a language that guests can choose, and has notifications', () => {
  const files = readdirSync(new URL('../../static/languages/', import.meta.url)).filter((name) => !['language.js', 'notifications.js'].includes(name));
  assert.deepEqual(files.sort(), Object.keys(LANGUAGES).map((name) => `${name}.js`).sort());
  assert.deepEqual(Object.keys(notifications()).sort(), Object.keys(LANGUAGES).sort());
});

for (const [name, words] of Object.entries(languages)) {
  test(`${name} has every text, and none is empty or incomplete`, () => {
    assert.deepEqual(Object.keys(words).sort(), Object.keys(languages.en).sort());
    for (const [key, word] of Object.entries(words)) {
      assert.equal(typeof word, typeof languages.en[key], key);
      if (typeof word === 'boolean') continue;
      const said = typeof word === 'function' ? word(...Array(word.length).fill('7')) : word;
      assert.ok(typeof word !== 'function' || word.length === languages.en[key].length, `${key} takes the same arguments`);
      assert.ok(said.trim().length > 0 && !/undefined|NaN|\[object/.test(said), `${key}: ${said}`);
    }
    assert.equal(new Intl.NumberFormat(words.locale).resolvedOptions().locale, words.locale);
  });

  test(`the notifications in ${name} say what happened and to which order`, () => {
    const { told: said, locale } = notifications()[name];
    assert.deepEqual(Object.keys(said).sort(), ['accepted', 'cancelled', 'ready', 'rejected', 'voided'], 'as docs/protocol.md lists them');
    assert.equal(locale, words.locale);
    for (const status of Object.keys(said)) {
      const { title, body } = said[status]('42', '12:41');
      assert.match(title, /42/);
      assert.ok(body.length > 0);
    }
    assert.match(said.accepted('42', '12:41').body, /12:41/);
    assert.doesNotMatch(said.accepted('42', undefined).body, /undefined/);
  });
}

test('no Bengali text repeats the English one', () => {
  const same = Object.keys(languages.en).filter((key) => typeof languages.bn[key] === 'string' && languages.bn[key] === languages.en[key]);
  assert.deepEqual(same, []);
});

test('the pages use every text of the language files, and no unknown one', () => {
  // The codes on the tables are printed from the manager's page.
  const sources = [...SPEAKING, '/languages/language.js', '/manager/tables.js'].map(read).join('\n');
  const named = new Set([...sources.matchAll(/\b(?:WORDS|words)\.(\w+)/g)].map(([, key]) => key));
  for (const [, key] of sources.matchAll(/#(?:refuse|leave)\(([^)]*)\)/g)) for (const [, word] of key.matchAll(/'(\w+)'/g)) named.add(word);
  const families = new Set([...sources.matchAll(/\bWORDS\[`(\w+_)\$\{/g)].map(([, family]) => family));
  const known = Object.keys(languages.en);
  for (const family of families) assert.ok(known.some((key) => key.startsWith(family)), family);
  const unused = known.filter((key) => !named.has(key) && ![...families].some((family) => key.startsWith(family)) && !['locale', 'periodFirst'].includes(key));
  assert.deepEqual(unused, []);
  const missing = [...sources.matchAll(/\bWORDS\.(\w+)/g)].map(([, key]) => key).filter((key) => !known.includes(key));
  assert.deepEqual(missing, []);
});

/** Returns the literals that read like a sentence or a button's label. Messages of errors for programmers do not count. */
function prose(source) {
  const tokens = source.matchAll(/\/\*[^]*?\*\/|\/\/[^\n]*|new \w*Error\([^)]*\)|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g);
  const literals = [...tokens].map(([token]) => token).filter((token) => /^['`]/.test(token));
  const texts = literals.map((literal) => literal.slice(1, -1).replace(/\$\{[^]*?\}/g, ' '));
  return texts.filter((text) => /\b[A-Z][a-z]+\s+[a-z]+|\b[a-z]{2,} [a-z]{2,} [a-z]{2,}|^\s*[A-Z][a-z]{2,}\W*$/.test(text));
}

test('no English stands in a page outside its language\'s file', () => {
  assert.deepEqual(prose('h("p", {}, `Order ${number} is here`); // Not this one\nsay(\'Cancel\'); throw new Error(\'Nor this one\');'), ['Order   is here', 'Cancel']);
  assert.ok(SPEAKING.length > 15);
  for (const path of [...SPEAKING, '/service-worker.js']) assert.deepEqual(prose(read(path)), [], path);
  for (const page of PAGES) {
    // Without scripts there is no choice of language, so the two sentences for that case are in every language.
    const unscripted = /<noscript>[^]*?<\/noscript>|<p class="banner banner--warn late">.*<\/p>/g;
    const body = read(page).replace(unscripted, '').match(/<body[^]*<\/body>/)[0];
    assert.equal(body.replace(/<[^>]+>/g, '').trim(), '', page);
    assert.doesNotMatch(body, /aria-label=|placeholder=|title=/, page);
    for (const sentence of read(page).match(unscripted)) assert.match(sentence, /[a-z]+ [a-z]+.*<span lang="bn">/, page);
    assert.equal(read(page).match(unscripted).length, 2, page);
  }
});

test('a page loads one language: the chosen one, or that of the phone, or English', async () => {
  for (const path of MODULES) assert.doesNotMatch(read(path), /^import [^;]*languages\/(?:en|bn)\.js/m, path);
  assert.equal(preferred(['fr-FR', 'bn-IN', 'en-US']), 'bn');
  assert.equal(preferred(['EN-us']), 'en');
  assert.equal(preferred(['fr']), 'en');
  assert.equal(preferred([]), 'en');
  localStorage.setItem('orderbell.language', '"bn"');
  assert.equal(preferred(['en-US']), 'bn');
  localStorage.setItem('orderbell.language', '"toString"');
  assert.equal(preferred(['en-US']), 'en');
});

test('numbers, money and times are written in the chosen language', async () => {
  const noon = new Date(2026, 10, 24, 12, 41).getTime();
  await speak('bn');
  assert.equal(language(), 'bn');
  assert.equal(document.documentElement.lang, 'bn');
  assert.equal(number(42), '৪২');
  assert.equal(money({ amount: 145000, currency: 'BDT' }), '১,৪৫০৳');
  assert.equal(ageInWords(180_000), '৩ মিনিট');
  assert.equal(clock(noon), 'দুপুর ১২:৪১');
  assert.match(timeRange(noon, noon + 600_000), /^দুপুর ১২:৪১\W+১২:৫১$/u);
  assert.equal(WORDS.table('7'), 'টেবিল ৭');
  assert.equal(WORDS.order('A42'), 'অর্ডার A৪২');
  await speak('en');
  assert.match(money({ amount: 145000, currency: 'BDT' }), /1,450$/);
  assert.match(money({ amount: 145050, currency: 'BDT' }), /1,450\.50$/);
  assert.deepEqual([ageInWords(1000), ageInWords(180_000), ageInWords(7_200_000)], ['1 second', '3 minutes', '2 hours']);
  assert.deepEqual([WORDS.showBasket(1, '৳60'), WORDS.showBasket(2, '৳120')], ['View order · 1 item · ৳60', 'View order · 2 items · ৳120']);
  assert.equal(errorWords({ code: 'paused' }), languages.en.error_paused);
  for (const [code, reason] of [['invalid', 'order_lines'], ['too_large', 'order_bytes']]) {
    assert.equal(errorWords({ code, reason }), languages.en[`error_${reason}`] ?? 'its own words', 'a full order is not called sold out');
  }
  assert.equal(errorWords({ code: 'never heard of' }), languages.en.error);
});
