import { followLifecycle } from '../client/lifecycle.js';
import { Orderbell } from '../client/orderbell.js';
import { ConnectionBanner } from '../views/connection_banner.js';
import { find, onAction } from '../views/dom.js';
import { listenToKeys } from '../views/kitchen_keys.js';
import { TicketMemory } from '../views/kitchen_memory.js';
import { hasSlot, isOpen } from '../views/kitchen_model.js';
import { tickAges } from '../views/order_parts.js';
import { ScreenSettings } from '../views/kitchen_settings.js';
import { Sound } from '../views/sound.js';
import { toast } from '../views/toasts.js';
import { DoubleTouch, ignoreHeldKeys } from './double_touch.js';
import { keepAwake, toggleFullScreen } from './kiosk.js';
import { KitchenCommands } from './kitchen_commands.js';
import { KitchenOrders } from './kitchen_orders.js';
import { KitchenView } from './kitchen_view.js';

/** How often a bumped ticket is looked at, to let it go when its undo is over. */
const BUMPED_CHECK_MS = 500;

/** @type {Record<string, string>} */
const NEWS = {
  new: 'A new ticket.', incoming: 'An order is coming in.', changed: 'A ticket has changed.', cancelled: 'A ticket was cancelled.',
};

/** One kitchen screen: what the room says goes in, tickets come out, touches become commands. */
export class KitchenScreen {
  #bell; #room; #restaurant; #station; #orders; #commands; #banner; #settings; #sound;
  #memory = new TicketMemory();
  #touch = new DoubleTouch();
  #view = new KitchenView();
  /** @type {import('../views/kitchen_model.js').Ticket[]} */ #tickets = [];
  #drawDue = false;
  /** @type {() => void} */ #end = () => {};

