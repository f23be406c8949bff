/** The part of a dish's form for its options and their groups. */

import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { MAX_CHOSEN, MAX_GROUPS, MAX_OPTIONS, pricePattern, priceText, readPrice } from './menu_draft.js';
import { iconButton } from './parts.js';

/** @typedef {import('./menu_draft.js').DraftOption} DraftOption */
/** @typedef {import('./menu_draft.js').DraftGroup} DraftGroup */
/**
 * @typedef {{id: string, name: string, amount: number | null, preset?: boolean, groups?: TypedGroup[]}} TypedOption
 * an option as the manager typed it; `amount` is null if it is not a valid price
 */
/** @typedef {{id: string, name: string, min: number, max: number, options: TypedOption[]}} TypedGroup */

/**
 * Where an option is: outside of groups, in a group, or in a group under an option. @typedef {'loose' | 'group' | 'nested'}
 * Depth
 */

/** An example of a price, in minor units. */
const EXAMPLE = 450;

/** @param {string} currency */
export function priceField(currency) {
  return { 'inputmode': 'decimal', 'pattern': pricePattern(currency), 'data-wrong': `A price is a number, such as ${priceText(EXAMPLE, currency)}` };
}

/**
 * @param {DraftOption[]} options @param {DraftGroup[]} groups @param {{currency: string, knowsGroups: boolean}} look `knowsGroups`: whether the server supports groups
 */
export function optionFields(options, groups, { currency, knowsGroups }) {
  return [
    knowsGroups && h('fieldset.field.options', {}, h('legend', {}, 'Choices'),
      h('p.field__hint', {}, 'Questions to the guest: which side dish, how well done, which of the extras (up to three).'),
      h('ul.groups', { id: 'groups' }, groups.map((group) => groupRow(group, currency, 'group'))),
      h('button.button', { 'type': 'button', 'data-do': 'add-group' }, icon('plus'), 'Add a choice')),
    h('fieldset.field.options', {}, h('legend', {}, 'Options'),
      h('p.field__hint', {}, 'Extras that a guest may add, each with its price.'),
      h('ul.options__list', { id: 'options' }, options.map((option) => optionRow(option, currency, 'loose'))),
      h('button.button', { 'type': 'button', 'data-do': 'add-option' }, icon('plus'), 'Add an option')),
  ];
}

/** @param {DraftGroup} group @param {string} currency @param {Depth} depth @returns {HTMLElement} */
function groupRow({ id, name, min, max, options }, currency, depth) {
  const bound = (/** @type {string} */ field, /** @type {string} */ words, /** @type {number} */ value, /** @type {number} */ least) => h('label.group__bound', {}, h('span', {}, words),
    h('input', { 'type': 'number', 'name': field, 'required': true, 'min': least, 'max': MAX_CHOSEN, 'inputmode': 'numeric', 'data-wrong': `${least} to ${MAX_CHOSEN}.`, 'value': String(value) }));
  return h('li.group', { 'data-group': id },
    h('div.field.group__head', {},
      h('input.group__name', { 'name': 'group-name', 'aria-label': 'Choice', 'placeholder': 'Choose a side', 'required': true, 'maxlength': 80, 'autocomplete': 'off', 'value': name }),
      bound('group-min', 'At least', min, 0), bound('group-max', 'At most', max, 1),
      h('span.group__controls', {}, iconButton('group-up', 'up', 'Move this choice up'), iconButton('group-down', 'down', 'Move this choice down'),
        iconButton('remove-group', 'trash', 'Remove this choice'))),
    h('ul.options__list', {}, options.map((option) => optionRow(option, currency, depth))),
    h('button.button', { 'type': 'button', 'data-do': 'add-option' }, icon('plus'), 'Add an option', h('span.visually-hidden', {}, ' to this choice')));
}

/** @param {DraftOption} option @param {string} currency @param {Depth} depth @returns {HTMLElement} */
function optionRow({ id, name, amount, preset, groups = [] }, currency, depth) {
  const isGrouped = depth !== 'loose';
  return h('li', { 'data-option': id },
    h('div.option', { 'data-depth': depth },
      h('input', { 'name': 'option-name', 'aria-label': 'Option', 'placeholder': isGrouped ? 'rice' : 'extra spicy', 'required': true, 'maxlength': 80, 'autocomplete': 'off', 'value': name }),
      h('input', { 'name': 'option-price', 'aria-label': `Adds, in ${currency}`, 'placeholder': '0', ...priceField(currency), 'autocomplete': 'off', 'value': amount ? priceText(amount, currency) : '' }),
      h('span.option__controls', {},
        isGrouped && h('label.option__preset', { title: 'Chosen by default' }, h('input', { type: 'checkbox', name: 'option-preset', checked: preset === true }), 'Default'),
        depth === 'group' && iconButton('add-nested', 'plus', 'Ask another question with this option'),
        iconButton('remove-option', 'trash', 'Remove this option'))),
    depth === 'group' || groups.length > 0 ? h('ul.groups', {}, groups.map((group) => groupRow(group, currency, 'nested'))) : null);
}

