import { MAX_GUEST_NAME, MAX_NOTE, canBeOrdered, chosenCourse, coursesOf, isForLater, lacksAddress, lacksName, linePrice, mayBeLater, missingNames, obstacle, pieces, priceBefore, total, totalBefore, unavailable, usualCourse, wantsChoice } from '../shared/basket.js';
import { kept } from '../shared/choices.js';
import { h } from '../shared/dom.js';
import { dueDays, duePicker } from '../shared/due_picker.js';
import { called } from '../shared/order_facts.js';
import { clock, count, money, place, serviceWord } from '../shared/format.js';
import { SERVICE_ICONS, icon } from '../shared/icons.js';
import { listOf } from '../shared/keyed.js';
import { allergyBox, optionChips, stepper } from '../shared/line_controls.js';
import { matching, optionOf, tablesLike } from './dish_finder.js';
import { riderFields } from './rider.js';
import { dueWords } from './sheets.js';

/**
 * The views of the dialog in which a waiter enters an order.
 *
 * @typedef {import('../shared/basket.js').Basket} Basket
 * @typedef {import('./new_orders.js').Place} Place
 */

/** The texts for the controls of a line on the staff's page. @type {import('../shared/line_controls.js').Speech} */
const STAFF = {
  words: {
    allergy: 'Allergy', isAllergy: 'Is this an allergy?', yes: 'Yes', no: 'No', quantity: 'How many', soldOut: 'Sold out', chooseCount: countWords,
    chooseFor: (name) => `Options for ${name}`, fewer: (name) => `One ${name} less`, more: (name) => `One more ${name}`,
  },
  money,
  number: String,
};

/** @param {number} min @param {number} max @returns {string} how many options a group asks for */
function countWords(min, max) {
  if (min === max) return `Choose ${min}`;
  return min === 0 ? `Up to ${max}` : `Choose ${min} to ${max}`;
}

/** @param {Basket} basket @returns {Place & Pick<Basket, 'round'>} */
export function placeOf({ table, service, guest, round }) {
  return { table, service, guest, round };
}

/** @param {Place & Pick<Basket, 'round'>} at @returns {string} `Table 4`, `Takeaway, Anna`, `Table 4: more for order A12` */
export function placeWords({ table, service, guest, round }) {
  const words = place({ table, service, guest_name: service === 'dine_in' ? undefined : guest?.trim() });
  return round ? `${words}: more for order ${called(/** @type {any} */ (round))}` : words;
}

// ---- the table or service ----

/**
 * Lists the matching tables and services. The most likely one comes first, and Enter chooses it.
 * @param {string[]} tables labels @param {string} typed @param {boolean} [delivers] whether the server stores riders' data @returns {Place[]}
 */
export function placesFor(tables, typed, delivers = false) {
  const like = tablesLike(tables, typed).map((table) => ({ table, service: 'dine_in' }));
  const name = typed.trim();
  const takeaway = { service: 'takeaway', guest: name };
  const away = delivers ? [takeaway, { service: 'delivery', guest: name }] : [takeaway];
  const begins = name !== '' && like[0]?.table.toLowerCase().startsWith(name.toLowerCase().replace(/^table\s+/, ''));
  return begins ? [...like, ...away] : [...away, ...like];
}

/**
 * @param {string[]} tables labels @param {string} typed @returns {Place | undefined} the place that Enter chooses; undefined
 * before anything is typed
 */
export function likeliestPlace(tables, typed) {
  return typed.trim() === '' ? undefined : placesFor(tables, typed)[0];
}

/**
 * @param {{tables: string[] | null, typed: string, delivers?: boolean, orders: (table: string) => number}} look tables: null while they
 *   are unknown; delivers: whether the server stores riders' data; orders: the number of open orders at a table
 */
