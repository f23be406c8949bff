import { Api } from '../client/api.js';
import { followLifecycle } from '../client/lifecycle.js';
import { Orderbell } from '../client/orderbell.js';
import { backClosesSheets } from '../shared/back.js';
import { ConnectionBanner } from '../shared/connection_banner.js';
import { beat, find, onAction, pageVersion } from '../shared/dom.js';
import { DoubleTouch, ignoreHeldKeys } from '../shared/double_touch.js';
import { connectionWords } from '../shared/format.js';
import { HouseRules, asksForRole } from '../shared/house_rules.js';
import { keepFocus } from '../shared/keep_focus.js';
import { keepAwake, toggleFullScreen } from '../shared/kiosk.js';
import { followVersion, loadAgain } from '../shared/new_version.js';
import { notDoneWords } from '../shared/not_done.js';
import { tickAges } from '../shared/order_parts.js';
import { keepCopyWhenLive } from '../shared/page_copy.js';
import { redrawing } from '../shared/redraw.js';
import { Sound } from '../shared/sound.js';
import { database, sessionStore } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';
import { isUpcoming } from '../shared/order_facts.js';
import { KitchenCommands } from './commands.js';
import { listenToKeys } from './keys.js';
import { KitchenOrders } from './orders.js';
import { askAbout } from './session.js';
import { ScreenSettings } from './settings.js';
import { TicketMemory } from './ticket_memory.js';
import { isOpen } from './tickets.js';
import { KitchenView } from './view.js';
import { Watchdog } from './watchdog.js';

/** How often to check for bumped tickets that can no longer be undone. */
const BUMPED_CHECK_MS = 500;
/**
 * How long the screen must be untouched before it may reload; and before it may reload while a dialog is open.
 */
const QUIET_MS = 4_000;
const FORGOTTEN_MS = 60_000;
/** How long the screen must be untouched before all tickets may move, if that shows more. */
const UNTOUCHED_MS = 10_000;

/**
 * How often an unconfirmed cancelled ticket rings again, since somebody may still be cooking it.
 */
const CANCELLED_AGAIN_MS = 30_000;

/** How long the bar shows why a key did nothing. */
const SAID_MS = 6_000;

/** @type {Record<string, string>} */
const NEWS = {
  new: 'A new ticket.', incoming: 'An order is coming in.', changed: 'A ticket has changed.', cancelled: 'A ticket was cancelled or lost.',
};

/** One kitchen screen: turns the room's orders into tickets, and touches into commands. */
export class KitchenScreen {
  #bell; #room; #restaurant; #station; #orders; #commands; #banner; #settings; #sound; #watchdog; #rules;
  /** The restaurant's time zone, once known. @type {string | undefined} */ #zone;
  #memory = new TicketMemory();
  #touch = new DoubleTouch();
  #dialogs = [...document.querySelectorAll('dialog')];
  #view = new KitchenView(() => this.#due());
  /** @type {import('./tickets.js').Ticket[]} */ #tickets = [];
  #redraw = redrawing(() => this.#draw());
  /** Whether a draw is pending. If it stays pending, drawing fails. */ #owed = false;
  #touchedAt = -Infinity;
  /** Checks bumped tickets. One timer for all draws, since one for each would pile up. @type {any} */
  #letGo;
  /** Removes the message in the bar. @type {any} */ #saying;
  /** When a cancelled ticket last rang. */ #warnedAt = -Infinity;
  /** @type {(how: 'unpaired' | 'refused') => void} */ #end = () => {};

