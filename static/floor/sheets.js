import { MAX_NOTE, MAX_QUANTITY } from '../shared/basket.js';
import { called } from '../shared/order_facts.js';
import { find, h } from '../shared/dom.js';
import { REASON_WORDS, money, place } from '../shared/format.js';
import { duePicker } from '../shared/due_picker.js';
import { sheetHead } from '../shared/sheet.js';
import { clockAt, dayAt, wallAt } from '../shared/zone.js';

/** When later courses are sent to the kitchen. @type {Record<string, string>} */
export const FIRING = {
  together: 'With the first', by_hand: 'When fired by hand', after_served: 'When the previous course is served', after_done: 'When the previous course is done',
};
/** The rules by which courses fire without a touch. */
const BY_ITSELF = new Set(['after_served', 'after_done']);
/** How many minutes later, at choice. */
const LATER = [0, 5, 10, 15, 20];

/** The contents of the staff page's dialog. Controls in the dialog send commands in the same way as controls on the page. */

/** @type {Record<string, {title: (order: any, item?: any) => string, hint: string}>} */
const ASKS_WHY = {
  reject: { title: (order) => `Reject order ${called(order)}?`, hint: 'The guest’s phone shows the reason and your words.' },
  cancel: { title: (order) => `Cancel order ${called(order)}?`, hint: 'The kitchen has to confirm it. The guest’s phone shows the reason and your words.' },
  void_item: { title: (order, item) => `Void ${item.quantity > 1 ? '' : '1 × '}${item.name}?`, hint: 'The kitchen sees it struck out, and the total falls. The guest’s phone shows the reason and your words.' },
};

/** @param {string} action */
export function asksWhy(action) {
  return action in ASKS_WHY;
}

/** A stepper for the quantity to void, and a button for the whole line. Begins at one, the usual case. @param {any} line */
function voidQuantity({ quantity, name }) {
  return quantityStepper(`How many of ${quantity}`, name, { first: 1, most: quantity, all: true });
}

/** @param {string} label @param {string} name of the dish @param {{first: number, most: number, all?: boolean}} range */
function quantityStepper(label, name, { first, most, all }) {
  const step = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ words) =>
    h('button.button', { 'type': 'button', 'data-do': 'void-step', 'data-by': by, 'aria-label': words }, h('span', { 'aria-hidden': 'true' }, sign));
  return h('div.field', {}, h('span', { id: 'void-quantity-label' }, label),
    h('div.actions', { 'role': 'group', 'aria-labelledby': 'void-quantity-label' }, step(-1, '−', `One ${name} less`),
      h('output.void__quantity.numeric', { 'id': 'void-quantity', 'data-most': most, 'aria-live': 'polite' }, first), step(1, '+', `One ${name} more`),
      all && h('button.button', { 'type': 'button', 'data-do': 'void-step', 'data-by': most }, `All ${most}`)));
}

/**
 * @param {any} order @param {string} item the id of a line that nobody has begun to cook
 * @param {{quantity: number, note: string, news?: string}} values `news` describes the line as a colleague has changed it
 */
export function correctionSheet(order, item, { quantity, note, news }) {
  const line = order.items[item];
  return h('div', { 'data-order': order.id, 'data-status': order.status },
    sheetHead(`Change ${line.name}`, `${place(order)}. The kitchen also sees the line as it was before.`),
    news && h('p.banner.banner--warn.field', { id: 'news', tabindex: -1 }, `A colleague has changed it to: ${news}. Your own change is entered below.`),
    quantityStepper('How many', line.name, { first: quantity, most: MAX_QUANTITY }),
    h('div.field', {},
      h('label', { for: 'detail' }, line.allergy ? 'Note (an allergy)' : 'Note'),
      h('input', { id: 'detail', name: 'detail', maxlength: MAX_NOTE, autocomplete: 'off', value: note })),
    h('div.sheet__foot', { 'data-item': item }, h('button.button.button--primary.button--large', { 'type': 'button', 'data-action': 'change_item' }, 'Change')));
}

/** @param {HTMLElement} dialog of a correction @returns {{quantity: number, note: string}} */
export function wantedOfLine(dialog) {
  return { quantity: Number(find('#void-quantity', dialog).textContent), note: /** @type {HTMLInputElement} */ (find('#detail', dialog)).value.trim() };
}

/** Steps the quantity in the void dialog. @param {HTMLElement} control */
export function stepVoid(control) {
  const shown = control.closest('dialog')?.querySelector('#void-quantity');
  if (!(shown instanceof HTMLElement)) return;
  const next = Number(shown.textContent) + Number(control.dataset.by);
  shown.textContent = String(Math.min(Math.max(next, 1), Number(shown.dataset.most)));
}

