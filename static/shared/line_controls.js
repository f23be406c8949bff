import { mayBeAllergy } from './basket.js';
import { askedGroups, countIn } from './choices.js';
import { h } from './dom.js';

/**
 * The controls of one line of an order, for guests and for the staff.
 *
 * @typedef {object} Speech the texts and formats of a page
 * @property {{chooseCount: (min: number, max: number) => string} & Record<'allergy' | 'isAllergy' | 'yes' | 'no' | 'quantity' | 'soldOut', string> & Record<'chooseFor' | 'fewer' | 'more', (name: string) => string>} words
 * @property {(money: {amount: number, currency: string}) => string} money
 * @property {(number: number) => string} number
 */

/**
 * The checkbox that marks a note as an allergy, and the question if the note sounds like one. The kitchen treats a declared
 * allergy differently from a guessed one.
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

/**
 * The options of a dish, in the groups to show now. A group with too few chosen options is marked.
 *
 * @param {any} item of the menu @param {string[]} chosen @param {Speech} speech
 * @returns {HTMLElement[]}
 */
export function optionChips(item, chosen, speech) {
  return askedGroups(item, chosen).map((group) => {
    if (group.id === '') return h('div.options', { 'data-key': 'options', 'role': 'group', 'aria-label': speech.words.chooseFor(item.name) }, chips(group, chosen, speech));
    const hint = speech.words.chooseCount(group.min, group.max);
    return h('div.option-group', { 'data-key': `group ${group.id}`, 'data-group': group.id, 'data-nested': group.under !== undefined, 'data-missing': countIn(group, chosen) < group.min, 'role': 'group', 'aria-label': `${group.name}: ${hint}` },
      h('p.option-group__head', { 'aria-hidden': 'true' }, h('b', {}, group.name), h('span', {}, hint)),
      h('div.options', {}, chips(group, chosen, speech)));
  });
}

/** @param {import('./choices.js').Group} group @param {string[]} chosen @param {Speech} speech */
function chips(group, chosen, { words, money }) {
  // In a group that allows one option, another touch replaces it.
  const isFull = group.max > 1 && countIn(group, chosen) >= group.max;
  return group.options.map(({ id, name, price, isThere }) => {
    const isChosen = chosen.includes(id);
    return h('button.chip', { 'type': 'button', 'data-key': id, 'data-do': 'option', 'data-option': id, 'aria-pressed': String(isChosen), 'disabled': !isChosen && (!isThere || isFull) },
      name,
      !isThere && h('span.muted', {}, words.soldOut),
      isThere && price.amount !== 0 && h('span.muted', {}, `${price.amount > 0 ? '+' : ''}${money(price)}`));
  });
}

/**
 * @param {string} name @param {number} quantity @param {string} scope the receiver of the controls' actions @param {Speech}
 * speech
 */
export function stepper(name, quantity, scope, { words, number }) {
  return h('div.stepper', { role: 'group', 'aria-label': `${words.quantity}: ${name}` },
    h('button.stepper__step', { type: 'button', 'data-do': `${scope}-fewer`, 'aria-label': words.fewer(name) }, h('span', { 'aria-hidden': 'true' }, '−')),
    h('output.stepper__count', {}, number(quantity)),
    h('button.stepper__step', { type: 'button', 'data-do': `${scope}-more`, 'aria-label': words.more(name) }, h('span', { 'aria-hidden': 'true' }, '+')));
}