export function placeForm({ tables, typed, delivers, orders }) {
  const places = placesFor(tables ?? [], typed, delivers);
  const hasLikeliest = likeliestPlace(tables ?? [], typed) !== undefined;
  return h('div.entry__where', { 'data-key': 'where' },
    h('div.field', {}, h('label', { for: 'entry-where' }, 'Table, or name for a takeaway'),
      h('input', { 'id': 'entry-where', 'maxlength': MAX_GUEST_NAME, 'value': typed, 'data-entry': 'where', 'autocomplete': 'off', 'enterkeyhint': 'go' })),
    tables === null && h('p.muted', { role: 'status' }, 'Loading the tables'),
    h('div.entry__places', { role: 'group', 'aria-label': 'Where the order goes' }, places.map((at, rank) => placeButton(at, hasLikeliest && rank === 0, at.table ? orders(at.table) : 0))));
}

/** @param {Place} at @param {boolean} isFirst @param {number} open number of open orders */
function placeButton(at, isFirst, open) {
  const { table, guest } = at;
  const away = serviceWord(at.service);
  const words = table ?? (guest ? `${away} for “${guest}”` : away);
  return h('button.button.entry__place', {
    'type': 'button', 'data-key': table ?? `:${at.service}`, 'data-do': 'entry-place', 'data-place-table': table, 'data-place-service': at.service, 'data-first': isFirst,
    'aria-label': table ? `Table ${table}, ${open > 0 ? count(open, 'open order') : 'free'}` : words,
  }, !table && icon(SERVICE_ICONS[at.service]), h('span', {}, words), table && h('span.entry__state', {}, open > 0 ? count(open, 'order') : 'free'));
}

// ---- the dishes ----

/**
 * @typedef {object} Look
 * @property {any} menu
 * @property {Basket} basket
 * @property {ReturnType<typeof import('./dish_finder.js').numbered>} categories
 * @property {string} typed the text in the search for dishes
 * @property {import('./dish_finder.js').Wish} wish the meaning of that text
 * @property {string | null} line the key of the line whose controls are shown
 * @property {boolean} whole whether the whole order is shown, on screens where it does not fit beside the dishes
 * @property {boolean} sending
 * @property {import('../shared/checkout.js').Problem | null} problem
 * @property {boolean} sure whether the next touch on "Discard" discards
 * @property {any[]} open the open orders to which these dishes may be added
 * @property {boolean} seats whether the server supports seats
 * @property {{now: number, zone?: string}} [later] the clock for choosing a later time; absent if the server does not support
 * it
 */

/** @param {Look} look @returns {import('../shared/keyed.js').Listed} */
export function orderForm(look) {
  const { basket, sending, whole, categories, typed } = look;
  const wish = wishWords(look);
  const sections = typed.trim() === '' || typed.trim().startsWith('+') ? categories
    : [{ id: 'found', name: 'Found', dishes: matching(categories.flatMap(({ dishes }) => dishes), look.wish.words) }];
  return {
    view: h('div.entry__order', { 'data-key': 'order', 'data-whole': whole, 'aria-busy': sending && 'true' },
      h('div.entry__menu', { 'data-key': 'menu' },
        h('div.entry__find', {},
          h('input', {
            'id': 'entry-find', 'type': 'search', 'value': typed, 'data-entry': 'find', 'placeholder': 'Dish: letters or number', 'aria-label': 'Find a dish by letters or number',
            'aria-describedby': 'entry-wish', 'autocomplete': 'off', 'autocapitalize': 'none', 'spellcheck': 'false', 'enterkeyhint': 'done',
          }),
        h('p.entry__wish', { 'id': 'entry-wish', 'role': 'status', 'data-hint': typed.trim() === '' }, wish)),
        h('div.entry__categories', { role: 'group', 'aria-label': 'Categories' }, categories.map(({ id, name }) =>
          h('button.chip', { 'type': 'button', 'data-key': id, 'data-do': 'entry-category', 'data-category': id }, name))),
        h('div.entry__dishes', { 'data-key': 'dishes' }, sections.map(({ id, name }) => h('section', { 'data-key': id, 'id': `entry-${id}`, 'aria-label': name },
          h('h3.entry__category', {}, name), listOf('div.entry__tiles', `dishes ${id}`))))),
      h('div.entry__side', { 'data-key': 'side' }, linesView(look), footView(look))),
    lists: Object.fromEntries(sections.map(({ id, dishes }) => [`dishes ${id}`, dishes.map((dish) => tile(dish, pieces(basket, dish.item.id)))])),
  };
}

