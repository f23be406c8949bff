import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isAllergy } from '../../static/shared/notes.js';

/** Phrases in English, Bengali, Spanish and Arabic, each with whether it may be about an allergy. @type {[string, boolean][]} */
const PHRASES = JSON.parse(readFileSync(new URL('fixtures/allergy_phrases.json', import.meta.url), 'utf8'));

test('each phrase gets its right answer', () => {
  const wrong = PHRASES.filter(([note, right]) => isAllergy(note) !== right).map(([note, right]) => `${right ? 'missed' : 'false alarm'}: ${note}`);
  assert.deepEqual(wrong, []);
  assert.ok(PHRASES.length >= 200);
  const scripts = [/[a-z]/i, /[\u0980-\u09ff]/, /[\u0600-\u06ff]/];
  for (const script of scripts) for (const right of [true, false]) assert.ok(PHRASES.some(([note, is]) => is === right && script.test(note)));
});

test('case, spaces and ways to write a letter make no difference', () => {
  for (const [note, right] of PHRASES) {
    for (const same of [note.toUpperCase(), `  ${note}  `, note.normalize('NFC'), note.normalize('NFD')]) assert.equal(isAllergy(same), right, same);
  }
});

test('a denial denies itself alone', () => {
  assert.equal(isAllergy('no allergies. My son: no nuts'), true);
  assert.equal(isAllergy('no allergies, but peanuts make me ill'), true);
  assert.equal(isAllergy(undefined), false);
  assert.equal(isAllergy(''), false);
});

test('no note takes long to judge', () => {
  for (const note of ['no '.repeat(66), 'no a or '.repeat(25), 'makes the '.repeat(20), 'বাদাম '.repeat(33), 'any '.repeat(50), 'sin y '.repeat(33)]) {
    const begun = performance.now();
    isAllergy(note.slice(0, 200));
    assert.ok(performance.now() - begun < 500, note.slice(0, 20));
  }
});
