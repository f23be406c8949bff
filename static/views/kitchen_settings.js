import { find } from './dom.js';
import { keepLocal, recallLocal } from './storage.js';

/** @typedef {{columns: string, warnMinutes: number, lateMinutes: number, theme: string, shortcuts: boolean, filter: string, allDay: boolean}} Settings */

/** @type {Settings} */
const DEFAULTS = { columns: 'auto', warnMinutes: 10, lateMinutes: 20, theme: 'dark', shortcuts: true, filter: '', allDay: false };

/** What belongs to one screen and survives its reloads. */
export class ScreenSettings {
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
    /** @type {Settings} */
    this.values = { ...DEFAULTS, ...recallLocal('kitchen.settings', {}) };
    this.#form.addEventListener('input', () => this.#read());
    this.#show();
    this.#apply();
  }

  /** @param {Partial<Settings>} values */
  set(values) {
    Object.assign(this.values, values);
    keepLocal('kitchen.settings', this.values);
    this.#apply();
    this.#changed();
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (find('#settings'));
  }

  #show() {
    for (const [name, value] of Object.entries(this.values)) {
      const input = this.#form.elements.namedItem(name);
      if (input instanceof HTMLInputElement && input.type === 'checkbox') input.checked = Boolean(value);
      else if (input instanceof HTMLInputElement || input instanceof HTMLSelectElement) input.value = String(value);
    }
  }

  #read() {
    if (!this.#form.checkValidity()) return;
    const data = new FormData(this.#form);
    const warnMinutes = Number(data.get('warnMinutes'));
    this.set({
      columns: String(data.get('columns')),
      warnMinutes,
      lateMinutes: Math.max(warnMinutes, Number(data.get('lateMinutes'))),
      theme: String(data.get('theme')),
      shortcuts: data.get('shortcuts') !== null,
    });
  }

  #apply() {
    document.documentElement.dataset.theme = this.values.theme;
    find('#board').dataset.columns = this.values.columns;
  }
}