/** @param {import('./dish_finder.js').Dish} dish @param {number} ordered @returns {import('../shared/keyed.js').Entry} */
function tile({ number, item }, ordered) {
  return {
    key: item.id, deps: [item, number, ordered],
    view: () => h('button.entry__tile', { 'type': 'button', 'data-key': item.id, 'data-do': 'entry-add', 'data-dish': item.id, 'disabled': !item.available },
      h('span.entry__number.numeric', {}, number), h('span.entry__name', {}, item.name),
      h('span.entry__price.numeric', {}, item.available ? money(item.price) : soldOut(item)),
      ordered > 0 && h('b.badge.badge--count.badge--strong', {}, ordered, h('span.visually-hidden', {}, ' in this order'))),
  };
}

/** @param {any} item */
function soldOut({ until }) {
  return until ? `Sold out until ${clock(until)}` : 'Sold out';
}

/**
 * Finds the option that a wish adds to the line whose controls are shown.
 * @param {Pick<Look, 'wish' | 'basket' | 'line' | 'menu'>} look
 */
export function optionWish({ wish, basket, line, menu }) {
  const last = basket.lines.find(({ key }) => key === line);
  const item = last && menu.items[last.item];
  const option = item && optionOf(item, wish.words, kept(item, last.options));
  return option && { ...option, line: last.key, dish: item.name };
}

/** @type {Record<string, string>} */
const NOT_ADDED = { 'chosen': 'chosen already', 'sold-out': 'sold out', 'full': 'no more of these can be chosen' };

/** @param {ReturnType<typeof optionWish>} option */
function optionWords(option) {
  if (!option) return 'The last dish has no such option.';
  const { name, dish, state } = option;
  return state === 'fits' ? `Enter: + ${name} · ${dish}` : `${name} (${dish}): ${NOT_ADDED[state]}`;
}

/**
 * Returns the hint for a seat or a course without a dish, which applies to the last dish. @param
 * {import('./dish_finder.js').Wish} wish @param {Basket} basket @param {string | null} line @param {any} menu
 */
function markWords({ words, seat, course }, basket, line, menu) {
  if (words !== '' || (seat === undefined && course === undefined)) return undefined;
  const last = basket.lines.find(({ key }) => key === line);
  if (!last) return 'No dish to set it for.';
  const name = menu.items[last.item]?.name ?? last.name;
  if (seat !== undefined) return basket.table === undefined ? 'Seats are for tables.' : `Enter: seat ${seat} · ${name}`;
  const found = coursesOf(menu).find(({ number }) => number === course);
  return found ? `Enter: ${found.name} · ${name}` : `The menu has no course ${course}.`;
}

/**
 * Returns the hint about the effect of Enter. @param {Pick<Look, 'wish' | 'typed' | 'categories' | 'basket' | 'line' | 'menu'>}
 * look
 */
export function wishWords({ wish, typed, categories, basket, line, menu }) {
  if (typed.trim() === '') return 'Letters or number, then Enter · 3x rez: three · +spicy: an option · @2: seat · /2: course of the last dish';
  const marked = markWords(wish, basket, line, menu);
  if (marked) return marked;
  if (wish.isOption) {
    return optionWords(optionWish({ wish, basket, line, menu }));
  }
  const [first] = matching(categories.flatMap(({ dishes }) => dishes), wish.words);
  if (!first) return 'No dish is called that.';
  return first.item.available ? `Enter: ${wish.quantity} × ${first.item.name}${wish.seat && basket.table !== undefined ? `, seat ${wish.seat}` : ''}` : `${first.item.name}: ${soldOut(first.item)}`;
}

