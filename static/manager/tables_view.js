import { h } from '../shared/dom.js';
import { clock, count } from '../shared/format.js';
import { sheetHead } from '../shared/sheet.js';
import { emptyView, field, formSheet, lineButton, mainButton, sectionHead } from './parts.js';

/**
 * @param {{id: string, label: string, url: string}[]} tables
 * @param {{codes: Map<string, string>, hints: {language: string, words: string}[], restaurant: string, place: string, limited: any[]}} look
 * `codes`: pictures by address; `hints`: the text under each code; `place`: the host in the codes' addresses; `limited`: the
 * limits that were reached recently
 */
export function tablesView(tables, { codes, hints, restaurant, place, limited }) {
  const ready = tables.length > 0 && tables.every(({ url }) => codes.has(url));
  return h('section.section', { 'aria-label': 'Tables' },
    sectionHead('Tables', tables.length === 0 ? 'Each has a code that opens the menu.' : `${count(tables.length, 'code')} for ${place}.`,
      tables.length > 0 && h('button.button', { 'type': 'button', 'data-do': 'print', 'disabled': !ready }, 'Print the codes'),
      mainButton('ask-table', 'Add a table', 'plus')),
    isThisDevice(place) && h('p.banner.banner--warn', { 'data-key': 'unreachable' },
      `Phones cannot open ${place}: it is an address of this device alone. Open this page at the address that guests use, then print the codes.`),
    tables.length === 0 && emptyView('table', 'No table yet', 'Add one, print its code, and put it on the table.'),
    h('ul.codes', {}, tables.map((table) => tableCard(table, { code: codes.get(table.url), hints, restaurant }))),
    limitedView(limited));
}

/** @param {string} place a host, with its port @returns {boolean} whether no other device can reach it */
export function isThisDevice(place) {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(place);
}

/** The words for each limit. @type {Record<string, string>} */
const LIMIT_WORDS = {
  commands_by_diner: 'one phone sent too much at once',
  orders_by_diner: 'one phone ordered too often in a minute',
  orders_by_table: 'the table ordered too often in a minute',
  orders_by_restaurant: 'all guests together ordered too often in a minute',
  lines_by_diner: 'one phone ordered too many dishes in a minute',
  lines_by_table: 'the table ordered too many dishes in a minute',
  lines_by_restaurant: 'all guests together ordered too many dishes in a minute',
  open_orders_by_diner: 'one phone has too many open orders',
  open_orders_by_table: 'the table has too many open orders',
  open_orders_by_restaurant: 'all guests together have too many open orders',
  order_lines: 'an order had too many lines',
  order_portions: 'an order had too many portions',
  order_bytes: 'an order was too long',
};

/** @param {{limit: string, table?: string, count: number, last_at: string}[]} limited */
function limitedView(limited) {
  if (limited.length === 0) return null;
  return h('section.card.limited', { 'aria-labelledby': 'limited-title' },
    h('h3', { id: 'limited-title' }, 'Orders held back in the last 24 hours'),
    h('ul', {}, limited.map(({ limit, table, count: times, last_at }) => h('li', {},
      `${table ? `Table ${table}` : 'No table'}: ${LIMIT_WORDS[limit] ?? limit.replaceAll('_', ' ')}, ${count(times, 'time')}, last at ${clock(last_at)}`))));
}

/**
 * Asks whether phones that used the old code keep their sessions.
 * @param {{id: string, label: string}} table
 */
export function newCodeSheet({ id, label }) {
  return h('div', { 'data-table': id }, sheetHead(`Table ${label}`, 'The code on the table stops working. What about the phones that used it?'),
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {},
      h('button.button.button--danger.button--large', { 'type': 'button', 'data-do': 'new-key', 'data-end': 'true', 'data-sure': true }, 'New code, end their visits'),
      h('button.button.button--large', { 'type': 'button', 'data-do': 'new-key', 'data-end': 'false' }, 'New code, keep their visits')));
}

/**
 * @param {{id: string, label: string, url: string}} table
 * @param {{code: string | undefined, hints: {language: string, words: string}[], restaurant: string}} look
 */
function tableCard({ id, label, url }, { code, hints, restaurant }) {
  return h('li.card.code-card', { 'data-key': id, 'data-table': id },
    h('p.code-card__restaurant', {}, restaurant),
    code ? h('img.code-card__code', { src: code, alt: `QR code of ${url}`, width: 160, height: 160 })
      : h('div.code-card__code.code-card__code--due', {}, h('div.spinner', { 'aria-hidden': 'true' })),
    h('h3', {}, `Table ${label}`),
    hints.map(({ language, words }) => h('p.code-card__hint', { lang: language }, words)),
    h('div.actions', {}, lineButton('guests', 'Guests', `at table ${label}`), lineButton('ask-key', 'New code', `for table ${label}`), lineButton('ask-remove', 'Remove', `table ${label}`)));
}

export function tableSheet() {
  return formSheet('table', 'Add a table', 'Its code opens the menu on a guest’s phone.', 'Add',
    field('label', 'Number or name', { required: true, maxlength: 20, placeholder: '14' }));
}