/** @param {HTMLElement} control in the void dialog @returns {{quantity?: number}} how many to void; empty for all */
export function chosenQuantity(control) {
  const shown = control.closest('dialog')?.querySelector('#void-quantity');
  if (!(shown instanceof HTMLElement) || shown.textContent === shown.dataset.most) return {};
  return { quantity: Number(shown.textContent) };
}

/**
 * @param {string} action @param {any} order @param {string} [item] the id of the line to void
 * @param {boolean} [divisible] whether a part of the line can be voided
 */
export function reasonSheet(action, order, item, divisible = false) {
  const { title, hint } = ASKS_WHY[action];
  const line = item ? order.items[item] : undefined;
  const reasons = h('div.reasons', {}, Object.entries(REASON_WORDS).map(([reason, words]) =>
    h('button.button.button--wide', { 'type': 'button', 'data-action': action, 'data-reason': reason }, words)));
  return h('div', { 'data-order': order.id, 'data-status': order.status },
    sheetHead(title(order, line), `${place(order)}. ${hint}`),
    divisible && line?.quantity > 1 && voidQuantity(line),
    h('div.field', {},
      h('label', { for: 'detail' }, 'Note to the guest'),
      h('input', { id: 'detail', name: 'detail', maxlength: 200, autocomplete: 'off' }),
      h('p.field__hint', {}, 'Optional. Then tap a reason:')),
    line ? h('div', { 'data-item': item, 'data-status': line.status }, reasons) : reasons);
}

/** @param {any} order */
export function promiseSheet(order) {
  return h('div', { 'data-order': order.id, 'data-status': order.status },
    sheetHead(`When is order ${called(order)} ready?`, `${place(order)}. The guest’s phone shows the new time.`),
    h('div.actions', {}, [5, 10, 15, 20, 30, 45, 60].map((minutes) =>
      h('button.chip.chip--large', { 'type': 'button', 'data-action': 'promise', 'data-minutes': minutes }, `in ${minutes} min`))));
}

/** @type {(now: number, zone?: string) => import('../shared/due_picker.js').PickerWords} */
export const dueWords = (now, zone) => ({
  day: 'Day', time: 'Time', nameTime: (at) => clockAt(at, zone),
  nameDay: (at) => (wallAt(at, zone).date === wallAt(now, zone).date ? 'Today' : dayAt(at, zone)),
});

/** @param {any} order @param {{days: any[], due: number, zone?: string, now: number}} times */
export function dueSheet(order, { days, due, zone, now }) {
  return h('div', { 'data-order': order.id, 'data-status': order.status },
    sheetHead(`When is order ${called(order)} for?`, `${place(order)}. The guest’s phone shows the new time.`),
    duePicker({ days, due, zone, words: dueWords(now, zone) }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { 'type': 'button', 'data-action': 'reschedule', 'data-due-at': due }, 'Set the time')));
}

/** Lists the options of a dish, so that one can be marked as sold out. @param {any} item of the menu */
export function optionsSheet(item) {
  const options = Object.entries(item.options ?? {}).map(([id, option]) => ({ id, ...option }));
  return h('div', { 'data-menu-item': item.id },
    sheetHead(`Options of ${item.name}`, 'Guests cannot choose what is sold out.'),
    h('ul.menu__items', {}, options.map(({ id, name, group, available }) => h('li.dish', { 'data-option': id, 'data-available': String(available !== false) },
      h('div.dish__body', {}, h('p.dish__name', {}, name), item.groups?.[group] && h('p.muted', {}, item.groups[group].name)),
      available === false
        ? [h('span.badge', { 'data-tone': 'bad' }, 'Sold out'), h('button.button.button--go', { 'type': 'button', 'data-do': 'available' }, 'Bring back', h('span.visually-hidden', {}, ` ${name}`))]
        : h('button.button', { 'type': 'button', 'data-do': 'ask-sold-out' }, 'Sold out', h('span.visually-hidden', {}, `: ${name}`))))));
}

/** @param {any} item of the menu @param {string} [option] of the dish */
export function soldOutSheet(item, option) {
  const name = option ? `${item.options[option].name} (${item.name})` : item.name;
  return h('div', { 'data-menu-item': item.id, 'data-option': option },
    sheetHead(`Mark ${name} as sold out?`, 'Guests can no longer order it. For how long?'),
    lengths('sold-out', 'Until I bring it back'));
}

