import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { sheetHead } from '../shared/sheet.js';
import { emptyView, field, formSheet, lineButton, mainButton, sectionHead } from './parts.js';

/** @param {{id: string, name: string}[]} keys */
export function keysView(keys) {
  return h('section.section', { 'aria-label': 'API keys' },
    sectionHead('API keys', 'For a POS or a delivery service that sends orders here.', mainButton('ask-key', 'Add a key', 'plus')),
    keys.length === 0
      ? emptyView('key', 'No API key yet', 'Add one for each system, so that you can revoke each on its own.')
      : h('ul.card.entries', {}, keys.map(({ id, name }) => h('li.entry', { 'data-key': id, 'data-api-key': id },
        icon('key'), h('div.entry__body', {}, h('p.entry__name', {}, name), h('p.muted.entry__id', {}, id)),
        h('div.entry__controls', {}, lineButton('ask-revoke', 'Revoke', name))))));
}

export function keySheet() {
  return formSheet('key', 'Add an API key', 'Its secret is shown once.', 'Add',
    field('name', 'What it is for', { required: true, maxlength: 80, placeholder: 'Till at the counter' }));
}

/** @param {{name: string, api_key: string}} key */
export function secretSheet({ name, api_key: secret }) {
  return h('div', {}, sheetHead(name, 'Copy the secret now. It cannot be shown again.'),
    h('div.field', {}, h('label', { for: 'secret' }, 'Secret'),
      h('input.secret', { id: 'secret', readonly: true, value: secret, autocomplete: 'off', spellcheck: 'false' }),
      h('p.field__hint', { id: 'copied', role: 'status' })),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { 'type': 'button', 'data-do': 'copy' }, 'Copy')));
}
