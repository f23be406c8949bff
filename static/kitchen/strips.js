import { find, setText } from '../shared/dom.js';
import { renderKeyed } from '../shared/keyed.js';
import { orderAllergyWord } from '../shared/notes.js';
import { cancelledEntry, incomingEntry, upcomingEntry } from './ticket_view.js';

/**
 * How many cancelled tickets are shown. The others are behind a count, since they must not take space from the tickets to cook.
 */
const CANCELLED_IN_SIGHT = 2;
/**
 * How many lines of incoming orders to show if there is nothing to cook or the screen is high; otherwise one.
 */
const MANY_LINES = 4;
/** The most of the screen's height that incoming orders with an allergy may take. */
const MOST_OF_GLASS = 0.4;

/** A phone is high, but has no space for more lines. */
const PHONE = matchMedia('(max-width: 699px)');

/** @typedef {import('./tickets.js').Ticket} Ticket */

/**
 * Draws the strips below the board: cancelled tickets, orders that nobody has accepted yet, and orders for later.
 */
export class Strips {
  /** Newest first. @type {Ticket[]} */ cancelled = [];
  /** Whether a cook has opened the tickets behind the count. */ #all = false;
  /** The content and size that each strip was fitted for. @type {Record<string, string>} */ #fitted = {};
  /** The incoming orders: how many lines are shown, and how many orders have an allergy. */
  #incoming = { lines: 1, warned: 0 };
  /** The size of the letters, as a share of their full size. */ #scale = 1;

  /** The cancelled tickets that have a digit; the newest has the last one. @returns {Ticket[]} */
  get numbered() {
    return this.cancelled.slice(0, CANCELLED_IN_SIGHT);
  }

  /** Opens or closes the tickets behind the count. @param {boolean} [open] */
  openCancelled(open = !this.#all) {
    this.#all = open;
  }

  /**
   * @param {Ticket[]} cancelled newest first
   * @param {boolean} numbered whether the screen shows digits
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
   * Draws the incoming orders. Those with an allergy come first, and the strip grows to show them all.
   * @param {Ticket[]} incoming
   * @param {number} now server ms
   * @param {boolean} idle whether there is nothing to cook
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
   * Draws one line of orders for later, the next one first.
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

  /** @param {string} strip @param {any[]} shown @returns {boolean} whether it has changed since the last call */
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
 * Limits a strip to a number of lines, but shows all orders with an allergy. Counts the hidden ones.
 * @param {'incoming' | 'upcoming'} strip
 * @param {number} lines
 * @param {number} warned how many orders at the beginning have an allergy
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
