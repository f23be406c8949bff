import { find, h, render } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { pictureAttributes } from '../shared/picture.js';
import { sentence } from './parts.js';

/** @typedef {import('../shared/picture.js').Picture} Picture */

/** The types of pictures that the server accepts. */
const KINDS = 'image/jpeg,image/png,image/webp';
/** The most bytes that the server accepts. */
const MAX_BYTES = 8 * 1024 * 1024;
/** The deadline of an upload, long enough for a phone on a slow network. */
const DEADLINE_MS = 90_000;

/** The picture in a dish's form: choose, preview, describe, remove. It is uploaded as soon as it is chosen. */
export class PictureField {
  #call; #restaurant;
  /** @type {Picture | null} */ #picture = null;
  /** Counts the uploads, so that a late answer to an earlier one is ignored. */ #uploads = 0;

  /** @param {import('./section.js').Context['call']} call @param {string} restaurant its id */
  constructor(call, restaurant) {
    this.#call = call;
    this.#restaurant = restaurant;
  }

  /** @param {Picture | undefined} picture of the dish @returns {HTMLElement} */
  view(picture) {
    this.#picture = picture ?? null;
    this.#uploads += 1;
    return h('div.field.picture', { id: 'picture' }, this.#content());
  }

  /** Uploads the chosen file. @param {HTMLElement} field @returns {Promise<void>} */
  async typed(field) {
    if (!(field instanceof HTMLInputElement) || field.id !== 'field-picture') return;
    const [file] = field.files ?? [];
    if (!file) return;
    if (file.size > MAX_BYTES) {
      this.#draw(`This picture has ${Math.ceil(file.size / 1024 / 1024)} MB; ${MAX_BYTES / 1024 / 1024} MB are the most.`);
      return;
    }
    this.#uploads += 1;
    const upload = this.#uploads;
    this.#draw('', true);
    let said = '';
    try {
      const picture = await this.#call('POST', '/pictures', { body: file, headers: { 'content-type': file.type || 'application/octet-stream' }, deadlineMs: DEADLINE_MS });
      if (upload === this.#uploads) this.#picture = { ...picture, ...(this.#picture?.alt && { alt: this.#picture.alt }) };
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      said = code === 'offline' ? 'The picture could not be sent. Choose it again in a moment.' : sentence(message);
    }
    if (upload === this.#uploads) this.#draw(said);
  }

  /** Removes the picture from the form. */
  remove() {
    this.#uploads += 1;
    this.#picture = null;
    this.#draw();
    find('#field-picture').focus();
  }

  /** Whether an upload is in progress. */
  get isBusy() {
    return document.querySelector('#picture [data-busy]') !== null;
  }

  /** @param {string} alt the description from the form @returns {Picture | undefined} */
  read(alt) {
    if (!this.#picture) return undefined;
    const { id, width, height } = this.#picture;
    return { id, width, height, ...(alt && { alt }) };
  }

  /** @param {string} [said] the reason why the last file was refused @param {boolean} [isBusy] */
  #draw(said = '', isBusy = false) {
    const alt = document.querySelector('#picture [name="alt"]');
    if (this.#picture && alt instanceof HTMLInputElement) this.#picture = { ...this.#picture, alt: alt.value };
    const root = document.querySelector('#picture');
    if (root) render(root, this.#content(said, isBusy));
  }

  /** @param {string} [said] @param {boolean} [isBusy] */
  #content(said = '', isBusy = false) {
    const picture = this.#picture;
    return [
      h('label', { for: 'field-picture' }, picture ? 'Another picture' : 'Picture'),
      picture && h('img.picture__preview', { 'data-key': picture.id, ...pictureAttributes(this.#restaurant, picture, '10rem'), 'alt': picture.alt || 'The picture of this dish' }),
      h('input', { 'id': 'field-picture', 'type': 'file', 'accept': KINDS, 'aria-describedby': 'picture-hint picture-said', 'disabled': isBusy, 'aria-busy': isBusy && 'true' }),
      h('p.field__hint', { id: 'picture-hint' }, 'JPEG, PNG or WebP, up to 8 MB. It is made smaller, and data about where and how it was taken is removed.'),
      h('p.picture__said', { 'id': 'picture-said', 'role': 'status', 'data-busy': isBusy }, isBusy ? 'The picture is being sent.' : said),
      picture && h('div.field', { 'data-key': 'alt' },
        h('label', { for: 'field-alt' }, 'What the picture shows'),
        h('input', { 'id': 'field-alt', 'name': 'alt', 'maxlength': 200, 'value': picture.alt ?? '', 'autocomplete': 'off', 'aria-describedby': 'alt-hint' }),
        h('p.field__hint', { id: 'alt-hint' }, 'For guests who cannot see it. Leave it empty if the name is enough.')),
      picture && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'remove-picture', 'data-key': 'remove' }, icon('trash'), 'Remove the picture'),
    ];
  }
}