/** @param {Look} look */
function linesView({ basket, menu, line, seats }) {
  const rider = basket.service === 'delivery' && !basket.round && riderFields({ name: basket.guest, ...basket.delivery });
  if (basket.lines.length === 0) return h('div.entry__lines', { 'data-key': 'none' }, rider, h('p.entry__none', {}, 'Tap a dish to add it.'));
  const seat = seats && basket.table !== undefined ? seatsOf(basket) : undefined;
  return h('div.entry__lines', { 'data-key': 'lines' },
    rider,
    h('ul', {}, basket.lines.map((each) => lineView(each, menu, each.key === line, seat))),
    h('div.field.entry__note', {},
      h('label', { for: 'entry-note' }, 'Note on the whole order'),
      h('input', { 'id': 'entry-note', 'maxlength': MAX_NOTE, 'value': basket.note, 'data-field': 'order-note', 'autocomplete': 'off' }),
      allergyBox(basket, 'the whole order', STAFF)));
}

/** The least number of seats to offer. */
const SEATS = 4;
const MOST_SEATS = 12;

/** @param {Basket} basket @returns {number[]} the seats to offer: those in use and one more */
function seatsOf({ lines }) {
  const last = Math.max(0, ...lines.map(({ seat = 0 }) => seat));
  return Array.from({ length: Math.max(last, Math.min(MOST_SEATS, Math.max(SEATS, last + 1))) }, (_, at) => at + 1);
}

/** @param {import('../shared/basket.js').Line} line @param {string} name @param {number[]} seats */
function seatChips(line, name, seats) {
  return h('div.options', { 'data-key': 'seats', 'role': 'group', 'aria-label': `Seat of ${name}` }, seats.map((seat) => h('button.chip', {
    'type': 'button', 'data-key': seat, 'data-do': 'seat', 'data-seat': seat, 'aria-pressed': String(seat === line.seat), 'aria-label': `Seat ${seat}`,
  }, icon('table'), seat)));
}

/**
 * @param {import('../shared/basket.js').Line} line @param {any} menu @param {boolean} isOpen whether its controls are shown
 * @param {number[]} [seats] the seats to offer
 */
function lineView(line, menu, isOpen, seats) {
  const item = menu.items[line.item];
  const name = item?.name ?? line.name ?? 'A dish';
  const gone = !canBeOrdered(line, menu);
  const before = priceBefore(line, menu);
  const amount = (/** @type {number} */ minor) => money({ amount: minor, currency: menu.currency });
  const chosen = line.options.map((id) => item?.options?.[id]?.name).filter(Boolean);
  return h('li.entry__line', { 'data-key': line.key, 'data-line': line.key, 'data-open': isOpen, 'data-gone': gone },
    h('button.entry__head', { 'type': 'button', 'data-do': 'entry-line', 'aria-expanded': String(isOpen) },
      h('b.numeric', {}, line.quantity, ' ×'), h('span', {}, name, !isOpen && saidWords([line.seat && `seat ${line.seat}`, chosenCourse(line, menu)?.name, ...chosen, line.note])), h('span.numeric', {}, amount(linePrice(line, menu)))),
    gone && h('p.entry__gone', {}, item ? 'Now sold out. Remove it.' : 'No longer on the menu. Remove it.'),
    before !== undefined && h('p.entry__gone', {}, `The price has changed. It was ${amount(before * line.quantity)}.`),
    isOpen && h('div.entry__controls', {},
      h('div.entry__row', {}, stepper(name, line.quantity, 'line', STAFF),
        h('button.button.button--quiet.entry__say', { 'type': 'button', 'data-do': 'entry-say' }, icon('edit'), 'Note'),
        h('button.button.button--quiet', { 'type': 'button', 'data-do': 'line-remove' }, icon('trash'), h('span.entry__word', {}, 'Remove'), h('span.visually-hidden', {}, ` ${name}`))),
      !gone && item && optionChips(item, line.options, STAFF),
      !gone && courseChips(line, name, menu),
      !gone && seats && seatChips(line, name, seats),
      h('div.entry__said', {},
        h('input.entry__words', {
          'value': line.note, 'maxlength': MAX_NOTE, 'placeholder': 'Allergies or wishes', 'aria-label': `Allergies or wishes: ${name}`, 'data-field': 'line-note', 'autocomplete': 'off',
        }),
        allergyBox(line, name, STAFF))));
}

