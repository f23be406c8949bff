import { find } from '../shared/dom.js';
import { openSheet } from '../shared/sheet.js';
import { pairSheet } from '../shared/staff_sheets.js';
import { conflictWords } from './conflicts.js';
import { sureSheet } from './parts.js';
import { pairedView, screenSheet } from './screens_view.js';
import { Section, basedOn, complain, fields, named, readAll } from './section.js';

/** Paired kitchen screens. */
export class ScreensSection extends Section {
  /** The screen that the open sheet is about, as read when it was opened. @type {any} */ #asked = null;

  async read() {
    return readAll(this.context.call, '/devices', 'devices');
  }

  view() {
    return pairedView(this.data);
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-device');
    const screen = this.data?.find((/** @type {any} */ one) => one.id === id);
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-pair': () => this.#open((stations) => pairSheet(stations)),
      'ask-change': () => { this.#asked = screen; return this.#open((stations) => screenSheet(screen, stations)); },
      'ask-revoke': () => openSheet(sureSheet({
        title: `Revoke ${screen.name}?`, hint: 'It is signed out at once and must be paired again.', does: 'revoke', sure: 'Revoke', attributes: { 'data-device': id },
      })),
      'revoke': () => this.attempt(() => this.context.call('DELETE', `/devices/${id}`, { headers: basedOn(screen.version) }), `${screen.name} is revoked.`),
    };
    actions[name]?.();
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
    else this.#change(values.id, { name: values.name, station: values.station || null });
  }

  /** @param {string} id @param {{name: string, station: string | null}} wanted */
  #change(id, wanted) {
    const { name, station = null, version } = this.#asked;
    // An unchanged field is not sent, since someone else may be changing it.
    const body = { ...(wanted.name !== name && { name: wanted.name }), ...(wanted.station !== station && { station: wanted.station }) };
    if (Object.keys(body).length === 0) return this.attempt(async () => {}, 'Nothing was changed.');
    const send = () => this.context.call('PATCH', `/devices/${id}`, { body, headers: basedOn(version) });
    return this.attempt(() => send().catch((error) => this.#meanwhile(error, id, body)), `${wanted.name} is changed.`);
  }

  /**
   * Handles a concurrent change: shows a field that both have changed, and merges the others.
   * @param {any} error @param {string} id @param {{name?: string, station?: string | null}} body
   */
  async #meanwhile(error, id, body) {
    if (error.code !== 'stale') throw error;
    const theirs = (await this.read()).find((/** @type {any} */ one) => one.id === id);
    if (!theirs) throw Object.assign(new Error('someone else has revoked this screen'), { code: 'not_found' });
    const before = this.#asked;
    this.#asked = theirs;
    const clashes = [
      body.name !== undefined && theirs.name !== before.name && theirs.name !== body.name && `the name to “${theirs.name}”`,
      body.station !== undefined && theirs.station !== before.station && theirs.station !== (body.station ?? undefined) && `the station to ${theirs.station ?? 'all stations'}`,
    ].filter(Boolean);
    if (clashes.length === 0) return this.context.call('PATCH', `/devices/${id}`, { body, headers: basedOn(theirs.version) });
    throw Object.assign(new Error(conflictWords(clashes.join(' and '))), { code: 'conflict' });
  }

  /** @param {Record<string, string>} values */
  #pair({ user_code, name, role, station }) {
    const path = `/api/v1/devices/pairings/${encodeURIComponent(user_code.toUpperCase())}/approval`;
    this.attempt(() => this.context.call('POST', path, { body: role === 'staff' ? { name, role } : { name, ...(station && { station }) } }), `${name} is paired and starts by itself.`);
  }
}
