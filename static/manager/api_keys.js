import { find, h } from '../shared/dom.js';
import { openSheet } from '../shared/sheet.js';
import { keySheet, keysView, secretSheet } from './api_keys_view.js';
import { sureSheet } from './parts.js';
import { Section, fields, named, readAll } from './section.js';
import { webhooksView } from './webhooks_view.js';

/** API keys, and webhooks if there are any. */
export class KeysSection extends Section {
  async read() {
    const [keys, { webhooks }] = await Promise.all([
      readAll(this.context.call, '/api-keys', 'api_keys'),
      this.context.call('GET', '/webhooks').catch(noneOnAnOlderNode),
    ]);
    return { keys, webhooks };
  }

  view() {
    const { keys, webhooks } = this.data;
    return h('div', {}, keysView(keys), webhooks.length > 0 && webhooksView(webhooks));
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-api-key');
    const key = this.data?.keys.find((/** @type {any} */ one) => one.id === id);
    const webhook = `/webhooks/${encodeURIComponent(named(control, 'data-webhook'))}`;
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-key': () => openSheet(keySheet()),
      'copy': () => this.#copy(),
      'ask-revoke': () => openSheet(sureSheet({
        title: `Revoke ${key.name}?`, hint: 'Systems that use it lose access at once.', does: 'revoke', sure: 'Revoke', attributes: { 'data-api-key': id },
      })),
      'revoke': () => this.attempt(() => this.context.call('DELETE', `/api-keys/${encodeURIComponent(id)}`), `${key.name} is revoked.`),
      'pause-webhook': () => this.attempt(() => this.context.call('POST', `${webhook}/pause`), 'The webhook is paused. It gets everything once it is resumed.'),
      'resume-webhook': () => this.attempt(() => this.context.call('POST', `${webhook}/resume`), 'The webhook is resumed.'),
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

/** @param {{code: string}} error */
function noneOnAnOlderNode(error) {
  if (error.code !== 'not_found') throw error;
  return { webhooks: [] };
}
