import { h } from '../shared/dom.js';
import { STATUS_WORDS, count, money } from '../shared/format.js';
import { hoursPlot, partBar } from './charts.js';
import { emptyView, iconButton, sectionHead } from './parts.js';

const STEPS = /** @type {[string, string][]} */ ([
  ['placed_to_accepted', 'Placed to accepted'], ['accepted_to_ready', 'Accepted to ready'], ['ready_to_served', 'Ready to served'],
]);
/** How many lines of a list to show before the rest is summed up. */
const TOP = 15;

/** @param {any} report @param {{today: string, zone: string | undefined}} look `today`: the day; `zone`: the restaurant's time zone */
export function reportView(report, { today, zone }) {
  return h('section.section', { 'aria-label': 'Report of the day' },
    sectionHead('Report of the day', `Orders placed from midnight to midnight, by ${zone ? `the clock of ${zone}` : 'this device’s clock'}.`, dayChoice(report.date, today)),
    !report.complete && h('p.banner.banner--warn', {}, `This day has more orders than a report can hold. It covers the first ${report.orders}.`),
    report.orders === 0
      ? emptyView('chart', 'No orders on this day', 'Figures appear with the first order.')
      : [figures(report), hours(report, zone), h('div.plots', {}, steps(report.steps), statuses(report), stations(report.stations), dishes(report.items))]);
}

/** @param {string} date @param {string} today */
function dayChoice(date, today) {
  return [iconButton('day-before', 'left', 'The day before'),
    h('label.day', {}, h('span.visually-hidden', {}, 'Day'), h('input', { type: 'date', id: 'day', value: date, max: today, required: true })),
    iconButton('day-after', 'right', 'The day after', date >= today),
    h('button.button', { 'type': 'button', 'data-do': 'today', 'disabled': date === today }, 'Today')];
}

/** @param {any} report */
function figures({ orders, revenue, promised, late, steps: { accepted_to_ready: cooked } }) {
  const shown = [
    [String(orders), orders === 1 ? 'order placed' : 'orders placed'],
    [money(revenue), 'sold'],
    [cooked.count > 0 ? span(cooked.median_ms) : '–', 'from accepted to ready, median'],
    [promised > 0 ? `${Math.round((late / promised) * 100)} %` : '–', promised > 0 ? `late: ${late} of ${promised}` : 'late'],
  ];
  return h('dl.figures', {}, shown.map(([value, words]) => h('div.card.figure', {}, h('dt', {}, words), h('dd', {}, value))));
}

/** @param {any} report @param {string | undefined} timeZone */
function hours({ date, begins_at: begin, hours: counts }, timeZone) {
  const midnight = Date.parse(begin);
  const format = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });
  return card('Orders by hour', h('div.plot-scroll', { 'data-key': date, 'tabindex': 0, 'role': 'group', 'aria-label': 'Orders by hour' },
    hoursPlot(counts, (at) => format.format(midnight + at * 3_600_000))));
}

/** @param {Record<string, {count: number, median_ms?: number, p90_ms?: number}>} all */
function steps(all) {
  const most = Math.max(...STEPS.map(([name]) => all[name].p90_ms ?? 0));
  return card('How long it took', h('table.bars', {},
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Step'), h('td', {}), h('th', { scope: 'col' }, 'Median'), h('th', { scope: 'col' }, '9 in 10'))),
    h('tbody', {}, STEPS.map(([name, words]) => {
      const { count: made, median_ms: median = 0, p90_ms: p90 = 0 } = all[name];
      return h('tr', {}, h('th', { scope: 'row' }, words), h('td.bars__bar', {}, partBar(median, most, p90)),
        h('td.bars__number', {}, made > 0 ? span(median) : '–'), h('td.bars__number', {}, made > 0 ? span(p90) : '–'));
    }))));
}

/** @param {any} report */
function statuses({ statuses: counts, orders }) {
  const lines = Object.entries(STATUS_WORDS).filter(([status]) => counts[status] > 0);
  return card('Orders by status', bars('Status', lines.map(([status, words]) => ({ words, number: counts[status], whole: orders }))));
}

/** @param {Record<string, number>} portions */
function stations(portions) {
  const lines = Object.entries(portions).sort(([, a], [, b]) => b - a);
  const whole = Math.max(...lines.map(([, number]) => number));
  return card('Portions by station', bars('Station', lines.map(([words, number]) => ({ words, number, whole }))));
}

/** @param {{name: string, quantity: number, revenue: any}[]} items */
function dishes(items) {
  const whole = items[0]?.quantity ?? 0;
  const lines = items.slice(0, TOP).map(({ name, quantity, revenue }) => ({ words: name, number: quantity, whole, beside: money(revenue) }));
  const rest = items.slice(TOP).reduce((sum, { quantity }) => sum + quantity, 0);
  return card('Dishes', bars('Dish', lines), rest > 0 && h('p.muted', {}, `and ${count(rest, 'portion')} of ${count(items.length - TOP, 'other dish', 'other dishes')}`));
}

/** @param {string} what @param {{words: string, number: number, whole: number, beside?: string}[]} lines */
function bars(what, lines) {
  if (lines.length === 0) return h('p.muted', {}, 'Nothing.');
  return h('table.bars', {}, h('caption.visually-hidden', {}, `${what} and number`),
    h('tbody', {}, lines.map(({ words, number, whole, beside }) => h('tr', {}, h('th', { scope: 'row' }, words),
      h('td.bars__bar', {}, partBar(number, whole)), h('td.bars__number', {}, number), beside && h('td.bars__number', {}, beside)))));
}

/** @param {string} title @param {...any} content */
function card(title, ...content) {
  return h('section.card.plot-card', {}, h('h3', {}, title), content);
}

/** @param {number} ms @returns {string} `48 s`, `12 min`, `1 h 05` */
export function span(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')}`;
}
