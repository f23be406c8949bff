import { dueTimes } from './due_times.js';
import { h } from './dom.js';
import { wallAt } from './zone.js';

/**
 * A day and a quarter of an hour, each in a list to choose from. Times are by the restaurant's clock.
 *
 * @typedef {object} PickerWords
 * @property {string} day @property {string} time labels
 * @property {(at: number) => string} nameDay @property {(at: number) => string} nameTime
 */

/**
 * The last result of `dueDays`, reused for a quarter of an hour, since each draw asks for it. @type {{key: string, days:
 * ReturnType<typeof dueTimes>}}
 */
let last = { key: '', days: [] };

/** @param {Parameters<typeof dueTimes>[0]} from @returns {ReturnType<typeof dueTimes>} */
export function dueDays(from) {
  const key = JSON.stringify({ ...from, now: Math.floor(from.now / 60_000) });
  if (key !== last.key) last = { key, days: dueTimes(from) };
  return last.days;
}

/**
 * @param {{days: ReturnType<typeof dueTimes>, due: number | undefined, zone?: string, words: PickerWords}} look due: the chosen time, in ms
 * @returns {HTMLElement} its lists have `data-due`; their values are times in ms
 */
export function duePicker({ days, due, zone, words }) {
  const date = due === undefined ? days[0]?.date : wallAt(due, zone).date;
  const times = days.find((day) => day.date === date)?.times ?? [];
  // A chosen time that is no longer offered stays visible until another one is chosen.
  const offered = due === undefined || times.includes(due) ? times : [due, ...times];
  const known = days.some((day) => day.date === date) || due === undefined ? days : [{ date, times: [due] }, ...days];
  return h('div.due', { 'data-key': 'due' },
    h('div.field', {}, h('label', { for: 'due-day' }, words.day),
      h('select', { 'id': 'due-day', 'data-due': 'day' }, known.map((day) => h('option', { value: day.times[0], selected: day.date === date }, words.nameDay(day.times[0]))))),
    h('div.field', { 'data-key': date }, h('label', { for: 'due-time' }, words.time),
      h('select', { 'id': 'due-time', 'data-due': 'time' }, offered.map((at) => h('option', { value: at, selected: at === due }, words.nameTime(at))))));
}

/**
 * The time that a list of a picker was set to. After a change of the day it keeps the hour if that is offered.
 * @param {HTMLSelectElement} list @param {ReturnType<typeof dueTimes>} days @param {number | undefined} due the time before @param {string} [zone] @returns {number}
 */
export function pickedTime(list, days, due, zone) {
  const chosen = Number(list.value);
  if (list.dataset.due === 'time' || due === undefined) return chosen;
  const { date } = wallAt(chosen, zone);
  const { minute } = wallAt(due, zone);
  const times = days.find((day) => day.date === date)?.times ?? [];
  return times.find((at) => wallAt(at, zone).minute >= minute) ?? chosen;
}
