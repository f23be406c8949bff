import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { choice, emptyView, field, formSheet, lineButton, mainButton, sectionHead } from './parts.js';

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/**
 * The last two fields are missing on an older node. @typedef {{id: string, name: string, station?: string, approved_at?:
 * string, approved_by?: {username?: string}}} Screen
 */

/** @param {Screen[]} screens */
export function pairedView(screens) {
  return h('section.section', { 'aria-label': 'Screens' },
    sectionHead('Kitchen screens', 'The staff page shows which of them are connected.', mainButton('ask-pair', 'Pair a screen', 'screen')),
    screens.length === 0
      ? emptyView('screen', 'No screen yet', 'Open /kitchen on a tablet and pair it with its code.')
      : h('ul.card.entries', {}, screens.map(screenLine)));
}

/** @param {Screen} screen */
function screenLine({ id, name, station, approved_at: at, approved_by: by }) {
  return h('li.entry', { 'data-key': id, 'data-device': id },
    icon('screen'),
    h('div.entry__body', {}, h('p.entry__name', {}, name), h('p.muted', {}, station ?? 'All stations (expo)'),
      at && h('p.muted', {}, 'Approved ', h('time', { datetime: at }, DAY.format(new Date(at))), by && ` by ${by.username ?? 'somebody who was removed'}`)),
    h('div.entry__controls', {}, lineButton('ask-change', 'Change', name), lineButton('ask-revoke', 'Revoke', name)));
}

/** @param {{id: string, name: string, station?: string}} screen @param {string[]} stations */
export function screenSheet({ id, name, station = '' }, stations) {
  const known = [...new Set([...stations, ...(station ? [station] : [])])];
  return formSheet('screen', name, 'A new station takes effect within 15 minutes.', 'Change',
    h('input', { type: 'hidden', name: 'id', value: id }),
    field('name', 'Name', { required: true, maxlength: 80, value: name }),
    choice('station', 'Station', [['', 'All stations (expo)'], ...known.map((one) => /** @type {[string, string]} */ ([one, one]))], station));
}
