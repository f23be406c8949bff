import { mayBeAllergy } from './basket.js';
import { h } from './dom.js';

/**
 * The controls of one line of an order, for guests and for the staff.
 *
 * @typedef {object} Speech how a page says what they say
 * @property {Record<'allergy' | 'isAllergy' | 'yes' | 'no' | 'quantity', string> & Record<'chooseFor' | 'fewer' | 'more', (name: string) => string>} words
 * @property {(money: {amount: number, currency: string}) => string} money
 * @property {(number: number) => string} number
 */

/**
 * The box that marks a note as an allergy, and the question when the words sound like one. The kitchen treats a ticked allergy
 * differently from a guessed one.
 *
 * @param {{note: string, allergy?: boolean, denied?: string}} said @param {string} of @param {Speech} speech
 */
export function allergyBox(said, of, { words }) {
  return [
    h('label.allergy', {},
      h('input', { type: 'checkbox', checked: said.allergy === true, 'data-field': 'allergy', 'aria-label': `${words.allergy}: ${of}` }), h('span', {}, words.allergy)),
    mayBeAllergy(said) && h('div.allergy-ask', { role: 'group', 'aria-label': `${words.isAllergy}: ${of}` },
      h('span', { role: 'status' }, words.isAllergy),
      h('button.chip', { type: 'button', 'data-do': 'allergy-yes' }, words.yes), h('button.chip', { type: 'button', 'data-do': 'allergy-no' }, words.no)),
  ];
}

/** @param {any} item of the menu @param {string[]} chosen @param {Speech} speech @returns {HTMLElement | null} */
export function optionChips(item, chosen, { words, money }) {
  const options = Object.entries(item.options ?? {});
  if (options.length === 0) return null;
  return h('div.options', { role: 'group', 'aria-label': words.chooseFor(item.name) }, options.map(([id, option]) => h(
    'button.chip', { type: 'button', 'data-do': 'option', 'data-option': id, 'aria-pressed': String(chosen.includes(id)) },
    option.name,
    option.price.amount !== 0 && h('span.muted', {}, `${option.price.amount > 0 ? '+' : ''}${money(option.price)}`),
  )));
}

/** @param {string} name @param {number} quantity @param {string} scope where the two controls report to @param {Speech} speech */
export function stepper(name, quantity, scope, { words, number }) {
  return h('div.stepper', { role: 'group', 'aria-label': `${words.quantity}: ${name}` },
    h('button.stepper__step', { type: 'button', 'data-do': `${scope}-fewer`, 'aria-label': words.fewer(name) }, h('span', { 'aria-hidden': 'true' }, '−')),
    h('output.stepper__count', {}, number(quantity)),
    h('button.stepper__step', { type: 'button', 'data-do': `${scope}-more`, 'aria-label': words.more(name) }, h('span', { 'aria-hidden': 'true' }, '+')));
}
