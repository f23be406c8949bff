import { firesAt, nextHeld } from '../shared/courses.js';
import { called, chosenOptions } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { REASON_WORDS, age, count, place } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { allergyWord, orderAllergyWord } from '../shared/notes.js';
import { ageView, levelWord, noteView, placeView, serviceBadge } from '../shared/order_parts.js';
import { clockOf, levelAt } from '../shared/urgency.js';
import { whenAt } from '../shared/zone.js';
import { heldAlone, isOpen, markWords } from './tickets.js';

/** A table's name with more letters than this takes two lines of small letters in the head. */
const LONG_TABLE = 3;
const FACE = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
/**
 * The formatted times by minute, since formatting one takes as long as building a ticket.
 * @type {Map<number, string>}
 */
const faces = new Map();
const MOST_FACES = 500;
/** The kitchen cannot hurry an order that is not accepted. */
const NEVER = { warnMinutes: Infinity, lateMinutes: Infinity };

/**
 * @typedef {object} Look what a ticket shows besides its order
 * @property {number} now server ms
 * @property {boolean} numbered whether the screen shows the digits that bump tickets
 * @property {boolean} selected
 * @property {string[]} changes those that no cook has confirmed
 * @property {Record<string, import('./tickets.js').Mark>} marks the unconfirmed marks by line
 * @property {boolean} grouped whether items are grouped by station, under its name
 * @property {import('../shared/urgency.js').Thresholds} thresholds
 */

/**
 * A ticket and its dependencies. It is rebuilt only when one of these changes.
 * @param {import('./tickets.js').Ticket} ticket @param {Look} look
 * @returns {import('../shared/keyed.js').Entry}
 */
export function ticketEntry(ticket, look) {
  const { warnAt, lateAt } = ticketClock(ticket, look);
  const deps = [ticket, levelAt({ warnAt, lateAt }, look.now), warnAt, lateAt, look.numbered, look.selected, look.changes.join('\n'), look.marks, look.grouped];
  return { key: ticket.id, deps, view: () => ticketView(ticket, look) };
}

/** @param {import('./tickets.js').Ticket} ticket @param {Look} look */
function ticketClock(ticket, { thresholds }) {
  return clockOf(ticket, thresholds);
}

/** @param {import('./tickets.js').Ticket} ticket @param {Look} look */
function ticketView(ticket, look) {
  const { id, order, state } = ticket;
  return h('article.ticket', {
    'data-key': id, 'data-order': id, 'data-status': order.status, 'data-ticket': state,
    'data-urgency': isOpen(ticket) ? levelAt(ticketClock(ticket, look), look.now) : 'fresh',
    'data-rush': Boolean(order.rush), 'data-selected': look.selected, 'data-pending': Boolean(order.pending),
    'tabindex': look.selected ? 0 : -1, 'aria-label': `Order ${called(order)}, ${place(order)}`,
  }, head(ticket, look), flags(ticket, look), notes(order), items(ticket, look), elsewhere(ticket), foot(ticket, look));
}

/** @param {import('./tickets.js').Ticket} ticket @param {Look} look */
function head(ticket, look) {
  const { order } = ticket;
  return h('header.ticket__head', {},
    h('h2.ticket__number', {}, h('span.visually-hidden', {}, 'Order '), called(order)),
    h(`p.ticket__place${(order.table ?? '').length > LONG_TABLE ? '.ticket__place--long' : ''}`, {}, placeView(order)),
    h('div.ticket__clock', {}, ageView(ticketClock(ticket, look), look.now), dueView(ticket, look)));
}

/**
 * The urgency in a word and the promised time, below the age.
 * @param {import('./tickets.js').Ticket} ticket
 * @param {Look} look
 */
function dueView(ticket, look) {
  const word = levelWord(levelAt(ticketClock(ticket, look), look.now));
  if (!word && ticket.promised === undefined) return null;
  return h('p.ticket__due', {}, word && h('b', { 'aria-hidden': true }, word),
    ticket.promised !== undefined && h('span.ticket__promise', {}, h('span.visually-hidden', {}, 'promised '), `by ${faceOf(ticket.promised)}`));
}

/**
 * Formats a time as `9:41`, without AM or PM: a promise is for the next hours, and the head of a ticket has little space.
 * @param {number} time
 */
function faceOf(time) {
  const minute = Math.floor(time / 60_000);
  const face = faces.get(minute) ?? FACE.formatToParts(time).filter(({ type }) => type !== 'dayPeriod').map(({ value }) => value).join('').trim();
  if (faces.size >= MOST_FACES) faces.clear();
  faces.set(minute, face);
  return face;
}

