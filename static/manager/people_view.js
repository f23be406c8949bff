import { h } from '../shared/dom.js';
import { choice, field, formSheet, lineButton, mainButton, sectionHead } from './parts.js';

/** @type {[string, string][]} */
export const ROLES = [['staff', 'Staff: orders and calls'], ['manager', 'Manager: this page too']];

/** @param {{id: string, username: string, role: string, totp?: boolean}[]} people @param {string} me */
export function peopleView(people, me) {
  return h('section.section', { 'aria-label': 'People' },
    sectionHead('People', 'They sign in here or on the staff page.', mainButton('ask-person', 'Add a person', 'plus')),
    h('ul.card.entries', {}, people.map(({ id, username, role, totp }) => h('li.entry', { 'data-key': id, 'data-person': id },
      h('div.entry__body', {}, h('p.entry__name', {}, username, username === me && h('span.badge', {}, 'you'), totp && h('span.badge', {}, 'second factor')),
        h('p.muted', {}, role === 'manager' ? 'Manager' : 'Staff')),
      h('div.entry__controls', {}, totp && username !== me && lineButton('ask-reset', 'Reset second factor', username), lineButton('ask-change', 'Change', username), lineButton('ask-remove', 'Remove', username))))));
}

export function personSheet() {
  return formSheet('person', 'Add a person', 'They sign in on the staff page.', 'Add',
    field('username', 'Username', { required: true, maxlength: 64, 'pattern': '[!-~]{1,64}', 'data-wrong': 'Latin letters, digits and signs, without spaces.', autocapitalize: 'none', spellcheck: 'false', hint: 'Without spaces' }),
    passwordField({ required: true }),
    choice('role', 'Role', ROLES, 'staff'));
}

/** @param {{id: string, username: string, role: string}} person @param {string} me who is signed in */
export function changePersonSheet({ id, username, role }, me) {
  return formSheet('change', username, 'A change signs them out everywhere.', 'Change',
    h('input', { type: 'hidden', name: 'id', value: id }),
    choice('role', 'Role', ROLES, role),
    username === me ? h('p.muted', {}, 'Change your own password under Account.')
      : passwordField({ label: 'New password', hint: 'Leave empty to keep it. 8 characters or more; a few words are best' }));
}

/** @param {{label?: string, required?: boolean, hint?: string}} look */
function passwordField({ label = 'Password', required = false, hint = '8 characters or more; a few words are best' }) {
  return field('password', label, { type: 'password', autocomplete: 'new-password', minlength: 8, required, hint });
}
