import { h } from '../shared/dom.js';
import { count, money } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { optionFields, priceField } from './group_form.js';
import { MAX_COURSES, priceText } from './menu_draft.js';
import { choice, emptyView, field, formSheet, iconButton, lineButton, mainButton, sectionHead } from './parts.js';

/** @typedef {import('./menu_draft.js').DraftCategory} DraftCategory */
/** @typedef {import('./menu_draft.js').DraftItem} DraftItem */

/**
 * @param {DraftCategory[]} draft @param {{currency: string, unsaved: boolean, isBehind?: boolean, names?: boolean}} look
 * isBehind: whether others have saved meanwhile; names: whether takeaways need a name
 */
export function menuEditorView(draft, { currency, unsaved, isBehind = false, names = false }) {
  const dishes = draft.reduce((sum, { items }) => sum + items.length, 0);
  return h('section.section', { 'aria-label': 'Menu' },
    sectionHead('Menu', `${count(dishes, 'dish', 'dishes')} under ${count(draft.length, 'heading')}. Guests see changes once you save.`,
      h('button.button', { 'type': 'button', 'data-do': 'ask-files' }, icon('list'), 'Import or export'),
      mainButton('ask-category', 'Add a heading', 'plus')),
    h('button.chip', { 'type': 'button', 'data-key': 'names', 'data-do': 'names', 'aria-pressed': String(names) }, icon(names ? 'check' : 'bag'), 'Takeaways need a name'),
    draft.length === 0 && emptyView('list', 'The menu is empty', 'Add a heading, such as “Starters”, and put dishes under it.'),
    draft.map((category, at) => categoryView(category, { currency, isFirst: at === 0, isLast: at === draft.length - 1 })),
    unsaved && saveBar(isBehind));
}

/** @param {boolean} isBehind */
function saveBar(isBehind) {
  return h('div.save', { 'role': 'region', 'aria-label': 'Changes', 'data-key': 'save' },
    h('p', { role: 'status' }, 'You have unsaved changes. Guests do not see them yet.', isBehind && ' Someone else has changed the menu. Saving merges both.'),
    h('div.actions', {},
      h('button.button', { 'type': 'button', 'data-do': 'discard' }, 'Discard'),
      h('button.button.button--go', { 'type': 'button', 'data-do': 'save' }, 'Save the menu')));
}

/** @param {DraftCategory} category @param {{currency: string, isFirst: boolean, isLast: boolean}} look */
function categoryView({ id, name, items }, { currency, isFirst, isLast }) {
  return h('section.card.heading', { 'data-key': id, 'data-category': id },
    h('header.heading__head', {}, h('h3', {}, name),
      h('div.entry__controls', {},
        iconButton('up', 'up', `Move ${name} up`, isFirst), iconButton('down', 'down', `Move ${name} down`, isLast),
        iconButton('ask-category', 'edit', `Rename ${name}`), iconButton('ask-remove-category', 'trash', `Remove ${name}`))),
    items.length === 0 && h('p.muted.heading__empty', { 'data-key': 'empty' }, 'No dish yet.'),
    h('ul.entries', {}, items.map((item, at) => dishView(item, { currency, isFirst: at === 0, isLast: at === items.length - 1 }))),
    h('button.button.button--quiet.heading__add', { 'type': 'button', 'data-do': 'ask-item' },
      icon('plus'), 'Add a dish', h('span.visually-hidden', {}, ` to ${name}`)));
}

/** @param {DraftItem} item @param {{currency: string, isFirst: boolean, isLast: boolean}} look */
function dishView({ id, name, amount, station, available, photo, picture, options, groups = [] }, { currency, isFirst, isLast }) {
  const facts = [station, groups.length > 0 && count(groups.length, 'choice'), options.length > 0 && count(options.length, 'option'), (picture || photo) && 'photo'].filter(Boolean).join(' · ');
  return h('li.entry', { 'data-key': id, 'data-menu-item': id },
    h('div.entry__body', {}, h('p.entry__name', {}, name, !available && h('span.badge', { 'data-tone': 'bad' }, 'Sold out')), h('p.muted', {}, facts)),
    h('p.entry__price', {}, money({ amount, currency })),
    h('div.entry__controls', {},
      iconButton('up', 'up', `Move ${name} up`, isFirst), iconButton('down', 'down', `Move ${name} down`, isLast),
      lineButton('ask-item', 'Edit', name)));
}

/** @type {[string, string][]} */
const COURSES = [['', 'None'], ...Array.from({ length: MAX_COURSES }, (_, at) => /** @type {[string, string]} */ ([String(at + 1), `Course ${at + 1}`]))];

/** @param {DraftCategory} [category] undefined for a new one */
export function categorySheet(category) {
  return formSheet('category', category ? 'Rename the heading' : 'A new heading', 'Guests see it above its dishes.', category ? 'Rename' : 'Add',
    h('input', { type: 'hidden', name: 'id', value: category?.id ?? '' }),
    field('name', 'Name', { required: true, maxlength: 80, value: category?.name ?? '' }),
    choice('course', 'Course', COURSES, String(category?.course?.number ?? '')));
}

/**
 * @param {DraftItem | null} item null for a new one
 * @param {{category: string, draft: DraftCategory[], stations: string[], currency: string, knowsGroups: boolean, picture: HTMLElement}} parts picture: the field of the picture
 */
export function itemSheet(item, { category, draft, stations, currency, knowsGroups, picture }) {
  return formSheet('item', item ? item.name : 'A new dish', 'Guests see it once you save the menu.', item ? 'Apply' : 'Add',
    h('input', { type: 'hidden', name: 'id', value: item?.id ?? '' }),
    field('name', 'Name', { required: true, maxlength: 80, value: item?.name ?? '' }),
    h('div.field', {}, h('label', { for: 'field-description' }, 'Description'),
      h('textarea', { id: 'field-description', name: 'description', rows: 2, maxlength: 200 }, item?.description ?? '')),
    h('div.field.columns', {},
      field('price', `Price in ${currency}`, { ...priceField(currency), required: true, value: item ? priceText(item.amount, currency) : '' }),
      field('station', 'Station', { required: true, list: 'stations', pattern: '[a-z0-9\\-]{1,40}', 'data-wrong': 'Small letters, digits and hyphens only.', value: item?.station ?? '', autocapitalize: 'none', hint: 'Lower case, such as hot, cold, bar' })),
    choice('category', 'Heading', draft.map(({ id, name }) => [id, name]), category),
    knowsGroups && picture,
    knowsGroups && field('sku', 'Number', { maxlength: 40, value: item?.sku ?? '', hint: 'Optional; as the till or the stock knows it' }),
    field('photo', 'Photo address', { type: 'text', inputmode: 'url', maxlength: 500, pattern: '(https://|/)\\S*', 'data-wrong': 'An address begins with https://', value: item?.photo ?? '', hint: 'Optional, for a picture that is somewhere else; begins with https://' }),
    optionFields(item?.options ?? [], item?.groups ?? [], { currency, knowsGroups }),
    h('datalist', { id: 'stations' }, stations.map((station) => h('option', { value: station }))),
    item && h('button.button.button--quiet.button--danger', { 'type': 'button', 'data-do': 'remove-item', 'data-id': item.id }, icon('trash'), 'Remove this dish'));
}
