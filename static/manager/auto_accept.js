import { openSheet } from '../shared/sheet.js';
import { autoAcceptSheet, autoAcceptView } from './auto_accept_view.js';
import { spanSheet } from './hours_view.js';
import { readPrice } from './menu_draft.js';
import { Section, basedOn, complain } from './section.js';

/** @typedef {import('./auto_accept_view.js').Rule} Rule */

/** The rule by which the server accepts orders. Each change is saved at once. */
export class AutoAcceptSection extends Section {
  async read() {
    const { call } = this.context;
    const [rules, menu, { tables }] = await Promise.all([call('GET', '/rules'), call('GET', '/menu'), call('GET', '/tables')]);
    return { rules, zone: menu.time_zone ?? 'UTC', currency: menu.currency, tables: tables.map((/** @type {any} */ table) => table.label) };
  }

  view() {
    return autoAcceptView(this.#rule, this.data);
  }

  /** @returns {Rule | undefined} */
  get #rule() {
    return this.data.rules.auto_accept;
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const index = Number(control.dataset.span ?? -1);
    const spans = this.#rule?.hours ?? [];
    /** @type {Record<string, () => unknown>} */
    const deeds = {
      'ask-auto': () => openSheet(autoAcceptSheet(this.#rule, this.data)),
      'stop-auto': () => this.#put(undefined, 'The floor accepts each order again.'),
      'ask-span': () => openSheet(spanSheet('auto', 'the rule', spans[index], index)),
      'remove-span': () => this.#setHours(spans.filter((_, at) => at !== index), 'The hours are removed.'),
    };
    deeds[name]?.();
  }

  /** @param {string} name @param {HTMLFormElement} form */
  submit(name, form) {
    const typed = new FormData(form);
    const text = (/** @type {string} */ field) => String(typed.get(field) ?? '').trim();
    if (name === 'span') {
      const spans = [...this.#rule?.hours ?? []];
      const index = Number(text('index'));
      spans.splice(index < 0 ? spans.length : index, 1, { days: typed.getAll('days').map(String), from: text('from'), until: text('until') });
      return this.#setHours(spans, 'The hours of the rule are set.');
    }
    const total = text('total') === '' ? undefined : readPrice(text('total'), this.data.currency);
    if (total === null) return complain({ code: 'invalid', message: 'the total is too large' });
    const rule = {
      hours: this.#rule?.hours,
      minutes: Number(text('minutes')),
      tables: typed.has('tables') ? typed.getAll('tables').map(String) : undefined,
      most_portions: text('portions') ? Number(text('portions')) : undefined,
      most_total: total,
      notes: typed.has('notes'),
    };
    return this.#put(rule, 'The rule holds from the next order on.');
  }

  /** @param {any[]} spans if empty, the rule holds at any time @param {string} done */
  #setHours(spans, done) {
    return this.#put({ .../** @type {Rule} */ (this.#rule), hours: spans.length > 0 ? spans : undefined }, done);
  }

  /** Sends all rules, with this one. @param {Rule | undefined} rule @param {string} done */
  #put(rule, done) {
    const { version, ...others } = this.data.rules;
    return this.attempt(() => this.context.call('PUT', '/rules', { body: { ...others, auto_accept: rule }, headers: basedOn(version) }), done);
  }
}
