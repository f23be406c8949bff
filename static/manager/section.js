import { find } from '../shared/dom.js';
import { closeSheet } from '../shared/sheet.js';
import { toast } from '../shared/toasts.js';
import { sentence } from './parts.js';

/**
 * @typedef {object} Context the parts of the page that a section uses
 * @property {{id: string, slug: string, name: string, currency: string}} restaurant
 * @property {string} username who is signed in
 * @property {(method: string, path: string, options?: {body?: unknown, headers?: Record<string, string>, as?: 'json' | 'text', deadlineMs?: number}) => Promise<any>} call
 *   a path begins after the restaurant's own, or with `/api/`
 * @property {() => void} changed draws again
 */

/** A section of the manager's page: its data, its view and its actions. */
export class Section {
  /** The data; undefined until it is read. @type {any} */ data;
  /** Why the last reading failed. @type {{code: string, message: string} | null} */ error = null;
  /** Whether it holds unsaved changes. */ unsaved = false;

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
  }

  /** @returns {Promise<any>} what the section shows */
  async read() {
    throw new Error('a section reads something');
  }

  /** @returns {Node} of `data` */
  view() {
    throw new Error('a section shows something');
  }

  /** Called when the view is on the page. */
  drawn() {}

  /** Handles a press on a control. @param {string} _name @param {HTMLElement} _control */
  act(_name, _control) {}

  /** Handles a submitted form. @param {string} _name @param {HTMLFormElement} _form */
  submit(_name, _form) {}

  /** Handles input into a field. @param {HTMLElement} _field */
  typed(_field) {}

  /** Reads again. On failure the last data stays on the page. */
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
   * Does something and reads again. Shows an error in the open sheet's form, else as a message.
   *
   * @param {() => Promise<any>} work
   * @param {string} [done] what to say when it is; the sheet closes with it
   * @returns {Promise<any>} what the work gave; undefined when it failed
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
      // Reads again, so that the next attempt is based on the current state.
      if (/** @type {any} */ (error).code === 'stale') await this.load();
      return undefined;
    } finally {
      setBusy(button, false);
    }
  }
}

/** @param {string | number | undefined} version of what an edit is based on; an older node names none @returns {Record<string, string>} headers */
export function basedOn(version) {
  return version === undefined ? {} : { 'if-match': `"${version}"` };
}

/**
 * Reads a list to its end, page by page. An older node has one page.
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

/** @param {HTMLElement} control @param {string} attribute @returns {string} of the thing that the control belongs to */
export function named(control, attribute) {
  return control.closest(`[${attribute}]`)?.getAttribute(attribute) ?? '';
}

/** Puts the focus back on a control that has moved. @param {string} selector */
export function refocus(selector) {
  const control = find('#main').querySelector(selector);
  if (control instanceof HTMLElement) control.focus();
}
