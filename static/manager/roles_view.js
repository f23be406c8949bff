import { h } from '../shared/dom.js';
import { choice, formSheet, mainButton, sectionHead } from './parts.js';

/** The actions that a rule can restrict, in words. @type {Record<string, string>} */
const ACTION_WORDS = {
  accept: 'Accept orders', reject: 'Reject orders', cancel: 'Cancel orders', void_item: 'Void a dish', change_item: 'Correct a dish',
  add_items: 'Add dishes to an order', promise: 'Promise a new time', rush: 'Mark a rush', fire: 'Fire a course', hold: 'Hold a course',
  serve: 'Serve orders', serve_item: 'Serve a dish', start: 'Start orders', start_item: 'Start a dish', ready: 'Bump orders',
  finish_item: 'Finish a dish', recall: 'Call an order back', recall_item: 'Take a dish back', answer_call: 'Answer calls',
  move: 'Move guests to another table', merge: 'Put two tables together', undo: 'Undo a move or a merge',
  start_now: 'Start an order for later now', reschedule: 'Move an order for later to another time',
  set_availability: 'Mark dishes as sold out', set_pause: 'Pause orders', set_guest_rounds: 'Allow rounds by guests', set_firing: 'Set when courses are fired',
};

/** The actions that kitchen screens may do, too. */
const KITCHEN = new Set(['start', 'start_item', 'ready', 'finish_item', 'recall', 'recall_item', 'promise', 'fire', 'hold']);

/** @type {Record<string, string>} */
const WHO = { staff: 'the floor and managers', manager: 'managers' };

/** @param {string} action @param {string} least */
function words(action, least) {
  return `${ACTION_WORDS[action] ?? action}: ${WHO[least] ?? least}`;
}

/** @param {Record<string, string>} least the lowest role for each action that needs a higher one than usual */
export function rolesView(least) {
  const raised = Object.entries(least);
  return h('section.section', { 'aria-label': 'Who may do what' },
    sectionHead('Who may do what', 'These rules do not affect guests and API keys. On a shared device, a manager’s PIN is enough.', mainButton('ask-role', 'Ask for a higher role', 'plus')),
    raised.length === 0 ? h('p.muted', {}, 'Kitchen and floor may do everything that their work needs.')
      : h('ul.card.entries', {}, raised.map(([action, role]) => h('li.entry', { 'data-key': action },
        h('div.entry__body', {}, h('p.entry__name', {}, ACTION_WORDS[action] ?? action), h('p.muted', {}, `Only ${WHO[role] ?? role}`)),
        h('div.entry__controls', {}, h('button.button', { 'type': 'button', 'data-do': 'usual-role', 'data-deed': action }, 'Reset to the usual roles', h('span.visually-hidden', {}, `: ${ACTION_WORDS[action] ?? action}`)))))));
}

/** @param {Record<string, string>} least */
export function roleSheet(least) {
  const offered = Object.keys(ACTION_WORDS).flatMap((action) => (KITCHEN.has(action) ? ['staff', 'manager'] : ['manager']).map((role) => [action, role]))
    .filter(([action, role]) => least[action] !== role);
  return formSheet('least', 'Ask for a higher role', 'People with a lower role are told who has to do it.', 'Save',
    choice('least', 'The action, and who alone may do it', offered.map(([action, role]) => [`${action} ${role}`, words(action, role)]), 'void_item manager'));
}