/**
 * The courses of the menu, if there are several. @param {import('../shared/basket.js').Line} line @param {string} name @param
 * {any} menu
 */
function courseChips(line, name, menu) {
  const courses = coursesOf(menu);
  const ofLine = chosenCourse(line, menu)?.number ?? usualCourse(line, menu);
  return courses.length > 1 && h('div.options', { 'data-key': 'courses', 'role': 'group', 'aria-label': `Course of ${name}` }, courses.map((course) =>
    h('button.chip', { 'type': 'button', 'data-key': course.number, 'data-do': 'course', 'data-course': course.number, 'aria-pressed': String(course.number === ofLine) }, course.name)));
}

/** @param {(string | number | undefined)[]} said */
function saidWords(said) {
  const words = said.filter(Boolean).join(', ');
  return words && h('span.entry__also', {}, words);
}

/** @param {Look} look */
function footView({ basket, menu, sending, problem, whole, sure, open, later }) {
  const why = whyNot(basket, menu, problem);
  return h('div.entry__foot', { 'data-key': 'foot' },
    // Always in the page: screen readers do not announce a live region that is added together with its text.
    h('div.entry__why', { role: 'alert' }, why.map((words) => h('p.banner.banner--bad', {}, words))),
    h('div.entry__row', {},
      h('button.button.entry__toggle', { 'type': 'button', 'data-do': 'entry-whole', 'aria-pressed': String(whole), 'disabled': basket.lines.length === 0 },
        whole ? 'Menu' : 'Order', ' · ', count(pieces(basket), 'dish', 'dishes')),
      basket.table && !basket.round && h('button.chip.entry__service', { 'type': 'button', 'data-do': 'entry-service', 'aria-pressed': String(basket.service === 'takeaway') }, icon('bag'), 'Takeaway'),
      roundChips(basket, open),
      later && !basket.round && mayBeLater(basket) && h('button.chip.entry__service', { 'type': 'button', 'data-do': 'entry-later', 'aria-pressed': String(isForLater(basket)) }, icon('clock'), 'Later'),
      h('button.button.button--quiet.button--danger.entry__discard', { 'type': 'button', 'data-do': 'entry-discard' }, sure ? 'Yes, discard' : 'Discard')),
    later && !basket.round && isForLater(basket) && duePicker({ days: dueDays(later), due: basket.due, zone: later.zone, words: dueWords(later.now, later.zone) }),
    h('button.button.button--go.button--large.button--wide', {
      'type': 'button', 'data-do': 'entry-send', 'disabled': sending || obstacle(basket, menu) !== null, 'aria-busy': sending && 'true', 'aria-keyshortcuts': 'Control+Enter',
    }, sending ? 'Sending' : [basket.round ? `Add to ${called(/** @type {any} */ (basket.round))} · ` : 'Send · ', money(total(basket, menu))]));
}

/** The open orders of the table to which these dishes can be added. @param {Basket} basket @param {any[]} open */
function roundChips({ round }, open) {
  return open.map((order) => h('button.chip.entry__service', {
    'type': 'button', 'data-key': `round ${order.id}`, 'data-do': 'entry-round', 'data-round-of': order.id, 'aria-pressed': String(round?.order === order.id),
  }, icon('plus'), `Add to ${called(order)}`));
}

