import { h } from '../shared/dom.js';
import { count } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { choice, formSheet, sentence } from './parts.js';

/** The most names to list for one kind of change. */
const LISTED = 50;
/** The words for fields of a dish or a heading. @type {Record<string, string>} */
const FIELDS = {
  name: 'name', description: 'description', category: 'heading', price: 'price', station: 'station', sort: 'place', photo: 'photo', picture: 'picture',
  sku: 'number', options: 'options', groups: 'groups of options', course: 'course', available: 'sold out', until: 'sold out until', hours: 'hours',
};

/** @param {boolean} isUnsaved whether the editor has unsaved changes */
export function menuFilesSheet(isUnsaved) {
  return formSheet('import', 'The menu as a file', 'For a spreadsheet, or for another program.', 'Import',
    h('div.actions', {},
      h('button.button', { 'type': 'button', 'data-do': 'export-csv' }, icon('down'), 'Save as CSV'),
      h('button.button', { 'type': 'button', 'data-do': 'export-json' }, icon('down'), 'Save as JSON')),
    isUnsaved
      ? h('p.banner.banner--warn', {}, icon('alert'), h('span', {}, 'Save or discard your changes to the menu first. Then you can import a file.'))
      : [
        h('div.field', {}, h('label', { for: 'field-menu-file' }, 'A file to import'),
          h('input', { 'id': 'field-menu-file', 'type': 'file', 'accept': '.csv,.json,text/csv,application/json', 'aria-describedby': 'menu-file-hint' }),
          h('p.field__hint', { id: 'menu-file-hint' }, 'CSV with commas or semicolons, or JSON, in UTF-8. You see the changes before they are made.')),
        choice('missing', 'Dishes that are not in the file', [['keep', 'stay on the menu'], ['remove', 'are removed']], 'keep'),
      ],
    h('div.preview', { 'id': 'menu-preview', 'role': 'status' }));
}

/** @param {any} preview the changes of an import; empty before a file is chosen */
export function previewView(preview) {
  if (!preview) return [];
  if (preview.errors.length > 0) return faultsView(preview.errors);
  const parts = [...differencesView(preview.categories, 'heading', 'headings'), ...differencesView(preview.items, 'dish', 'dishes')];
  const same = `${count(preview.items.unchanged, 'dish stays', 'dishes stay')} as ${preview.items.unchanged === 1 ? 'it is' : 'they are'}.`;
  return [parts.length === 0 && h('p', {}, 'The file changes nothing.'), parts, h('p.muted', {}, same)];
}

/** @param {{line?: number, column?: string, message: string}[]} faults */
function faultsView(faults) {
  return [
    h('p.banner.banner--bad', {}, icon('alert'), h('span', {}, `Nothing can be imported: ${count(faults.length, 'thing is', 'things are')} wrong in the file.`)),
    h('ul.preview__list', {}, faults.map(({ line, column, message }) => h('li', {},
      line !== undefined && h('strong', {}, [`Line ${line}`, column].filter(Boolean).join(', '), ': '), sentence(message)))),
  ];
}

/** @param {any} differences @param {string} one @param {string} many @returns {HTMLElement[]} */
function differencesView({ added, changed, removed }, one, many) {
  /** @type {[any[], string, string][]} */
  const kinds = [[added, 'is new', 'are new'], [changed, 'changes', 'change'], [removed, 'is removed', 'are removed']];
  return kinds.filter(([list]) => list.length > 0).map(([list, is, are]) => h('section', {},
    h('h3', {}, count(list.length, `${one} ${is}`, `${many} ${are}`)),
    h('ul.preview__list', {},
      list.slice(0, LISTED).map(({ name, fields = [] }) => h('li', {}, name, fields.length > 0 && h('span.muted', {}, `: ${fields.map((/** @type {string} */ field) => FIELDS[field] ?? field).join(', ')}`))),
      list.length > LISTED && h('li.muted', {}, `and ${list.length - LISTED} more`))));
}
