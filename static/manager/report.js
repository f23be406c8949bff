import { dayAfter, dayIn, dayOf, knownZone, offsetsOf } from './days.js';
import { reportView } from './report_view.js';
import { Section, complain } from './section.js';

/** How much space to leave to the left of the first order's bar after scrolling to it, in px. */
const BEFORE_BAR = 24;

/** The report of one day. */
export class ReportSection extends Section {
  #date = dayOf(new Date());
  /** The restaurant's time zone. @type {string | undefined} */ #zone;
  /** The plots that were already scrolled to their first order. After that only the reader scrolls them. */
  #scrolled = new WeakSet();

  async read() {
    const date = this.#date;
    const { time_zone: zone } = await this.context.call('GET', '');
    this.#zone = zone && knownZone(zone);
    const { begin, end } = offsetsOf(date);
    // The day in the restaurant's time zone, or, without one, on this device's clock.
    const report = await this.context.call('GET', `/reports/day?date=${date}${zone ? '' : `&offset=${begin}&end_offset=${end}`}`);
    // If another day was chosen meanwhile, its own answer will follow.
    return date === this.#date ? report : this.data;
  }

  view() {
    return reportView(this.data, { today: this.#today(), zone: this.#zone });
  }

  /**
   * Scrolls a plot to its first order: on a phone it is wider than the page, and the hours before would look like a day without
   * orders.
   */
  drawn() {
    const plot = document.querySelector('.plot-scroll');
    const first = plot?.querySelector('.plot__value');
    if (!plot || !first || this.#scrolled.has(plot)) return;
    this.#scrolled.add(plot);
    plot.scrollLeft += first.getBoundingClientRect().left - plot.getBoundingClientRect().left - BEFORE_BAR;
  }

  /** @param {string} name */
  act(name) {
    if (name === 'day-before') this.#show(dayAfter(this.#date, -1));
    if (name === 'day-after') this.#show(dayAfter(this.#date, 1));
    if (name === 'today') this.#show(this.#today());
  }

  /** @param {HTMLElement} field */
  typed(field) {
    if (field instanceof HTMLInputElement && field.id === 'day' && field.validity.valid) this.#show(field.value);
  }

  /** @returns {string} today's date, in the restaurant's time zone or this device's */
  #today() {
    return this.#zone ? dayIn(this.#zone, new Date()) : dayOf(new Date());
  }

  /** Shows a day. If it cannot be read, the last report stays, under its own date. @param {string} date */
  async #show(date) {
    this.#date = date;
    await this.load();
    if (!this.error || !this.data || this.#date !== date) return;
    this.#date = this.data.date;
    const field = document.querySelector('#day');
    if (field instanceof HTMLInputElement) field.value = this.#date;
    complain(this.error);
  }
}
