import { h } from '../shared/dom.js';
import { REASON_WORDS, ageInWords, count, money, place } from '../shared/format.js';
import { icon } from '../shared/icons.js';

/** What the one dialog of the staff page can hold. A control in it that sends a command says so as anywhere else. */

/** @type {Record<string, {title: (order: any, item?: any) => string, hint: string}>} */
const ASKS_WHY = {
  reject: { title: (order) => `Reject order ${order.number}?`, hint: 'The guest’s phone shows the reason and your words.' },
  cancel: { title: (order) => `Cancel order ${order.number}?`, hint: 'The kitchen has to confirm it. The guest’s phone shows the reason and your words.' },
  void_item: { title: (order, item) => `Void ${item.quantity > 1 ? '' : '1 × '}${item.name}?`, hint: 'It is struck out in the kitchen, and the total falls. The guest’s phone shows the reason and your words.' },
};

/** @param {string} action */
export function asksWhy(action) {
  return action in ASKS_WHY;
}

/** How many of a line: all of it, until somebody takes less. @param {any} line */
function voidQuantity({ quantity, name }) {
  const step = (/** @type {string} */ by, /** @type {string} */ sign, /** @type {string} */ words) =>
    h('button.button', { 'type': 'button', 'data-do': 'void-step', 'data-by': by, 'aria-label': words }, h('span', { 'aria-hidden': 'true' }, sign));
  return h('div.field', {}, h('span', { id: 'void-quantity-label' }, `How many of ${quantity}`),
    h('div.actions', { 'role': 'group', 'aria-labelledby': 'void-quantity-label' }, step('-1', '−', `One ${name} less`),
      h('output.void__quantity.numeric', { 'id': 'void-quantity', 'data-most': quantity, 'aria-live': 'polite' }, quantity), step('1', '+', `One ${name} more`)));
}

/** The stepper of the void dialog. @param {HTMLElement} control */
export function stepVoid(control) {
  const shown = control.closest('dialog')?.querySelector('#void-quantity');
  if (!(shown instanceof HTMLElement)) return;
  const next = Number(shown.textContent) + Number(control.dataset.by);
  shown.textContent = String(Math.min(Math.max(next, 1), Number(shown.dataset.most)));
}

/** @param {HTMLElement} control in the void dialog @returns {{quantity?: number}} how many, where that is not all */
export function chosenQuantity(control) {
  const shown = control.closest('dialog')?.querySelector('#void-quantity');
  if (!(shown instanceof HTMLElement) || shown.textContent === shown.dataset.most) return {};
  return { quantity: Number(shown.textContent) };
}

/** @param {string} action @param {any} order @param {string} [item] its id @param {boolean} [divisible] some of a line can be voided */
export function reasonSheet(action, order, item, divisible = false) {
  const { title, hint } = ASKS_WHY[action];
  const line = item ? order.items[item] : undefined;
  const reasons = h('div.reasons', {}, Object.entries(REASON_WORDS).map(([reason, words]) =>
    h('button.button.button--wide', { 'type': 'button', 'data-action': action, 'data-reason': reason }, words)));
  return h('div', { 'data-order': order.id, 'data-status': order.status },
    head(title(order, line), `${place(order)}. ${hint}`),
    divisible && line?.quantity > 1 && voidQuantity(line),
    h('div.field', {},
      h('label', { for: 'detail' }, 'A word about it'),
      h('input', { id: 'detail', name: 'detail', maxlength: 200, autocomplete: 'off' }),
      h('p.field__hint', {}, 'Optional, and the guest can read it. Then touch the reason:')),
    line ? h('div', { 'data-item': item, 'data-status': line.status }, reasons) : reasons);
}

/** @param {any} order */
export function promiseSheet(order) {
  return h('div', { 'data-order': order.id, 'data-status': order.status },
    head(`When is order ${order.number} ready?`, `${place(order)}. The guest’s phone shows the new time.`),
    h('div.actions', {}, [5, 10, 15, 20, 30, 45, 60].map((minutes) =>
      h('button.chip.chip--large', { 'type': 'button', 'data-action': 'promise', 'data-minutes': minutes }, `in ${minutes} min`))));
}

/** @param {any} item of the menu */
export function soldOutSheet(item) {
  return h('div', { 'data-menu-item': item.id },
    head(`Mark ${item.name} as sold out?`, 'Guests can no longer order it. For how long?'),
    lengths('sold-out', 'Until I bring it back'));
}

export function pauseSheet() {
  return h('div', {}, head('Pause new orders', 'Guests see the menu and cannot order. Orders that are in go on.'),
    lengths('pause', 'Until I resume'));
}

/** When a working day is over for certain. */
const MORNING = '05:00';

/** @param {string} name @param {string} open the words for no end */
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