// ---- the obstacles ----

/**
 * @param {Basket} basket @param {any} menu @param {import('../shared/checkout.js').Problem | null} problem @returns {string[]}
 * why the order cannot be sent
 */
export function whyNot(basket, menu, problem) {
  const { soldOut, removed } = unavailable(basket, menu);
  const names = (/** @type {import('../shared/basket.js').Line[]} */ lines) => [...new Set(lines.map(({ item, name }) => menu.items[item]?.name ?? name ?? 'a dish'))].join(', ');
  const before = totalBefore(basket, menu);
  return [
    menu.paused && basket.lines.length > 0 && (menu.paused_until ? `New orders are paused until ${clock(menu.paused_until)}.` : 'New orders are paused.'),
    basket.lines.length > 0 && lacksName(basket, menu) && 'A takeaway needs a name: tap “Change”.',
    basket.lines.length > 0 && !basket.round && lacksAddress(basket) && 'A delivery needs a name, a phone number and an address.',
    soldOut.length > 0 && `Sold out: ${names(soldOut)}.`,
    removed.length > 0 && `No longer on the menu: ${names(removed)}.`,
    ...basket.lines.filter((line) => wantsChoice(line, menu)).map((line) => choiceWords(line, menu)),
    problem ? problemWords(problem) : before && `Prices have changed: the total was ${money(before)} and is ${money(total(basket, menu))} now.`,
  ].filter((words) => typeof words === 'string' && words !== '');
}

/** @param {import('../shared/basket.js').Line} line @param {any} menu */
function choiceWords(line, menu) {
  const missing = missingNames(line, menu);
  const { name } = menu.items[line.item];
  return missing.length > 0 ? `${name}: ${missing.join(', ')}.` : `${name}: an option is sold out or gone. Choose again.`;
}

/** @param {import('../shared/checkout.js').Problem} problem */
function problemWords(problem) {
  if (problem.is === 'over') return 'Nothing more can be added to that order. Send it as a new one.';
  if (problem.is === 'long') return 'The notes are too long together. Shorten them.';
  if (problem.is === 'silent') return 'Write what the allergy is to.';
  if (problem.is === 'dearer') return `Prices have changed: ${money(problem.before)} before, ${money(problem.now)} now. Send once more to order at ${money(problem.now)}.`;
  const { code, message } = problem.error;
  if (code === 'expired') return 'No answer came in time, so it is not known whether the order was sent. Look for it among the orders before you send it again.';
  return `Not sent: ${message}`;
}

/**
 * The unsent orders, shown on the page while their dialog is closed.
 * @param {import('./new_orders.js').NewOrder[]} orders @param {any} menu @param {string | null} open the key of the one in the dialog
 */
export function unsentView(orders, menu, open) {
  return orders.filter(({ key }) => key !== open).map(({ key, checkout: { basket, sending, problem, count: dishes } }) => {
    const why = sending ? [] : whyNot(basket, menu, problem);
    const state = sending ? 'Waits to be sent' : why.length > 0 ? why.join(' ') : 'Not sent yet';
    return h('div.unsent', { 'data-key': key, 'data-unsent': key, 'data-tone': why.length > 0 ? 'bad' : undefined, 'data-sending': sending },
      icon(sending ? 'hourglass' : 'edit'), h('p.unsent__words', {}, h('b', {}, placeWords(placeOf(basket))), ` · ${count(dishes, 'dish', 'dishes')} · ${state}`),
      !sending && h('button.button', { 'type': 'button', 'data-do': 'entry-open', 'data-entry-key': key }, 'Open', h('span.visually-hidden', {}, `: the order for ${placeWords(placeOf(basket))}`)));
  });
}