  /** @param {import('./kitchen_session.js').Session} session */
  constructor({ tokens, claims: { restaurant, station, sub } }) {
    this.#restaurant = restaurant;
    this.#station = station;
    this.#settings = new ScreenSettings(() => this.#due());
    this.#bell = new Orderbell({ url: location.origin, tokens, storage: localStorage, storageKey: `orderbell.outbox.${sub}` });
    this.#room = this.#bell.room(`kitchen:${restaurant}`);
    this.#memory.use(this.#memoryName);
    this.#orders = new KitchenOrders({ bell: this.#bell, room: this.#room, memory: this.#memory, tokens, station });
    this.#commands = new KitchenCommands({ bell: this.#bell, station });
    this.#sound = new Sound(() => this.#due());
    this.#banner = new ConnectionBanner(this.#bell, {
      banner: find('#offline'), word: find('#connection'), promise: 'Go on: bumps are kept and sent.',
    });
  }

  /** @returns {Promise<void>} resolves when this screen has to be paired anew */
  run() {
    find('#station').textContent = this.#station ?? 'All stations';
    this.#follow();
    onAction(document.body, 'data-action', (action, control, event) => this.#act(action, control, event));
    ignoreHeldKeys(document);
    onAction(document.body, 'data-do', (name, control) => this.#do(name, control));
    listenToKeys(this.#keys(), document);
    followLifecycle(this.#bell, window);
    keepAwake();
    setInterval(() => this.#tick(), 1000);
    this.#due();
    this.#bell.start();
    return new Promise((resolve) => { this.#end = resolve; });
  }

  #follow() {
    const due = () => this.#due();
    for (const name of ['live', 'sync', 'refused']) this.#room.on(name, due);
    for (const name of ['pending', 'clock']) this.#bell.on(name, due);
    this.#orders.on('change', due);
    this.#orders.on('noticed', () => this.#tell('changed'));
    this.#bell.on('answer', ({ error }) => {
      if (error && error.code !== 'closed') toast(`Not done: ${error.message}`, { bad: true });
    });
    this.#bell.on('state', ({ state, reason }) => {
      if (state === 'stopped' && reason === 'unauthorized') this.#end();
      due();
    });
  }

  /** @returns {import('../views/kitchen_keys.js').Keys} */
  #keys() {
    return {
      enabled: () => this.#settings.values.shortcuts,
      slot: (slot) => this.#bump(this.#view.shown.filter(hasSlot)[slot - 1]),
      ticket: (step) => this.#view.focusTicket(step),
      control: (step) => this.#view.focusControl(step),
      enter: () => this.#bump(this.#view.selected),
      undo: () => this.#undo(),
      open: (name) => this.#do(name),
    };
  }

  /** @param {string} action @param {HTMLElement} control @param {Event} event */
  #act(action, control, event) {
    const id = control.closest('[data-order]')?.getAttribute('data-order');
    const ticket = this.#tickets.find((one) => one.id === id);
    const item = control.closest('[data-item]')?.getAttribute('data-item') ?? undefined;
    if (ticket && !this.#touch.trembles(/** @type {PointerEvent} */ (event))) this.#send(action, ticket, item);
  }

  /** @param {string} action @param {import('../views/kitchen_model.js').Ticket} ticket @param {string} [item] */
  #send(action, ticket, item) {
    this.#memory.confirm(ticket.id);
    const undo = action === 'recall' && this.#memory.undoable(ticket.id, performance.now());
    this.#commands.act(action, ticket, { item, undo, filter: this.#settings.values.filter });
  }

  /** @param {import('../views/kitchen_model.js').Ticket | undefined} ticket */
  #bump(ticket) {
    if (ticket && isOpen(ticket)) this.#send('ready', ticket);
  }

  #undo() {
    const bumped = this.#view.shown.filter(({ state }) => state === 'bumped');
    const last = bumped.find(({ id }) => id === this.#commands.lastBumped) ?? bumped.at(-1);
    if (last) this.#send('recall', last);
  }

  /** @param {string} name @param {HTMLElement} [control] */
  #do(name, control) {
    const id = control?.closest('[data-order]')?.getAttribute('data-order');
    const confirm = () => id && this.#memory.confirm(id);
    /** @type {Record<string, () => void>} */
    const deeds = {
      'confirm-change': confirm,
      'confirm-cancel': confirm,
      'recall': () => sheet('#recall-sheet').showModal(),
      'settings': () => sheet('#settings-sheet').showModal(),
      'close': () => control?.closest('dialog')?.close(),
      'all-day': () => this.#settings.set({ allDay: !this.#settings.values.allDay }),
      'mute': () => this.#sound.toggle(),
      'full': () => toggleFullScreen(),
      'filter': () => this.#settings.set({ filter: control?.dataset.station ?? '' }),
      'scroll': () => find('#board').scrollBy({ left: find('#board').clientWidth * 0.9 }),
      'start': () => this.#bell.start(),
      'unpair': () => twice(control, 'Touch again to unpair') && this.#unpair(),
    };
    deeds[name]?.();
    this.#due();
  }

  /** Heard by ear, and by a screen reader. @param {string} what */
  #tell(what) {
    this.#sound.play(what);
    find('#announce').textContent = NEWS[what];
  }

  #unpair() {
    this.#bell.close();
    this.#end();
  }

  #tick() {
    this.#banner.draw();
    if (tickAges(document, this.#bell.now())) this.#due();
  }

  /** Many frames may come before the next picture: they are one redraw. */
  #due() {
    if (this.#drawDue) return;
    this.#drawDue = true;
    const draw = () => { this.#drawDue = false; this.#draw(); };
    // A hidden page gets no frames, and still has to ring.
    if (document.visibilityState === 'visible') requestAnimationFrame(draw);
    else setTimeout(draw, 100);
  }

  /** A screen with a station of its own shows that one; any other may look at one, or at all of them. */
  get #shownStation() {
    return this.#station ?? (this.#settings.values.filter || undefined);
  }

  get #memoryName() {
    return `${this.#restaurant}.${this.#shownStation ?? 'expo'}`;
  }

  #draw() {
    const station = this.#shownStation;
    this.#memory.use(this.#memoryName);
    this.#tickets = this.#orders.tickets(station);
    // Before the first snapshot nothing is known, and nothing may ring.
    if (this.#room.cursor !== null) {
      for (const sound of this.#memory.observe(this.#tickets, performance.now())) this.#tell(sound);
    }
    this.#view.draw({
      tickets: this.#tickets, memory: this.#memory, settings: this.#settings.values, sound: this.#sound,
      station, bound: this.#station !== undefined, bell: this.#bell, room: this.#room,
    });
    if (this.#view.shown.some(({ state }) => state === 'bumped')) setTimeout(() => this.#due(), BUMPED_CHECK_MS);
  }
}

/** What cannot be undone asks for a second touch. @param {HTMLElement | undefined} control @param {string} words */
function twice(control, words) {
  if (!control || control.textContent === words) return true;
  control.textContent = words;
  return false;
}

/** @param {string} selector */
function sheet(selector) {
  return /** @type {HTMLDialogElement} */ (find(selector));
}
