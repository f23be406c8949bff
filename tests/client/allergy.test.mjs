import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isAllergy } from '../../static/shared/notes.js';

/** Phrases in English, Bengali, Spanish and Arabic, each with whether it may be about an allergy. @type {[string, boolean][]} */
const PHRASES = JSON.parse(readFileSync(new URL('fixtures/allergy_phrases.json', import.meta.url), 'utf8'));

test('each phrase is classified correctly', () => {
  const wrong = PHRASES.filter(([note, right]) => isAllergy(note) !== right).map(([note, right]) => `${right ? 'missed' : 'false alarm'}: ${note}`);
  assert.deepEqual(wrong, []);
  assert.ok(PHRASES.length >= 200);
  const scripts = [/[a-z]/i, /[\u0980-\u09ff]/, /[\u0600-\u06ff]/];
  for (const script of scripts) for (const right of [true, false]) assert.ok(PHRASES.some(([note, is]) => is === right && script.test(note)));
});

test('misspellings, and Bengali in either script, are recognized', () => {
  const held = [
    'nut alergy', 'allery to eggs', 'nut allergie!!', 'im alergik to fish', 'allargic to prawns', 'son has egg allegy', 'peanut alergies', 'badam e elergy ache',
    'badam diben na', 'dim deben na please', 'chingri diyen na', 'kaju badam dien na', 'badam chara', 'machh khete pari na', 'egg diben na', 'badame somossa hoy',
    'বাদামে আমার সমস্যা হয়', 'ডিমে সমস্যা আছে', 'চিংড়িতে অসুবিধা হয়',
  ];
  const plain = [
    'no alergy', 'no alergies at all', 'table near the alley', 'extra gravy', 'already paid', 'energy drink', 'gallery table', 'elderly guest, soft rice',
    'after eight please', 'arrange a candle', 'extra large', 'chini diben na', 'jhal kom diben', 'dudh diben na', 'ekta extra plate diben', 'egg ta boro diben',
    'মাছ দেরিতে এলে সমস্যা নেই', 'দেরি হলে সমস্যা নেই', 'ঝাল বেশি হলে সমস্যা হয়',
  ];
  assert.deepEqual(held.filter((note) => !isAllergy(note)), [], 'missed');
  assert.deepEqual(plain.filter((note) => isAllergy(note)), [], 'false alarms');
});

test('case, spaces and ways to write a letter make no difference', () => {
  for (const [note, right] of PHRASES) {
    for (const same of [note.toUpperCase(), `  ${note}  `, note.normalize('NFC'), note.normalize('NFD')]) assert.equal(isAllergy(same), right, same);
  }
});

test('a denied allergy does not hide another one in the same note', () => {
  assert.equal(isAllergy('no allergies. My son: no nuts'), true);
  assert.equal(isAllergy('no allergies, but peanuts make me ill'), true);
  assert.equal(isAllergy(undefined), false);
  assert.equal(isAllergy(''), false);
});

test('judging a note is fast, whatever its text', () => {
  for (const note of ['no '.repeat(66), 'no a or '.repeat(25), 'makes the '.repeat(20), 'বাদাম '.repeat(33), 'any '.repeat(50), 'sin y '.repeat(33)]) {
    const begun = performance.now();
    isAllergy(note.slice(0, 200));
    assert.ok(performance.now() - begun < 500, note.slice(0, 20));
  }
});
