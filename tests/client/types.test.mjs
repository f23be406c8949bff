// The JSDoc types of everything in static/, checked by TypeScript.
import assert from 'node:assert/strict';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { HERE, tool } from './tools.mjs';

const ts = tool('typescript');
const STATIC = join(HERE, 'static');

/**
 * @param {string} config beside this file @param {Record<string, string>} [appended] text to append, by file
 * @returns {{files: string[], complaints: string[]}} relative to static/; a complaint as `file: TS1234`, with the text
 */
function check(config, appended = {}) {
  const file = join(HERE, 'tests/client', config);
  const parsed = ts.parseJsonConfigFileContent(ts.readConfigFile(file, ts.sys.readFile).config, ts.sys, dirname(file));
  assert.deepEqual(parsed.errors, []);
  const host = ts.createCompilerHost(parsed.options);
  const readFile = host.readFile;
  host.readFile = (path) => {
    const more = appended[relative(STATIC, path)];
    return more === undefined ? readFile(path) : `${readFile(path)}\n${more}\n`;
  };
  const program = ts.createProgram(parsed.fileNames, parsed.options, host);
  const name = ({ fileName }) => relative(STATIC, fileName);
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file: where, code, messageText }) => (
    `${where ? name(where) : config}: TS${code} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`));
  return { files: parsed.fileNames.map((path) => relative(STATIC, path)), complaints };
}

test('the types of the library and of the pages are correct', () => {
  const { files, complaints } = check('tsconfig.json');
  for (const file of ['client/orderbell.js', 'client/types.js', 'kitchen/screen.js', 'shared/dom.js']) assert.ok(files.includes(file), file);
  assert.deepEqual(complaints, []);
});

test('the types of the service worker are correct', () => {
  const { files, complaints } = check('tsconfig.worker.json');
  assert.deepEqual(files.sort(), ['languages/notifications.js', 'service-worker.js']);
  assert.deepEqual(complaints, []);
});

test('a wrong type is found, in the library, where it is used, and in the service worker', () => {
  const wrong = {
    'client/backoff.js': "fullJitter('first', Math.random);",
    'client/types.js': '/** @type {State} */ export const state = 5;',
    'shared/dom.js': 'export function untyped(value) { return value; }',
    'kitchen/screen.js': "new (await import('../client/orderbell.js')).Orderbell({ url: 'http://x' }).plaec({});",
  };
  const found = check('tsconfig.json', wrong).complaints.map((complaint) => complaint.split(' ').slice(0, 2).join(' '));
  assert.deepEqual(found.sort(), [
    'client/backoff.js: TS2345', 'client/types.js: TS2322', 'kitchen/screen.js: TS2345', 'kitchen/screen.js: TS2551', 'shared/dom.js: TS7006',
  ]);
  const worker = check('tsconfig.worker.json', { 'service-worker.js': 'worker.claim();' }).complaints;
  assert.deepEqual(worker.map((complaint) => complaint.split(' ').slice(0, 2).join(' ')), ['service-worker.js: TS2339']);
});
