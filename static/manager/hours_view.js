import { h } from '../shared/dom.js';
import { dayIn, knownZone } from './days.js';
import { choice, emptyView, field, formSheet, lineButton, sectionHead } from './parts.js';

/** @type {[string, string][]} the days of a week: the server's names, and the shown ones */
const DAYS = [['mon', 'Monday'], ['tue', 'Tuesday'], ['wed', 'Wednesday'], ['thu', 'Thursday'], ['fri', 'Friday'], ['sat', 'Saturday'], ['sun', 'Sunday']];

/** @typedef {{days: string[], from: string, until: string}} Span */

/** @param {any} menu @returns {HTMLElement} */
export function hoursView(menu) {
  const name = menu.time_zone ?? 'UTC';
  const zone = knownZone(name);
  const time = zone === name ? `where it is ${clockIn(zone)} now` : 'which this browser does not know, so that times here are in UTC';
  const categories = Object.entries(menu.categories).sort(([, a], [, b]) => a.sort - b.sort || a.name.localeCompare(b.name));
  return h('section.section', { 'aria-label': 'Hours' },
    sectionHead('Hours', 'Outside these hours guests cannot order. You and your staff always can.'),
    h('section.hours', { 'data-key': 'zone', 'aria-labelledby': 'hours-zone' },
      h('header.hours__head', {}, h('h3', { id: 'hours-zone' }, 'Time zone'), h('button.button', { 'type': 'button', 'data-do': 'ask-zone' }, 'Change the time zone')),
      h('p', {}, `${name}, ${time}. At midnight there, the ticket numbers start again at 1.`)),
    hoursCard('restaurant', 'The restaurant', menu, { zone, otherwise: 'Guests can order at any time.' }),
    categories.length === 0 && emptyView('list', 'No category yet', 'Categories of the menu can have hours of their own.'),
    categories.map(([id, category]) => hoursCard(id, category.name, category, { zone, otherwise: 'As the restaurant.' })));
}

/** @param {string} zone @param {Date} [at] @returns {string} */
function clockIn(zone, at = new Date()) {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZone: zone }).format(at);
}

/**
 * @param {string} id of a category, `restaurant`, or `auto` for the rule of new orders @param {string} name
 * @param {{hours?: Span[], opening?: {open: boolean, until?: string}}} of @param {{zone: string, otherwise: string}} look
 * otherwise: the text if there are no hours
 */
export function hoursCard(id, name, { hours, opening }, { zone, otherwise }) {
  return h('section.hours', { 'data-key': id, 'data-hours': id, 'aria-labelledby': `hours-${id}` },
    h('header.hours__head', {}, h('h3', { id: `hours-${id}` }, name), opening && h('span.badge', {}, openingWords(opening, zone)),
      lineButton('ask-span', 'Add hours', `to ${name}`)),
    !hours?.length ? h('p.muted', {}, hours ? 'Never.' : otherwise) : h('ul.card.entries', {}, hours.map((span, index) => h('li.entry', { 'data-key': index },
      h('div.entry__body', {}, h('p.entry__name', {}, spanWords(span))),
      h('div.entry__controls', {},
        spanButton('ask-span', 'Change', index, `${name}, ${spanWords(span)}`),
        spanButton('remove-span', 'Remove', index, `${name}, ${spanWords(span)}`))))));
}

/** @param {string} does @param {string} words @param {number} index @param {string} of */
function spanButton(does, words, index, of) {
  return h('button.button', { 'type': 'button', 'data-do': does, 'data-span': index }, words, h('span.visually-hidden', {}, ` ${of}`));
}

/** @param {{open: boolean, until?: string}} opening @param {string} zone the time zone for the shown time @returns {string} */
export function openingWords({ open, until }, zone) {
  const word = open ? 'open' : 'closed';
  if (!until) return word;
  const at = new Date(until);
  const day = dayIn(zone, at) === dayIn(zone, new Date()) ? '' : `${new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: zone }).format(at)} `;
  return `${word} until ${day}${clockIn(zone, at)}`;
}

/** @param {Span} span @returns {string} such as `Monday to Friday, 11:30 to 15:00` */
export function spanWords({ days, from, until }) {
  return `${daysWords(days)}, ${from} to ${until}${until <= from ? ' of the next day' : ''}`;
}

/** @param {string[]} days @returns {string} */
function daysWords(days) {
  const wanted = DAYS.map(([day], index) => (days.includes(day) ? index : -1)).filter((index) => index >= 0);
  if (wanted.length === DAYS.length) return 'Every day';
  /** @type {number[][]} days that follow one another */
  const runs = [];
  for (const index of wanted) {
    const last = runs.at(-1);
    if (last?.at(-1) === index - 1) last.push(index);
    else runs.push([index]);
  }
  const name = (/** @type {number} */ index) => DAYS[index][1];
  return runs.flatMap((run) => (run.length > 2 ? [`${name(run[0])} to ${name(run[run.length - 1])}`] : run.map(name))).join(', ');
}

/** @param {string} zone */
export function zoneSheet(zone) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set(['UTC', own, zone, ...Intl.supportedValuesOf('timeZone')])].sort();
  return formSheet('zone', 'Time zone', `This device is in ${own}.`, 'Save',
    choice('time_zone', 'Time zone', zones.map((name) => [name, name]), zone));
}

/**
 * @param {string} of a category, `restaurant`, or `auto` @param {string} name @param {Span | undefined} span the one to change @param
 * {number} index of it, or -1
 */
export function spanSheet(of, name, span, index) {
  return formSheet('span', `Hours of ${name}`, 'If the end is not later than the beginning, it is on the next day.', 'Save',
    h('input', { type: 'hidden', name: 'of', value: of }), h('input', { type: 'hidden', name: 'index', value: index }),
    h('fieldset.field', {}, h('legend', {}, 'Days'),
      h('div.hours__days', {}, DAYS.map(([day, words]) => h('label.hours__day', {},
        h('input', { type: 'checkbox', name: 'days', value: day, checked: span?.days.includes(day) ?? true }), words)))),
    field('from', 'From', { type: 'time', required: true, value: span?.from ?? '11:00' }),
    field('until', 'Until', { type: 'time', required: true, value: span?.until ?? '22:00' }));
}
