import { find } from '../views/dom.js';
import { sureSheet } from '../views/manage_parts.js';
import { pairedView, screenSheet } from '../views/manage_screens.js';
import { openSheet } from '../views/sheet.js';
import { pairSheet } from '../views/staff_sheets.js';
import { Section, complain, fields, named } from './manage_section.js';

/** Paired kitchen screens. */
export class ScreensSection extends Section {
  async read() {
    return (await this.context.call('GET', '/devices')).devices;
  }

  view() {
    return pairedView(this.data);
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-device');
    const screen = this.data?.find((/** @type {any} */ one) => one.id === id);
    /** @type {Record<string, () => unknown>} */
    const deeds = {
      'ask-pair': () => this.#open((stations) => pairSheet(stations)),
      'ask-change': () => this.#open((stations) => screenSheet(screen, stations)),
      'ask-revoke': () => openSheet(sureSheet({
        title: `Revoke ${screen.name}?`, hint: 'It goes dark at once, and has to be paired again.', deed: 'revoke', sure: 'Revoke', attributes: { 'data-device': id },
      })),
      'revoke': () => this.attempt(() => this.context.call('DELETE', `/devices/${id}`), `${screen.name} is revoked.`),
    };
    deeds[name]?.();
  }

  /** @param {(stations: string[]) => Element} sheet */
  async #open(sheet) {
    try {
      openSheet(sheet((await this.context.call('GET', '')).stations));
    } catch (error) {
      complain(/** @type {any} */ (error));
      return;
    }
    const pair = document.querySelector('#pair-form');
    if (pair instanceof HTMLFormElement) pair.dataset.form = 'pair';
    find('#sheet input:not([type="hidden"])').focus();
  }

  /** @param {string} name @param {HTMLFormElement} form */
  submit(name, form) {
    const values = fields(form);
    if (name === 'pair') this.#pair(values);
    else {
      const body = { name: values.name, station: values.station || null };
      this.attempt(() => this.context.call('PATCH', `/devices/${values.id}`, { body }), `${values.name} is changed.`);
    }
  }

  /** @param {Record<string, string>} values */
  #pair({ user_code, name, station }) {
    const path = `/api/v1/devices/pairings/${encodeURIComponent(user_code.toUpperCase())}/approval`;
    this.attempt(() => this.context.call('POST', path, { body: { name, ...(station && { station }) } }), `${name} is paired. It goes on by itself.`);
  }
}
