import { find } from '../shared/dom.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { HURRY_MINUTES } from '../shared/urgency.js';

/**
 * @typedef {{letters: string, columns: string, hurryMinutes: number, warnMinutes: number,
 *   lateMinutes: number, theme: string, shortcuts: boolean, filter: string, allDay: boolean}}
 *   Settings
 */

/** @type {Settings} */
const DEFAULTS = { letters: 'large', columns: 'auto', hurryMinutes: HURRY_MINUTES, warnMinutes: 10, lateMinutes: 20, theme: 'dark', shortcuts: true, filter: '', allDay: false };

const MOST_MINUTES = 240;

/**
 * Returns the minutes after a step: by one minute below ten, and by five above.
 * @param {number} minutes
 * @param {number} by -1 or 1
 */
export function stepped(minutes, by) {
  const step = minutes + by / 2 < 10 ? 1 : 5;
  return Math.min(MOST_MINUTES, Math.max(1, minutes + by * step));
}

/** The settings of one screen. They survive a reload. */
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

  /**
   * Changes a threshold by a step. Moves the other one if needed, since a ticket must not be late before it warns.
   * @param {string} name
   * @param {number} by -1 or 1
   */
  step(name, by) {
    const { hurryMinutes, warnMinutes, lateMinutes } = this.values;
    if (name === 'hurryMinutes') return this.set({ hurryMinutes: stepped(hurryMinutes, by) });
    if (name === 'warnMinutes') {
      const warn = stepped(warnMinutes, by);
      this.set({ warnMinutes: warn, lateMinutes: Math.max(warn, lateMinutes) });
    } else {
      const late = stepped(lateMinutes, by);
      this.set({ lateMinutes: late, warnMinutes: Math.min(late, warnMinutes) });
    }
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (find('#settings'));
  }

  #show() {
    for (const [name, value] of Object.entries(this.values)) {
      const input = this.#form.elements.namedItem(name);
      if (input instanceof HTMLInputElement) input.checked = Boolean(value);
      else if (input instanceof RadioNodeList) input.value = String(value);
    }
  }

  #read() {
    const data = new FormData(this.#form);
    this.set({
      letters: String(data.get('letters') ?? this.values.letters),
      columns: String(data.get('columns') ?? this.values.columns),
      theme: String(data.get('theme') ?? this.values.theme),
      shortcuts: data.get('shortcuts') !== null,
    });
  }

  #apply() {
    document.documentElement.dataset.theme = this.values.theme;
    Object.assign(find('#board').dataset, { columns: this.values.columns, letters: this.values.letters });
    for (const name of /** @type {const} */ (['hurryMinutes', 'warnMinutes', 'lateMinutes'])) {
      find(`#${name}`).textContent = `${this.values[name]} min`;
    }
  }
}
