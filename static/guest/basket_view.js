import { WORDS, dueWhen, money } from '../languages/language.js';
import { MAX_GUEST_NAME, MAX_NOTE, canBeOrdered, isForLater, lacksName, mayBeLater, linePrice, obstacle, priceBefore, total, totalBefore, unavailable, wantsChoice } from '../shared/basket.js';
import { called } from '../shared/order_facts.js';
import { groupsOf } from '../shared/choices.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { allergyBox, optionChips, stepper } from '../shared/line_controls.js';
import { GUEST } from './guest_words.js';
import { noOrdersWords, orderFromWords } from './hours.js';

/** Where a guest at the table may eat. */
const SERVICES = ['dine_in', 'takeaway'];

/**
 * @param {import('../shared/basket.js').Basket} basket @param {any} menu
 * @param {{sending: boolean, offline: boolean, problem: string | null, open?: any, opened: Set<string>, later?: {days: ReturnType<typeof import('../shared/due_picker.js').dueDays>}}} state
 *   open: the order that this one may be a round of; opened: the keys of the lines whose groups of options are shown
 * @returns {any[]}
 */
export function basketForm(basket, menu, { sending, offline, problem, open, opened, later }) {
  if (basket.lines.length === 0) {
    return [h('div.blank', {}, icon('tray'), h('h3', {}, WORDS.emptyBasket), h('p', {}, WORDS.emptyBasketHint))];
  }
  const before = totalBefore(basket, menu);
  return [
    h('fieldset.basket', { disabled: sending, 'aria-label': WORDS.basket },
      h('ul.basket__lines', {}, basket.lines.map((line) => basketLine(line, menu, opened.has(line.key)))),
      roundChoice(basket, open),
      !basket.round && serviceChoice(basket.service),
      !basket.round && basket.service === 'takeaway' && nameField(basket.guest ?? ''),
      later && !basket.round && mayBeLater(basket) && dueChoice(basket, later),
      h('div.field', { 'data-key': 'order-note' },
        h('label', { for: 'order-note' }, WORDS.orderNote),
        h('input', { id: 'order-note', maxlength: MAX_NOTE, value: basket.note, 'data-field': 'order-note', autocomplete: 'off' }),
        allergyBox(basket, WORDS.orderNote, GUEST))),
    h('div.basket__foot', {},
      // Always in the page: screen readers do not announce a live region that is added together with its text.
      h('div.basket__why', { 'id': 'basket-why', 'data-key': 'why', 'role': 'alert' }, messages(basket, menu, { sending, offline, problem })
        .map(({ words, bad }) => h(`p.banner.banner--${bad ? 'bad' : 'warn'}`, {}, words))),
      h('p.basket__total', {}, h('span', {}, WORDS.total), h('output', {}, before && [h('s.muted', {}, money(before)), ' '], money(total(basket, menu)))),
      h('button.button.button--primary.button--large.button--wide', {
        type: 'button', 'data-action': 'place', disabled: sending || obstacle(basket, menu) !== null, 'aria-busy': sending && 'true', 'aria-describedby': 'basket-why',
      }, sending ? WORDS.placing : basket.round ? WORDS.addToNumber(called(basket.round)) : WORDS.place)),
  ];
}

/**
 * Lists the obstacles to the order: a pause, then dishes, then prices.
 *
 * @param {import('../shared/basket.js').Basket} basket @param {any} menu @param {{sending: boolean, offline: boolean, problem: string | null}} state
 * @returns {{words: string, bad: boolean}[]}
 */
export function messages(basket, menu, { sending, offline, problem }) {
  if (sending) return offline ? [{ words: WORDS.placingOffline, bad: false }] : [];
  const { soldOut, closed, removed } = unavailable(basket, menu);
  const unchosen = basket.lines.filter((line) => wantsChoice(line, menu));
  const before = totalBefore(basket, menu);
  const said = [
    soldOut.length > 0 && WORDS.basketSoldOut(names(soldOut, menu)),
    closed.length > 0 && WORDS.basketClosed(names(closed, menu)),
    removed.length > 0 && WORDS.basketRemoved(names(removed, menu)),
    unchosen.length > 0 && WORDS.basketChoices(names(unchosen, menu)),
    problem ?? (before && WORDS.priceChanged(money(before), money(total(basket, menu)))),
  ].flatMap((words) => (words ? [{ words, bad: true }] : []));
  if (lacksName(basket, menu)) said.push({ words: WORDS.nameNeeded, bad: false });
  const words = noOrdersWords(menu);
  return words === null ? said : [{ words, bad: false }, ...said];
}

/** @param {import('../shared/basket.js').Line[]} lines @param {any} menu */
function names(lines, menu) {
  return [...new Set(lines.map((line) => nameOf(line, menu)))].join(', ');
}

/** @param {import('../shared/basket.js').Line} line @param {any} menu */
function nameOf(line, menu) {
  return menu.items[line.item]?.name ?? line.name ?? WORDS.someDish;
}

