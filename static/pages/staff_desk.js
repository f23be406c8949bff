import { followLifecycle } from '../client/lifecycle.js';
import { Api, Orderbell } from '../client/orderbell.js';
import { backClosesSheets } from '../views/back.js';
import { ConnectionBanner } from '../views/connection_banner.js';
import { find, onAction, pageVersion, render } from '../views/dom.js';
import { connectionWords, place } from '../views/format.js';
import { soundButton } from '../views/kitchen_panels.js';
import { tickAges } from '../views/order_parts.js';
import { redrawing } from '../views/redraw.js';
import { closeSheet } from '../views/sheet.js';
import { Sound } from '../views/sound.js';
import { callsView } from '../views/staff_calls.js';
import { lanes, screensOf, tablesOf, undrawnByStation } from '../views/staff_model.js';
import { floorBlank, laneLinks, menuView, ordersView, pausedView, screensView, tabsView, undrawnView } from '../views/staff_parts.js';
import { stepVoid } from '../views/staff_sheets.js';
import { accountButton, pauseButton } from '../views/staff_bar.js';
import { tablesView } from '../views/staff_tables.js';
import { toast } from '../views/toasts.js';
import { Account } from './account.js';
import { DoubleTouch, ignoreHeldKeys } from './double_touch.js';
import { afterPaint } from './kiosk.js';
import { followVersion } from './new_version.js';
import { OrderBook } from './order_book.js';
import { StaffCommands } from './staff_commands.js';
import { StaffService } from './staff_service.js';

/** An order that nobody takes, or that no screen of the kitchen shows, rings this often. */
const RING_EVERY_MS = 4000;
/** What tables have had is read this often: other waiters free tables, too. */
const VISITS_EVERY_MS = 20_000;
/** Nobody has touched the page for this long: it may load itself anew. */
const QUIET_MS = 15_000;

/** The floor: what the rooms say goes in, touches become commands and calls. */
export class StaffDesk {
  #bell; #floor; #menu; #book; #session; #theme; #sound; #banner; #commands; #service; #account;
  #touch = new DoubleTouch();
  #tab = 'orders';
  #search = '';
  #allCalls = false;
  /** Of the tables, only those that want somebody. */ #waiting = false;
  /** Closed before this page was opened. @type {any[]} */ #earlier = [];
  #due = redrawing(() => this.#draw());
  #rangAt = 0;
  /** When the visits were last asked for. */ #visitsAt = -Infinity;
  #touchedAt = -Infinity;
  /** @type {(how: 'signed-out' | 'expired') => void} */ #end = () => {};