/** @param {import('./tickets.js').Ticket} ticket @param {Look} look */
function flags({ order, items: mine }, look) {
  const shown = [
    order.rush && flag('rush', 'bolt', 'Rush'),
    ...allergyFlags(order, mine),
    order.stuck && flag('stuck', 'offline', 'Not sent yet'),
    ...look.changes.map((change) => flag('changed', 'alert', `Changed: ${change}`)),
    ...markWords(look.marks, mine).map((words) => flag('changed', 'alert', words)),
  ].filter(Boolean);
  return shown.length > 0 && h('ul.ticket__flags', {}, shown);
}

/** @param {string} kind @param {Parameters<typeof icon>[0]} sign @param {string} words */
function flag(kind, sign, words) {
  return h(`li.flag.flag--${kind}`, { 'data-key': `${kind} ${words}` }, icon(sign), words);
}

/**
 * The allergy flags of a ticket. For its own dishes, whose notes may be further down: the word, unless a note at the top has it
 * already. For each dish of another station, since pans are shared: the whole note.
 * @param {any} order
 * @param {[string, any][]} mine
 */
function allergyFlags(order, mine) {
  const written = Object.entries(order.items).filter(([, item]) => allergyWord(item));
  const here = written.filter(([id]) => mine.some(([own]) => own === id));
  const elsewhere = written.filter((entry) => !here.includes(entry));
  const words = here.map(([, item]) => allergyWord(item));
  return [
    here.length > 0 && !allergyWord(order) && flag('allergy', 'alert', words.includes('Allergy') ? 'Allergy' : words[0]),
    ...elsewhere.map(([, item]) => flag('allergy', 'alert', allergyWords(item, item.name))),
  ];
}

/**
 * @param {{note?: string, allergy?: boolean}} said
 * @param {string} [dish] its name; absent for the whole order
 */
function allergyWords(said, dish) {
  const word = allergyWord(said);
  return [dish ? `${word} (${dish})` : word, said.note].filter(Boolean).join(': ');
}

/**
 * Lists each allergy of an order with its words, for a place that does not show the ticket.
 * @param {any} order
 */
function allergyList(order) {
  const dishes = Object.values(order.items).filter(allergyWord);
  const words = [allergyWord(order) && allergyWords(order), ...dishes.map((dish) => allergyWords(dish, dish.name))].filter(Boolean);
  return words.length > 0 && h('ul.allergies', {}, words.map((some) => flag('allergy', 'alert', some)));
}

/** @param {any} order */
function notes(order) {
  return noteView(order);
}

/** @param {import('./tickets.js').Ticket} ticket @param {Look} look */
function items(ticket, look) {
  const touchable = isOpen(ticket) || ticket.state === 'bumped';
  const rows = byCourse(look.grouped ? byStation(ticket.items) : ticket.items);
  return h('ul.ticket__items', {}, rows.map(([id, item]) => itemView(id, item, ticket.order, touchable, look)));
}

/** @param {[string, any][]} entries */
function byStation(entries) {
  return [...entries].sort(([, a], [, b]) => a.station.localeCompare(b.station));
}

/** @param {[string, any][]} entries */
function byCourse(entries) {
  const of = (/** @type {any} */ item) => item.course?.number ?? 0;
  return [...entries].sort(([, a], [, b]) => of(a) - of(b));
}

/**
 * @param {string} id
 * @param {any} item
 * @param {any} order
 * @param {boolean} touchable
 * @param {Look} look
 */
function itemView(id, item, order, touchable, look) {
  const shown = face(item, order, look.grouped, look.marks[id]);
  const row = { 'data-key': id, 'data-item': id, 'data-status': item.status, 'data-pending': Boolean(item.pending), 'data-held': Boolean(item.held) };
  const done = item.status === 'done';
  if (!touchable || item.held || item.status === 'voided') return h('li.item', row, h('div.item__face', {}, shown));
  return h('li.item', row,
    h('button.item__face', { type: 'button', 'data-action': done ? 'recall_item' : 'finish_item' }, shown,
      h('span.visually-hidden', {}, done ? ', done. Take back' : ', bump')));
}

/** @param {any} item @param {any} order @param {boolean} named whether to show the station @param {import('./tickets.js').Mark} [mark] */
function face(item, order, named, mark) {
  const marks = { done: icon('check'), voided: h('span.item__void', {}, 'Void'), cooking: icon('flame') };
  return [
    h('span.item__quantity.numeric', {}, item.quantity, h('span.visually-hidden', {}, ' times ')),
    h('span.item__body', {},
      h('span.item__name', {}, item.name),
      chosenOptions(item).map((option) => h('span.item__option', {}, option)),
      item.held && h('span.item__held', {}, heldWords(item, order)),
      mark?.round && h('span.item__new', {}, `New, round ${mark.round}`),
      mark?.was && h('span.item__was', {}, h('span.visually-hidden', {}, 'was '), h('s', {}, wasWords(mark.was)))),
    h('span.item__mark', {}, /** @type {Record<string, any>} */ (marks)[item.status],
      named && h('span.item__station', {}, item.station)),
    noteView(item),
  ];
}

