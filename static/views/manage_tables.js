import { h } from './dom.js';
import { count } from './format.js';
import { emptyView, field, formSheet, lineButton, mainButton, sectionHead } from './manage_parts.js';

/**
 * @param {{id: string, label: string, url: string}[]} tables
 * @param {{codes: Map<string, string>, hints: {language: string, words: string}[], restaurant: string, place: string}} look
 *   `codes`: pictures by address; `hints`: what stands under each; `place`: where guests get to
 */
export function tablesView(tables, { codes, hints, restaurant, place }) {
  const ready = tables.length > 0 && tables.every(({ url }) => codes.has(url));
  return h('section.section', { 'aria-label': 'Tables' },
    sectionHead('Tables', tables.length === 0 ? 'Each has a code that opens the menu.' : `${count(tables.length, 'code')}, which lead to ${place}.`,
      tables.length > 0 && h('button.button', { 'type': 'button', 'data-do': 'print', 'disabled': !ready }, 'Print the codes'),
      mainButton('ask-table', 'Add a table', 'plus')),
    tables.length === 0 && emptyView('table', 'No table yet', 'Add one, print its code, and put it on the table.'),
    h('ul.codes', {}, tables.map((table) => tableCard(table, { code: codes.get(table.url), hints, restaurant }))));
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
    h('div.actions', {}, lineButton('ask-key', 'New code', `for table ${label}`), lineButton('ask-remove', 'Remove', `table ${label}`)));
}

export function tableSheet() {
  return formSheet('table', 'A new table', 'Its code opens the menu on a guest’s phone.', 'Add',
    field('label', 'What is written on it', { required: true, maxlength: 20, placeholder: '14' }));
}