  /** @param {import('./session.js').Session} session */
  constructor(session) {
    const { tokens, claims: { restaurant, station, sub } } = session;
    this.#restaurant = restaurant;
    this.#station = station;
    this.#settings = new ScreenSettings(() => this.#due());
    this.#bell = new Orderbell({
      url: location.origin, tokens, version: pageVersion(), storage: database(), session: sessionStore,
      resume: true, storageKey: `orderbell.outbox.${sub}`,
    });
    this.#room = this.#bell.room(`kitchen:${restaurant}`);
    this.#memory.use(this.#memoryName);
    this.#orders = new KitchenOrders({ bell: this.#bell, room: this.#room, memory: this.#memory, tokens, restaurant, station });
    this.#commands = new KitchenCommands({ bell: this.#bell, station });
    const api = new Api({ url: location.origin, tokens });
    this.#rules = new HouseRules({ read: () => api.get(`/api/v1/restaurants/${restaurant}/rules`), changed: () => this.#due() });
    this.#sound = new Sound(() => this.#due());
    this.#banner = new ConnectionBanner(this.#bell, {
      banner: find('#offline'), word: find('#connection'), words: connectionWords('Keep bumping: this screen sends it later.'),
    });
    this.#watchdog = new Watchdog({
      bell: this.#bell, ask: () => askAbout(session), end: () => this.#end('refused'), reload: () => loadAgain('stuck'),
    });
  }

  /** @returns {Promise<'unpaired' | 'refused'>} resolves when this screen has to be paired again */
  run() {
    find('#station').textContent = this.#station ?? 'All stations';
    this.#follow();
    onAction(document.body, 'data-action', (action, control, event) => this.#act(action, control, event));
    ignoreHeldKeys(document);
    onAction(document.body, 'data-do', (name, control, event) => {
      // After a touch, the next cancelled ticket moves up under the finger.
      const trembles = name === 'confirm-cancel' && this.#touch.trembles(/** @type {PointerEvent} */ (event));
      if (!trembles) this.#do(name, control);
    });
    listenToKeys(this.#keys(), document);
    for (const name of ['pointerdown', 'keydown']) addEventListener(name, () => { this.#touchedAt = performance.now(); });
    followLifecycle(this.#bell, window);
    followVersion(this.#bell, () => this.#isQuiet());
    keepAwake();
    backClosesSheets();
    keepFocus(document.body);
    keepCopyWhenLive('kitchen', this.#bell);
    setInterval(() => this.#tick(), 1000);
    this.#due();
    this.#bell.start();
    this.#rules.follow();
    this.#bell.on('state', (/** @type {{state: string}} */ { state }) => state === 'live' && this.#readZone());
    return new Promise((resolve) => { this.#end = resolve; });
  }

  /** Reads the time zone for orders for later. Until then the screen's own zone is used. */
  async #readZone() {
    const profile = await new Api({ url: location.origin }).get(`/api/v1/restaurants/${this.#restaurant}`).catch(() => null);
    if (!profile || profile.time_zone === this.#zone) return;
    this.#zone = profile.time_zone;
    this.#due();
  }

  #follow() {
    const due = () => this.#due();
    for (const name of ['live', 'sync', 'refused']) this.#room.on(name, due);
    for (const name of ['pending', 'clock']) this.#bell.on(name, due);
    this.#orders.on('change', due);
    this.#orders.on('noticed', () => this.#tell('changed'));
    this.#bell.on('answer', ({ pending, error }) => {
      if (!error || error.code === 'closed') return;
      if (asksForRole(error)) this.#rules.refresh();
      toast(notDoneWords(pending, error, this.#tickets.find(({ id }) => id === pending.order)?.order), { bad: true });
    });
    this.#bell.on('state', ({ state, reason }) => {
      if (state === 'stopped' && reason === 'unauthorized') this.#end('refused');
      if (state === 'live') this.#rules.refresh();
      due();
    });
  }

  /** @returns {import('./keys.js').Keys} */
  #keys() {
    return {
      // While a dialog is open, keys do nothing on the board, wherever the focus is.
      enabled: () => this.#settings.values.shortcuts && !document.querySelector('dialog[open]'),
      refuses: (control) => this.#view.isBeyond(control) && this.#refuse('That button is out of sight'),
      slot: (slot) => this.#key(this.#view.atDigit(slot)),
      // Turns at once, since the next key may already be on its way, and digits do nothing while a page turns.
      page: (step) => this.#view.turn(step, 'instant'),
      ticket: (step) => this.#view.focusTicket(step),
      control: (step) => this.#view.focusControl(step),
      enter: () => this.#key(this.#view.atFrame()),
      undo: () => this.#commands.undo(),
      open: (name) => this.#do(name),
    };
  }

  /** @param {string} action @param {HTMLElement} control @param {Event} event */
  #act(action, control, event) {
    const id = control.closest('[data-order]')?.getAttribute('data-order');
    const ticket = this.#tickets.find((one) => one.id === id);
    const item = control.closest('[data-item]')?.getAttribute('data-item') ?? undefined;
    const click = /** @type {PointerEvent} */ (event);
    // Start and bump are different actions. Bump and undo reverse each other, for a ticket as for an item.
    const thing = action === 'start' ? '' : `${id} ${item}`;
    if (!ticket || this.#touch.trembles(click, thing)) return;
    // The finger was on its way to a ticket that has moved since.
    if (click.pointerType === 'touch' && this.#view.misled(ticket.id, click)) return;
    this.#send(action, ticket, item, Number(control.dataset.course) || undefined);
  }

  /** @param {string} action @param {import('./tickets.js').Ticket} ticket @param {string} [item] @param {number} [course] */
  #send(action, ticket, item, course) {
    this.#memory.confirm(ticket.id);
    this.#commands.act(action, ticket, { item, course, filter: this.#settings.values.filter });
  }

  /**
   * @param {{ticket?: import('./tickets.js').Ticket, refusal?: string}} aimed the target of a key
   */
  #key({ ticket, refusal }) {
    if (refusal) this.#refuse(refusal);
    if (ticket && isOpen(ticket)) this.#send('ready', ticket);
    if (ticket?.state !== 'cancelled') return;
    this.#memory.confirm(ticket.id);
    this.#due();
  }

  /**
   * Shows in the bar why a key did nothing. Covers no control and moves no ticket, since the next key may be on its way.
   * @param {string} words
   */
  #refuse(words) {
    clearTimeout(this.#saying);
    find('#said').textContent = words;
    this.#saying = setTimeout(() => { find('#said').textContent = ''; }, SAID_MS);
    return true;
  }

  /** Whether this screen may reload without disturbing anybody. */
  #isQuiet() {
    const untouched = performance.now() - this.#touchedAt;
    if (untouched > FORGOTTEN_MS) return true;
    return untouched > QUIET_MS && this.#bell.pending.length === 0 && !document.querySelector('dialog[open]')
      && !this.#view.shown.some(({ state }) => state === 'bumped');
  }

  /** @param {string} name @param {HTMLElement} [control] */
  #do(name, control) {
    const id = control?.closest('[data-order]')?.getAttribute('data-order');
    const confirm = () => id && this.#memory.confirm(id);
    /** @type {Record<string, () => void>} */
    const actions = {
      'confirm-change': confirm,
      'confirm-cancel': confirm,
      'cancelled': () => this.#view.toggleCancelled(),
      'recall': () => sheet('#recall-sheet').showModal(),
      'settings': () => sheet('#settings-sheet').showModal(),
      'close': () => control?.closest('dialog')?.close(),
      'all-day': () => this.#settings.set({ allDay: !this.#settings.values.allDay }),
      'mute': () => this.#sound.toggle(),
      'full': () => toggleFullScreen(),
      'filter': () => this.#settings.set({ filter: control?.dataset.station ?? '' }),
      'page-on': () => this.#view.turn(1),
      'page-back': () => this.#view.turn(-1),
      'step': () => this.#settings.step(control?.dataset.name ?? '', Number(control?.dataset.by)),
      'start': () => this.#bell.start(),
      'unpair': () => twice(control, 'Touch again to unpair') && this.#unpair(),
    };
    actions[name]?.();
    this.#due();
  }

  /** Rings, and announces to screen readers. @param {string} what */
  #tell(what) {
    this.#sound.play(what);
    if (what === 'cancelled') this.#warnedAt = performance.now();
    find('#announce').textContent = NEWS[what];
  }

  #unpair() {
    this.#bell.close();
    this.#end('unpaired');
  }

  #tick() {
    if (!this.#owed) beat();
    this.#watchdog.look();
    this.#banner.draw();
    if (this.#memory.cancelled.length > 0 && performance.now() - this.#warnedAt > CANCELLED_AGAIN_MS) this.#tell('cancelled');
    if (performance.now() - this.#touchedAt > FORGOTTEN_MS) this.#tidy();
    const isBegun = this.#tickets.some(({ state, order }) => state === 'upcoming' && !isUpcoming(order, this.#bell.now()));
    if (tickAges(document, this.#bell.now(), (age) => this.#view.isNear(age)) || isBegun) this.#due();
  }

  /** Returns to the oldest tickets after a cook has left. Closes an open dialog, since it covers tickets. */
  #tidy() {
    for (const dialog of this.#dialogs) if (dialog.open) dialog.close();
    this.#view.first();
  }

  #due() {
    this.#owed = true;
    this.#redraw();
  }

  /** The station that is shown: the screen's own one, or else the chosen one; undefined for all. */
  get #shownStation() {
    return this.#station ?? (this.#settings.values.filter || undefined);
  }

  get #memoryName() {
    return `${this.#restaurant}.${this.#shownStation ?? 'expo'}`;
  }

  #draw() {
    const station = this.#shownStation;
    this.#memory.use(this.#memoryName);
    this.#tickets = this.#orders.tickets(station, this.#bell.now());
    // Before the first snapshot the orders are unknown, so nothing rings.
    if (this.#room.cursor !== null) {
      for (const sound of this.#memory.observe(this.#tickets, performance.now())) this.#tell(sound);
    }
    this.#view.draw({
      tickets: this.#tickets, memory: this.#memory, settings: this.#settings.values, sound: this.#sound,
      station, bound: this.#station !== undefined, zone: this.#zone, bell: this.#bell, room: this.#room,
      untouched: performance.now() - this.#touchedAt > UNTOUCHED_MS,
    });
    this.#rules.mark(document.body, 'kitchen');
    clearTimeout(this.#letGo);
    if (this.#view.shown.some(({ state }) => state === 'bumped')) this.#letGo = setTimeout(() => this.#due(), BUMPED_CHECK_MS);
    this.#owed = false;
  }
}

/**
 * Asks for a second touch before an action that cannot be undone.
 * @param {HTMLElement | undefined} control
 * @param {string} words
 */
function twice(control, words) {
  if (!control || control.textContent === words) return true;
  control.textContent = words;
  return false;
}

/** @param {string} selector */
function sheet(selector) {
  return /** @type {HTMLDialogElement} */ (find(selector));
}