/** @param {any} item @param {any} order @returns {string} such as `Held: Mains, fires at 7:42` */
function heldWords(item, order) {
  const at = firesAt(item, order);
  return ['Held', item.course && `: ${item.course.name}`, at !== undefined && `, fires at ${faceOf(at)}`].filter(Boolean).join('');
}

/** @param {{quantity: number, options?: string[], note?: string}} was */
function wasWords({ quantity, options = [], note }) {
  return [`${quantity} ×`, ...options, note && `“${note}”`].filter(Boolean).join(' ');
}

/** @param {import('./tickets.js').Ticket} ticket */
function elsewhere({ elsewhere: owed }) {
  const parts = Object.entries(owed).map(([station, quantity]) => `${quantity} at ${station}`);
  return parts.length > 0 && h('p.ticket__elsewhere', {}, `Also: ${parts.join(', ')}`);
}

/** @param {import('./tickets.js').Ticket} ticket @param {Look} look */
function foot({ state, items: mine }, look) {
  // The view fills in the digit. Its space is always reserved, so that a ticket's height does not depend on it.
  const key = look.numbered && digit();
  const bump = () => control('ready', 'check', ['Bump', key], '.button--go');
  const isMarked = look.changes.length > 0 || markWords(look.marks, mine).length > 0;
  const known = isMarked && h('button.button', { type: 'button', 'data-do': 'confirm-change' }, 'Seen');
  const [next, alone] = [nextHeld(mine), heldAlone(mine)];
  const fire = [next && fireButton({ 'data-course': next.number }, next.name), alone && fireButton({ 'data-item': alone[0] }, alone[1].name)];
  /** @type {Record<string, () => any>} */
  const feet = {
    new: () => [known, fire, control('start', 'play', 'Start'), bump()],
    cooking: () => [known, fire, bump()],
    waiting: () => [known, control('recall', 'undo', 'Back'), fire],
    bumped: () => [h('p.ticket__say', {}, icon('check'), 'Bumped'), control('recall', 'undo', 'Undo')],
  };
  return h('footer.ticket__foot', {}, feet[state]?.());
}

/** @param {{'data-course': number} | {'data-item': string}} which lines @param {string} name of the course, or of the dish */
function fireButton(which, name) {
  return h('button.button', { 'type': 'button', 'data-key': `fire ${Object.keys(which)}`, 'data-action': 'fire', ...which }, icon('flame'), `Fire ${name}`);
}

/** The placeholder for a digit, which the view fills in. */
function digit() {
  return h('kbd.ticket__slot', { 'aria-hidden': true, 'data-opaque': true });
}

/**
 * A cancelled or lost ticket in compact form: the reason, and the dishes that were begun and may be in a pan.
 * @param {import('./tickets.js').Ticket} ticket @param {boolean} numbered
 * @returns {import('../shared/keyed.js').Entry}
 */
export function cancelledEntry(ticket, numbered) {
  const { id, order, items: mine } = ticket;
  const begun = mine.filter(([, { status }]) => status === 'cooking' || status === 'done');
  const view = () => h('article.cancelled__order', {
    'data-key': id, 'data-order': id, 'data-status': order.status, 'data-ticket': 'cancelled', 'data-lost': order.lost, 'aria-label': `${order.lost ? 'Lost' : 'Cancelled'}: order ${called(order)}, ${place(order)}`,
  },
  h('p.cancelled__head', {}, h('b', {}, h('span.visually-hidden', {}, 'Order '), called(order)), h('span', {}, placeView(order))),
  h('p.cancelled__why', {}, icon('close'), h('span', {}, cancelledWords(order, mine))),
  allergyList(order),
  h('ul.cancelled__items', {}, begun.map(([key, item]) => h('li', { 'data-item': key, 'data-status': item.status }, `Begun: ${item.quantity} × ${item.name}`))),
  h('button.button.button--danger', { 'type': 'button', 'data-do': 'confirm-cancel' }, 'Got it', numbered && digit()));
  return { key: id, deps: [ticket, numbered], view };
}

/** @param {any} order @param {[string, any][]} mine */
function cancelledWords(order, mine) {
  if (order.lost) return 'Lost: ask the floor';
  const reason = order.reason ?? mine.find(([, item]) => item.reason)?.[1].reason;
  const detail = order.detail ?? mine.find(([, item]) => item.detail)?.[1].detail;
  // "Another reason" says nothing beside a detail.
  const words = reason === 'other' && detail ? undefined : REASON_WORDS[reason];
  return ['Cancelled', [words, detail].filter(Boolean).join('. ')].filter(Boolean).join(': ');
}

/**
 * @param {string} action
 * @param {Parameters<typeof icon>[0]} sign
 * @param {any} words
 * @param {string} [looks]
 */
