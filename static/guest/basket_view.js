import { WORDS, money } from '../languages/language.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { MAX_NOTE, canBeOrdered, linePrice, obstacle, priceBefore, total, totalBefore } from './basket.js';
import { allergyBox, optionChips, stepper } from './menu_view.js';

/** Where a guest may eat; deliveries come from elsewhere. */
const SERVICES = ['dine_in', 'takeaway'];

/**
 * @param {import('./basket.js').Basket} basket @param {any} menu
 * @param {{sending: boolean, offline: boolean, problem: string | null}} state
 * @returns {any[]}
 */
export function basketForm(basket, menu, { sending, offline, problem }) {
  if (basket.lines.length === 0) {
    return [h('div.blank', {}, icon('tray'), h('h3', {}, WORDS.emptyBasket), h('p', {}, WORDS.emptyBasketHint))];
  }
  const before = totalBefore(basket, menu);
  return [
    h('fieldset.basket', { disabled: sending, 'aria-label': WORDS.basket },
      h('ul.basket__lines', {}, basket.lines.map((line) => basketLine(line, menu))),
      serviceChoice(basket.service),
      h('div.field', {},
        h('label', { for: 'order-note' }, WORDS.orderNote),
        h('input', { id: 'order-note', maxlength: MAX_NOTE, value: basket.note, 'data-field': 'order-note', autocomplete: 'off' }),
        allergyBox(basket, WORDS.orderNote))),
    h('div.basket__foot', {},
      message(menu, { sending, offline, problem: problem ?? (before && WORDS.priceChanged(money(before), money(total(basket, menu)))) }),
      h('p.basket__total', {}, h('span', {}, WORDS.total), h('output', {}, before && [h('s.muted', {}, money(before)), ' '], money(total(basket, menu)))),
      h('button.button.button--primary.button--large.button--wide', {
        type: 'button', 'data-action': 'place', disabled: sending || obstacle(basket, menu) !== null, 'aria-busy': sending && 'true',
      }, sending ? WORDS.placing : WORDS.place)),
  ];
}

/** @param {any} menu @param {{sending: boolean, offline: boolean, problem: string | null}} state */
function message(menu, { sending, offline, problem }) {
  if (sending && offline) return h('p.banner.banner--warn', { role: 'status' }, WORDS.placingOffline);
  if (problem) return h('p.banner.banner--bad', { role: 'alert' }, problem);
  return menu.paused && h('p.banner.banner--warn', {}, WORDS.paused);
}

/** @param {import('./basket.js').Line} line @param {any} menu */
function basketLine(line, menu) {
  const item = menu.items[line.item];
  const name = item?.name ?? WORDS.soldOut;
  const gone = !canBeOrdered(line, menu);
  const before = priceBefore(line, menu);
  return h('li.line', { 'data-key': line.key, 'data-line': line.key, 'data-sold-out': gone },
    h('div.line__head', {},
      h('span.line__name', {}, name),
      h('output.line__price', {}, money({ amount: linePrice(line, menu), currency: menu.currency }))),
    gone && h('p.line__gone', {}, WORDS.lineGone),
    before !== undefined && h('p.line__gone', {}, WORDS.linePriceChanged(money({ amount: before * line.quantity, currency: menu.currency }))),
    !gone && item && optionChips(item, line.options),
    h('div.line__foot', {},
      h('input.line__note', {
        value: line.note, maxlength: MAX_NOTE, placeholder: WORDS.lineNote, 'aria-label': `${WORDS.lineNote}: ${name}`, 'data-field': 'line-note', autocomplete: 'off',
      }),
      gone
        ? h('button.button', { type: 'button', 'data-do': 'line-remove' }, WORDS.remove)
        : stepper(name, line.quantity, 'line')),
    allergyBox(line, name));
}

/** @param {string} chosen */
function serviceChoice(chosen) {
  return h('div.services', { role: 'group', 'aria-label': WORDS.service }, SERVICES.map((service) => h(
    'button.chip', { type: 'button', 'data-do': 'service', 'data-service': service, 'aria-pressed': String(service === chosen) }, WORDS[`service_${service}`],
  )));
}