  /**
   * @param {import('./staff_session.js').Session} session
   * @param {{theme: () => string, setTheme: (theme: string) => void}} theme
   */
  constructor(session, theme) {
    const { tokens, restaurant, username } = session;
    const api = new Api({ url: location.origin, tokens });
    this.#session = session;
    this.#account = new Account(session);
    this.#theme = theme;
    this.#bell = new Orderbell({
      url: location.origin, slug: restaurant.slug, tokens, version: pageVersion(), storage: indexedDB, resume: true,
      storageKey: `orderbell.outbox.${restaurant.id}.${username}`,
    });
    this.#floor = this.#bell.room(`floor:${restaurant.id}`);
    this.#menu = this.#bell.room(`menu:${restaurant.id}`);
    this.#book = new OrderBook({ bell: this.#bell, room: this.#floor });
    this.#sound = new Sound(() => this.#due());
    this.#commands = new StaffCommands({
      bell: this.#bell, order: (id) => this.#orders().find((order) => order.id === id), changed: () => this.#due(),
    });
    this.#service = new StaffService({
      api, slug: restaurant.slug, menu: () => this.#menu.menu, now: () => this.#bell.now(), changed: () => this.#due(),
    });
    this.#banner = new ConnectionBanner(this.#bell, {
      banner: find('#offline'), word: find('#connection'), words: connectionWords('What you do is kept and sent.'),
    });
  }

  /** @returns {Promise<'signed-out' | 'expired'>} */
  run() {
    find('#restaurant-name').textContent = this.#session.restaurant.name;
    this.#follow();
    this.#listen();
    followLifecycle(this.#bell, window);
    followVersion(this.#bell, () => this.#isQuiet());
    setInterval(() => this.#tick(), 1000);
    this.#due();
    this.#bell.start();
    this.#service.closed().then((orders) => { this.#earlier = orders; this.#due(); });
    return new Promise((resolve) => { this.#end = resolve; });
  }

  #follow() {
    const due = () => this.#due();
    for (const room of [this.#floor, this.#menu]) {
      for (const name of ['change', 'live', 'refused']) room.on(name, due);
    }
    this.#floor.on('change', (change) => this.#tell(change));
    this.#floor.on('change', ({ kind }) => { if (kind === 'order.placed') this.#visitsAt = -Infinity; });
    for (const name of ['pending', 'clock']) this.#bell.on(name, due);
    // What was drawn on a hidden page is seen once the page is.
    document.addEventListener('visibilitychange', due);
    this.#bell.on('answer', (outcome) => {
      const { error } = outcome;
      if (error && error.code !== 'closed' && !this.#commands.overtaken(outcome)) toast(`Not done: ${error.message}`, { bad: true });
    });
    this.#bell.on('state', ({ state, reason }) => {
      if (state === 'stopped' && reason === 'unauthorized') this.#end('expired');
      due();
    });
  }

  /** What guests do is told; what colleagues do is seen. @param {any} change */
  #tell({ kind, event, after }) {
    if (kind === 'call.raised') this.#sound.play('call');
    if (kind !== 'order.cancelled' || event.by?.role !== 'diner') return;
    this.#sound.play('cancelled');
    toast(`Order ${after.number} (${place(after)}) was cancelled by the guest.`);
  }

  #listen() {
    onAction(document.body, 'data-action', (action, control, event) => {
      if (!this.#touch.trembles(/** @type {PointerEvent} */ (event))) this.#commands.act(action, control);
    });
    ignoreHeldKeys(document);
    backClosesSheets();
    addEventListener('pagehide', () => this.#commands.leave());
    for (const name of ['pointerdown', 'keydown']) addEventListener(name, () => { this.#touchedAt = performance.now(); });
    onAction(document.body, 'data-do', (name, control) => this.#do(name, control));
    find('#search').addEventListener('input', (event) => {
      this.#search = /** @type {HTMLInputElement} */ (event.target).value;
      this.#due();
    });
  }

  #orders() {
    return this.#book.orders(this.#earlier);
  }

  /** @param {string} name @param {HTMLElement} control */
  #do(name, control) {
    /** @type {Record<string, () => void>} */
    const deeds = {
      'tab': () => this.#show(control.dataset.tab ?? 'orders'),
      'look': () => this.#show('orders', control.dataset.search),
      'void-step': () => stepVoid(control),
      'minutes': () => this.#commands.chooseMinutes(control),
      'undo-call': () => this.#commands.undoAnswer(control.closest('[data-call]')?.getAttribute('data-call') ?? ''),
      'all-calls': () => { this.#allCalls = !this.#allCalls; },
      'which-tables': () => { this.#waiting = control.dataset.which === 'waiting'; },
      'mute': () => this.#sound.toggle(),
      'account': () => this.#account.open({
        name: this.#session.restaurant.name, username: this.#session.username, theme: this.#theme.theme(),
        link: this.#session.role === 'manager' ? { href: '/manage', text: 'Menu, people, report' } : undefined,
      }),
      'theme': () => { this.#theme.setTheme(control.dataset.themeName ?? ''); closeSheet(); },
      'close': () => closeSheet(),
      'start': () => this.#bell.start(),
      'sign-out': () => { this.#commands.leave(); this.#bell.close(); this.#end('signed-out'); },
    };
    if (deeds[name]) deeds[name]();
    else this.#service.act(name, control);
    this.#due();
  }

  /** Nothing is half done: the page may load itself anew. */
  #isQuiet() {
    const untouched = performance.now() - this.#touchedAt;
    return (document.visibilityState === 'hidden' || untouched > QUIET_MS)
      && this.#bell.pending.length === 0 && this.#search === '' && this.#commands.minutes.size === 0 && !document.querySelector('dialog[open]');
  }

  /** @param {string} tab @param {string} [wanted] what to search for in it */
  #show(tab, wanted = '') {
    this.#tab = tab;
    this.#visitsAt = -Infinity;
    this.#followVisits();
    this.#search = wanted;
    const search = /** @type {HTMLInputElement} */ (find('#search'));
    search.value = wanted;
    search.placeholder = { menu: 'Dish', tables: 'Table' }[tab] ?? 'Number, table, dish';
    scrollTo({ top: 0 });
  }

  #tick() {
    this.#followVisits();
    this.#banner.draw();
    if (tickAges(document, this.#bell.now())) this.#due();
    this.#ring();
  }

  /** What tables have had is read while it is looked at, and when a new order may have begun a visit. */
  #followVisits() {
    if (this.#tab !== 'tables' || this.#bell.state !== 'live' || performance.now() - this.#visitsAt < VISITS_EVERY_MS) return;
    this.#visitsAt = performance.now();
    this.#service.readVisits();
  }

  /** Orders that no screen of the kitchen shows. */
  #undrawn() {
    return undrawnByStation(this.#floor.displays, this.#orders());
  }

  /** Rings until somebody takes the order or answers the call; one that is rung for is on the screen already. */
  #ring() {
    const waiting = this.#orders().some((order) => order.status === 'placed') || this.#undrawn().length > 0;
    const called = Object.keys(this.#commands.unanswered(this.#floor.calls)).some((id) => !this.#commands.answered.has(id));
    if (!(waiting || called) || performance.now() - this.#rangAt < RING_EVERY_MS) return;
    this.#rangAt = performance.now();
    this.#sound.play(waiting ? 'ring' : 'call');
  }

  #draw() {
    const now = this.#bell.now();
    const all = lanes(this.#orders(), now, '');
    document.title = all.incoming.length > 0 ? `(${all.incoming.length}) Incoming · Orderbell` : 'Staff · Orderbell';
    this.#drawBar(all);
    this.#drawAlarm();
    const calls = this.#commands.unanswered(this.#floor.calls);
    const answered = this.#commands.answered;
    // By table, each stands at its own.
    find('#calls').hidden = Object.keys(calls).length === 0 || this.#tab === 'tables';
    find('#lanes').hidden = this.#tab !== 'orders' || this.#floor.cursor === null;
    render(find('#lanes'), laneLinks(lanes(this.#orders(), now, this.#search)));
    render(find('#calls'), callsView(calls, { now, all: this.#allCalls, answered }));
    render(find('#main'), this.#content(now));
    this.#report();
  }

  /** Reports what is on the glass: only when every order and every call is, so behind another tab, in a search, or with calls folded away nothing. */
  #report() {
    const { cursor, name } = this.#floor;
    const isFolded = find('#calls').querySelector('[data-do="all-calls"][aria-expanded="false"]') !== null;
    const isWhole = this.#search === '' && (this.#tab === 'orders' ? !isFolded : this.#tab === 'tables' && !this.#waiting);
    if (cursor !== null && isWhole) afterPaint(() => this.#bell.seen(name, cursor));
  }

  #drawAlarm() {
    const undrawn = this.#undrawn();
    if (undrawn.length > 0) document.title = 'Not on a screen · Orderbell';
    find('#undrawn').hidden = undrawn.length === 0;
    render(find('#undrawn'), undrawnView(undrawn));
  }

  /** @param {Record<import('../views/staff_model.js').Lane, any[]>} all */
  #drawBar(all) {
    const menu = this.#menu.menu;
    const count = (/** @type {any} */ things, /** @type {(thing: any) => boolean} */ wanted) => Object.values(things ?? {}).filter(wanted).length;
    render(find('#tabs'), tabsView(this.#tab, {
      incoming: all.incoming.length,
      ready: all.ready.length,
      soldOut: count(menu?.items, ({ available }) => !available),
      lost: count(screensOf(this.#floor.displays), ({ connected }) => connected === false),
    }));
    render(find('#controls'), soundButton(this.#sound), menu && !menu.paused && pauseButton(), accountButton());
    find('#paused').hidden = !menu?.paused;
    if (menu?.paused) render(find('#paused'), pausedView(menu));
    find('.search').hidden = this.#tab === 'screens';
  }

  /** @param {number} now */
  #content(now) {
    if (this.#tab === 'menu') {
      return this.#menu.menu ? menuView(this.#menu.menu, this.#search) : floorBlank(this.#bell, this.#menu);
    }
    if (this.#floor.cursor === null || this.#floor.refusal || this.#bell.state === 'stopped') {
      return floorBlank(this.#bell, this.#floor);
    }
    if (this.#tab === 'screens') return screensView(this.#floor.displays, now);
    if (this.#tab === 'tables') {
      return tablesView(tablesOf(this.#orders(), this.#commands.unanswered(this.#floor.calls), now, this.#service.visits), now, { search: this.#search, waiting: this.#waiting, answered: this.#commands.answered });
    }
    const found = lanes(this.#orders(), now, this.#search);
    return ordersView(found, { now, minutes: this.#commands.minutes, search: this.#search });
  }
}
