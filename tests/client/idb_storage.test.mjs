// The storage that survives a reload, on an in-memory IndexedDB that follows the specification.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { IdbStorage } from '../../static/client/persistence/idb_storage.js';
import { tool } from './tools.mjs';

const { IDBFactory, IDBKeyRange } = tool('fake-indexeddb');
// The library uses the page's global, as it does for `crypto`.
globalThis.IDBKeyRange = IDBKeyRange;

/** The IndexedDB of one origin. @type {any} */ let factory;
/** @type {IdbStorage} */ let storage;

beforeEach(() => {
  factory = new IDBFactory();
  storage = new IdbStorage(factory);
});

const kept = (id, at = 1, value = { some: id }) => ({ id, at, value });

/** @returns {Promise<string[]>} */
const ids = async (table, owner, of = storage) => (await of.read(table, owner)).map(({ id }) => id);

/** @returns {Promise<any>} */
const opened = (version) => new Promise((resolve, reject) => {
  const asked = factory.open('orderbell', version);
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

test('the next page reads the stored values in the order of their ids', async () => {
  await storage.write('commands', 'ann', kept('b', 7, { frame: { list: [1, null] } }));
  await storage.write('commands', 'ann', kept('a', 9));
  const next = new IdbStorage(factory);
  assert.deepEqual(await next.read('commands', 'ann'), [kept('a', 9), kept('b', 7, { frame: { list: [1, null] } })]);
});

test('a second value under the same id replaces the first', async () => {
  await storage.write('rooms', 'ann', kept('kitchen:r1', 1, 'old'));
  await storage.write('rooms', 'ann', kept('kitchen:r1', 2, 'new'));
  assert.deepEqual(await storage.read('rooms', 'ann'), [kept('kitchen:r1', 2, 'new')]);
});

test('owners and tables are separate, whatever their names', async () => {
  const owners = ['ann', 'ann2', 'an', '', 'ann\u0000', 'বিথী'];
  for (const owner of owners) await storage.write('commands', owner, kept(`of ${owner}`));
  await storage.write('rooms', 'ann', kept('a room'));
  for (const owner of owners) assert.deepEqual(await ids('commands', owner), [`of ${owner}`]);
  await storage.remove('commands', 'ann');
  assert.deepEqual(await ids('commands', 'ann'), []);
  for (const owner of owners.slice(1)) assert.deepEqual(await ids('commands', owner), [`of ${owner}`]);
  assert.deepEqual(await ids('rooms', 'ann'), ['a room']);
});

test('one id is removed alone, and removing an unknown id is not an error', async () => {
  for (const id of ['a', 'ab', 'b']) await storage.write('commands', 'ann', kept(id));
  await storage.remove('commands', 'ann', 'a');
  await storage.remove('commands', 'ann', 'nothing');
  assert.deepEqual(await ids('commands', 'ann'), ['ab', 'b']);
});

test('values older than the given age are removed for every owner, and values of exactly that age stay', async () => {
  for (const owner of ['ann', 'bob']) for (const at of [1, 2, 3]) await storage.write('rooms', owner, kept(`at ${at}`, at));
  await storage.write('commands', 'ann', kept('old', 1));
  await storage.prune('rooms', 2);
  for (const owner of ['ann', 'bob']) assert.deepEqual(await ids('rooms', owner), ['at 2', 'at 3']);
  assert.deepEqual(await ids('commands', 'ann'), ['old']);
  await storage.prune('rooms', 0);
  assert.deepEqual(await ids('rooms', 'ann'), ['at 2', 'at 3']);
});

test('two pages share the database, and simultaneous writes all take effect', async () => {
  const other = new IdbStorage(factory);
  const writes = Array.from({ length: 40 }, (_, at) => (at % 2 ? storage : other).write('commands', 'ann', kept(`id ${String(at).padStart(2, '0')}`, at)));
  await Promise.all(writes);
  assert.equal((await ids('commands', 'ann')).length, 40);
  assert.deepEqual(await ids('commands', 'ann', other), await ids('commands', 'ann'));
});

test('a value that cannot be stored is refused, and leaves nothing behind', async () => {
  await assert.rejects(storage.write('commands', 'ann', kept('a', 1, () => {})), { name: 'DataCloneError' });
  assert.deepEqual(await ids('commands', 'ann'), []);
});

test('a page of a newer version does not wait for an older page, whose calls are then refused', async () => {
  await storage.write('commands', 'ann', kept('a'));
  const newer = await opened(2);
  await assert.rejects(storage.read('commands', 'ann'), { name: 'VersionError' });
  assert.deepEqual([...newer.objectStoreNames], ['commands', 'rooms']);
});

test('a database that was deleted meanwhile is created again', async () => {
  await storage.write('commands', 'ann', kept('a'));
  await new Promise((resolve, reject) => Object.assign(factory.deleteDatabase('orderbell'), { onsuccess: resolve, onerror: reject }));
  assert.deepEqual(await ids('commands', 'ann'), []);
  await storage.write('commands', 'ann', kept('b'));
  assert.deepEqual(await ids('commands', 'ann'), ['b']);
});

test('a database that cannot be opened refuses the call, and the next call tries again', async () => {
  const open = factory.open;
  factory.open = () => { throw new DOMException('not here', 'SecurityError'); };
  await assert.rejects(storage.read('commands', 'ann'), { name: 'SecurityError' });
  await assert.rejects(storage.write('commands', 'ann', kept('a')), { name: 'SecurityError' });
  factory.open = open;
  await storage.write('commands', 'ann', kept('b'));
  assert.deepEqual(await ids('commands', 'ann'), ['b']);
});
