import { LANGUAGES } from '../languages/language.js';
import { sureSheet } from '../views/manage_parts.js';
import { tableSheet, tablesView } from '../views/manage_tables.js';
import { openSheet } from '../views/sheet.js';
import { Section, fields, named } from './manage_section.js';

/** Pictures that are asked for at one time. */
const AT_ONCE = 4;
/** `Table 2` stands before `Table 10`. */
const BY_LABEL = new Intl.Collator(undefined, { numeric: true });

/** Tables and the sheet of their codes. */
export class TablesSection extends Section {
  /** Pictures by the address they carry. @type {Map<string, string>} */ #codes = new Map();
  /** What stands under each, in every language that guests speak. @type {{language: string, words: string}[]} */ #hints = [];

  async read() {
    const [{ tables }, hints] = await Promise.all([this.context.call('GET', '/tables'), scanHints()]);
    this.#hints = hints;
    tables.sort((/** @type {any} */ a, /** @type {any} */ b) => BY_LABEL.compare(a.label, b.label));
    this.#draw(tables);
    return tables;
  }

  /** @param {any[]} tables those whose picture is not there are asked for, a few at a time */
  async #draw(tables) {
    const due = tables.filter(({ url }) => !this.#codes.has(url));
    const draw = async () => {
      for (let table = due.shift(); table; table = due.shift()) {
        const picture = await this.context.call('GET', `/tables/${table.id}/qr.svg`, { as: 'text' });
        this.#codes.set(table.url, `data:image/svg+xml;base64,${btoa(picture)}`);
        this.context.changed();
      }
    };
    // One that could not be had is asked for again with the next reading.
    await Promise.allSettled(Array.from({ length: AT_ONCE }, draw));
  }

  view() {
    const place = this.data[0] ? new URL(this.data[0].url).host : '';
    return tablesView(this.data, { codes: this.#codes, hints: this.#hints, restaurant: this.context.restaurant.name, place });
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-table');
    /** @type {Record<string, () => unknown>} */
    const deeds = {
      'ask-table': () => openSheet(tableSheet()),
      'print': () => print(),
      'ask-key': () => this.#ask(id, 'new-key', 'Give it a new code', 'The code that is on the table now opens nothing any more.'),
      'ask-remove': () => this.#ask(id, 'remove', 'Remove it', 'Its code opens nothing any more. Orders that are in go on.'),
      'new-key': () => this.attempt(() => this.context.call('POST', `/tables/${id}/key`, { body: {} }), 'It has a new code. Print it and put it there.'),
      'remove': () => this.attempt(() => this.context.call('DELETE', `/tables/${id}`), 'The table is removed.'),
    };
    deeds[name]?.();
  }

  /** @param {string} id @param {string} deed @param {string} sure @param {string} hint */
  #ask(id, deed, sure, hint) {
    const table = this.data.find((/** @type {any} */ one) => one.id === id);
    openSheet(sureSheet({ title: `Table ${table.label}`, hint, deed, sure, attributes: { 'data-table': id } }));
  }

  /** @param {string} _name @param {HTMLFormElement} form */
  submit(_name, form) {
    const { label } = fields(form);
    this.attempt(() => this.context.call('POST', '/tables', { body: { label } }), `Table ${label} is there.`);
  }
}

/** @returns {Promise<{language: string, words: string}[]>} */
function scanHints() {
  return Promise.all(Object.entries(LANGUAGES).map(async ([language, { load }]) => {
    const { default: words } = await load();
    return { language, words: words.scanCode };
  }));
}