function control(action, sign, words, looks = '') {
  // Keyed: a node that changed from Start to Bump would fade from one look to the other.
  return h(`button.button${looks}`, { 'type': 'button', 'data-key': action, 'data-action': action }, icon(sign), words);
}

/**
 * An order that nobody has accepted yet: cooks see it coming, but have nothing to do.
 * @param {import('./tickets.js').Ticket} ticket @param {number} now
 * @returns {import('../shared/keyed.js').Entry}
 */
export function incomingEntry(ticket, now) {
  const { id, order, since, items: mine } = ticket;
  const warned = orderAllergyWord(order);
  const view = () => h('article.incoming__order', {
    'data-key': id, 'data-order': id, 'data-status': order.status, 'data-ticket': 'incoming', 'aria-label': `Incoming: order ${called(order)}, ${place(order)}`,
  },
  h('p.incoming__head', {}, h('b', {}, h('span.visually-hidden', {}, 'Order '), called(order)), h('span', {}, placeView(order)),
    ageView(clockOf({ since }, NEVER), now),
    warned && h('span.incoming__allergy', {}, icon('alert'), warned)),
  h('ul.incoming__items', {}, mine.filter(([, item]) => item.status !== 'voided').map(([key, item]) => h('li', {
    'data-item': key, 'data-status': item.status,
  }, `${item.quantity} × ${item.name}`))));
  return { key: id, deps: [ticket], view };
}

/**
 * An order for later, in the strip below the board: when it is due, and when the kitchen begins.
 * @param {import('./tickets.js').Ticket} ticket
 * @param {number} now
 * @param {string | undefined} zone
 */
export function upcomingEntry(ticket, now, zone) {
  const { id, order, items: mine } = ticket;
  const warned = orderAllergyWord(order);
  const [due, starts] = [order.due_at, order.starts_at].map((time) => whenAt(time, zone, now));
  const view = () => h('article.incoming__order', {
    'data-key': id, 'data-order': id, 'data-status': order.status, 'data-ticket': 'upcoming', 'aria-label': `For later: order ${called(order)}, ${place(order)}`,
  },
  h('p.incoming__head', {}, h('b', {}, `For ${due}`), h('span', {}, 'Order ', called(order)), h('span', {}, placeView(order)),
    h('span.muted', {}, `begins ${starts}`), warned && h('span.incoming__allergy', {}, icon('alert'), warned)),
  h('ul.incoming__items', {}, mine.filter(([, item]) => item.status !== 'voided').map(([key, item]) => h('li', {
    'data-item': key, 'data-status': item.status,
  }, `${item.quantity} × ${item.name}`))));
  return { key: id, deps: [ticket, due, starts], view };
}

/**
 * A line of the recall list.
 * @param {import('./tickets.js').Ticket} ticket
 * @param {number} now
 */
export function recallView({ id, order, items: mine }, now) {
  const dishes = mine.filter(([, item]) => item.status !== 'voided').map(([, item]) => `${item.quantity} × ${item.name}`);
  const at = Date.parse(order.served_at ?? order.ready_at ?? order.accepted_at);
  return h('li.recall', { 'data-key': id, 'data-order': id, 'data-status': order.status },
    h('div.recall__body', {},
      h('p.recall__title', {}, h('b', {}, called(order)), ' ', placeView(order), ' ',
        h('span.badge', {}, order.status === 'served' ? 'Served' : 'Ready')),
      allergyList(order),
      h('p.muted', {}, dishes.join(', ')),
      Number.isNaN(at) ? null : h('p.muted', {}, `${age(now - at)} ago`)),
    control('recall', 'undo', 'Recall'));
}

/** @param {ReturnType<typeof import('./tickets.js').allDay>} lines */
export function allDayView(lines) {
  if (lines.length === 0) return h('p.muted', {}, 'Nothing to cook.');
  const total = lines.reduce((sum, line) => sum + line.quantity, 0);
  const later = lines.reduce((sum, line) => sum + line.held, 0);
  return [
    h('p.muted', {}, `${count(total, 'dish', 'dishes')} to cook${later > 0 ? `, ${later} held` : ''}`),
    h('ul.allday', {}, lines.map(({ name, options, quantity, held, services, warned }) => h('li.allday__line', {},
      h('b.allday__quantity.numeric', {}, quantity),
      h('span', {}, name, options.length > 0 && h('span.allday__options', {}, options.join(', ')),
        Object.entries(warned).map(([word, some]) => h('span.allday__allergy', {}, icon('alert'), `${some} × ${word}`)),
        Object.entries(services).map(([service, some]) => h('span.allday__service', {}, `${some} × `, serviceBadge(service))),
        held > 0 && h('span.allday__held', {}, icon('hourglass'), `${held} held`))))),
  ];
}
