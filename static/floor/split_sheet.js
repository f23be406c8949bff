import { called } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { money } from '../shared/format.js';
import { sheetHead } from '../shared/sheet.js';
import { visitName } from './sheets.js';

/** The dialog that splits lines off a visit. Only the dialog has the choice, so a colleague's work does not change it. */

/** Statuses of orders that are not on a bill, or whose lines cannot be split off. */
const FIXED = new Set(['placed', 'rejected', 'cancelled']);

/**
 * @param {any} visit @param {any[]} orders of it, with their lines @param {string[]} free tables
 * @param {{id: string, table: string, bill?: number}[]} others other visits
 */
export function splitSheet({ id, table, bill }, orders, free, others) {
  const divisible = orders.filter(({ status }) => !FIXED.has(status)).sort((a, b) => a.number - b.number);
  const waits = orders.some(({ status }) => status === 'placed');
  const currency = orders[0]?.total.currency;
  return h('div.split', { 'data-visit': id, 'data-visit-of': table, 'data-currency': currency, 'data-stays': waits },
    sheetHead(`Split the bill of ${visitName({ table, bill })}`, 'Choose what goes to another bill. The kitchen sees it. You can undo this for 15 minutes.'),
    waits && h('p.muted', {}, 'Accept the new orders first to split those.'),
    divisible.map(orderView),
    h('fieldset.field.split__to', {}, h('legend', {}, 'Where it goes'),
      h('div.actions', {}, target('own', '', 'A bill of its own', true, 'a bill of its own'),
        others.map((other) => target('into', other.id, `With ${visitName(other)}`)),
        free.map((label) => target('table', label, `Table ${label}`, false, `table ${label}`)))),
    h('div.sheet__foot', {},
      h('p.field__error', { id: 'split-error', role: 'alert' }),
      h('button.button.button--primary.button--large', { 'type': 'button', 'data-do': 'split' },
        h('span', { 'id': 'split-sum', 'aria-live': 'polite' }, 'Nothing chosen'))));
}

/** @param {string} kind @param {string} value @param {string} words @param {boolean} [checked] @param {string} [where] the words in a sentence */
function target(kind, value, words, checked = false, where = words.replace(/^With /, '')) {
  return h('label.split__target', {},
    h('input', { 'type': 'radio', 'name': 'split-to', 'value': value, 'data-kind': kind, 'data-where': where, checked }), h('span', {}, words));
}

/** @param {any} order */
function orderView(order) {
  const lines = Object.entries(order.items).filter(([, { status }]) => status !== 'voided');
  const title = `split-${order.id}`;
  return h('section.split__order', { 'data-split-order': order.id, 'aria-labelledby': title },
    h('header.split__head', {}, h('h3', { id: title }, `Order ${called(order)}`),
      h('button.button.button--quiet', { 'type': 'button', 'data-do': 'split-all' }, 'All', h('span.visually-hidden', {}, ` of order ${called(order)}`))),
    h('ul.split__lines', {}, lines.map(([id, item]) => lineView(id, item))));
}

/** @param {string} id @param {any} item */
function lineView(id, { name, quantity, price, options = [] }) {
  const step = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ words) =>
    h('button.button', { 'type': 'button', 'data-do': 'split-step', 'data-by': by, 'aria-label': words }, h('span', { 'aria-hidden': 'true' }, sign));
  return h('li.split__line', { 'data-split-item': id, 'data-quantity': quantity, 'data-price': price.amount },
    h('div.split__body', {}, h('p', {}, name), options.length > 0 && h('p.muted', {}, options.join(', ')), h('p.muted.numeric', {}, money(price))),
    h('div.split__steps', { 'role': 'group', 'aria-label': name }, step(-1, '−', `One ${name} less`),
      h('output.split__count.numeric', { 'data-taken': 0, 'aria-live': 'polite' }, `0 of ${quantity}`), step(1, '+', `One ${name} more`)));
}

/** @param {HTMLElement} control a step of a line */
export function stepSplit(control) {
  const line = control.closest('li');
  if (!line) return;
  take(line, takenOf(line) + Number(control.dataset.by));
  sayChosen(control);
}

/** Takes all lines of an order, or none if they are all taken. @param {HTMLElement} control of the order */
export function takeAll(control) {
  const lines = linesOf(control.closest('[data-split-order]'));
  const isAll = lines.every((line) => takenOf(line) === mostOf(line));
  for (const line of lines) take(line, isAll ? 0 : mostOf(line));
  sayChosen(control);
}

/** @param {Element | null} root @returns {HTMLElement[]} */
function linesOf(root) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (root?.querySelectorAll('[data-split-item]') ?? [])];
}

/** @param {HTMLElement} line */
function mostOf(line) {
  return Number(line.dataset.quantity);
}

/** @param {HTMLElement} line */
function countOf(line) {
  return /** @type {HTMLElement} */ (line.querySelector('[data-taken]'));
}

/** @param {HTMLElement} line */
function takenOf(line) {
  return Number(countOf(line).dataset.taken);
}

/** @param {HTMLElement} line @param {number} wanted */
function take(line, wanted) {
  const taken = Math.min(Math.max(wanted, 0), mostOf(line));
  const count = countOf(line);
  count.dataset.taken = String(taken);
  count.textContent = `${taken} of ${mostOf(line)}`;
  line.classList.toggle('split__line--taken', taken > 0);
}

/** Shows how many portions are chosen, and what they cost. @param {HTMLElement} control in the sheet */
function sayChosen(control) {
  const sheet = /** @type {HTMLElement} */ (control.closest('.split'));
  const lines = linesOf(sheet);
  const sum = (/** @type {(line: HTMLElement) => number} */ of) => lines.reduce((total, line) => total + of(line), 0);
  const portions = sum(takenOf);
  const amount = sum((line) => takenOf(line) * Number(line.dataset.price));
  const words = /** @type {HTMLElement} */ (sheet.querySelector('#split-sum'));
  words.textContent = portions === 0 ? 'Nothing chosen' : `Split off ${portions} · ${money({ amount, currency: sheet.dataset.currency ?? '' })}`;
  complain(sheet, '');
}

/** @param {HTMLElement} sheet @param {string} words */
function complain(sheet, words) {
  /** @type {HTMLElement} */ (sheet.querySelector('#split-error')).textContent = words;
}

/**
 * @param {HTMLElement} control in the sheet
 * @returns {{lines: {order: string, item: string, quantity: number}[], to: {table?: string, into?: string}, where: string} | null} null
 *   if nothing or everything is chosen; the sheet says so
 */
export function wantedSplit(control) {
  const sheet = /** @type {HTMLElement} */ (control.closest('.split'));
  const all = linesOf(sheet);
  const chosen = all.filter((line) => takenOf(line) > 0);
  if (chosen.length === 0) {
    complain(sheet, 'Choose at least one dish with +.');
    return null;
  }
  if (!('stays' in sheet.dataset) && all.every((line) => takenOf(line) === mostOf(line))) {
    complain(sheet, 'That is the whole bill. Leave something on it, or close this and use Move.');
    return null;
  }
  const lines = chosen.map((line) => ({
    order: line.closest('[data-split-order]')?.getAttribute('data-split-order') ?? '',
    item: line.dataset.splitItem ?? '',
    // The quantity is sent for whole lines too, since a colleague may have added portions meanwhile.
    quantity: takenOf(line),
  }));
  const to = /** @type {HTMLInputElement} */ (sheet.querySelector('[name=split-to]:checked'));
  const { kind = 'own' } = to.dataset;
  return { lines, to: kind === 'own' ? {} : { [kind]: to.value }, where: to.dataset.where ?? '' };
}
