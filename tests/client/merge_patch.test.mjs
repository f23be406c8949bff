import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePatch } from '../../static/client/merge_patch.js';

// The examples of RFC 7396, appendix A: original, patch, result.
const EXAMPLES = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [['a', 'b'], ['c', 'd'], ['c', 'd']],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

for (const [original, patch, result] of EXAMPLES) {
  test(`${JSON.stringify(original)} + ${JSON.stringify(patch)}`, () => {
    assert.deepEqual(mergePatch(original, patch), result);
  });
}

test('neither argument is changed', () => {
  const original = { a: { b: 1 }, c: 2 };
  const patch = { a: { d: 3 }, c: null };
  mergePatch(original, patch);
  assert.deepEqual([original, patch], [{ a: { b: 1 }, c: 2 }, { a: { d: 3 }, c: null }]);
});

test('a member named __proto__ is data, and pollutes nothing', () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
  assert.equal(merged.polluted, undefined);
  assert.equal({}.polluted, undefined);
  assert.deepEqual(Object.keys(merged), ['__proto__']);
});
