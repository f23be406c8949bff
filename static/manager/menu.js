import { newId } from '../client/ids.js';
import { find } from '../shared/dom.js';
import { count } from '../shared/format.js';
import { closeSheet, openSheet } from '../shared/sheet.js';
import { toast } from '../shared/toasts.js';
import { conflictSheet } from './conflicts.js';
import { editGroups, readGroups, readOptions } from './group_form.js';
import { bodyOf, courseOf, draftOf, findItem, move, putItem, readPrice, stationsOf, wrongGroup } from './menu_draft.js';
import { MenuFiles } from './menu_files.js';
import { mergeMenus, sameMenu } from './menu_merge.js';
import { categorySheet, itemSheet, menuEditorView } from './menu_view.js';
import { sureSheet } from './parts.js';
import { PictureField } from './picture_field.js';
import { Section, basedOn, complain, fields, named, refocus } from './section.js';

/** The first feature level with groups of options. */
const GROUPS_LEVEL = 2;
/** How often to try a save while others save at the same time. */
const TRIES = 5;

/** The menu editor. Nobody else sees its draft until the draft is saved as a whole. */
export class MenuSection extends Section {
  /** @type {import('./menu_draft.js').DraftCategory[]} */ #draft = [];
  /** The menu that the draft is based on. @type {import('./menu_draft.js').DraftCategory[]} */ #base = [];
  #version = 0;
  /** Whether the server supports groups of options. */ #knowsGroups = false;
  #picture = new PictureField((method, path, options) => this.context.call(method, path, options), this.context.restaurant.id);
  #files = new MenuFiles((method, path, options) => this.context.call(method, path, options), (work, done) => this.attempt(work, done));
  /** The menu that someone else has saved, while the sheet about conflicts is open. @type {any} */ #theirs = null;

  async read() {
    const [menu, profile] = await Promise.all([this.context.call('GET', '/menu'), this.context.call('GET', '')]);
    this.#knowsGroups = profile.feature_level >= GROUPS_LEVEL;
    if (!this.unsaved) this.#begin(menu);
    return menu;
  }

  view() {
    const isBehind = this.unsaved && this.data && !sameMenu(this.#base, draftOf(this.data));
    return menuEditorView(this.#draft, { currency: this.#currency, unsaved: this.unsaved, isBehind, names: this.data?.names_required === true });
  }

  /** @param {any} menu the document @param {import('./menu_draft.js').DraftCategory[]} [draft] the edited menu */
  #begin(menu, draft = draftOf(menu)) {
    this.#draft = draft;
    this.#base = draftOf(menu);
    this.#version = menu.position;
  }

  get #currency() {
    return this.context.restaurant.currency;
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const item = named(control, 'data-menu-item');
    const category = named(control, 'data-category');
    /** @type {Record<string, () => void>} */
    const actions = {
      'up': () => this.#move(category, item, -1),
      'down': () => this.#move(category, item, 1),
      'ask-category': () => openSheet(categorySheet(this.#draft.find(({ id }) => id === category))),
      'ask-remove-category': () => this.#askRemoveCategory(category),
      'remove-category': () => this.#removeCategory(category),
      'ask-item': () => this.#askItem(item, category),
      'remove-picture': () => this.#picture.remove(),
      'remove-item': () => this.#removeItem(control.dataset.id ?? ''),
      'names': () => this.#setNames(),
      'ask-files': () => this.#files.open(this.unsaved),
      'export-csv': () => this.#files.save('csv'),
      'export-json': () => this.#files.save('json'),
      'save': () => this.#save(),
      'discard': () => this.#discard(),
    };
    if (!editGroups(name, control, this.#currency, newId)) actions[name]?.();
  }

  /** @param {string} name @param {HTMLFormElement} form */
  submit(name, form) {
    if (name === 'category') this.#keepCategory(fields(form));
    if (name === 'item') this.#keepItem(form);
    if (name === 'import') this.#files.import();
    if (name === 'conflicts') this.#settle(/** @type {any} */ (fields(form)));
  }

  /** @param {HTMLElement} field */
  typed(field) {
    this.#picture.typed(field);
    this.#files.typed(field);
  }

  #touched() {
    this.unsaved = true;
    closeSheet();
    this.context.changed();
  }

  /** @param {string} category @param {string} item empty if the category itself is moved @param {number} by */
  #move(category, item, by) {
    const list = item ? this.#draft.find(({ id }) => id === category)?.items ?? [] : this.#draft;
    move(/** @type {{id: string}[]} */ (list), item || category, by);
    this.#touched();
    const place = item ? `[data-menu-item="${item}"]` : `[data-category="${category}"] > .heading__head`;
    // At an end of the list one of the buttons is disabled, so the other one gets the focus.
    refocus(`${place} [data-do="${by < 0 ? 'up' : 'down'}"]:enabled, ${place} [data-do="${by < 0 ? 'down' : 'up'}"]:enabled`);
  }

  /** @param {Record<string, string>} values */
  #keepCategory({ id, name, course: number = '' }) {
    const others = this.#draft.filter((category) => category.id !== id);
    const course = courseOf(others, number, name);
    const known = this.#draft.find((category) => category.id === id);
    if (known) Object.assign(known, { name, course });
    else this.#draft.push({ id: newId(), name, course, items: [] });
    this.#touched();
  }

  /** @param {string} id */
  #askRemoveCategory(id) {
    const category = this.#draft.find((one) => one.id === id);
    if (!category) return;
    openSheet(sureSheet({
      title: `Remove ${category.name}?`, hint: `${count(category.items.length, 'dish goes', 'dishes go')} with it when the menu is saved.`,
      does: 'remove-category', sure: 'Remove', attributes: { 'data-category': id },
    }));
  }

