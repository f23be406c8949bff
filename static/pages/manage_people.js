import { changePersonSheet, peopleView, personSheet } from '../views/manage_people.js';
import { sureSheet } from '../views/manage_parts.js';
import { openSheet } from '../views/sheet.js';
import { Section, fields, named } from './manage_section.js';

/** Who may sign in. */
export class PeopleSection extends Section {
  async read() {
    return (await this.context.call('GET', '/people')).people;
  }

  view() {
    return peopleView(this.data, this.context.username);
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-person');
    const person = this.data?.find((/** @type {any} */ one) => one.id === id);
    /** @type {Record<string, () => unknown>} */
    const deeds = {
      'ask-person': () => openSheet(personSheet()),
      'ask-change': () => openSheet(changePersonSheet(person)),
      'ask-remove': () => openSheet(sureSheet({
        title: `Remove ${person.username}?`, hint: 'They are signed out everywhere, at once.', deed: 'remove', sure: 'Remove', attributes: { 'data-person': id },
      })),
      'ask-reset': () => openSheet(sureSheet({
        title: `Remove the second factor of ${person.username}?`, hint: 'For a phone that was lost. They are signed out everywhere, and sign in with the password alone.', deed: 'reset', sure: 'Remove it', attributes: { 'data-person': id },
      })),
      'reset': () => this.attempt(() => this.context.call('DELETE', `/people/${id}/totp`), `${person.username} signs in with the password alone.`),
      'remove': () => this.attempt(() => this.context.call('DELETE', `/people/${id}`), `${person.username} is removed.`),
    };
    deeds[name]?.();
  }

  /** @param {string} name @param {HTMLFormElement} form */
  submit(name, form) {
    const { id, username, role, password } = fields(form);
    // A password may begin or end with a space.
    const typed = password && String(new FormData(form).get('password'));
    if (name === 'person') {
      this.attempt(() => this.context.call('POST', '/people', { body: { username, password: typed, role } }), `${username} can sign in.`);
    } else {
      this.#change(id, { role, ...(typed && { password: typed }) });
    }
  }

  /** @param {string} id @param {{role?: string, password?: string}} change */
  #change(id, change) {
    const person = this.data.find((/** @type {any} */ one) => one.id === id);
    // What is as it was would sign them out for nothing.
    if (change.role === person.role) delete change.role;
    if (Object.keys(change).length === 0) return this.attempt(async () => {}, 'Nothing was changed.');
    return this.attempt(() => this.context.call('PATCH', `/people/${id}`, { body: change }), `${person.username} signs in anew.`);
  }
}
