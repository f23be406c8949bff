import { newId } from '../client/ids.js';
import { Api, OrderbellError } from '../client/orderbell.js';
import { find } from '../shared/dom.js';
import { closeSheet, openSheet } from '../shared/sheet.js';
import { toast } from '../shared/toasts.js';
import { managerSheet, peopleSheet, pinSheet } from './shift_view.js';

/** The most shifts to keep. Overflow: the oldest one without unsent changes is dropped. */
const KEPT = 50;

/**
 * A person's turn on this device. `begun`: whether the server has checked the PIN.
 * @typedef {{id: string, person: {id: string, name: string, role?: string}, begun: boolean}} Shift
 */

/**
 * The people who use a shared device, one at a time. A PIN changes the person at once. The server checks it when it can be
 * reached, before it accepts anything that this person did. Until then the PIN is only in memory: after a reload it has to be
 * typed again.
 */
export class Shifts {
  #api; #bell; #store; #changed;
  /** @type {Shift[]} */ #shifts;
  /** @type {string | undefined} */ #current;
  /** @type {Map<string, string>} */ #pins = new Map();
  /** The ids of shifts whose PIN is being checked. @type {Set<string>} */ #checking = new Set();
  /** The people who have a PIN. @type {import('./shift_view.js').Person[]} */ #people;
  /**
   * The action for which a manager's PIN is asked; it takes the manager's shift. @type {((shift: string) => unknown) |
   * undefined}
   */
  #asked;
  #lending = false;

  /**
   * @param {{api: Api, bell: () => any, changed: () => void,
   * store: {recall: (name: string) => any, keep: (name: string, value: any) => void}}} parts bell: the live link
   */
  constructor({ api, bell, store, changed }) {
    this.#api = api;
    this.#bell = bell;
    this.#store = store;
    this.#changed = changed;
    this.#shifts = store.recall('shifts') ?? [];
    this.#people = store.recall('people') ?? [];
  }

  /** @returns {Shift | undefined} of the person who is using the device now; a reload ends it */
  get current() {
    return this.#shifts.find(({ id }) => id === this.#current);
  }

  /** @returns {{shift: Shift, waiting: number}[]} the shifts with unsent changes whose PIN has to be typed again */
  get unproved() {
    const waiting = (/** @type {string} */ id) => this.#bell().pending.filter((/** @type {any} */ { shift }) => shift === id).length;
    return this.#shifts.filter(({ id, begun }) => !begun && !this.#pins.has(id) && waiting(id) > 0)
      .map((shift) => ({ shift, waiting: waiting(shift.id) }));
  }

  /** Adds the person's shift to a frame. @param {any} frame */
  stamp(frame) {
    return this.#current && !frame.shift ? { ...frame, shift: this.#current } : frame;
  }

  /** Whether a command has to wait until its PIN is checked. @param {{shift?: string}} pending */
  holds({ shift }) {
    return this.#shifts.some(({ id, begun }) => id === shift && !begun);
  }

  /** Reads the list of people with a PIN, and asks who is there. Without a network it shows the last list. */
  async choose() {
    await this.#show(() => peopleSheet(this.#people, this.current));
  }

  /**
   * Offers to repeat a refused action with a manager's PIN. The device's current person stays the same.
   * @param {string} words what was refused @param {(shift: string) => unknown} again
   */
  async askManager(words, again) {
    this.#asked = again;
    await this.#show(() => managerSheet(words, this.#people.filter(({ role }) => role === 'manager')));
  }

