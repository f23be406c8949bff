import { find, setText } from '../shared/dom.js';
import { renderKeyed } from '../shared/keyed.js';
import { orderAllergyWord } from '../shared/notes.js';
import { cancelledEntry, incomingEntry, upcomingEntry } from './ticket_view.js';

/**
 * Cancelled tickets in sight at once: more stand behind a count, for they must not take the room of
 * what is to be cooked.
 */
const CANCELLED_IN_SIGHT = 2;
/**
 * Lines of incoming orders where there is nothing to cook, or the glass is high; elsewhere it is
 * one.
 */
const MANY_LINES = 4;
/** The most of the glass that incoming orders with an allergy may take. */
const MOST_OF_GLASS = 0.4;

/** A phone is high, and has no room. */
const PHONE = matchMedia('(max-width: 699px)');

/** @typedef {import('./tickets.js').Ticket} Ticket */

/**
 * Draws what lies below the board: tickets that were cancelled, orders that nobody has taken yet, and
 * those for later.
 */
export class Strips {
  /** The newest first. @type {Ticket[]} */ cancelled = [];
  /** Whether a cook has opened those behind the count. */ #all = false;
  /** What the lines were fitted for, by strip. @type {Record<string, string>} */ #fitted = {};
  /** Incoming orders: the lines that show, and how many have an allergy. */ #incoming = { lines: 1, warned: 0 };
  /** Of the letters, as a share of their full size. */ #scale = 1;

  /** Those that have a digit: the newest has the last. @returns {Ticket[]} */
  get numbered() {
    return this.cancelled.slice(0, CANCELLED_IN_SIGHT);
  }

  /** Opens those behind the count, or closes them. @param {boolean} [open] */
  openCancelled(open = !this.#all) {
    this.#all = open;
  }

  /**
   * @param {Ticket[]} cancelled the newest first
   * @param {boolean} numbered the screen shows digits
   */
  drawCancelled(cancelled, numbered) {
    this.cancelled = cancelled;
    const hidden = cancelled.length - CANCELLED_IN_SIGHT;
    if (hidden <= 0) this.#all = false;
    find('#cancelled').hidden = cancelled.length === 0;
    const more = find('#cancelled-more');
    more.hidden = hidden <= 0;
    more.setAttribute('aria-expanded', String(this.#all));
    setText(more, this.#all ? 'Show fewer' : `${cancelled.length} cancelled: show all`);
    const shown = this.#all ? cancelled : this.numbered;
    renderKeyed(find('#cancelled-orders'), shown.map((ticket) => cancelledEntry(ticket, numbered && this.numbered.includes(ticket))));
  }

  /**
   * Orders with an allergy come first, and make room for themselves.
   * @param {Ticket[]} incoming
   * @param {number} now server ms
   * @param {boolean} idle there is nothing to cook
   */
  drawIncoming(incoming, now, idle) {
    const warned = incoming.filter(({ order }) => orderAllergyWord(order));
    const sorted = [...warned, ...incoming.filter((ticket) => !warned.includes(ticket))];
    find('#incoming').hidden = incoming.length === 0;
    setText(find('#incoming-count'), `${incoming.length} incoming`);
    const changed = renderKeyed(find('#incoming-orders'), sorted.map((ticket) => incomingEntry(ticket, now)));
    const lines = idle || (innerHeight > innerWidth && !PHONE.matches) ? MANY_LINES : 1;
    this.#incoming = { lines, warned: warned.length };
    if (this.#mustFit('incoming', [lines, ...sorted.map(({ id }) => id)]) || changed.size > 0) this.#fit();
  }

  /**
   * One line of orders for later, the next one first.
   * @param {Ticket[]} upcoming
   * @param {number} now server ms
   * @param {string | undefined} zone of the restaurant
   */
  drawUpcoming(upcoming, now, zone) {
    const sorted = [...upcoming].sort((a, b) => a.since - b.since || a.order.number - b.order.number);
    find('#upcoming').hidden = sorted.length === 0;
    setText(find('#upcoming-count'), `${sorted.length} upcoming`);
    const changed = renderKeyed(find('#upcoming-orders'), sorted.map((ticket) => upcomingEntry(ticket, now, zone)));
    if ((this.#mustFit('upcoming', sorted.map(({ id }) => id)) || changed.size > 0) && sorted.length > 0) fitLines('upcoming', 1, 0);
  }

  /** @param {string} strip @param {any[]} shown @returns {boolean} whether it has changed since the last time */
  #mustFit(strip, shown) {
    const key = [innerWidth, innerHeight, ...shown].join(' ');
    const isSame = this.#fitted[strip] === key;
    this.#fitted[strip] = key;
    return !isSame;
  }

  /** Fits the lines again after the tickets have changed the letter size of the whole screen. @param {number} scale */
  lettersAre(scale) {
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.#fit();
  }

  #fit() {
    const { lines, warned } = this.#incoming;
    if (!find('#incoming').hidden) fitLines('incoming', lines, warned);
    if (!find('#upcoming').hidden) fitLines('upcoming', 1, 0);
  }
}

/**
 * Shows so many lines, and all with an allergy; counts the orders below them.
 * @param {'incoming' | 'upcoming'} strip
 * @param {number} lines
 * @param {number} warned the first of them
 */
function fitLines(strip, lines, warned) {
  const list = find(`#${strip}-orders`);
  const more = find(`#${strip}-more`);
  more.hidden = false;
  list.style.maxHeight = '';
  const bounds = [...list.children].map((order) => order.getBoundingClientRect());
  const { top } = bounds[0];
  const rows = [...new Set(bounds.map((order) => order.top))];
  const bottomOf = (/** @type {number | undefined} */ row) => Math.max(...bounds.filter((order) => order.top === row).map(({ bottom }) => bottom));
  const wanted = bottomOf(rows[Math.min(lines, rows.length) - 1]);
  const needed = Math.min(warned > 0 ? bottomOf(bounds[warned - 1].top) : 0, top + MOST_OF_GLASS * innerHeight);
  const end = Math.max(wanted, needed);
  const hidden = bounds.filter(({ bottom }) => bottom > end + 1).length;
  list.style.maxHeight = `${Math.ceil(end - list.getBoundingClientRect().top) + 4}px`;
  list.scrollTop = 0;
  more.hidden = hidden === 0;
  setText(more, `${hidden} more`);
}
