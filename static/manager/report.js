import { dayAfter, dayOf, offsetsOf } from './days.js';
import { reportView } from './report_view.js';
import { Section } from './section.js';

/** The report of one day. */
export class ReportSection extends Section {
  #date = today();

  async read() {
    const date = this.#date;
    const { begin, end } = offsetsOf(date);
    const report = await this.context.call('GET', `/reports/day?date=${date}&offset=${begin}&end_offset=${end}`);
    // If another day was chosen since, its own answer will follow.
    return date === this.#date ? report : this.data;
  }

  view() {
    return reportView(this.data, { today: today() });
  }

  /** @param {string} name */
  act(name) {
    if (name === 'day-before') this.#show(dayAfter(this.#date, -1));
    if (name === 'day-after') this.#show(dayAfter(this.#date, 1));
    if (name === 'today') this.#show(today());
  }

  /** @param {HTMLElement} field */
  typed(field) {
    if (field instanceof HTMLInputElement && field.id === 'day' && field.validity.valid) this.#show(field.value);
  }

  /** @param {string} date */
  #show(date) {
    this.#date = date;
    this.load();
  }
}

/** @returns {string} the day it is, on the clock of this device */
function today() {
  return dayOf(new Date());
}
