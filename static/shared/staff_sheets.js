import { h } from './dom.js';
import { ageInWords, count } from './format.js';
import { sheetHead } from './sheet.js';

/** Sheets of both the floor's and the manager's page. */

/** @param {string[]} stations */
export function pairSheet(stations) {
  return h('form', { id: 'pair-form', method: 'dialog' },
    sheetHead('Pair a screen', 'Open /kitchen on a kitchen screen, or /staff on a device to share: it shows a code.'),
    h('div.field', {}, h('label', { for: 'screen-role' }, 'What it is'),
      h('select', { id: 'screen-role', name: 'role' },
        h('option', { value: 'kitchen' }, 'Kitchen screen'), h('option', { value: 'staff' }, 'Floor, for several people'))),
    h('div.field', {}, h('label', { for: 'user-code' }, 'Code on the screen'),
      h('input.code', { 'id': 'user-code', 'name': 'user_code', 'required': true, 'autocomplete': 'off', 'autocapitalize': 'characters', 'spellcheck': 'false', 'maxlength': 20 })),
    h('div.field', {}, h('label', { for: 'screen-name' }, 'Name'),
      h('input', { id: 'screen-name', name: 'name', required: true, maxlength: 60, autocomplete: 'off', placeholder: 'Hot line, left' })),
    h('div.field', {}, h('label', { for: 'screen-station' }, 'Station'),
      h('select', { id: 'screen-station', name: 'station' },
        h('option', { value: '' }, 'All stations (expo)'), stations.map((station) => h('option', { value: station }, station)))),
    h('p.field__error', { id: 'pair-error', role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { type: 'submit' }, 'Pair')));
}

/**
 * Reads all guests at a table, page by page.
 *
 * @param {(path: string) => Promise<any>} get reads a path below the restaurant's
 * @param {string} table
 * @returns {Promise<any[]>}
 */
export async function guestsAt(get, table) {
  const path = `/diner-sessions?table=${encodeURIComponent(table)}`;
  const all = [];
  let page = await get(path);
  all.push(...page.sessions);
  while (page.next) {
    page = await get(`${path}&after=${encodeURIComponent(page.next)}`);
    all.push(...page.sessions);
  }
  return all;
}

/**
 * @param {string} table
 * @param {{id: string, started_at: string, seen_at: string, open_orders: number}[]} sessions
 * @param {number} now server ms
 */
export function guestsSheet(table, sessions, now) {
  const since = (/** @type {string} */ time) => ageInWords(Math.max(now - Date.parse(time), 0));
  const hint = sessions.length === 0 ? 'No phone is at this table.' : `${count(sessions.length, 'phone')}. Once its visit ends, a phone can order again only by scanning the code.`;
  return h('div', { 'data-guests-of': table }, sheetHead(`Guests at table ${table}`, hint),
    h('ul.guests', {}, sessions.map(({ id, started_at, seen_at, open_orders }) => h('li.guest', { 'data-guest': id },
      h('p', {}, `Here for ${since(started_at)}, last heard ${since(seen_at)} ago, ${count(open_orders, 'open order')}`),
      h('button.button.button--danger', { 'type': 'button', 'data-do': 'ask-end-guest' }, 'End the visit',
        h('span.visually-hidden', {}, ` of the guest who is here for ${since(started_at)}`))))),
    h('p.field__error', { role: 'alert' }));
}

/** @param {string} table @param {string} id of the session */
export function endGuestSheet(table, id) {
  return h('div', { 'data-guests-of': table, 'data-guest': id },
    sheetHead('End this visit?', `The phone at table ${table} says that the staff have ended the visit. Its orders continue; cancel them one by one.`),
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--danger.button--large', { 'type': 'button', 'data-do': 'end-guest', 'data-sure': true }, 'End the visit')));
}
