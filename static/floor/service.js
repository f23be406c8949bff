import { riderNeeds } from '../shared/basket.js';
import { find } from '../shared/dom.js';
import { clock } from '../shared/format.js';
import { closeSheet, openSheet } from '../shared/sheet.js';
import { endGuestSheet, guestsAt, guestsSheet, pairSheet } from '../shared/staff_sheets.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { leastIdAt, leastIdOf } from '../shared/time_ids.js';
import { toast } from '../shared/toasts.js';
import { LOOK_BACK_HOURS, nextAt } from './lanes.js';
import { deliverySheet } from './rider.js';
import { FIRING, freeTableSheet, optionsSheet, pauseSheet, soldOutSheet } from './sheets.js';
import { storySheet } from './story.js';

/** How far back to read closed orders. */
const LOOK_BACK_MS = LOOK_BACK_HOURS * 3_600_000;
const PAGES = 5;
/** The largest error to expect in this page's estimate of the server's time, in ms. */
const READ_MARGIN_MS = 2_000;
/** How often to try a change while other parts of the menu change at the same time. */
const TRIES = 5;

/** The staff's actions over HTTP: sold-out dishes, the pause, screens. Their effects arrive through the rooms. */
export class StaffService {
  #api; #path; #menu; #now; #changed; #tablesKept; #minutesKept; #level; #refused;
  /** Open visits; null before they are read, or if the server has none. @type {any[] | null} */ visits = null;
  /** The labels of all tables; null before they are read, or if the server does not list them. @type {string[] | null} */
  tables = null;
  /** The default promise in minutes; undefined if unknown. @type {number | undefined} */ minutes;
  #reading = false; #again = false;
  /** The menu on which the open sheet is based. @type {any} */ #seen = null;

