import { h } from '../shared/dom.js';
import { REASON_WORDS, clock } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { choice, emptyView, sectionHead } from './parts.js';

/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} at
 * @property {string} kind
 * @property {string} action
 * @property {string} outcome
 * @property {string} [role]
 * @property {string} [sub]
 * @property {string} [name]
 * @property {string} [address]
 * @property {string} [subject]
 * @property {string} [label]
 * @property {string} [value]
 * @property {string} [reason]
 */

/** @type {Record<string, string>} */
const KINDS = {
  '': 'Everything', 'orders': 'Orders', 'menu': 'Menu', 'people': 'People', 'tables': 'Tables', 'screens': 'Screens',
  'keys': 'API keys', 'sessions': 'Sign-ins', 'guests': 'Guests’ data',
};

/** @type {Record<string, string>} */
const ACTIONS = {
  accept: 'Accepted order', reject: 'Rejected order', start: 'Started order', start_item: 'Started a dish of order',
  finish_item: 'Finished a dish of order', recall_item: 'Recalled a dish of order', ready: 'Bumped order', recall: 'Recalled order',
  serve: 'Served order', cancel: 'Cancelled order', void_item: 'Voided a dish of order', promise: 'Promised a new time for order',
  rush: 'Rush of order', add_items: 'Added lines to order', change_item: 'Corrected a dish of order', fire: 'Fired for order', hold: 'Held for order', serve_item: 'Served a dish of order', start_now: 'Started at once order', reschedule: 'Set another time for order', place: 'Placed order', set_delivery: 'Changed the rider’s data of order', erase_delivery: 'Erased the rider’s data of order', answer_call: 'Answered the call of table',
  move: 'Moved the guests of table', merge: 'Merged with others the guests of table', split: 'Split lines off the bill of table', undo: 'Undid a change of the guests of table',
  set_availability: 'Availability of', set_pause: 'Orders', set_guest_rounds: 'Rounds by guests', set_names: 'Names for takeaways', set_firing: 'When courses are fired', replace_menu: 'Changed the menu', add_picture: 'Uploaded a picture', set_hours: 'Changed the hours', set_rules: 'Changed the rules', rename_restaurant: 'Renamed the restaurant to',
  add_person: 'Added', change_role: 'Changed the role of', change_password: 'Set a new password for',
  change_role_and_password: 'Changed role and password of', remove_person: 'Removed', set_pin: 'Set the PIN of', remove_pin: 'Removed the PIN of',
  change_own_password: 'Changed their own password', confirm_password: 'Confirmed the password of', add_second_factor: 'Set up the second factor of',
  remove_second_factor: 'Removed the second factor of', reset_second_factor: 'Reset the second factor of',
  add_table: 'Added table', change_key: 'Made a new code for table', remove_table: 'Removed table', free_table: 'Freed table',
  pair_screen: 'Paired screen', change_screen: 'Changed screen', revoke_screen: 'Revoked screen',
  add_api_key: 'Made API key', revoke_api_key: 'Revoked API key',
  add_webhook: 'Added webhook', remove_webhook: 'Removed webhook', pause_webhook: 'Paused webhook',
  resume_webhook: 'Resumed webhook', replay_webhook: 'Replayed webhook', renew_webhook_secret: 'Renewed webhook secret',
  begin_shift: 'Took over a shared device', sign_in: 'Signed in', sign_out: 'Signed out', end_session: 'Ended a session of', end_other_sessions: 'Ended the other sessions of', refresh: 'Session ended',
};

/** @type {Record<string, string>} */
const OUTCOMES = {
  unchanged: 'nothing to change', bad_credentials: 'failed', wrong_code: 'wrong code', wrong_password: 'wrong password', wrong_pin: 'wrong PIN', pin_stopped: 'refused: PIN stopped',
  too_many_tries: 'refused: too many tries', not_confirmed: 'asked for the password', forbidden: 'not allowed', not_found: 'not found', stale: 'too late: it had changed',
  invalid: 'refused', invalid_transition: 'no longer possible', conflict: 'refused', paused: 'refused: paused', last_manager: 'refused: last manager',
  token_reused: 'a used token was presented again',
};

/** @param {{audit: Entry[], next?: string}} page @param {string} kind */
export function auditView({ audit, next }, kind) {
  return h('section.section', { 'aria-label': 'Audit' },
    sectionHead('Who did what', 'Newest first. Entries cannot be changed.', choice('kind', 'Show', Object.entries(KINDS), kind)),
    audit.length === 0 ? noEntries(kind)
      : h('ul.card.entries', {}, audit.map(entryLine)),
    next && h('button.button.button--wide', { 'type': 'button', 'data-do': 'older' }, 'Show older entries'));
}

/** @param {string} kind the filter */
function noEntries(kind) {
  if (!kind) return emptyView('list', 'Nothing yet', 'What people, screens and API keys do is listed here.');
  return emptyView('list', `No entries about ${kind === 'keys' ? KINDS[kind] : KINDS[kind].toLowerCase()}`, 'Other kinds of entries are hidden.',
    h('button.button', { 'type': 'button', 'data-do': 'all-kinds' }, 'Show everything'));
}

/** @param {Entry} entry */
function entryLine(entry) {
  return h('li.entry', { 'data-key': entry.id, 'data-entry': entry.action, 'data-outcome': entry.outcome },
    icon(entry.outcome === 'done' ? 'check' : 'alert'),
    h('div.entry__body', {}, h('p.entry__name', {}, actionWords(entry)),
      h('p.muted', {}, h('time', { datetime: entry.at }, when(entry.at)), ` · ${[who(entry), entry.address].filter(Boolean).join(' · ')}`)));
}

/** @param {Entry} entry @returns {string} the action, its object, and its outcome */
export function actionWords({ action, label, value, reason, outcome }) {
  const thing = [ACTIONS[action] ?? action, label, value && `(${value.replaceAll('_', ' ')})`].filter(Boolean).join(' ');
  const why = reason && `: ${REASON_WORDS[reason] ?? reason}`;
  const result = outcome !== 'done' && `: ${OUTCOMES[outcome] ?? outcome}`;
  return [thing, why, result].filter(Boolean).join('');
}

/** @param {Entry} entry @returns {string} the name, or else the best other description */
export function who({ name, role, sub }) {
  if (!role) return 'Not signed in';
  return name ? [...new Set([name, role])].join(', ') : `${role} ${(sub ?? '').slice(0, 8)}`;
}

const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** @param {string} at */
function when(at) {
  return `${DAY.format(new Date(at))}, ${clock(at)}`;
}
