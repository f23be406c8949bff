import { h } from '../shared/dom.js';
import { count, money } from '../shared/format.js';
import { knownZone } from './days.js';
import { hoursCard } from './hours_view.js';
import { pricePattern, priceText } from './menu_draft.js';
import { emptyView, field, formSheet, mainButton, sectionHead } from './parts.js';

/**
 * @typedef {{minutes: number, hours?: import('./hours_view.js').Span[], tables?: string[], most_portions?: number, most_total?: number, notes?: boolean}} Rule
 * @typedef {{zone: string, currency: string, tables: string[]}} House
 */

/** @param {Rule | undefined} rule @param {House} house */
export function autoAcceptView(rule, house) {
  const hint = 'An order that fits is accepted in the moment in which it is placed. Not while orders are paused or the restaurant is closed, and no order for later.';
  if (!rule) {
    return h('section.section', { 'aria-label': 'New orders' }, sectionHead('New orders', hint),
      emptyView('hand', 'The floor accepts each order', 'With a rule, orders that fit it need no touch.', mainButton('ask-auto', 'Accept by a rule', 'plus')));
  }
  return h('section.section', { 'aria-label': 'New orders' },
    sectionHead('New orders', hint, mainButton('ask-auto', 'Change the rule', 'edit'), h('button.button', { 'type': 'button', 'data-do': 'stop-auto' }, 'Stop')),
    h('ul.card.entries', {}, conditions(rule, house).map((words) => h('li.entry', { 'data-key': words }, h('p.entry__name', {}, words)))),
    hoursCard('auto', 'Hours of the rule', rule, { zone: knownZone(house.zone), otherwise: 'At any time at which guests can order.' }));
}

/** @param {Rule} rule @param {House} house @returns {string[]} what the rule says, but for its hours */
export function conditions({ minutes, tables, most_portions: portions, most_total: total, notes }, { currency }) {
  const sizes = [portions !== undefined && count(portions, 'dish', 'dishes'), total !== undefined && money({ amount: total, currency })].filter(Boolean);
  return [
    `Promised: ${count(minutes, 'minute', 'minutes')}`,
    tables ? `Only at ${tables.length > 0 ? `table ${tables.join(', ')}` : 'no table'}` : 'At all tables, and without one',
    sizes.length > 0 ? `Up to ${sizes.join(' and up to ')}` : 'Of any size',
    notes ? 'Also with a note or an allergy: nobody reads it before the kitchen does' : 'Not with a note or an allergy: somebody reads it first',
  ];
}

/** @param {Rule | undefined} rule @param {House} house */
export function autoAcceptSheet(rule, { currency, tables }) {
  // A table that was removed stays until somebody unchecks it.
  const offered = [...new Set([...tables, ...rule?.tables ?? []])];
  return formSheet('auto', 'Accept by a rule', 'An order has to fit all of it.', 'Save',
    field('minutes', 'Minutes that are promised', { type: 'number', min: 1, max: 480, required: true, value: rule?.minutes ?? 20, inputmode: 'numeric' }),
    offered.length > 0 && h('fieldset.field', {}, h('legend', {}, 'Only at these tables (none chosen: all orders, also takeaways)'),
      h('div.hours__days', {}, offered.map((label) => h('label.hours__day', {},
        h('input', { type: 'checkbox', name: 'tables', value: label, checked: rule?.tables?.includes(label) ?? false }), label)))),
    field('portions', 'Dishes at most', { type: 'number', min: 1, max: 9999, value: rule?.most_portions ?? '', inputmode: 'numeric', hint: 'Empty: any number.' }),
    field('total', 'Total at most', {
      inputmode: 'decimal', pattern: pricePattern(currency), value: rule?.most_total === undefined ? '' : priceText(rule.most_total, currency),
      hint: `In ${currency}. Empty: any.`, 'data-wrong': `An amount is a number, such as ${priceText(12550, currency)}`,
    }),
    h('div.field', {}, h('label.hours__day', {}, h('input', { type: 'checkbox', name: 'notes', checked: rule?.notes === true }), 'Also orders with a note or an allergy')));
}
