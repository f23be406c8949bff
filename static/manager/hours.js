import { openSheet } from '../shared/sheet.js';
import { hoursView, spanSheet, zoneSheet } from './hours_view.js';
import { Section, basedOn, named } from './section.js';

/** The key of the restaurant's own hours, for a control that names no category. */
const RESTAURANT = 'restaurant';

/** The restaurant's time zone, its hours, and those of its categories. Each change is saved at once. */
export class HoursSection extends Section {
  async read() {
    return this.context.call('GET', '/menu');
  }

  view() {
    return hoursView(this.data);
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const of = named(control, 'data-hours');
    const index = Number(control.dataset.span ?? -1);
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-zone': () => openSheet(zoneSheet(this.data.time_zone ?? 'UTC')),
      'ask-span': () => openSheet(spanSheet(of, this.#name(of), this.#spans(of)[index], index)),
      'remove-span': () => this.#save(of, this.#spans(of).filter((_, at) => at !== index), 'The hours are removed.'),
    };
    actions[name]?.();
  }

  /** @param {string} name @param {HTMLFormElement} form */
  submit(name, form) {
    const typed = new FormData(form);
    const text = (/** @type {string} */ field) => String(typed.get(field) ?? '');
    if (name === 'zone') return this.#put({ time_zone: text('time_zone') }, `The time zone is now ${text('time_zone')}.`);
    const of = text('of');
    const span = { days: typed.getAll('days').map(String), from: text('from'), until: text('until') };
    const spans = [...this.#spans(of)];
    const index = Number(text('index'));
    spans.splice(index < 0 ? spans.length : index, 1, span);
    return this.#save(of, spans, `The hours of ${this.#name(of)} are set.`);
  }

  /** @param {string} of a category, or the restaurant @returns {any[]} */
  #spans(of) {
    return (of === RESTAURANT ? this.data.hours : this.data.categories[of]?.hours) ?? [];
  }

  /** @param {string} of */
  #name(of) {
    return of === RESTAURANT ? this.context.restaurant.name : this.data.categories[of]?.name ?? '';
  }

  /** @param {string} of @param {any[]} spans empty if guests can order at any time @param {string} done */
  #save(of, spans, done) {
    const hours = spans.length > 0 ? spans : undefined;
    return this.#put(of === RESTAURANT ? { hours } : { categories: { ...this.#categories(), [of]: hours } }, done);
  }

  /** @returns {Record<string, any>} the categories that have hours */
  #categories() {
    const entries = Object.entries(this.data.categories).filter(([, { hours }]) => hours);
    return Object.fromEntries(entries.map(([id, { hours }]) => [id, hours]));
  }

  /** Sends all hours, including a change. @param {Record<string, any>} change @param {string} done */
  #put(change, done) {
    const { time_zone = 'UTC', hours, position } = this.data;
    const body = { time_zone, hours, categories: this.#categories(), ...change };
    return this.attempt(() => this.context.call('PUT', '/hours', { body, headers: basedOn(position) }), done);
  }
}