/** @param {string[]} stations */
export function pairSheet(stations) {
  return h('form', { id: 'pair-form', method: 'dialog' },
    head('Pair a screen', 'Open /kitchen on the screen: it shows a code.'),
    h('div.field', {}, h('label', { for: 'user-code' }, 'Code on the screen'),
      h('input.code', { 'id': 'user-code', 'name': 'user_code', 'required': true, 'autocomplete': 'off', 'autocapitalize': 'characters', 'spellcheck': 'false', 'maxlength': 20 })),
    h('div.field', {}, h('label', { for: 'screen-name' }, 'Name'),
      h('input', { id: 'screen-name', name: 'name', required: true, maxlength: 60, autocomplete: 'off', placeholder: 'Hot line, left' })),
    h('div.field', {}, h('label', { for: 'screen-station' }, 'Station'),
      h('select', { id: 'screen-station', name: 'station' },
        h('option', { value: '' }, 'All stations (expo)'), stations.map((station) => h('option', { value: station }, station)))),
    h('p.field__error', { id: 'pair-error', role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { type: 'submit' }, 'Pair')));
}

/** @param {{name: string, username: string, theme: string, link?: {href: string, text: string}}} who `link`: to their other page */
export function accountSheet({ name, username, theme, link }) {
  const themes = [['', 'Like the device'], ['light', 'Light'], ['dark', 'Dark']];
  return h('div', {}, head(name, `Signed in as ${username}.`),
    h('div.actions', { role: 'group', 'aria-label': 'Colours' }, themes.map(([value, words]) =>
      h('button.chip', { 'type': 'button', 'data-do': 'theme', 'data-theme-name': value, 'aria-pressed': String(value === theme) }, words))),
    h('div.account', { id: 'account-guard' }),
    h('div.sheet__foot', {}, link && h('a.button', { href: link.href }, link.text),
      h('button.button.button--danger', { 'type': 'button', 'data-do': 'sign-out' }, icon('out'), 'Sign out')));
}

/**
 * Reads every page of the guests at a table, so that none of many can hide.
 *
 * @param {(path: string) => Promise<any>} get of the restaurant
 * @param {string} table
 * @returns {Promise<any[]>}
 */
export async function guestsAt(get, table) {
  const path = `/diner-sessions?table=${encodeURIComponent(table)}`;
  const all = [];
  let page = await get(path);
  all.push(...page.sessions);
  while (page.next) {
    page = await get(`${path}&after=${encodeURIComponent(page.next)}`);
    all.push(...page.sessions);
  }
  return all;
}

/**
 * @param {string} table
 * @param {{id: string, started_at: string, seen_at: string, open_orders: number}[]} sessions
 * @param {number} now server ms
 */
export function guestsSheet(table, sessions, now) {
  const since = (/** @type {string} */ time) => ageInWords(Math.max(now - Date.parse(time), 0));
  const hint = sessions.length === 0 ? 'No phone has a visit here.' : `${count(sessions.length, 'phone')}. A phone whose visit ends can do nothing more until its guest scans the code again.`;
  return h('div', { 'data-guests-of': table }, head(`Guests at table ${table}`, hint),
    h('ul.guests', {}, sessions.map(({ id, started_at, seen_at, open_orders }) => h('li.guest', { 'data-guest': id },
      h('p', {}, `Here for ${since(started_at)}, last heard ${since(seen_at)} ago, ${count(open_orders, 'open order')}`),
      h('button.button.button--danger', { 'type': 'button', 'data-do': 'ask-end-guest' }, 'End the visit',
        h('span.visually-hidden', {}, ` of the guest who is here for ${since(started_at)}`))))),
    h('p.field__error', { role: 'alert' }));
}

/** @param {{id: string, table: string, total: any}} visit */
export function freeTableSheet({ id, table, total }) {
  return h('div', { 'data-visit': id, 'data-visit-of': table },
    head(`Table ${table} is free?`, `It has had ${money(total)}. Phones of its guests can do nothing more until the code is scanned again.`),
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { 'type': 'button', 'data-do': 'free', 'data-sure': true }, 'The table is free')));
}

/** @param {string} table @param {string} id of the session */
export function endGuestSheet(table, id) {
  return h('div', { 'data-guests-of': table, 'data-guest': id },
    head('End this visit?', `The phone at table ${table} is told that the staff ended it. Its orders go on; cancel them where they stand.`),
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--danger.button--large', { 'type': 'button', 'data-do': 'end-guest', 'data-sure': true }, 'End the visit')));
}

/** The head of a sheet. @param {string} title @param {string} hint */
export function head(title, hint) {
  return h('div.sheet__head', {},
    h('div', {}, h('h2', { id: 'sheet-title' }, title), h('p.muted', {}, hint)),
    h('button.button.button--quiet', { 'type': 'button', 'data-do': 'close' }, 'Close'));
}
