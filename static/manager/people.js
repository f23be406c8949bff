import { h } from '../shared/dom.js';
import { openSheet } from '../shared/sheet.js';
import { conflictWords } from './conflicts.js';
import { sureSheet } from './parts.js';
import { changePersonSheet, peopleView, personSheet, pinSheet } from './people_view.js';
import { roleSheet, rolesView } from './roles_view.js';
import { Section, basedOn, fields, named, readAll } from './section.js';

/** The people who may sign in. */
export class PeopleSection extends Section {
  /** The person that the open sheet is about, as read when it was opened. @type {any} */ #asked = null;

  /** The rules; null if the server has none. @type {{minimum_roles: Record<string, string>, version: string} | null} */
  #rules = null;

  async read() {
    const [people, rules] = await Promise.all([readAll(this.context.call, '/people', 'people'), this.#readRules()]);
    this.#rules = rules;
    return people;
  }

  #readRules() {
    return this.context.call('GET', '/rules').catch((/** @type {any} */ error) => {
      if (error.code === 'not_found') return null;
      throw error;
    });
  }

  view() {
    return h('div.section', {}, peopleView(this.data, this.context.username), this.#rules && rolesView(this.#rules.minimum_roles));
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    const id = named(control, 'data-person');
    const person = this.data?.find((/** @type {any} */ one) => one.id === id);
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-person': () => openSheet(personSheet()),
      'ask-change': () => { this.#asked = person; openSheet(changePersonSheet(person, this.context.username)); },
      'ask-remove': () => openSheet(sureSheet({
        title: `Remove ${person.username}?`, hint: 'They are signed out everywhere, at once.', does: 'remove', sure: 'Remove', attributes: { 'data-person': id },
      })),
      'ask-reset': () => openSheet(sureSheet({
        title: `Remove the second factor of ${person.username}?`, hint: 'For a lost phone. They are signed out everywhere and sign in with the password alone.', does: 'reset', sure: 'Remove it', attributes: { 'data-person': id },
      })),
      'ask-role': () => openSheet(roleSheet(this.#rules?.minimum_roles ?? {})),
      'usual-role': () => this.#setRoles({ [control.dataset.deed ?? '']: undefined }, 'The usual roles may do this again.'),
      'ask-pin': () => openSheet(pinSheet(person)),
      'remove-pin': () => this.attempt(() => this.context.call('DELETE', `/people/${id}/pin`), `${person.username} no longer has a PIN.`),
      'reset': () => this.attempt(() => this.context.call('DELETE', `/people/${id}/totp`), `${person.username} signs in with the password alone.`),
      'remove': () => this.attempt(() => this.context.call('DELETE', `/people/${id}`, { headers: basedOn(person.version) }), `${person.username} is removed.`),
    };
    actions[name]?.();
  }

  /** @param {string} name @param {HTMLFormElement} form */
  submit(name, form) {
    const { id, username, role, password, pin, least } = fields(form);
    // Untrimmed: a password may begin or end with a space.
    const typed = password && String(new FormData(form).get('password'));
    if (name === 'person') {
      this.attempt(() => this.context.call('POST', '/people', { body: { username, password: typed, role } }), `${username} can sign in.`);
    } else if (name === 'least') {
      const [action, wanted] = least.split(' ');
      this.#setRoles({ [action]: wanted }, 'The rule is in force.');
    } else if (name === 'pin') {
      const named = this.data?.find((/** @type {any} */ one) => one.id === id)?.username;
      this.attempt(() => this.context.call('PUT', `/people/${id}/pin`, { body: { pin } }), `${named} has a new PIN.`);
    } else {
      this.#change(id, { role, ...(typed && { password: typed }) });
    }
  }

  /** Sends all rules, including a change. @param {Record<string, string | undefined>} change @param {string} done */
  #setRoles(change, done) {
    const { minimum_roles, version, ...others } = /** @type {any} */ (this.#rules);
    const body = { ...others, minimum_roles: { ...minimum_roles, ...change } };
    return this.attempt(() => this.context.call('PUT', '/rules', { body, headers: basedOn(version) }), done);
  }

  /** @param {string} id @param {{role?: string, password?: string}} change */
  #change(id, change) {
    const person = this.#asked;
    // Sending an unchanged field would sign the person out for no reason.
    if (change.role === person.role) delete change.role;
    if (Object.keys(change).length === 0) return this.attempt(async () => {}, 'Nothing was changed.');
    const headers = basedOn(person.version);
    return this.attempt(() => this.context.call('PATCH', `/people/${id}`, { body: change, headers }).catch((error) => this.#meanwhile(error, id, change)), `${person.username} is changed and has to sign in again.`);
  }

  /**
   * Handles a concurrent change: shows a field that both have changed, and merges the others.
   * @param {any} error @param {string} id @param {{role?: string, password?: string}} change
   */
  async #meanwhile(error, id, change) {
    if (error.code !== 'stale') throw error;
    const theirs = (await this.read()).find((/** @type {any} */ one) => one.id === id);
    if (!theirs) throw Object.assign(new Error('someone else has removed this person'), { code: 'not_found' });
    const before = this.#asked;
    this.#asked = theirs;
    // A new password does not show in the data: if the role is unchanged, the other person has changed the password.
    if (!change.password && theirs.role === before.role) {
      return this.context.call('PATCH', `/people/${id}`, { body: change, headers: basedOn(theirs.version) });
    }
    const what = theirs.role === before.role ? 'the password' : `the role to ${theirs.role}`;
    throw Object.assign(new Error(conflictWords(what)), { code: 'conflict' });
  }
}