/** @param {import('../shared/basket.js').Line} line @param {any} menu @param {boolean} isOpen its groups of options are shown */
function basketLine(line, menu, isOpen) {
  const item = menu.items[line.item];
  const name = nameOf(line, menu);
  const gone = !canBeOrdered(line, menu);
  const before = priceBefore(line, menu);
  return h('li.line', { 'data-key': line.key, 'data-line': line.key, 'data-sold-out': gone },
    h('div.line__head', {},
      h('span.line__name', {}, name),
      (item || line.seen !== undefined) && h('output.line__price', {}, money({ amount: linePrice(line, menu), currency: menu.currency }))),
    gone && h('p.line__gone', {}, goneWords(item)),
    before !== undefined && h('p.line__gone', {}, WORDS.linePriceChanged(money({ amount: before * line.quantity, currency: menu.currency }))),
    !gone && item && choicesView(item, line, menu, isOpen),
    h('div.line__foot', {},
      h('input.line__note', {
        value: line.note, maxlength: MAX_NOTE, placeholder: WORDS.lineNote, 'aria-label': `${WORDS.lineNote}: ${name}`, 'data-field': 'line-note', autocomplete: 'off',
      }),
      gone
        ? h('button.button', { type: 'button', 'data-do': 'line-remove' }, WORDS.remove)
        : stepper(name, line.quantity, 'line', GUEST)),
    allergyBox(line, name, GUEST));
}

/**
 * The choice between as soon as possible and a time. @param {import('../shared/basket.js').Basket} basket @param {{days:
 * ReturnType<typeof import('../shared/due_picker.js').dueDays>}} later
 */
function dueChoice(basket, { days }) {
  const isLater = isForLater(basket);
  const chip = (/** @type {boolean} */ later, /** @type {string} */ words) => h('button.chip', {
    'type': 'button', 'data-do': 'due', 'data-later': String(later), 'aria-pressed': String(later === isLater), 'disabled': later && days.length === 0,
  }, words);
  return h('div.due-choice', { 'role': 'group', 'aria-label': WORDS.dueWhen, 'data-key': 'due-choice' },
    h('div.services', {}, chip(false, WORDS.dueNow), chip(true, WORDS.dueLater)), isLater && timeList(basket, days));
}

/**
 * A single list of times, since a guest orders for the next hours. @param {import('../shared/basket.js').Basket} basket @param
 * {ReturnType<typeof import('../shared/due_picker.js').dueDays>} days
 */
function timeList({ due = 0 }, days) {
  const times = days.flatMap((day) => day.times);
  const offered = times.includes(due) ? times : [due, ...times];
  return h('select', { 'data-due': 'time', 'aria-label': WORDS.dueTime, 'data-key': 'due-time' }, offered.map((at) => h('option', { value: at, selected: at === due }, dueWhen(at))));
}

/** @param {string} name for the pickup */
function nameField(name) {
  return h('div.field', { 'data-key': 'guest-name' },
    h('label', { for: 'guest-name' }, WORDS.guestName),
    h('input', { id: 'guest-name', maxlength: MAX_GUEST_NAME, value: name, 'data-field': 'guest-name', autocomplete: 'given-name' }));
}

/**
 * The choice between another round of an open order and a new order. @param {import('../shared/basket.js').Basket} basket
 * @param {any} open
 */
function roundChoice({ round }, open) {
  const order = round ?? open;
  if (!order) return null;
  const chip = (/** @type {boolean} */ isRound, /** @type {string} */ words) => h('button.chip', {
    type: 'button', 'data-do': 'round', 'data-round': isRound ? 'with' : 'new', 'aria-pressed': String(isRound === Boolean(round)),
  }, words);
  return h('div.services', { role: 'group', 'aria-label': WORDS.roundWhich, 'data-key': 'round' }, chip(true, WORDS.roundWith(called(order))), chip(false, WORDS.roundNew));
}

/** @param {any} item of the menu, if it is still on it @returns {string} why it cannot be ordered */
function goneWords(item) {
  if (!item) return WORDS.lineRemoved;
  return item.closed ? WORDS.lineClosed(orderFromWords(item.closed)) : WORDS.lineGone;
}

/**
 * The options of a line. Options in groups are only listed until the guest wants to change them. @param {any} item @param
 * {import('../shared/basket.js').Line} line @param {any} menu @param {boolean} isOpen
 */
function choicesView(item, line, menu, isOpen) {
  if (Object.keys(item.groups ?? {}).length === 0 || isOpen || wantsChoice(line, menu)) return optionChips(item, line.options, GUEST);
  const chosen = groupsOf(item).flatMap(({ options }) => options.filter(({ id }) => line.options.includes(id))).map(({ name }) => name);
  return h('p.line__chosen', {}, h('span', {}, chosen.join(', ') || WORDS.nothingChosen),
    h('button.chip', { 'type': 'button', 'data-do': 'line-choose', 'aria-label': WORDS.chooseFor(item.name) }, WORDS.change));
}

/** @param {string} chosen */
function serviceChoice(chosen) {
  return h('div.services', { role: 'group', 'aria-label': WORDS.service }, SERVICES.map((service) => h(
    'button.chip', { type: 'button', 'data-do': 'service', 'data-service': service, 'aria-pressed': String(service === chosen) }, WORDS[`service_${service}`],
  )));
}