  /** @param {string} id */
  #removeCategory(id) {
    this.#draft = this.#draft.filter((category) => category.id !== id);
    this.#touched();
  }

  /** @param {string} id empty for a new one @param {string} category */
  #askItem(id, category) {
    const item = findItem(this.#draft, id)?.item ?? null;
    openSheet(itemSheet(item, { category, draft: this.#draft, stations: stationsOf(this.#draft), currency: this.#currency, knowsGroups: this.#knowsGroups, picture: this.#picture.view(item?.picture) }));
  }

  /** @param {string} id */
  #removeItem(id) {
    const found = findItem(this.#draft, id);
    if (found) found.category.items = found.category.items.filter((item) => item.id !== id);
    this.#touched();
  }

  /** @param {HTMLFormElement} form */
  #keepItem(form) {
    const { id, name, description, price, station, category, photo, sku, alt = '' } = fields(form);
    const options = readOptions(find('#options'), this.#currency);
    const list = form.querySelector('#groups');
    const groups = list ? readGroups(list, this.#currency) : [];
    const amount = price === '' ? null : readPrice(price, this.#currency);
    const isTooHigh = amount === null || options.some((option) => option.amount === null);
    const isTaken = sku && this.#draft.some(({ items }) => items.some((item) => item.sku === sku && item.id !== id));
    const wrong = this.#picture.isBusy ? 'The picture is still being sent' : isTaken ? 'Another dish has this number' : isTooHigh ? 'A price is too high' : wrongGroup([...groups, ...options.flatMap(({ groups: nested = [] }) => nested)]);
    if (wrong) {
      complain({ code: 'invalid', message: wrong });
      return;
    }
    const picture = this.#picture.read(alt);
    const available = findItem(this.#draft, id)?.item.available ?? true;
    const item = { id: id || newId(), name, description, amount, station, photo, available, options, ...(groups.length > 0 && { groups }), ...(picture && { picture }), ...(sku && { sku }) };
    putItem(this.#draft, /** @type {import('./menu_draft.js').DraftItem} */ (item), category);
    this.#touched();
  }

  /** Sets at once whether takeaways need a name, since that is not part of the draft. */
  async #setNames() {
    const required = this.data?.names_required !== true;
    await this.attempt(async () => {
      await this.context.call('PUT', '/menu/names', { body: { required } });
      toast(required ? 'Takeaways need a name from now on.' : 'Takeaways need no name.');
    });
  }

  async #save() {
    await this.attempt(async () => {
      const said = await this.#bringTogether();
      if (!said) return;
      this.unsaved = false;
      closeSheet();
      toast(said);
    });
  }

  /**
   * Saves the draft, merged with what others have saved. @returns {Promise<string | null>} null if the person has to decide
   * first
   */
  async #bringTogether() {
    let said = 'The menu is saved. Guests see it now.';
    for (let tries = 1; ; tries += 1) {
      try {
        const body = bodyOf(this.#draft, this.#currency, this.#knowsGroups);
        await this.context.call('PUT', '/menu', { body, headers: basedOn(this.#version) });
        return said;
      } catch (error) {
        const { code, document } = /** @type {any} */ (error);
        if (code !== 'stale' || !document || tries >= TRIES) throw error;
        const theirs = draftOf(document);
        const { draft, conflicts } = mergeMenus(this.#base, this.#draft, theirs);
        if (!sameMenu(this.#base, theirs)) said = 'The menu is saved and merged with the changes of someone else.';
        if (conflicts.length > 0) return this.#ask(document, conflicts);
        this.#begin(document, draft);
      }
    }
  }

  /** @param {any} document @param {import('./menu_merge.js').Conflict[]} conflicts @returns {null} */
  #ask(document, conflicts) {
    this.#theirs = document;
    openSheet(conflictSheet(conflicts, { currency: this.#currency, headings: [...draftOf(document), ...this.#draft] }));
    return null;
  }

  /** @param {import('./menu_merge.js').Choices} choices */
  #settle(choices) {
    const { draft } = mergeMenus(this.#base, this.#draft, draftOf(this.#theirs), choices);
    this.#begin(this.#theirs, draft);
    this.#save();
  }

  #discard() {
    this.unsaved = false;
    this.#begin(this.data);
    this.context.changed();
  }
}
