import { h, setText } from './dom.js';
import { age, ageInWords, clock as clockTime, serviceWord } from './format.js';
import { SERVICE_ICONS, icon } from './icons.js';
import { allergyWord } from './notes.js';
import { levelAt } from './urgency.js';

/** @type {Record<string, {sign: Parameters<typeof icon>[0], word: string}>} */
const LEVELS = {
  fresh: { sign: 'clock', word: '' },
  warn: { sign: 'hourglass', word: 'Hurry' },
  late: { sign: 'alert', word: 'Late' },
};

/**
 * Shows an age. From the first threshold on it has another sign and a word, since many people cannot go by colour alone.
 * `tickAges` updates it without a redraw.
 *
 * @param {import('./urgency.js').Clock} clock @param {number} now server ms @param {string} [tag] `span` in a button
 */
export function ageView({ since, warnAt, lateAt }, now, tag = 'p') {
  const level = levelAt({ warnAt, lateAt }, now);
  const { sign, word } = LEVELS[level];
  return h(`${tag}.age`, { 'data-since': since, 'data-level': level, 'data-thresholds': `${warnAt} ${lateAt}` },
    icon(sign), h('span.age__time.numeric', {}, age(now - since)), word && h('span.age__word', {}, word));
}

/** @param {'fresh' | 'warn' | 'late'} level @returns {string} empty when there is no hurry */
export function levelWord(level) {
  return LEVELS[level].word;
}

/**
 * @param {ParentNode} root @param {number} now server ms @param {(age: Element) => boolean} [isNear] whether the element is in
 * or near the visible part
 * @returns {boolean} whether an age has passed a threshold, so that its order has to be drawn again
 */
export function tickAges(root, now, isNear = () => true) {
  let passed = false;
  for (const view of root.querySelectorAll('[data-since]')) {
    const time = isNear(view) && view.querySelector('.age__time');
    if (time) setText(time, age(now - Number(view.getAttribute('data-since'))));
    const [warnAt, lateAt] = (view.getAttribute('data-thresholds') ?? '').split(' ').map(Number);
    passed ||= levelAt({ warnAt, lateAt }, now) !== view.getAttribute('data-level');
  }
  for (const view of root.querySelectorAll('[data-overdue]')) view.textContent = overdueWords(Number(view.getAttribute('data-overdue')), now);
  return passed;
}

/**
 * The badge of an order that is not eaten at a table: a coloured block with a sign and a word.
 *
 * @param {string} service @returns {HTMLElement | null} null for `dine_in`
 */
export function serviceBadge(service) {
  if (service === 'dine_in') return null;
  return h(`span.service.service--${service}`, { 'data-key': 'service' }, icon(SERVICE_ICONS[service] ?? 'bag'), serviceWord(service));
}

/**
 * The table or service and the guest's name, for the head of a ticket or card. @param {{table?: string, service: string,
 * guest_name?: string}} order
 */
export function placeView({ table, service, guest_name: name }) {
  const badge = serviceBadge(service);
  return [table ? h('span', {}, `Table ${table}`) : !badge && serviceWord(service), badge && ' ', badge, name && [' ', h('span.guest-name', {}, name)]];
}

/**
 * Shows a note in large print; an allergy is the most prominent text on the ticket.
 * @param {{note?: string, allergy?: boolean}} said a dish, or the order
 */
export function noteView({ note, allergy }) {
  const word = allergyWord({ note, allergy });
  if (!word) return note ? h('span.note', {}, note) : null;
  return h('strong.note.note--allergy', {}, icon('alert'), h('span', {}, h('span.note__word', {}, `${word} `), note));
}

/**
 * The notes of an order and of its dishes, for a line that does not list the dishes.
 * @param {any} order @returns {HTMLElement | null}
 */
export function notesView(order) {
  const noted = Object.entries(order.items).filter(([, { note, allergy, status }]) => (note || allergy) && status !== 'voided');
  if (noted.length === 0 && !order.note && !order.allergy) return null;
  return h('ul.seat__notes', { 'data-key': 'notes' },
    (order.note || order.allergy) && h('li', { 'data-key': 'order' }, noteView(order)),
    noted.map(([id, item]) => h('li', { 'data-key': id }, `${item.quantity} × ${item.name}`, noteView(item))));
}

/**
 * Shows the promised time. Once it has passed, shows by how much; `tickAges` updates that.
 * @param {number} promised server ms @param {number} now server ms
 */
export function promiseView(promised, now) {
  if (promised > now) return h('span.order__fact', {}, `promised ${clockTime(promised)}`);
  return h('span.order__fact.order__fact--late', {}, icon('alert'), h('span', { 'data-overdue': promised }, overdueWords(promised, now)));
}

/** @param {number} promised @param {number} now */
function overdueWords(promised, now) {
  return `${ageInWords(now - promised)} over ${clockTime(promised)}`;
}
