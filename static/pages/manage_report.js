import { reportView } from '../views/manage_report.js';
import { Section } from './manage_section.js';

const DAY_MS = 24 * 3_600_000;

/** The report of one day, and the way to others. */
export class ReportSection extends Section {
  #date = today();

  async read() {
    const date = this.#date;
    const report = await this.context.call('GET', `/reports/day?date=${date}`);
    // Another day may have been chosen meanwhile; its own answer is on its way.
    return date === this.#date ? report : this.data;
  }

  view() {
    return reportView(this.data, { today: today() });
  }

  /** @param {string} name */
  act(name) {
    if (name === 'day-before') this.#show(dayOf(Date.parse(this.#date) - DAY_MS));
    if (name === 'day-after') this.#show(dayOf(Date.parse(this.#date) + DAY_MS));
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

/** @returns {string} the day it is, in UTC */
function today() {
  return dayOf(Date.now());
}

/** @param {number} ms since 1970 @returns {string} `2026-11-24` */
function dayOf(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}
