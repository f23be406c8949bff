import { find } from '../shared/dom.js';
import { closeSheet } from '../shared/sheet.js';
import { toast } from '../shared/toasts.js';
import { sentence } from './parts.js';

/**
 * @typedef {object} Context the parts of the page that a section uses
 * @property {{id: string, slug: string, name: string, currency: string}} restaurant
 * @property {string} username of the signed-in person
 * @property {(method: string, path: string, options?: {body?: unknown, headers?: Record<string, string>, as?: 'json' | 'text', deadlineMs?: number}) => Promise<any>} call
 * `path` is relative to the restaurant's path, unless it begins with `/api/`
 * @property {() => void} changed redraws
 */

/** A section of the manager's page: its data, its view and its actions. */
export class Section {
  /** The data; undefined before it is read. @type {any} */ data;
  /** The error of the last reading. @type {{code: string, message: string} | null} */ error = null;
  /** Whether it holds unsaved changes. */ unsaved = false;

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
  }

  /** @returns {Promise<any>} the data of the section */
  async read() {
    throw new Error('a section reads something');
  }

  /** @returns {Node} the view of `data` */
  view() {
    throw new Error('a section shows something');
  }

  /** Called after the view was added to the page. */
  drawn() {}

  /** Handles a press on a control. @param {string} _name @param {HTMLElement} _control */
  act(_name, _control) {}

  /** Handles a submitted form. @param {string} _name @param {HTMLFormElement} _form */
  submit(_name, _form) {}

  /** Handles input into a field. @param {HTMLElement} _field */
  typed(_field) {}

  /** Reads the data. If that fails, the last data stays on the page. */
  async load() {
    try {
      this.data = await this.read();
      this.error = null;
    } catch (error) {
      this.error = /** @type {any} */ (error);
    }
    this.context.changed();
  }

  /**
   * Runs an action and then reads the data again. Shows an error in the open sheet's form, or else as a toast.
   *
   * @param {() => Promise<any>} work
   * @param {string} [done] the text to show after a success; a success also closes the sheet
   * @returns {Promise<any>} the result of the action; undefined if it failed
   */
  async attempt(work, done) {
    const button = document.querySelector('dialog[open] [type="submit"], dialog[open] [data-sure]');
    setBusy(button, true);
    try {
      const given = (await work()) ?? null;
      if (done) {
        closeSheet();
        toast(done);
      }
      await this.load();
      return given;
    } catch (error) {
      complain(/** @type {any} */ (error));
      // Reads the data, so that the next attempt is based on the current state.
      if (/** @type {any} */ (error).code === 'stale') await this.load();
      return undefined;
    } finally {
      setBusy(button, false);
    }
  }
}

/**
 * @param {string | number | undefined} version that an edit is based on; an older node names none @returns {Record<string,
 * string>} headers
 */
export function basedOn(version) {
  return version === undefined ? {} : { 'if-match': `"${version}"` };
}

/**
 * Reads all pages of a list. An older node has only one.
 *
 * @param {Context['call']} call @param {string} path @param {string} name of the list in the answer
 * @returns {Promise<any[]>}
 */
export async function readAll(call, path, name) {
  const all = [];
  for (let after = ''; ;) {
    const page = await call('GET', after ? `${path}?after=${encodeURIComponent(after)}` : path);
    all.push(...page[name]);
    if (!page.next) return all;
    after = page.next;
  }
}

/** @param {Element | null} button @param {boolean} busy */
function setBusy(button, busy) {
  if (!(button instanceof HTMLButtonElement)) return;
  button.disabled = busy;
  button.toggleAttribute('aria-busy', busy);
  if (busy) button.setAttribute('aria-busy', 'true');
}

/** @type {Record<string, string>} */
const REFUSALS = {
  stale: 'Someone else has changed this. Check it, then try again to overwrite their change.',
  offline: 'The server cannot be reached. Try again in a moment.',
};

/** @param {{code: string, message: string}} error */
export function complain({ code, message }) {
  const words = REFUSALS[code] ?? sentence(message);
  const place = document.querySelector('dialog[open] .field__error:not([data-of])');
  if (place) place.textContent = words;
  else toast(words, { bad: true });
}

/** @param {HTMLFormElement} form @returns {Record<string, string>} its fields, trimmed */
export function fields(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
}

/**
 * @param {HTMLElement} control @param {string} attribute @returns {string} the attribute of the object that the control belongs
 * to
 */
export function named(control, attribute) {
  return control.closest(`[${attribute}]`)?.getAttribute(attribute) ?? '';
}

/** Moves the focus back to a control that has moved. @param {string} selector */
export function refocus(selector) {
  const control = find('#main').querySelector(selector);
  if (control instanceof HTMLElement) control.focus();
}