/** @param {any} menu @param {boolean} rounds whether the server supports rounds */
export function pauseSheet(menu, rounds) {
  const allowed = menu?.guest_rounds !== false;
  return h('div', {}, sheetHead('Pause new orders', 'Guests see the menu but cannot order. Orders already placed continue.'),
    lengths('pause', 'Until I resume'),
    rounds && h('div.field', {}, h('p', {}, allowed ? 'Guests can add rounds to their open orders.' : 'Guests cannot add rounds to their open orders.'),
      h('button.button.button--wide', { 'type': 'button', 'data-do': 'guest-rounds', 'data-allowed': String(!allowed) },
        allowed ? 'Stop rounds by guests' : 'Allow rounds by guests')),
    rounds && h('div.field', {}, h('p', { id: 'firing-label' }, 'Later courses of new orders go to the kitchen'),
      h('div.actions', { 'role': 'group', 'aria-labelledby': 'firing-label' }, Object.entries(FIRING).map(([rule, words]) => h('button.chip', {
        'type': 'button', 'data-do': 'firing', 'data-firing': rule, 'data-minutes': BY_ITSELF.has(rule) ? menu?.firing_minutes : undefined,
        'aria-pressed': String(rule === (menu?.firing ?? 'together')),
      }, words)))),
    rounds && BY_ITSELF.has(menu?.firing) && laterField(menu));
}

/** How many minutes after the course before the next one fires. @param {any} menu */
function laterField({ firing, firing_minutes: own = 0 }) {
  const choices = [...new Set([...LATER, own])].sort((a, b) => a - b);
  return h('div.field', {}, h('p', { id: 'later-label' }, 'Minutes after that'),
    h('div.actions', { 'role': 'group', 'aria-labelledby': 'later-label' }, choices.map((minutes) => h('button.chip', {
      'type': 'button', 'data-do': 'firing', 'data-firing': firing, 'data-minutes': minutes, 'aria-pressed': String(minutes === own),
    }, minutes === 0 ? 'At once' : minutes))));
}

/** The time at which a working day counts as over. */
const MORNING = '05:00';

/** @param {string} name @param {string} open the label of the button that sets no end */
function lengths(name, open) {
  const button = (/** @type {string} */ words, /** @type {Record<string, any>} */ attributes, looks = '.button--wide') =>
    h(`button.button${looks}`, { 'type': 'button', 'data-do': name, ...attributes }, words);
  return [
    h('div.reasons', {}, [[30, '30 minutes'], [60, '1 hour'], [120, '2 hours']].map(([minutes, words]) => button(String(words), { 'data-minutes': minutes })),
      button('For today', { 'data-at': MORNING }), button(open, { 'data-minutes': 0 })),
    h('div.field.until', {}, h('label', { for: 'until' }, 'Until a time'),
      h('input', { type: 'time', id: 'until', required: true }), button('Until then', { 'data-at': '' }, '')),
  ];
}

/** @param {{table: string, bill?: number}} visit @returns {string} `table 7`, or `table 7, bill 2` */
export function visitName({ table, bill }) {
  return bill ? `table ${table}, bill ${bill}` : `table ${table}`;
}

/**
 * @param {{id: string, table: string, bill?: number}} visit @param {string[]} free tables
 * @param {{id: string, table: string, bill?: number}[]} others other visits
 */
export function moveSheet({ id, table, bill }, free, others) {
  return h('div', { 'data-visit': id, 'data-visit-of': table },
    sheetHead(`Move ${visitName({ table, bill })} to`, 'Orders, calls and phones move too, and the kitchen sees it. You can undo this for 15 minutes.'),
    free.length === 0 ? h('p.muted', {}, 'No table is free.')
      : h('div.free__tables', {}, free.map((label) => h('button.button.button--large', {
        'type': 'button', 'data-do': 'move', 'data-to-table': label, 'aria-label': `Table ${label}`,
      }, label))),
    others.length > 0 && h('section.free', { 'aria-labelledby': 'join-title' },
      h('h3', { id: 'join-title' }, 'Or join the guests of'),
      h('p.muted', {}, 'They will have one bill.'),
      h('div.free__tables', {}, others.map((other) => h('button.button.button--large', {
        'type': 'button', 'data-do': 'merge', 'data-into': other.id, 'aria-label': `Join ${visitName(other)}`,
      }, other.bill ? `${other.table} · ${other.bill}` : other.table)))));
}

/** @param {{id: string, table: string, bill?: number, total: any}} visit */
export function freeTableSheet({ id, table, bill, total }) {
  return h('div', { 'data-visit': id, 'data-visit-of': table },
    sheetHead(`${bill ? 'Close' : 'Free'} ${visitName({ table, bill })}?`, `Its total is ${money(total)}. Once no bill of the table is open, its guests can order again only by scanning the code.`),
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { 'type': 'button', 'data-do': 'free', 'data-sure': true }, bill ? 'Close the bill' : 'Free the table')));
}
