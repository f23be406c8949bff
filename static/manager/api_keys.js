import { find } from '../shared/dom.js';
import { openSheet } from '../shared/sheet.js';
import { keySheet, keysView, secretSheet } from './api_keys_view.js';
import { sureSheet } from './parts.js';
import { Section, fields, named, readAll } from './section.js';

/** API keys. */
export class KeysSection extends Section {
  async read() {
    return readAll(this.context.call, '/api-keys', 'api_keys');
  }

  view() {
    return keysView(this.data);
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-api-key');
    const key = this.data?.find((/** @type {any} */ one) => one.id === id);
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-key': () => openSheet(keySheet()),
      'copy': () => this.#copy(),
      'ask-revoke': () => openSheet(sureSheet({
        title: `Revoke ${key.name}?`, hint: 'Systems that use it lose access at once.', does: 'revoke', sure: 'Revoke', attributes: { 'data-api-key': id },
      })),
      'revoke': () => this.attempt(() => this.context.call('DELETE', `/api-keys/${encodeURIComponent(id)}`), `${key.name} is revoked.`),
    };
    actions[name]?.();
  }

  /** @param {string} _name @param {HTMLFormElement} form */
  async submit(_name, form) {
    const made = await this.attempt(() => this.context.call('POST', '/api-keys', { body: fields(form) }));
    if (made) openSheet(secretSheet(made));
  }

  async #copy() {
    const secret = /** @type {HTMLInputElement} */ (find('#secret'));
    secret.select();
    try {
      await navigator.clipboard.writeText(secret.value);
      find('#copied').textContent = 'Copied.';
    } catch {
      // Pages over plain http have no clipboard API.
      find('#copied').textContent = 'The secret is selected. Copy it with the keyboard.';
    }
  }
}
