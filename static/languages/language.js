import { moneyIn } from '../shared/money.js';
import { keepLocal, recallLocal } from '../shared/storage.js';

/** All languages: each with its own name and its texts. To add one, add a line here, a file, and its notifications. */
export const LANGUAGES = {
  en: { name: 'English', load: () => import('./en.js') },
  bn: { name: 'বাংলা', load: () => import('./bn.js') },
};

/** @typedef {keyof typeof LANGUAGES} Language */

/** @type {Language} */
const OTHERWISE = 'en';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Every text that a diner reads, in the current language. Empty until `speak` has resolved.
 * @type {import('./en.js').Words}
 */
export const WORDS = /** @type {any} */ ({});

/** @type {Language} */
let spoken = OTHERWISE;
let formats = formatsFor({ locale: OTHERWISE, periodFirst: false });

/** @returns {Language} */
export function language() {
  return spoken;
}

/**
 * Loads the texts of one language.
 *
 * @param {Language} [wanted] by default the one chosen before, or else the first of the phone's languages that there is
 * @throws {TypeError} if its file cannot be loaded; then the previous language stays
 */
export async function speak(wanted = preferred()) {
  const { default: words } = await LANGUAGES[wanted].load();
  Object.assign(WORDS, words);
  spoken = wanted;
  formats = formatsFor(words);
  inZone = undefined;
  document.documentElement.lang = wanted;
}

/** @param {Language} chosen stored on this phone */
export async function choose(chosen) {
  await speak(chosen);
  keepLocal('language', chosen);
}

/**
 * @param {readonly string[]} [own] language tags, best first
 * @returns {Language}
 */
export function preferred(own = navigator.languages) {
  const wishes = [recallLocal('language', ''), ...own.map((tag) => tag.toLowerCase().split('-')[0])];
  return /** @type {Language} */ (wishes.find((wish) => Object.hasOwn(LANGUAGES, wish)) ?? OTHERWISE);
}

/** @param {{code?: string, reason?: string}} error @returns {string} the text for a diner */
export function errorWords({ code, reason }) {
  const limit = reason?.replace(/_by_.*$/, '');
  return WORDS[`error_${limit}`] ?? WORDS[`error_${code}`] ?? WORDS.error;
}

/** @param {string | number} time RFC 3339, or milliseconds @returns {string} such as `12:41` */
export function clock(time) {
  return said(formats.clock.formatToParts(new Date(time)));
}

/**
 * @param {string | number} time RFC 3339, or milliseconds @param {number} [now] ms @returns {string} such as `12:41`, or with
 * the day if it is another one: `Friday 12:41`
 */
export function when(time, now = Date.now()) {
  const [at, today] = [new Date(time), new Date(now)];
  return at.toDateString() === today.toDateString() ? clock(time) : `${formats.weekday.format(at)} ${clock(time)}`;
}

/** The restaurant's time zone. Without it, times for orders are on this phone's clock. @type {string | undefined} */
let zone;

/** @param {string | undefined} name of the restaurant's time zone */
export function setZone(name) {
  if (name === zone) return;
  zone = name;
  inZone = undefined;
}

/**
 * The formats for the restaurant's clock. @type {{clock: Intl.DateTimeFormat, date: Intl.DateTimeFormat, weekday:
 * Intl.DateTimeFormat} | undefined}
 */
let inZone;

function zoned() {
  inZone ??= formats.zoned(zone);
  return inZone;
}

/** @param {string | number} time for which an order is placed @returns {string} such as `19:30`, on the restaurant's clock */
export function dueClock(time) {
  return said(zoned().clock.formatToParts(new Date(time)));
}

/**
 * @param {string | number} time for which an order is placed @param {number} [now] ms @returns {string} such as `19:30`, or
 * with the day if it is another one: `Wednesday 19:30`
 */
export function dueWhen(time, now = Date.now()) {
  const { date, weekday } = zoned();
  const at = new Date(time);
  return date.format(at) === date.format(new Date(now)) ? dueClock(time) : `${weekday.format(at)} ${dueClock(time)}`;
}

/** @param {number} from @param {number} to ms @returns {string} such as `12:40 – 12:50` */
export function timeRange(from, to) {
  return said(formats.clock.formatRangeToParts(new Date(from), new Date(to)));
}

/** @param {{amount: number, currency: string}} money in minor units @returns {string} without decimals if they are all zero */
export function money(money) {
  return moneyIn(money, formats.locale);
}

/** @param {number} number such as an order's or a quantity @returns {string} in this language's digits */
export function number(number) {
  return formats.number.format(number);
}

/** @param {number} ms @returns {string} an age for a sentence: `12 seconds`, `3 minutes`, `2 hours` */
export function ageInWords(ms) {
  if (ms < MINUTE_MS) return formats.unit('second').format(Math.max(0, Math.round(ms / 1000)));
  if (ms < HOUR_MS) return formats.unit('minute').format(Math.floor(ms / MINUTE_MS));
  return formats.unit('hour').format(Math.floor(ms / HOUR_MS));
}

/** @param {{type: string, value: string}[]} parts of a time, or of two */
function said(parts) {
  const [period, another] = parts.filter(({ type }) => type === 'dayPeriod');
  const text = (/** @type {typeof parts} */ some) => some.map(({ value }) => value).join('').trim();
  if (!formats.periodFirst || !period || another) return text(parts);
  return `${period.value} ${text(parts.filter((part) => part !== period))}`;
}

/** @param {{locale: string, periodFirst: boolean}} words */
function formatsFor({ locale, periodFirst }) {
  // The phone's own variant of this language: English times look different in New York and in Dhaka.
  const own = globalThis.navigator?.languages?.find((tag) => tag.startsWith(`${locale.split('-')[0]}-`)) ?? locale;
  const { hour12 } = new Intl.DateTimeFormat(own, { hour: 'numeric' }).resolvedOptions();
  const clock = { hour: hour12 ? 'numeric' : '2-digit', minute: '2-digit', dayPeriod: periodFirst ? 'short' : undefined };
  return {
    periodFirst,
    zoned: (/** @type {string | undefined} */ timeZone) => ({
      clock: new Intl.DateTimeFormat(own, /** @type {Intl.DateTimeFormatOptions} */ ({ ...clock, timeZone })),
      date: new Intl.DateTimeFormat(own, { dateStyle: 'short', timeZone }),
      weekday: new Intl.DateTimeFormat(own, { weekday: 'long', timeZone }),
    }),
    // Browsers always write ranges as `08:20` on a 24-hour clock, so single times are written like that, too.
    clock: new Intl.DateTimeFormat(own, /** @type {Intl.DateTimeFormatOptions} */ (clock)),
    weekday: new Intl.DateTimeFormat(own, { weekday: 'long' }),
    number: new Intl.NumberFormat(own, { useGrouping: false }),
    locale: own,
    unit: (/** @type {string} */ unit) => new Intl.NumberFormat(own, { style: 'unit', unit, unitDisplay: 'long' }),
  };
}
