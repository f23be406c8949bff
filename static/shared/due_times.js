import { offsetAt, wallAt, wallOf } from './zone.js';

/**
 * The times for which something can be ordered, without the DOM.
 *
 * @typedef {{days: string[], from: string, until: string}} Span
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Every clock in the world differs from UTC by whole quarters of an hour. */
const STEP = 15 * MINUTE;
/** The bound of the contract. */
export const MOST_DAYS = 14;

/** @param {string} clock `19:30` @returns {number} minutes */
function minutesOf(clock) {
  const [hours, minutes] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

/**
 * Whether a moment is within weekly hours; always true without hours. @param {Span[] | undefined} hours @param
 * {ReturnType<typeof wallAt>} wall the moment on the local clock
 */
export function isWithin(hours, { weekday, before, minute }) {
  return !hours || hours.some(({ days, from, until }) => {
    const [begin, end] = [minutesOf(from), minutesOf(until)];
    if (begin < end) return minute >= begin && minute < end && days.includes(weekday);
    return (minute >= begin && days.includes(weekday)) || (minute < end && days.includes(before));
  });
}

/**
 * Reads the clock of a zone once a day: reading it for each time would take a phone a second.
 * @param {string | undefined} zone @param {number} from @param {number} until ms
 * @returns {(at: number) => ReturnType<typeof wallAt>} for times in between, in ascending order
 */
function clockOf(zone, from, until) {
  let [end, first, last] = [from, offsetAt(from, zone), offsetAt(from, zone)];
  return (at) => {
    if (at >= end) {
      end = Math.min(at + DAY, until + 1);
      [first, last] = [offsetAt(at, zone), offsetAt(end, zone)];
    }
    return first === last ? wallOf(at, first) : wallAt(at, zone);
  };
}

/**
 * Returns the quarters of an hour for which something can be ordered, by day.
 * @param {{now: number, zone?: string, hours?: Span[], first?: number, until?: number}} from now: server ms; first: the first
 * minute from now that is offered; until: the last one
 * @returns {{date: string, times: number[]}[]}
 */
export function dueTimes({ now, zone, hours, first = 0, until = MOST_DAYS * 24 * 60 }) {
  /** @type {Map<string, number[]>} */
  const days = new Map();
  const last = now + until * MINUTE;
  const begin = Math.ceil((now + first * MINUTE + 1) / STEP) * STEP;
  const wallOn = clockOf(zone, begin, last);
  for (let at = begin; at <= last; at += STEP) {
    const wall = wallOn(at);
    if (!isWithin(hours, wall)) continue;
    const times = days.get(wall.date) ?? [];
    times.push(at);
    days.set(wall.date, times);
  }
  return [...days].map(([date, times]) => ({ date, times }));
}