  /** Shows a list of people, and shows it again once the server has sent the current list. @param {() => HTMLElement} view */
  async #show(view) {
    openSheet(view());
    const read = await this.#api.get('/api/v1/devices/current/people').catch(() => null);
    if (!read) return;
    this.#people = read.people.map((/** @type {any} */ { id, name, role, stopped }) => ({ id, name, role, ...(stopped && { stopped }) }));
    this.#store.keep('people', this.#people);
    if (document.querySelector('#sheet[open] [data-people]')) openSheet(view());
  }

  /**
   * Asks for a PIN.
   * @param {string} person their id
   * @param {{shift?: string, once?: string}} [how] shift: one whose PIN was lost with a reload; once: the PIN is for one
   * refused action only
   */
  ask(person, { shift, once } = {}) {
    const known = this.#shifts.find(({ id }) => id === shift)?.person ?? this.#people.find(({ id }) => id === person);
    if (known) openSheet(pinSheet(known, { shift, once }));
  }

  /** @param {HTMLElement} control a key of the pad */
  press(control) {
    const field = /** @type {HTMLInputElement} */ (find('#pin'));
    const key = control.dataset.key ?? '';
    field.value = key === 'back' ? field.value.slice(0, -1) : (field.value + key).slice(0, 6);
  }

  /** Changes the person at once. @param {HTMLFormElement} form */
  submit(form) {
    const { person, shift, once, pin } = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));
    if (!/^[0-9]{4,6}$/.test(pin)) {
      find('#pin-error').textContent = 'A PIN has 4 to 6 digits.';
      return;
    }
    if (once) return void this.#lend(person, pin);
    const known = this.#shifts.find(({ id }) => id === shift);
    const { id, name, role } = known?.person ?? this.#people.find((one) => one.id === person) ?? { id: person, name: '', role: undefined };
    const now = known ?? { id: newId(), person: { id, name, role }, begun: false };
    if (!known) this.#add(now);
    this.#pins.set(now.id, pin);
    this.#current = now.id;
    closeSheet();
    this.#changed();
    this.#check(now);
  }

  /** Carries out an action with a manager's PIN, in the manager's name. @param {string} person @param {string} pin */
  async #lend(person, pin) {
    if (this.#lending) return;
    this.#lending = true;
    const id = newId();
    try {
      await this.#api.post('/api/v1/devices/current/shifts', { id, person, pin });
      closeSheet();
      this.#asked?.(id);
      this.#asked = undefined;
    } catch (error) {
      const place = document.getElementById('pin-error');
      if (place) place.textContent = capital(words(/** @type {any} */ (error)));
    } finally {
      this.#lending = false;
    }
  }

  /** Ends the person's turn on the device. */
  leave() {
    this.#current = undefined;
    this.#changed();
  }

  /** Checks the PINs that could not be checked without a network. */
  retry() {
    for (const shift of this.#shifts) if (!shift.begun && this.#pins.has(shift.id)) this.#check(shift);
  }

  /** @param {Shift} shift */
  async #check(shift) {
    const { id, person } = shift;
    if (this.#checking.has(id)) return;
    this.#checking.add(id);
    try {
      await this.#api.post('/api/v1/devices/current/shifts', { id, person: person.id, pin: this.#pins.get(id) });
      shift.begun = true;
      this.#pins.delete(id);
      this.#keep();
      this.#bell().release();
    } catch (error) {
      const { code } = /** @type {any} */ (error);
      // The PIN stays in memory until the next connection.
      if (code !== 'offline' && code !== 'unavailable' && code !== 'internal') this.#refuse(shift, error);
    } finally {
      this.#checking.delete(id);
      this.#changed();
    }
  }

  /** Handles a shift that the server no longer has: the next touch asks who is there. @param {string | undefined} id */
  ended(id) {
    this.#shifts = this.#shifts.filter((shift) => shift.id !== id);
    if (this.#current === id) this.#current = undefined;
    this.#keep();
    this.#changed();
  }

  /** Withdraws the changes that were made under a wrong PIN, and reports that. @param {Shift} shift @param {any} error */
  #refuse({ id, person }, error) {
    this.#pins.delete(id);
    this.ended(id);
    toast(`${person.name}: ${words(error)}`, { bad: true });
    this.#bell().withdraw((/** @type {any} */ { shift }) => shift === id, new OrderbellError({ code: 'forbidden', reason: error.reason, message: 'the PIN was wrong' }));
  }

  /** @param {Shift} shift */
  #add(shift) {
    const isUsed = (/** @type {Shift} */ { id }) => this.#bell().pending.some((/** @type {any} */ pending) => pending.shift === id);
    const [first] = this.#shifts.length < KEPT ? [] : this.#shifts.filter((one) => !isUsed(one));
    this.#shifts = [...this.#shifts.filter((one) => one !== first), shift];
    this.#keep();
  }

  #keep() {
    this.#store.keep('shifts', this.#shifts);
  }
}

/** @param {{code: string, reason?: string, message: string}} error */
function words({ code, reason, message }) {
  if (code === 'offline') return 'the server cannot be reached. Try again in a moment.';
  if (reason === 'wrong_pin') return 'the PIN is wrong. Nothing was done under it.';
  if (reason === 'pin_stopped') return 'the PIN was wrong too often and no longer works. A manager can set a new one.';
  if (code === 'rate_limited') return 'too many wrong PINs. Try again in 15 minutes.';
  return message;
}

/** @param {string} sentence */
function capital(sentence) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** Names the person's shift in calls that change something. */
export class ShiftApi extends Api {
  #shifts;

  /** @param {ConstructorParameters<typeof Api>[0]} parts @param {() => Shift | undefined} current */
  constructor(parts, current) {
    super(parts);
    this.#shifts = current;
  }

  /** @param {string} method @param {string} path @param {{body?: unknown, headers?: Record<string, string>, as?: 'json' | 'text'}} [options] */
  request(method, path, options = {}) {
    const shift = method === 'GET' ? undefined : this.#shifts();
    return super.request(method, path, shift ? { ...options, headers: { 'orderbell-shift': shift.id, ...options.headers } } : options);
  }
}