  /** @param {{api: import('../client/api.js').Api, slug: string, menu: () => any, now: () => number, changed: () => void, level?: () => number,
   *   refused?: (error: any, words: string, again: (shift: string) => unknown) => boolean}} parts now: server ms; level: the feature level
   *   in force; refused: returns whether the page handles the refusal by asking for a manager */
  constructor({ api, slug, menu, now, changed, level = () => 0, refused = () => false }) {
    this.#api = api;
    this.#level = level;
    this.#refused = refused;
    this.#path = `/api/v1/restaurants/${encodeURIComponent(slug)}`;
    this.#menu = menu;
    this.#now = now;
    this.#changed = changed;
    this.#minutesKept = `minutes.${slug}`;
    this.minutes = recallLocal(this.#minutesKept);
    this.#tablesKept = `tables.${slug}`;
    this.tables = recallLocal(this.#tablesKept, null);
  }

  /**
   * @returns {Promise<any[]>} the closed orders of the last hours; the room has only those that were closed while it was joined
   */
  async closed() {
    /** @type {any[]} */
    const closed = [];
    let after = leastIdAt(this.#now() - LOOK_BACK_MS);
    for (let page = 0; after && page < PAGES; page += 1) {
      const { orders, next } = await this.#listClosed(after);
      closed.push(...orders);
      after = next;
    }
    return closed;
  }

  /**
   * @param {string} id of an order @returns {Promise<{orders: any[], next?: string}>} a page of the closed orders, from this
   * one on
   */
  closedFrom(id) {
    return this.#listClosed(leastIdOf(id));
  }

  /** @param {string} after an id */
  #listClosed(after) {
    return this.#api.get(`${this.#path}/orders?status=closed&limit=100&after=${after}`);
  }

  /** Reads the restaurant's default promise. If that fails, the last one stays. */
  async readProfile() {
    const { default_minutes: minutes } = await this.#api.get(this.#path).catch(() => ({}));
    if (minutes === undefined) return;
    this.minutes = minutes;
    keepLocal(this.#minutesKept, minutes);
    this.#changed();
  }

  /** Reads the open visits with their orders. If that fails, the last result stays. */
  async readVisits() {
    if (this.#reading) {
      // The read in progress may have started before the change, so another one follows.
      this.#again = true;
      return;
    }
    this.#reading = true;
    try {
      const read_at = this.#now() - READ_MARGIN_MS;
      const { visits, tables } = await this.#api.get(`${this.#path}/visits`);
      this.visits = visits.map((/** @type {any} */ visit) => ({ ...visit, read_at }));
      if (tables) this.#keepTables(tables);
    } catch (error) {
      if (/** @type {any} */ (error).code === 'not_found') this.visits = null;
    } finally {
      this.#reading = false;
    }
    this.#changed();
    if (!this.#again) return;
    this.#again = false;
    await this.readVisits();
  }

  /** @param {string[]} tables */
  #keepTables(tables) {
    this.tables = tables;
    // Stored, so that a waiter can start an order at a table even without a network.
    keepLocal(this.#tablesKept, tables);
  }

  /**
   * Adopts a visit from the answer to its change, which arrives before the next read.
   * @param {any} visit as the server lists it
   */
  changed(visit) {
    const read_at = this.#now() - READ_MARGIN_MS;
    const ids = new Set(visit.orders.map((/** @type {any} */ { id }) => id));
    // The other one of two visits that were merged, or of a split that was undone, has ended.
    const isOver = (/** @type {any} */ one) => one.id !== visit.id && one.orders.every((/** @type {any} */ { id }) => ids.has(id));
    this.visits = this.visits?.filter((one) => !isOver(one)).map((one) => (one.id === visit.id ? { ...visit, read_at } : one)) ?? null;
    this.#changed();
  }

  /** @param {string} id */
  #askFree(id) {
    const visit = this.visits?.find((one) => one.id === id);
    if (visit) openSheet(freeTableSheet(visit));
  }

  /** @param {string} id */
  async #free(id) {
    closeSheet();
    const { table, bill } = this.visits?.find((one) => one.id === id) ?? {};
    const over = bill ? `Bill ${bill} of table ${table} is closed.` : `Table ${table} is free.`;
    try {
      await this.#api.post(`${this.#path}/visits/${encodeURIComponent(id)}/end`, {});
      toast(over);
    } catch (error) {
      const { code } = /** @type {any} */ (error);
      toast(code === 'not_found' ? over : `Not done: ${words(error)}`, { bad: code !== 'not_found' });
    }
    this.readVisits();
  }

  /** @param {string} name @param {HTMLElement} control */
  act(name, control) {
    if (this.#lacksTime(control)) return;
    if (name.startsWith('ask-') || !control.closest('dialog')) this.#seen = this.#menu();
    const id = control.closest('[data-menu-item]')?.getAttribute('data-menu-item') ?? '';
    const option = control.closest('[data-option]')?.getAttribute('data-option') ?? undefined;
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-options': () => openSheet(optionsSheet(this.#dish(id))),
      'ask-sold-out': () => openSheet(soldOutSheet(this.#dish(id), option)),
      'sold-out': () => this.#setAvailable(id, { available: false, ...this.#until(control), ...(option && { option }) }),
      'available': () => this.#setAvailable(id, { available: true, ...(option && { option }) }),
      'ask-pause': () => openSheet(pauseSheet(this.#menu(), this.#level() >= 2)),
      'guest-rounds': () => this.#setGuestRounds(control.dataset.allowed === 'true'),
      'pause': () => this.#put('/pause', { paused: true, ...this.#until(control) }, 'New orders are paused.', pauseWords),
      'resume': () => this.#put('/pause', { paused: false }, 'Guests can order again.', pauseWords),
      'firing': () => this.#setFiring(control.dataset.firing ?? '', Number(control.dataset.minutes ?? 0)),
      'set-delivery': () => this.#setDelivery(control),
      'ask-pair': () => this.#askPair(),
      'guests': () => this.#showGuests(guestsOf(control).table),
      'ask-end-guest': () => openSheet(endGuestSheet(guestsOf(control).table, guestsOf(control).id)),
      'ask-free': () => this.#askFree(control.dataset.visit ?? ''),
      'free': () => this.#free(control.closest('[data-visit]')?.getAttribute('data-visit') ?? ''),
      'end-guest': () => this.#endGuest(guestsOf(control)),
    };
    actions[name]?.();
  }

  /** @param {HTMLElement} control @returns {{until?: string}} empty for no end */
  #until({ dataset: { minutes = '0', at } }) {
    const until = at ? nextAt(at, this.#now()) : this.#now() + Number(minutes) * 60_000;
    return at || minutes !== '0' ? { until: new Date(until).toISOString() } : {};
  }

  /**
   * Copies the typed time into its button. @param {HTMLElement} control @returns {boolean} whether no valid time is typed yet
   */
  #lacksTime(control) {
    if (control.dataset.at !== '') return false;
    const field = /** @type {HTMLInputElement} */ (find('#until'));
    if (!field.reportValidity()) return true;
    control.dataset.at = field.value;
    return false;
  }

  /** @param {string} id */
  #dish(id) {
    return this.#menu()?.items[id];
  }

  /** @param {string} id @param {{available: boolean, until?: string, option?: string}} body */
  #setAvailable(id, body) {
    const marked = (/** @type {any} */ menu) => (body.option ? menu?.items[id]?.options?.[body.option] : menu?.items[id]);
    const name = marked(this.#menu())?.name ?? 'It';
    // An option that is available has no `available`.
    const isGone = (/** @type {any} */ menu) => marked(menu) === undefined || marked(menu).available === false;
    const fact = (/** @type {any} */ menu) => offWords(isGone(menu), marked(menu)?.until, 'sold out', 'available');
    this.#put(`/menu/items/${encodeURIComponent(id)}/availability`, body, body.available ? `${name} is available again.` : `${name} is sold out.`, fact);
  }

  /** @param {string} firing @param {number} minutes after the course before; 0 for at once */
  #setFiring(firing, minutes) {
    const later = (/** @type {number} */ count) => (count > 0 ? `, ${count} minutes later` : '');
    const fact = (/** @type {any} */ menu) => FIRING[menu.firing ?? 'together'] + later(menu.firing_minutes ?? 0);
    this.#put('/firing', { firing, ...(minutes > 0 && { minutes }) }, `Later courses: ${FIRING[firing]}${later(minutes)}.`, fact);
  }

  /** @param {boolean} allowed */
  #setGuestRounds(allowed) {
    const fact = (/** @type {any} */ menu) => (menu.guest_rounds === false ? 'off' : 'on');
    this.#put('/guest-rounds', { allowed }, allowed ? 'Guests can add rounds again.' : 'Guests can no longer add rounds.', fact);
  }

  /**
   * @param {string} path @param {object} body @param {string} done the text after a success
   * @param {(menu: any) => string} fact the changed value in words; if a colleague has just changed the same value, the person is asked again
   * @param {string} [shift] of a manager who has entered a PIN for this
   */
  async #put(path, body, done, fact, shift) {
    closeSheet();
    let base = this.#seen;
    try {
      for (let tries = 1; ; tries += 1) {
        const headers = { ...(base && { 'if-match': `"${base.position}"` }), ...(shift && { 'orderbell-shift': shift }) };
        try {
          await this.#api.request('PUT', this.#path + path, { body, headers });
          return toast(done);
        } catch (error) {
          const { code, document } = /** @type {any} */ (error);
          if (code !== 'stale' || !document || tries >= TRIES) throw error;
          if (fact(document) !== fact(base)) {
            return toast(`Not done: a colleague has just changed it. It is ${fact(document)}. Do it again to overwrite that.`, { bad: true });
          }
          base = document;
        }
      }
    } catch (error) {
      const said = `Not done: ${words(error)}`;
      if (!this.#refused(error, said, (lent) => this.#put(path, body, done, fact, lent))) toast(said, { bad: true });
    }
  }

  /** @param {any} order */
  async showStory(order) {
    if (!order) return;
    try {
      openSheet(storySheet(await this.#api.get(`/api/v1/orders/${encodeURIComponent(order.id)}/story`), order));
    } catch (error) {
      toast(`Not loaded: ${words(error)}`, { bad: true });
    }
  }

  /** Shows the rider's data. @param {any} order */
  async showDelivery(order) {
    if (!order) return;
    const path = `/api/v1/orders/${encodeURIComponent(order.id)}/delivery`;
    const read = () => this.#api.get(path).catch((error) => (error.code === 'not_found' ? null : Promise.reject(error)));
    try {
      openSheet(deliverySheet(order, await read()));
    } catch (error) {
      toast(`Not loaded: ${words(error)}`, { bad: true });
    }
  }

  /** Stores the rider's data from the open sheet. @param {HTMLElement} control */
  async #setDelivery(control) {
    const sheet = /** @type {HTMLElement} */ (control.closest('[data-order]'));
    const typed = Object.fromEntries([...sheet.querySelectorAll('input')].map(({ name, value }) => [name, value]));
    try {
      await this.#api.put(`/api/v1/orders/${encodeURIComponent(sheet.dataset.order ?? '')}/delivery`, riderNeeds(typed));
      closeSheet();
      toast('The rider’s details are stored.');
    } catch (error) {
      toast(`Not stored: ${words(error)}`, { bad: true });
    }
  }

  /** @param {string} table */
  async #showGuests(table) {
    try {
      const sessions = await guestsAt((path) => this.#api.get(this.#path + path), table);
      openSheet(guestsSheet(table, sessions, this.#now()));
    } catch (error) {
      toast(`Not loaded: ${words(error)}`, { bad: true });
    }
  }

  /** @param {{table: string, id: string}} guest */
  async #endGuest({ table, id }) {
    closeSheet();
    try {
      await this.#api.delete(`${this.#path}/diner-sessions/${encodeURIComponent(id)}`);
      toast('The visit has ended.');
    } catch (error) {
      const { code } = /** @type {any} */ (error);
      toast(code === 'not_found' ? 'The visit had already ended.' : `Not done: ${words(error)}`, { bad: code !== 'not_found' });
    }
    this.#showGuests(table);
  }

  async #askPair() {
    const { stations = [] } = await this.#api.get(this.#path).catch(() => ({}));
    openSheet(pairSheet(stations));
    find('#pair-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#pair(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)));
    });
  }

  /** @param {FormData} form */
  async #pair(form) {
    const code = String(form.get('user_code')).trim().toUpperCase();
    const role = String(form.get('role'));
    const station = role === 'staff' ? '' : String(form.get('station'));
    const name = String(form.get('name')).trim();
    try {
      await this.#api.post(`/api/v1/devices/pairings/${encodeURIComponent(code)}/approval`, { name, ...(role === 'staff' && { role }), ...(station && { station }) });
      closeSheet();
      toast(`${name} is paired and starts by itself.`);
    } catch (error) {
      find('#pair-error').textContent = words(error);
    }
  }
}

/** @param {HTMLElement} control @returns {{table: string, id: string}} */
function guestsOf(control) {
  const of = (/** @type {string} */ name) => control.closest(`[${name}]`)?.getAttribute(name) ?? '';
  return { table: of('data-guests-of'), id: of('data-guest') };
}

/** @param {boolean} off @param {string | undefined} until @param {string} offName @param {string} onName */
function offWords(off, until, offName, onName) {
  if (!off) return onName;
  return until ? `${offName} until ${clock(until)}` : offName;
}

/** @param {any} menu */
function pauseWords({ paused, paused_until }) {
  return offWords(paused, paused_until, 'paused', 'open for orders');
}

/** @param {any} error */
function words({ code, message }) {
  if (code === 'offline') return 'there is no connection. Try again in a moment.';
  return code === 'not_found' ? 'no screen shows this code. Check it and try again.' : message;
}
