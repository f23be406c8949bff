import { h } from '../shared/dom.js';
import { count } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { sheetHead } from '../shared/sheet.js';

/** @typedef {{id: string, name: string, role?: string, stopped?: boolean}} Person */

/**
 * The button with the name of the person who is using the device. @param {string | undefined} name @param {boolean} checked
 * whether the server has checked the PIN
 */
export function personButton(name, checked) {
  return h('button.button.person', { 'type': 'button', 'data-do': 'who', 'data-nobody': name === undefined, 'data-unchecked': name !== undefined && !checked },
    icon('person'), h('span.person__name', {}, name ?? 'Who are you?'), name !== undefined && !checked && h('span.visually-hidden', {}, ', PIN not checked yet'));
}

/** @param {Person[]} people @param {{person: {id: string, name: string}} | undefined} current */
export function peopleSheet(people, current) {
  return h('div', { 'data-people': true }, sheetHead('Who are you?', 'What you do from now on carries your name.'),
    people.length === 0 && h('p', {}, 'Nobody has a PIN yet. Set yours in your account, or ask a manager.'),
    h('div.reasons', {}, people.map(({ id, name, stopped }) => h('button.button.button--wide', {
      'type': 'button', 'data-do': 'pin', 'data-person': id, 'aria-pressed': String(id === current?.person.id),
    }, name, stopped && h('span.muted', {}, ' PIN stopped')))),
    current && h('div.sheet__foot', {}, h('button.button', { 'type': 'button', 'data-do': 'nobody' }, icon('out'), `${current.person.name} leaves`)));
}

/** Asks for a manager's PIN. @param {string} words what was refused @param {Person[]} managers */
export function managerSheet(words, managers) {
  return h('div', { 'data-people': true }, sheetHead('A manager has to do this', words),
    managers.length === 0 && h('p', {}, 'No manager has a PIN. Managers set theirs in their account.'),
    h('div.reasons', {}, managers.map(({ id, name, stopped }) => h('button.button.button--wide', {
      'type': 'button', 'data-do': 'pin', 'data-person': id, 'data-once': 'once',
    }, `Enter the PIN of ${name}`, stopped && h('span.muted', {}, ' PIN stopped')))));
}

/** @param {{id: string, name: string}} person @param {{shift?: string, once?: string}} how as in `Shifts.ask` */
export function pinSheet({ id, name }, { shift, once }) {
  const key = (/** @type {string} */ one) => h('button.button.pad__key', {
    'type': 'button', 'data-do': 'pin-key', 'data-key': one, 'aria-label': one === 'back' ? 'Delete the last digit' : one,
  }, one === 'back' ? icon('left') : one);
  return h('form', { 'id': 'pin-form', 'novalidate': true }, sheetHead(`PIN of ${name}`, once ? 'For this action only. The device stays with the same person.' : '4 to 6 digits.'),
    h('input', { type: 'hidden', name: 'person', value: id }), shift && h('input', { type: 'hidden', name: 'shift', value: shift }),
    once && h('input', { type: 'hidden', name: 'once', value: once }),
    h('div.field', {}, h('label', { for: 'pin' }, 'PIN'),
      h('input.code', { 'id': 'pin', 'name': 'pin', 'type': 'password', 'inputmode': 'none', 'autocomplete': 'off', 'maxlength': 6, 'autofocus': true, 'aria-describedby': 'pin-error' })),
    h('p.field__error', { id: 'pin-error', role: 'alert' }),
    h('div.pad', { role: 'group', 'aria-label': 'Digits' }, [...'123456789'].map(key), key('back'), key('0'),
      h('button.button.button--primary.pad__key', { 'type': 'submit', 'aria-label': 'Continue' }, icon('check'))));
}

/**
 * Lists the changes that wait for a PIN to be typed again after a reload. @param {{shift: {id: string, person: {id: string,
 * name: string}}, waiting: number}[]} unproved
 */
export function unprovedView(unproved) {
  return unproved.map(({ shift: { id, person }, waiting }) => h('p', {}, `${count(waiting, 'change')} of ${person.name} not sent: the PIN has to be typed again. `,
    h('button.button', { 'type': 'button', 'data-do': 'pin', 'data-person': person.id, 'data-shift': id }, `PIN of ${person.name}`)));
}
