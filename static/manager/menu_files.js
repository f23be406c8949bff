import { find, render } from '../shared/dom.js';
import { openSheet } from '../shared/sheet.js';
import { menuFilesSheet, previewView } from './menu_files_view.js';
import { basedOn } from './section.js';

/** The deadline of a call with a whole menu, on a slow network. */
const DEADLINE_MS = 60_000;

/** The sheet for the menu as a file: export, preview, import. */
export class MenuFiles {
  #call; #attempt;
  /** The chosen file. @type {File | null} */ #file = null;
  /** The server's preview of the changes. @type {any} */ #preview = null;
  /** Counts the previews, so that a late answer to an earlier one is ignored. */ #asked = 0;

  /**
   * @param {import('./section.js').Context['call']} call
   * @param {(work: () => Promise<any>, done?: string) => Promise<any>} attempt runs the work and shows its error
   */
  constructor(call, attempt) {
    this.#call = call;
    this.#attempt = attempt;
  }

  /** @param {boolean} isUnsaved whether the editor has unsaved changes */
  open(isUnsaved) {
    this.#file = null;
    this.#preview = null;
    openSheet(menuFilesSheet(isUnsaved));
  }

  /** Saves the menu as a file on this device. @param {string} format */
  async save(format) {
    const text = await this.#attempt(() => this.#call('GET', `/menu/export?format=${format}`, { as: 'text', deadlineMs: DEADLINE_MS }));
    if (text === undefined) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: format === 'csv' ? 'text/csv' : 'application/json' }));
    link.download = `menu.${format}`;
    link.click();
    // Some browsers read the address a moment after the click.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  /** @param {HTMLElement} field the field of the sheet that was changed */
  typed(field) {
    if (field.id === 'field-menu-file') this.#file = /** @type {HTMLInputElement} */ (field).files?.[0] ?? null;
    if (field.id === 'field-menu-file' || field.id === 'field-missing') this.#look();
  }

  /** Imports the changes of the preview. */
  import() {
    const { version } = this.#preview ?? {};
    if (!this.#file || version === undefined) return;
    this.#attempt(() => this.#send('/menu/import', basedOn(version)), 'The menu is imported. Guests see it now.');
  }

  async #look() {
    this.#asked += 1;
    const asked = this.#asked;
    this.#preview = null;
    this.#draw(this.#file !== null);
    if (!this.#file) return;
    const preview = await this.#attempt(() => this.#send('/menu/preview'));
    if (asked !== this.#asked) return;
    this.#preview = preview ?? null;
    this.#draw();
  }

  /** @param {string} path @param {Record<string, string>} [headers] */
  #send(path, headers = {}) {
    const type = this.#file?.name.toLowerCase().endsWith('.json') ? 'application/json' : 'text/csv';
    const missing = /** @type {HTMLSelectElement} */ (find('#field-missing')).value;
    return this.#call('POST', `${path}?missing=${missing}`, { body: this.#file, headers: { ...headers, 'content-type': type }, deadlineMs: DEADLINE_MS });
  }

  /** @param {boolean} [isBusy] */
  #draw(isBusy = false) {
    const root = document.querySelector('#menu-preview');
    if (!root) return;
    render(root, isBusy ? 'The file is being read.' : previewView(this.#preview));
    const changes = [this.#preview?.items, this.#preview?.categories].some((list) => list && list.added.length + list.changed.length + list.removed.length > 0);
    /** @type {HTMLButtonElement} */ (find('dialog[open] [type="submit"]')).disabled = !changes;
    find('dialog[open] .field__error').textContent = '';
  }
}
