import { moneyIn } from './money.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** @param {number} ms @returns {string} `4:07`, from an hour on `1 h 05` */
export function age(ms) {
  const whole = Math.max(0, ms);
  if (whole >= HOUR) return `${Math.floor(whole / HOUR)} h ${pad(Math.floor((whole % HOUR) / MINUTE))}`;
  return `${Math.floor(whole / MINUTE)}:${pad(Math.floor((whole % MINUTE) / 1000))}`;
}

/** @param {number} number */
function pad(number) {
  return String(number).padStart(2, '0');
}

/** @param {number} ms @returns {string} an age for a sentence: `12 seconds`, `3 minutes`, `2 hours` */
export function ageInWords(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return count(seconds, 'second');
  if (seconds < 3600) return count(Math.floor(seconds / 60), 'minute');
  return count(Math.floor(seconds / 3600), 'hour');
}

/** @param {number} number @param {string} noun @param {string} [plural] @returns {string} `1 order`, `2 orders` */
export function count(number, noun, plural = `${noun}s`) {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** Follows the browser's setting: `1:20 AM` or `01:20`. */
const { hour12 } = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions();
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: hour12 ? 'numeric' : '2-digit', minute: '2-digit' });

/** @param {string | number} time RFC 3339, or milliseconds @returns {string} `12:41` in the time zone of this screen */
export function clock(time) {
  return CLOCK.format(new Date(time));
}

/** @param {{amount: number, currency: string}} money in minor units @returns {string} */
export function money(money) {
  return moneyIn(money);
}

/** @type {Record<string, string>} */
const LINK_WORDS = {
  connecting: 'Connecting', live: 'Live', checking: 'Checking', 'catching-up': 'Catching up', offline: 'Offline', stopped: 'Stopped',
};

/**
 * @param {string} promise the sentence about touches while the link is lost
 * @returns {import('./connection_banner.js').ConnectionWords}
 */
export function connectionWords(promise) {
  return {
    state: (state) => LINK_WORDS[state] ?? state,
    never: () => 'Not connected to the server yet. Trying again.',
    silent: (old, heardAt) => `No answer at the moment. What you see is ${ageInWords(old)} old (${clock(heardAt)}).`,
    lost: (old, heardAt, waiting) => {
      const kept = waiting > 0 ? ` ${waiting} waiting to be sent.` : '';
      return `No connection. What you see is ${ageInWords(old)} old (${clock(heardAt)}). ${promise}${kept}`;
    },
  };
}

/** @param {number} since ms since 1970 @returns {string} */
export function unreachedWords(since) {
  return `The server has been unreachable since ${clock(since)}. This page keeps trying.`;
}

/** @type {Record<string, string>} */
const SERVICES = { dine_in: 'Dine in', takeaway: 'Takeaway', delivery: 'Delivery' };

/** @param {string} service @returns {string} */
export function serviceWord(service) {
  return SERVICES[service] ?? service;
}

/** @param {{table?: string, service: string, guest_name?: string}} order @returns {string} where the food goes, `Table 4, Takeaway`, and to whom */
export function place({ table, service, guest_name: name }) {
  const eatenThere = service === 'dine_in';
  return [table && `Table ${table}`, (!table || !eatenThere) && serviceWord(service), name].filter(Boolean).join(', ');
}

/** @type {Record<string, string>} */
export const STATUS_WORDS = {
  placed: 'Incoming', accepted: 'Accepted', preparing: 'Cooking', ready: 'Ready',
  served: 'Served', rejected: 'Rejected', cancelled: 'Cancelled',
};

/** @type {Record<string, string>} */
export const REASON_WORDS = {
  out_of_stock: 'Out of stock', kitchen_closed: 'Kitchen is closed', too_busy: 'Too busy',
  duplicate: 'Ordered twice', customer_request: 'Guest asked for it', other: 'Another reason',
};

/**
 * @param {{reason?: string, detail?: string}} refused an order or a line
 * @returns {string} the reason of the refusal, in the words of the staff; empty if it is unknown
 */
export function whyWords({ reason = '', detail = '' }) {
  // "Another reason" says nothing beside a detail.
  const words = reason === 'other' && detail ? '' : REASON_WORDS[reason] ?? reason;
  return [words, detail].filter(Boolean).join('. ');
}
