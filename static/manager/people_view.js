import { h } from '../shared/dom.js';
import { choice, field, formSheet, lineButton, mainButton, sectionHead } from './parts.js';

/** @type {[string, string][]} */
export const ROLES = [['staff', 'Staff: orders and calls'], ['manager', 'Manager: this page too']];

/** @param {{id: string, username: string, role: string, totp?: boolean, pin?: boolean, pin_stopped?: boolean}[]} people @param {string} me */
export function peopleView(people, me) {
  return h('section.section', { 'aria-label': 'People' },
    sectionHead('People', 'They sign in here or on the staff page.', mainButton('ask-person', 'Add a person', 'plus')),
    h('ul.card.entries', {}, people.map(({ id, username, role, totp, pin, pin_stopped: stopped }) => h('li.entry', { 'data-key': id, 'data-person': id },
      h('div.entry__body', {}, h('p.entry__name', {}, username, username === me && h('span.badge', {}, 'you'), totp && h('span.badge', {}, 'second factor'), pin && h('span.badge', { 'data-tone': stopped ? 'bad' : undefined }, stopped ? 'PIN stopped' : 'PIN')),
        h('p.muted', {}, role === 'manager' ? 'Manager' : 'Staff')),
      h('div.entry__controls', {}, totp && username !== me && lineButton('ask-reset', 'Reset second factor', username), lineButton('ask-pin', pin ? 'Change PIN' : 'Set PIN', username), lineButton('ask-change', 'Change', username), lineButton('ask-remove', 'Remove', username))))));
}

export function personSheet() {
  return formSheet('person', 'Add a person', 'They sign in on the staff page.', 'Add',
    field('username', 'Username', { required: true, maxlength: 64, 'pattern': '[!-~]{1,64}', 'data-wrong': 'Latin letters, digits and signs, without spaces.', autocapitalize: 'none', spellcheck: 'false', hint: 'Without spaces' }),
    passwordField({ required: true }),
    choice('role', 'Role', ROLES, 'staff'));
}

/** @param {{id: string, username: string, role: string}} person @param {string} me the signed-in person */
export function changePersonSheet({ id, username, role }, me) {
  return formSheet('change', username, 'A change signs them out everywhere.', 'Change',
    h('input', { type: 'hidden', name: 'id', value: id }),
    choice('role', 'Role', ROLES, role),
    username === me ? h('p.muted', {}, 'Change your own password under Account.')
      : passwordField({ label: 'New password', hint: 'Leave empty to keep it. 8 characters or more; a few words are best' }));
}

/** @param {{id: string, username: string, pin?: boolean}} person */
export function pinSheet({ id, username, pin }) {
  return formSheet('pin', `PIN of ${username}`, 'With the PIN they act in their own name on a shared device.', 'Set',
    h('input', { type: 'hidden', name: 'id', value: id }),
    field('pin', 'New PIN', { 'type': 'password', 'inputmode': 'numeric', 'autocomplete': 'off', 'required': true, 'maxlength': 6, 'pattern': '[0-9]{4,6}', 'data-wrong': '4 to 6 digits.', 'hint': '4 to 6 digits, not 1234 or 1111' }),
    pin && h('div', { 'data-person': id }, lineButton('remove-pin', 'Remove the PIN', username)));
}

/** @param {{label?: string, required?: boolean, hint?: string}} look */
function passwordField({ label = 'Password', required = false, hint = '8 characters or more; a few words are best' }) {
  return field('password', label, { type: 'password', autocomplete: 'new-password', minlength: 8, required, hint });
}