/**
 * Handles the buttons of the form.
 *
 * @param {string} does @param {HTMLElement} control @param {string} currency @param {() => string} newId
 * @returns {boolean} whether it was one of this form's buttons
 */
export function editGroups(does, control, currency, newId) {
  const group = control.closest('[data-group]');
  const option = control.closest('[data-option]');
  /** @type {Record<string, () => void>} */
  const actions = {
    'add-option': () => addOption(control, currency, newId()),
    'remove-option': () => remove(option),
    'add-group': () => addGroup(document.querySelector('#groups'), currency, newId, 'group'),
    'add-nested': () => addGroup(option?.querySelector(':scope > .groups') ?? null, currency, newId, 'nested'),
    'remove-group': () => remove(group),
    'group-up': () => group?.previousElementSibling?.before(group),
    'group-down': () => group?.nextElementSibling?.after(group),
  };
  if (!Object.hasOwn(actions, does)) return false;
  actions[does]();
  // In some browsers a control loses the focus when it is moved.
  if (control.isConnected) control.focus();
  return true;
}

/** Removes a row. The focus moves to the button after its list. @param {Element | null} row */
function remove(row) {
  const next = row?.parentElement?.parentElement?.querySelector(':scope > button') ?? row?.closest('fieldset')?.querySelector(':scope > button');
  row?.remove();
  if (next instanceof HTMLElement) next.focus();
}

/** @param {HTMLElement} control @param {string} currency @param {string} id of the new option */
function addOption(control, currency, id) {
  const list = control.parentElement?.querySelector(':scope > .options__list');
  const group = control.closest('[data-group]');
  if (!list || (!group && list.children.length >= MAX_OPTIONS)) return;
  const depth = !group ? 'loose' : group.parentElement?.closest('[data-option]') ? 'nested' : 'group';
  const row = optionRow({ id, name: '', amount: 0 }, currency, depth);
  list.append(row);
  queueMicrotask(() => row.querySelector('input')?.focus());
}

/** @param {Element | null} list @param {string} currency @param {() => string} newId @param {Depth} depth */
function addGroup(list, currency, newId, depth) {
  if (!list || document.querySelectorAll('dialog[open] [data-group]').length >= MAX_GROUPS) return;
  const row = groupRow({ id: newId(), name: '', min: 1, max: 1, options: [{ id: newId(), name: '', amount: 0 }, { id: newId(), name: '', amount: 0 }] }, currency, depth);
  list.append(row);
  queueMicrotask(() => row.querySelector('input')?.focus());
}

/** @param {Element} list @param {string} currency @returns {TypedOption[]} */
export function readOptions(list, currency) {
  return [...list.children].map((row) => {
    const head = /** @type {Element} */ (row.querySelector(':scope > .option'));
    const nested = row.querySelector(':scope > .groups');
    const groups = nested ? readGroups(nested, currency) : [];
    const preset = head.querySelector('[name="option-preset"]');
    return {
      id: row.getAttribute('data-option') ?? '', name: value(head, 'option-name'), amount: readPrice(value(head, 'option-price'), currency),
      ...(preset instanceof HTMLInputElement && preset.checked && { preset: true }), ...(groups.length > 0 && { groups }),
    };
  });
}

/** @param {Element} list @param {string} currency @returns {TypedGroup[]} */
export function readGroups(list, currency) {
  return [...list.children].map((row) => ({
    id: row.getAttribute('data-group') ?? '', name: value(row, 'group-name'), min: Number(value(row, 'group-min')), max: Number(value(row, 'group-max')),
    options: readOptions(/** @type {Element} */ (row.querySelector(':scope > .options__list')), currency),
  }));
}

/** @param {Element} place @param {string} name */
function value(place, name) {
  return /** @type {HTMLInputElement} */ (place.querySelector(`[name="${name}"]`)).value.trim();
}
