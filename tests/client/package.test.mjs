// The npm package as another project gets it: packed, installed from the file without a network, imported by name, typed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { HERE, tool } from './tools.mjs';

const run = promisify(execFile);
const ts = tool('typescript');
const manifest = JSON.parse(await readFile(join(HERE, 'static/client/package.json'), 'utf8'));
/** The other project. */ let folder;
/** The installed package. */ let installed;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orderbell-package.'));
  const { stdout } = await run(join(HERE, 'scripts/client-package'), [join(folder, 'made')]);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', stdout.trim()], { cwd: folder });
  installed = join(folder, 'node_modules', manifest.name);
});

after(() => rm(folder, { recursive: true, force: true }));

test('the package holds the library\'s modules with their types, the licences, a README and a manifest, and nothing else', async () => {
  const modules = (await readdir(join(HERE, 'static/client'), { recursive: true })).filter((name) => name.endsWith('.js'));
  const expected = [...modules, ...modules.map((name) => name.replace(/\.js$/, '.d.ts')), 'LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json'];
  const files = (await readdir(installed, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  assert.deepEqual(files.map(({ parentPath, name }) => relative(installed, join(parentPath, name))).sort(), expected.sort());
});

test('the package has the version of the server it was built with, and depends on no other package', async () => {
  const [, version] = (await readFile(join(HERE, 'Cargo.toml'), 'utf8')).match(/^version = "(.+)"$/m);
  assert.equal(manifest.version, version);
  assert.deepEqual(Object.keys(manifest).filter((key) => key.toLowerCase().includes('dependencies')), []);
});

test('every export of the package can be imported by name, and nothing else can', async () => {
  const names = Object.keys(manifest.exports).map((path) => path.replace('.', manifest.name)).filter((name) => !name.endsWith('.json'));
  assert.ok(names.length > 5);
  const script = `
    const found = {};
    for (const name of ${JSON.stringify(names)}) found[name] = Object.keys(await import(name)).sort();
    const inner = await import('${manifest.name}/transport/connection.js').catch(({ code }) => code);
    console.log(JSON.stringify({ found, inner }));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder });
  const { found, inner } = JSON.parse(stdout);
  assert.deepEqual(found['@orderbell/client'], ['Api', 'Orderbell', 'OrderbellError', 'Room', 'TokenSource', 'fixedToken', 'newId', 'tokenClaims']);
  assert.deepEqual(found['@orderbell/client/merge-patch'], ['mergePatch']);
  assert.deepEqual(found['@orderbell/client/lifecycle'], ['followLifecycle']);
  assert.equal(inner, 'ERR_PACKAGE_PATH_NOT_EXPORTED');
});

const CONSUMER = `
import { Orderbell, fixedToken, type Room } from '@orderbell/client';
import { followLifecycle } from '@orderbell/client/lifecycle';
import { mergePatch } from '@orderbell/client/merge-patch';
import type { State, Transport } from '@orderbell/client/types';

const bell = new Orderbell({ url: 'https://orders.example', tokens: fixedToken('a.b.c'), storage: indexedDB });
const room: Room = bell.room('kitchen:r1');
const stop: () => void = followLifecycle(bell, window);
export const told: [State, Transport, number | null, () => void] = [bell.state, bell.transport, room.cursor, stop];
export const merged = mergePatch({ a: 1 }, { a: null });
`;

/** @param {string} source of a user in TypeScript @param {object} resolution @returns {Promise<number[]>} the codes of the compiler's errors */
async function compiled(source, resolution) {
  const file = join(folder, 'consumer.ts');
  await writeFile(file, source);
  const options = { strict: true, noEmit: true, skipDefaultLibCheck: true, target: ts.ScriptTarget.ES2022, types: [], ...resolution };
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options)).map(({ code }) => code);
}

test('TypeScript finds its types, with a bundler and without', async () => {
  const bundled = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  assert.deepEqual(await compiled(CONSUMER, bundled), []);
  assert.deepEqual(await compiled(CONSUMER, { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }), []);
  const wrong = `${CONSUMER}\nexport const age: string = bell.now();\nbell.command({ order: 'no action' });\n`;
  assert.deepEqual(await compiled(wrong, bundled), [2322, 2345]);
});
