import { moneyIn } from '../shared/money.js';
import { keepLocal, recallLocal } from '../shared/storage.js';

/** Every language there is: what it calls itself, and its words. One more is a line here, a file, and its notifications. */
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
 * Every word a diner reads, in the language that was spoken last: empty until `speak` has settled.
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
 * Loads the words of one language, and no other.
 *
 * @param {Language} [wanted] the one chosen before, else the first of the phone's own that there is
 * @throws {TypeError} when its file cannot be had; what was spoken before goes on
 */
export async function speak(wanted = preferred()) {
  const { default: words } = await LANGUAGES[wanted].load();
  Object.assign(WORDS, words);
  spoken = wanted;
  formats = formatsFor(words);
  inZone = undefined;
  document.documentElement.lang = wanted;
}

/** @param {Language} chosen is remembered on this phone */
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

/** @param {{code?: string, reason?: string}} error @returns {string} what to tell a diner */
export function errorWords({ code, reason }) {
  const limit = reason?.replace(/_by_.*$/, '');
  return WORDS[`error_${limit}`] ?? WORDS[`error_${code}`] ?? WORDS.error;
}

/** @param {string | number} time RFC 3339, or milliseconds @returns {string} such as `12:41` */
export function clock(time) {
  return said(formats.clock.formatToParts(new Date(time)));
}

/** @param {string | number} time RFC 3339, or milliseconds @param {number} [now] ms @returns {string} such as `12:41`, or of another day `Friday 12:41` */
export function when(time, now = Date.now()) {
  const [at, today] = [new Date(time), new Date(now)];
  return at.toDateString() === today.toDateString() ? clock(time) : `${formats.weekday.format(at)} ${clock(time)}`;
}

/** The time zone of the restaurant; without it, orders for later go by the clock of this phone. @type {string | undefined} */
let zone;

/** @param {string | undefined} name of the restaurant's time zone */
export function setZone(name) {
  if (name === zone) return;
  zone = name;
  inZone = undefined;
}

/** The formats of times by the restaurant's clock. @type {{clock: Intl.DateTimeFormat, date: Intl.DateTimeFormat, weekday: Intl.DateTimeFormat} | undefined} */
let inZone;

function zoned() {
  inZone ??= formats.zoned(zone);
  return inZone;
}

/** @param {string | number} time for which something is ordered @returns {string} such as `19:30`, by the restaurant's clock */
export function dueClock(time) {
  return said(zoned().clock.formatToParts(new Date(time)));
}

/** @param {string | number} time for which something is ordered @param {number} [now] ms @returns {string} such as `19:30`, or of another day `Wednesday 19:30` */
export function dueWhen(time, now = Date.now()) {
  const { date, weekday } = zoned();
  const at = new Date(time);
  return date.format(at) === date.format(new Date(now)) ? dueClock(time) : `${weekday.format(at)} ${dueClock(time)}`;
}

/** @param {number} from @param {number} to ms @returns {string} such as `12:40 – 12:50` */
export function timeRange(from, to) {
  return said(formats.clock.formatRangeToParts(new Date(from), new Date(to)));
}

/** @param {{amount: number, currency: string}} money in minor units @returns {string} without decimals that are nought */
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
  // The phone's own way with this language: English times look otherwise in New York than in Dhaka.
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
    // Ranges are always written `08:20` where there are 24 hours; single times shall not differ from them.
    clock: new Intl.DateTimeFormat(own, /** @type {Intl.DateTimeFormatOptions} */ (clock)),
    weekday: new Intl.DateTimeFormat(own, { weekday: 'long' }),
    number: new Intl.NumberFormat(own, { useGrouping: false }),
    locale: own,
    unit: (/** @type {string} */ unit) => new Intl.NumberFormat(own, { style: 'unit', unit, unitDisplay: 'long' }),
  };
}
