import { LANGUAGES } from '../languages/language.js';
import { openSheet } from '../shared/sheet.js';
import { endGuestSheet, guestsAt, guestsSheet } from '../shared/staff_sheets.js';
import { sureSheet } from './parts.js';
import { Section, basedOn, complain, fields, named, readAll } from './section.js';
import { newCodeSheet, tableSheet, tablesView } from './tables_view.js';

/** Bound: how many pictures to request at a time. */
const AT_ONCE = 4;
/** About how many times to draw the page while pictures arrive: 300 draws would take most of a minute. */
const DRAWS = 10;
/** Sorts `Table 2` before `Table 10`. */
const BY_LABEL = new Intl.Collator(undefined, { numeric: true });

/** The tables, and the printed sheet with their codes. */
export class TablesSection extends Section {
  /** Pictures by the address in the code. @type {Map<string, string>} */ #codes = new Map();
  /** The text under each code, in every language of the guests. @type {{language: string, words: string}[]} */ #hints = [];

  /** Limits that were reached recently. @type {any[]} */ #limited = [];

  async read() {
    const [tables, { limited }, hints] = await Promise.all([
      readAll(this.context.call, '/tables', 'tables'), this.context.call('GET', '/limited').catch(noneOnAnOlderNode), scanHints(),
    ]);
    this.#limited = limited;
    this.#hints = hints;
    tables.sort((/** @type {any} */ a, /** @type {any} */ b) => BY_LABEL.compare(a.label, b.label));
    this.#draw(tables);
    return tables;
  }

  /** Requests missing pictures, a few at a time. @param {any[]} tables */
  async #draw(tables) {
    const due = tables.filter(({ url }) => !this.#codes.has(url));
    if (due.length === 0) return;
    const together = Math.ceil(due.length / DRAWS);
    let read = 0;
    const draw = async () => {
      for (let table = due.shift(); table; table = due.shift()) {
        const picture = await this.context.call('GET', `/tables/${table.id}/qr.svg`, { as: 'text' });
        this.#codes.set(table.url, `data:image/svg+xml;base64,${btoa(picture)}`);
        read += 1;
        if (read % together === 0) this.context.changed();
      }
    };
    // The next reading requests the pictures that are still missing.
    await Promise.allSettled(Array.from({ length: AT_ONCE }, draw));
    this.context.changed();
  }

  view() {
    const place = this.data[0] ? new URL(this.data[0].url).host : '';
    return tablesView(this.data, { codes: this.#codes, hints: this.#hints, restaurant: this.context.restaurant.name, place, limited: this.#limited });
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-table');
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-table': () => openSheet(tableSheet()),
      'print': () => print(),
      'ask-key': () => openSheet(newCodeSheet(this.#table(id))),
      'ask-remove': () => this.#ask(id, 'remove', 'Remove it', 'Its code stops working and the visits of its phones end. Orders already placed continue.'),
      'new-key': () => this.#renew(id, control.dataset.end === 'true'),
      'guests': () => this.#showGuests(this.#table(id).label),
      'ask-end-guest': () => openSheet(endGuestSheet(named(control, 'data-guests-of'), named(control, 'data-guest'))),
      'end-guest': () => this.#endGuest(named(control, 'data-guests-of'), named(control, 'data-guest')),
      'remove': () => this.attempt(() => this.context.call('DELETE', `/tables/${id}`, { headers: this.#basedOn(id) }), 'The table is removed.'),
    };
    actions[name]?.();
  }

  /** @param {string} id */
  #table(id) {
    return this.data.find((/** @type {any} */ one) => one.id === id);
  }

  /** @param {string} id */
  #basedOn(id) {
    return basedOn(this.#table(id)?.version);
  }

  /** @param {string} id @param {boolean} end_sessions whether to end the sessions of phones that used the old code */
  #renew(id, end_sessions) {
    this.attempt(() => this.context.call('POST', `/tables/${id}/key`, { body: { end_sessions }, headers: this.#basedOn(id) }), 'The table has a new code. Print it and put it on the table.');
  }

  /** @param {string} label */
  async #showGuests(label) {
    try {
      const sessions = await guestsAt((path) => this.context.call('GET', path), label);
      openSheet(guestsSheet(label, sessions, Date.now()));
    } catch (error) {
      complain(/** @type {any} */ (error));
    }
  }

  /** @param {string} label @param {string} id of the session */
  #endGuest(label, id) {
    this.attempt(() => this.context.call('DELETE', `/diner-sessions/${encodeURIComponent(id)}`), `The visit at table ${label} has ended.`);
  }

  /** @param {string} id @param {string} does @param {string} sure @param {string} hint */
  #ask(id, does, sure, hint) {
    openSheet(sureSheet({ title: `Table ${this.#table(id).label}`, hint, does, sure, attributes: { 'data-table': id } }));
  }

  /** @param {string} _name @param {HTMLFormElement} form */
  submit(_name, form) {
    const { label } = fields(form);
    this.attempt(() => this.context.call('POST', '/tables', { body: { label } }), `Table ${label} is added.`);
  }
}

/** @param {{code: string}} error */
function noneOnAnOlderNode(error) {
  if (error.code !== 'not_found') throw error;
  return { limited: [] };
}

/** @returns {Promise<{language: string, words: string}[]>} */
function scanHints() {
  return Promise.all(Object.entries(LANGUAGES).map(async ([language, { load }]) => {
    const { default: words } = await load();
    return { language, words: words.scanCode };
  }));
}
