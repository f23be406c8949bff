import { h } from '../shared/dom.js';
import { money } from '../shared/format.js';
import { formSheet } from './parts.js';

/** @type {Record<string, string>} */
const FIELD_WORDS = { name: 'name', description: 'description', amount: 'price', station: 'station', photo: 'photo', picture: 'picture', sku: 'number', category: 'heading', option: 'option', groups: 'groups of options', present: 'on the menu' };

/**
 * Asks which edit to keep for each field that both have changed.
 * @param {import('./menu_merge.js').Conflict[]} conflicts
 * @param {{currency: string, headings: {id: string, name: string}[]}} parts
 */
export function conflictSheet(conflicts, parts) {
  return formSheet('conflicts', 'Someone else has changed the same',
    'All other changes are merged. Choose which of these to keep:', 'Save these',
    conflicts.map((conflict) => conflictField(conflict, parts)));
}

/** @param {import('./menu_merge.js').Conflict} conflict @param {{currency: string, headings: {id: string, name: string}[]}} parts */
function conflictField(conflict, parts) {
  const { key, name, field } = conflict;
  const side = (/** @type {'mine' | 'theirs'} */ whose, /** @type {string} */ words) => h('label.conflict__side', {},
    h('input', { type: 'radio', name: key, value: whose, checked: whose === 'mine' }),
    h('span', {}, h('span.muted', {}, words), ' ', valueWords(field, conflict[whose], parts)));
  return h('fieldset.field.conflict', { 'data-conflict': key }, h('legend', {}, `${name}: ${FIELD_WORDS[field] ?? field}`),
    side('mine', 'Yours:'), side('theirs', 'Theirs:'));
}

/** @param {string} field @param {any} value @param {{currency: string, headings: {id: string, name: string}[]}} parts @returns {string} */
function valueWords(field, value, { currency, headings }) {
  if (field === 'amount') return money({ amount: value, currency });
  if (field === 'category') return headings.find(({ id }) => id === value)?.name ?? '';
  if (field === 'present') return value === 'removed' || value === undefined ? 'Remove it' : 'Keep it, changed';
  if (field === 'option') return value ? `${value.name}, ${money({ amount: value.amount, currency })}` : 'Removed';
  if (field === 'groups') return (value ?? []).map(groupWords).join('; ') || 'None';
  return value === '' || value === undefined ? 'Nothing' : String(value);
}

/** @param {import('./menu_draft.js').DraftGroup} group @returns {string} */
function groupWords({ name, min, max, options }) {
  return `${name}, ${min} to ${max} of ${options.map((option) => option.name).join(', ')}`;
}

/** @param {string} what the other person's change, such as `the role to manager` */
export function conflictWords(what) {
  return `someone else has just changed ${what}. Send it again to overwrite that`;
}
