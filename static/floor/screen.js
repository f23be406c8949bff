import { followLifecycle } from '../client/lifecycle.js';
import { Orderbell } from '../client/orderbell.js';
import { Account } from '../shared/account.js';
import { backClosesSheets } from '../shared/back.js';
import { called, isEmptied } from '../shared/order_facts.js';
import { ConnectionBanner } from '../shared/connection_banner.js';
import { find, onAction, pageVersion, render } from '../shared/dom.js';
import { DoubleTouch, ignoreHeldKeys } from '../shared/double_touch.js';
import { connectionWords, place } from '../shared/format.js';
import { HouseRules, asksForRole } from '../shared/house_rules.js';
import { keepFocus } from '../shared/keep_focus.js';
import { renderListed } from '../shared/keyed.js';
import { keepAwake } from '../shared/kiosk.js';
import { followVersion } from '../shared/new_version.js';
import { notDoneWords } from '../shared/not_done.js';
import { OrderBook } from '../shared/order_book.js';
import { tickAges } from '../shared/order_parts.js';
import { keepCopyWhenLive } from '../shared/page_copy.js';
import { redrawing } from '../shared/redraw.js';
import { closeSheet, openSheet } from '../shared/sheet.js';
import { Sound } from '../shared/sound.js';
import { soundButton } from '../shared/sound_button.js';
import { accountButton, pauseButton, silenceButton } from '../shared/staff_bar.js';
import { database, keepLocal, recallLocal, sessionStore } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';
import { whenAt } from '../shared/zone.js';
import { callsView } from './calls_view.js';
import { ClosedOrders } from './closed_orders.js';
import { StaffCommands } from './commands.js';
import { LANES, freeTables, laneOf, lanes, otherVisits, screensOf, tablesOf, unansweredByAge, undrawnByStation, waitingThings } from './lanes.js';
import { DONE_SHOWN, beyondView, floorBlank, laneLinks, menuView, newOrderButton, ordersView, pausedView, screensView, tabsView, undrawnView, unheardView } from './parts.js';
import { OrderEntry } from './entry.js';
import { unsentView } from './entry_view.js';
import { personButton, unprovedView } from './shift_view.js';
import { ShiftApi, Shifts } from './shifts.js';
import { LostOrders } from './lost_orders.js';
import { lostView } from './lost_view.js';
import { NewOrders, sendToKitchen } from './new_orders.js';
import { Ringing } from './ringing.js';
import { StaffService } from './service.js';
import { moveSheet, stepVoid } from './sheets.js';
import { splitSheet, stepSplit, takeAll, wantedSplit } from './split_sheet.js';
import { Sight, beyondWindow, idOf } from './sight.js';
import { tablesView } from './tables_view.js';

/** How often to read the visits, since other waiters free tables, too. */
const VISITS_EVERY_MS = 20_000;
/** Kinds of events that change which visit an order is of. */
const MOVES = new Set(['order.moved', 'item.moved']);
/** How many more done orders each touch draws. */
const DONE_MORE = 50;

/** The floor's page. Draws the rooms, and turns touches into commands and calls. */
export class StaffDesk {
  #bell; #floor; #menu; #book; #newOrders; #entry; #session; #theme; #sound; #ringing; #banner; #commands; #service; #account; #closed; #lost; #rules;
  /** The shifts of a shared device. @type {Shifts | undefined} */ #shifts;
  #touch = new DoubleTouch();
  #sight = new Sight();
  #tab = 'orders';
  #search = '';
  /** When the next order for later begins, server ms. */ #nextStart = Infinity;
  #allCalls = false;
  /** Incoming orders that show their dishes. Bound: cleared with a change of the tab. @type {Set<string>} */
  #opened = new Set();
  /** How many done orders to draw. */ #doneShown = DONE_SHOWN;
  /** Whether to show only tables that need the staff. */ #waiting = false;
  #due = redrawing(() => this.#draw());
  /** Drawn in another frame, since measuring during a draw would cause a second layout. */
  #beyondDue = redrawing(() => this.#drawBeyond());
  /** When the visits were last requested. */ #visitsAt = -Infinity;
  /** @type {(how: 'signed-out' | 'expired') => void} */ #end = () => {};

  /**
   * @param {import('../shared/staff_session.js').Session} session
   * @param {{theme: () => string, setTheme: (theme: string) => void}} theme
   */
  constructor(session, theme) {
    const { tokens, restaurant, username } = session;
    const api = new ShiftApi({ url: location.origin, tokens }, () => this.#shifts?.current);
    this.#session = session;
    this.#account = new Account(session);
    this.#theme = theme;
    if (session.shared) {
      const name = (/** @type {string} */ what) => `shared.${what}.${restaurant.id}`;
      this.#shifts = new Shifts({
        api, bell: () => this.#bell, changed: () => this.#due(),
        store: { recall: (what) => recallLocal(name(what), []), keep: (what, value) => keepLocal(name(what), value) },
      });
    }
    this.#bell = new Orderbell({
      stamp: (frame) => this.#shifts?.stamp(frame) ?? frame, holds: (pending) => this.#shifts?.holds(pending) ?? false,
      url: location.origin, slug: restaurant.slug, tokens, version: pageVersion(), storage: database(),
      session: sessionStore, resume: true, storageKey: `orderbell.outbox.${restaurant.id}.${username}`,
    });
    this.#floor = this.#bell.room(`floor:${restaurant.id}`);
    this.#menu = this.#bell.room(`menu:${restaurant.id}`);
    this.#book = new OrderBook({ bell: this.#bell, room: this.#floor });
    this.#sound = new Sound(() => this.#due());
    this.#ringing = new Ringing({ play: (tune) => this.#sound.play(tune) });
    this.#commands = new StaffCommands({
      bell: this.#bell, order: (id) => this.#orders().find((order) => order.id === id), zone: () => this.#menu.menu?.time_zone, changed: () => this.#due(),
    });
    this.#service = new StaffService({
      api, slug: restaurant.slug, menu: () => this.#menu.menu, now: () => this.#bell.now(), changed: () => this.#due(),
      level: () => this.#bell.welcome?.feature_level ?? 0,
      refused: (error, words, again) => this.#asksManager(error, words, again),
    });
    this.#rules = new HouseRules({ read: () => api.get(`/api/v1/restaurants/${encodeURIComponent(restaurant.slug)}/rules`), changed: () => this.#due() });
    this.#closed = new ClosedOrders({
      room: this.#floor, read: () => this.#service.closed(), changed: () => this.#due(),
      tell: (words) => this.#tellCancelled(words, { stays: true }),
    });
    const kept = `orders.${restaurant.id}.${username}`;
    this.#newOrders = new NewOrders({
      bell: this.#bell, menu: () => this.#menu.menu, store: { recall: () => recallLocal(kept, {}), keep: (baskets) => keepLocal(kept, baskets) },
      on: {
        changed: () => this.#due(), placed: (order, key, round) => this.#placed(order, key, round),
        sentBefore: (key) => this.#sentBefore(key), refused: (key) => this.#refused(key),
      },
    });
    addEventListener('storage', ({ key }) => { if (key === `orderbell.${kept}`) this.#newOrders.reread(); });
    this.#entry = new OrderEntry({
      bell: this.#bell, menu: () => this.#menu.menu, orders: this.#newOrders, tables: () => this.#service.tables,
      open: () => [...this.#floor.documents.values()].filter(({ status }) => LANES[status] !== 'done').sort((a, b) => b.number - a.number),
      changed: () => this.#due(),
    });
    this.#lost = new LostOrders({
      room: this.#floor, restaurant: restaurant.id, list: (from) => this.#service.closedFrom(from), changed: () => this.#due(),
      tell: () => this.#sound.play('cancelled'),
    });
    this.#banner = new ConnectionBanner(this.#bell, {
      banner: find('#offline'), word: find('#connection'), words: connectionWords('What you do is saved and sent later.'),
    });
  }

  /** @returns {Promise<'signed-out' | 'expired'>} */
  run() {
    find('#restaurant-name').textContent = this.#session.restaurant.name;
    this.#follow();
    this.#listen();
    followLifecycle(this.#bell, window);
    followVersion(this.#bell, () => this.#losesNothing());
    keepAwake();
    keepCopyWhenLive('staff', this.#bell);
    setInterval(() => this.#tick(), 1000);
    this.#due();
    this.#bell.start();
    this.#rules.follow();
    this.#closed.read();
    this.#service.readProfile();
    return new Promise((resolve) => { this.#end = resolve; });
  }

  #follow() {
    const due = () => this.#due();
    for (const room of [this.#floor, this.#menu]) {
      for (const name of ['change', 'live', 'refused']) room.on(name, due);
    }
    this.#menu.on('change', () => this.#newOrders.menuChanged());
    this.#floor.on('change', (change) => this.#tell(change));
    // The positions of another history are not comparable.
    this.#floor.on('change', ({ rewritten }) => { if (rewritten) this.#sight = new Sight(); });
    this.#floor.on('change', ({ kind }) => {
      if (MOVES.has(kind) || kind === 'order.placed') this.#visitsAt = -Infinity;
      if (MOVES.has(kind)) this.#followVisits();
    });
    for (const name of ['pending', 'clock']) this.#bell.on(name, due);
    this.#bell.on('answer', (outcome) => {
      const { pending, error } = outcome;
      if (error?.reason === 'shift_over') this.#shifts?.ended(pending.shift);
      if (error && asksForRole(error)) this.#rules.refresh();
      // The dialog for new orders reports their outcome itself.
      if (!error || pending.action === 'place' || error.code === 'closed' || this.#commands.overtaken(outcome)) return;
      const words = notDoneWords(pending, error, this.#orders().find(({ id }) => id === pending.order));
      const { id, at, stuck, shift, ...command } = pending;
      const again = (/** @type {string} */ lent) => this.#bell.command({ ...command, shift: lent }).catch(() => {});
      if (!this.#asksManager(error, words, again)) toast(words, { bad: true });
    });
    this.#bell.on('state', ({ state, reason }) => {
      if (state === 'stopped' && reason === 'unauthorized') this.#end('expired');
      if (state === 'live') this.#shifts?.retry();
      if (state === 'live') this.#rules.refresh();
      due();
    });
  }

  /**
   * On a shared device, offers to repeat a refused change with a manager's PIN. Does not replace an open sheet.
   * @param {any} error @param {string} words what was refused @param {(shift: string) => unknown} again
   * @returns {boolean} whether it asks for a PIN
   */
  #asksManager(error, words, again) {
    if (error.reason !== 'manager_required' || !this.#shifts || document.querySelector('dialog[open]')) return false;
    this.#shifts.askManager(words, again);
    return true;
  }

  /** The role of the person who is using the device now. */
  get #role() {
    return this.#shifts ? this.#shifts.current?.person.role ?? 'staff' : this.#session.role;
  }

  /** Announces what guests do. Colleagues' changes show on the page. @param {any} change */
  #tell({ kind, event, after }) {
    if (kind === 'item.added' && event.by?.role === 'diner') {
      this.#sound.play('ring');
      toast(`Order ${called(after)} (${place(after)}): the guest has added another round.`);
    }
    if (kind !== 'order.cancelled' || event.by?.role !== 'diner') return;
    this.#tellCancelled(`Order ${called(after)} (${place(after)}) was cancelled by the guest.`);
  }

  /**
   * @param {any} order that a waiter has entered @param {string} key @param {boolean} round whether its dishes were added to an
   * existing order
   */
  #placed(order, key, round) {
    this.#entry.done(key);
    if (round) return this.#commands.sayRound(order);
    return sendToKitchen(this.#bell, order, () => toast(order.upcoming
      ? `Order ${called(order)} is for ${whenAt(order.due_at, this.#menu.menu?.time_zone, this.#bell.now())}: ${place(order)}.`
      : `Order ${called(order)} is sent to the kitchen: ${place(order)}.`));
  }

  /** @param {string} key */
  #sentBefore(key) {
    this.#entry.done(key);
    toast('This order was sent before, perhaps with other dishes. Look at the orders.', { bad: true });
  }

  /** @param {string} key */
  #refused(key) {
    if (this.#entry.key !== key) toast('An order was not sent. Open it to see why.', { bad: true });
    this.#due();
  }

  /** @param {string} words @param {{stays?: boolean}} [options] of the toast */
  #tellCancelled(words, options) {
    this.#sound.play('cancelled');
    toast(words, options);
  }

  #listen() {
    onAction(document.body, 'data-action', (action, control, event) => {
      if (this.#touch.trembles(/** @type {PointerEvent} */ (event))) return;
      if (this.#shifts && !this.#shifts.current) return this.#shifts.choose();
      this.#commands.act(action, control);
    });
    ignoreHeldKeys(document);
    keepFocus(document.body);
    backClosesSheets();
    addEventListener('pagehide', () => this.#commands.leave());
    for (const name of ['scroll', 'resize']) addEventListener(name, this.#beyondDue, { passive: true });
    onAction(document.body, 'data-do', (name, control, event) => {
      // After a touch, the next lost order moves up under the finger.
      const trembles = name === 'lost-done' && this.#touch.trembles(/** @type {PointerEvent} */ (event));
      if (!trembles) this.#do(name, control);
    });
    document.body.addEventListener('submit', (event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (form.id !== 'pin-form') return;
      event.preventDefault();
      this.#shifts?.submit(form);
    });
    addEventListener('storage', ({ key }) => key === `orderbell.${this.#lost.name}` && this.#lost.reload());
    addEventListener('keydown', (event) => {
      if (!event.altKey || event.code !== 'KeyN' || event.ctrlKey || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      this.#begin();
    });
    find('#sheet').addEventListener('change', (event) => {
      if (event.target instanceof HTMLSelectElement && event.target.dataset.due) this.#commands.pick(event.target);
    });
    find('#search').addEventListener('input', (event) => {
      this.#search = /** @type {HTMLInputElement} */ (event.target).value;
      this.#due();
    });
  }

  /** Begins an order. @param {HTMLElement} [control] names the table */
  #begin(control) {
    if (this.#shifts && !this.#shifts.current) return void this.#shifts.choose();
    // Other waiters seat guests and managers add tables, so the free tables may have changed.
    this.#service.readVisits();
    this.#entry.begin(control?.dataset.forTable ? { table: control.dataset.forTable, service: 'dine_in' } : undefined);
  }

  /** Adds dishes to an open order. @param {any} order */
  #addTo(order) {
    if (order) this.#entry.begin({ table: order.table, service: order.service, guest: order.guest_name }, order);
  }

  #orders() {
    return this.#book.orders(this.#closed.orders).filter((order) => !isEmptied(order));
  }

  /** @param {string} name @param {HTMLElement} control */
  #do(name, control) {
    /** @type {Record<string, () => void>} */
    const actions = {
      'who': () => this.#shifts?.choose(),
      'pin': () => this.#shifts?.ask(control.dataset.person ?? '', control.dataset),
      'pin-key': () => this.#shifts?.press(control),
      'nobody': () => { this.#shifts?.leave(); closeSheet(); },
      'tab': () => this.#show(control.dataset.tab ?? 'orders'),
      'new-order': () => this.#begin(control),
      'look': () => this.#show('orders', control.dataset.search),
      'clear-search': () => { this.#show(this.#tab); find('#search').focus(); },
      'look-above': () => beyondWindow().above.at(-1)?.scrollIntoView({ block: 'center' }),
      'look-below': () => beyondWindow().below[0]?.scrollIntoView({ block: 'center' }),
      'void-step': () => stepVoid(control),
      'open-order': () => this.#openOrder(control.closest('[data-order]')?.getAttribute('data-order') ?? ''),
      'story': () => this.#service.showStory(this.#orderOf(control)),
      'delivery': () => this.#service.showDelivery(this.#orderOf(control)),
      'more': () => this.#addTo(this.#orderOf(control)),
      'undo-call': () => this.#commands.undoAnswer(control.closest('[data-call]')?.getAttribute('data-call') ?? ''),
      'lost-done': () => this.#lost.dismiss(control.closest('[data-lost]')?.getAttribute('data-lost') ?? ''),
      'all-calls': () => { this.#allCalls = !this.#allCalls; },
      'ask-move': () => this.#askMove(control.dataset.visit ?? ''),
      'move': () => this.#move(control),
      'merge': () => this.#merge(control),
      'ask-split': () => this.#askSplit(control.dataset.visit ?? ''),
      'split-step': () => stepSplit(control),
      'split-all': () => takeAll(control),
      'split': () => this.#split(control),
      'undo-round': () => this.#commands.undoRound(control.dataset.order ?? '', (control.dataset.items ?? '').split(' ')),
      'undo-change': () => this.#changeVisit(this.#commands.undo(control.dataset.change ?? '')),
      'more-done': () => { this.#doneShown += DONE_MORE; },
      'which-tables': () => { this.#waiting = control.dataset.which === 'waiting'; },
      // Any touch enables sound, so there is nothing else to do.
      'hear': () => {},
      'mute': () => this.#sound.toggle(),
      'silence': () => this.#ringing.silence(this.#unanswered()),
      'account': () => this.#account.open({
        name: this.#session.restaurant.name, username: this.#session.username, theme: this.#theme.theme(),
        link: this.#session.role === 'manager' ? { href: '/manage', text: 'Menu, people, report' } : undefined,
      }),
      'theme': () => { this.#theme.setTheme(control.dataset.themeName ?? ''); closeSheet(); },
      'close': () => closeSheet(),
      'start': () => this.#bell.start(),
      'sign-out': () => { this.#commands.leave(); this.#lost.forget(); this.#bell.close(); this.#end('signed-out'); },
    };
    if (actions[name]) actions[name]();
    else if (!this.#entry.act(name, control)) this.#service.act(name, control);
    this.#due();
  }

  /** @param {HTMLElement} control on a card */
  #orderOf(control) {
    const id = control.closest('[data-order]')?.getAttribute('data-order');
    return this.#orders().find((order) => order.id === id);
  }

  /** @param {string} id of a visit */
  #visit(id) {
    return this.#service.visits?.find((one) => one.id === id);
  }

  /** @param {string} id of a visit */
  #askMove(id) {
    const visit = this.#visit(id);
    if (visit) openSheet(moveSheet(visit, this.#freeTables(this.#orders(), this.#floor.calls), otherVisits(this.#service.visits, id)));
  }

  /** @param {string} id of a visit */
  #askSplit(id) {
    const visit = this.#visit(id);
    if (!visit) return;
    const ids = new Set(visit.orders.map((/** @type {any} */ order) => order.id));
    const orders = this.#orders().filter((order) => ids.has(order.id));
    openSheet(splitSheet(visit, orders, this.#freeTables(this.#orders(), this.#floor.calls), otherVisits(this.#service.visits, id)));
  }

  /** @param {HTMLElement} control in the dialog */
  #split(control) {
    const visit = this.#visitOf(control);
    const wanted = wantedSplit(control);
    if (!visit || !wanted) return;
    closeSheet();
    this.#changeVisit(this.#commands.split(visit, wanted.lines, wanted.to, wanted.where));
  }

  /** Returns the visit of the open dialog. @param {HTMLElement} control in it */
  #visitOf(control) {
    return this.#visit(control.closest('[data-visit]')?.getAttribute('data-visit') ?? '');
  }

  /** @param {HTMLElement} control another table in the dialog */
  #merge(control) {
    const visit = this.#visitOf(control);
    const into = this.#visit(control.dataset.into ?? '');
    closeSheet();
    if (visit && into) this.#changeVisit(this.#commands.merge(visit, into));
  }

  /** @param {HTMLElement} control a free table in the dialog */
  #move(control) {
    const visit = this.#visitOf(control);
    closeSheet();
    if (visit) this.#changeVisit(this.#commands.move(visit, control.dataset.toTable ?? ''));
  }

  /** @param {Promise<any>} changing the call that changes the visit; the connection's `answer` event reports a refusal */
  async #changeVisit(changing) {
    const visit = await changing.catch(() => null);
    if (visit) this.#service.changed(visit);
    this.#visitsAt = -Infinity;
  }

  /** @param {any[]} orders @param {Record<string, any>} calls */
  #freeTables(orders, calls) {
    return freeTables(this.#service.tables ?? [], orders, calls, this.#service.visits);
  }

  /** @param {string} id */
  #openOrder(id) {
    if (!this.#opened.delete(id)) this.#opened.add(id);
  }

  /** Whether a reload would lose no input. */
  #losesNothing() {
    return this.#bell.pending.length === 0 && this.#search === '' && this.#commands.answered.size === 0
      && !document.querySelector('dialog[open]');
  }

  /** @param {string} tab @param {string} [wanted] the text to search for in it */
  #show(tab, wanted = '') {
    this.#tab = tab;
    this.#visitsAt = -Infinity;
    this.#followVisits();
    this.#search = wanted;
    this.#doneShown = DONE_SHOWN;
    this.#opened.clear();
    const search = /** @type {HTMLInputElement} */ (find('#search'));
    search.value = wanted;
    search.placeholder = { menu: 'Dish', tables: 'Table' }[tab] ?? 'Number, table, dish';
    scrollTo({ top: 0 });
  }

  #tick() {
    this.#followVisits();
    this.#banner.draw();
    if (tickAges(document, this.#bell.now()) || this.#isBegun()) this.#due();
    this.#ring();
    this.#sight.look(performance.now());
    if (this.#sight.position > 0) this.#bell.seen(this.#floor.name, this.#sight.position);
    this.#beyondDue();
  }

  /** Whether an order that was drawn as upcoming is due to start. Without a connection, no event reports that. */
  #isBegun() {
    const now = this.#bell.now();
    return now >= this.#nextStart;
  }

  /** Reads the visits while their tab is open, and after a new order, which may have begun a visit. */
  #followVisits() {
    if (this.#tab !== 'tables' || this.#bell.state !== 'live' || performance.now() - this.#visitsAt < VISITS_EVERY_MS) return;
    this.#visitsAt = performance.now();
    this.#service.readVisits();
  }

  /** Rings for orders and calls that the screen already shows. */
  #ring() {
    this.#ringing.look(this.#unanswered());
  }

  /** @returns {import('./ringing.js').Thing[]} everything that rings until somebody answers */
  #unanswered() {
    const orders = this.#orders();
    const { answered } = this.#commands;
    const calls = Object.keys(this.#commands.unanswered(this.#floor.calls)).filter((id) => !answered.has(id));
    return waitingThings({ orders, now: this.#bell.now(), undrawn: undrawnByStation(this.#floor.displays, orders), calls });
  }

  #draw() {
    const now = this.#bell.now();
    const orders = this.#orders();
    const all = lanes(orders, now, '');
    this.#nextStart = Math.min(...all.upcoming.map(({ starts_at: at }) => Date.parse(at)));
    const found = this.#search.trim() === '' ? all : lanes(orders, now, this.#search);
    document.title = all.incoming.length > 0 ? `(${all.incoming.length}) Incoming · Orderbell` : 'Staff · Orderbell';
    this.#drawBar(all);
    this.#drawAlarm(orders);
    this.#drawUnsent();
    find('#lost').hidden = this.#lost.orders.length === 0;
    render(find('#lost'), this.#lost.orders.length > 0 && lostView(this.#lost.orders));
    const calls = this.#commands.unanswered(this.#floor.calls);
    const answered = this.#commands.answered;
    // The Tables tab shows each call at its table.
    find('#calls').hidden = Object.keys(calls).length === 0 || this.#tab === 'tables';
    find('#lanes').hidden = this.#tab !== 'orders' || this.#floor.cursor === null;
    render(find('#lanes'), laneLinks(found));
    render(find('#calls'), callsView(calls, { now, all: this.#allCalls, answered }));
    renderListed(find('#main'), this.#content(now, { orders, all, found, calls }));
    this.#rules.mark(document.body, this.#role);
    if (this.#floor.cursor !== null) this.#sight.follow(this.#floor.cursor, this.#waitingInRoom());
    this.#beyondDue();
  }

  /** Orders and calls that wait for an answer according to the room, regardless of this page's unanswered commands. */
  #waitingInRoom() {
    const placed = [...this.#floor.documents.values()].filter((order) => laneOf(order, this.#bell.now()) === 'incoming');
    return [...placed, ...Object.keys(this.#floor.calls).map((id) => ({ id }))];
  }

  /** Shows how many orders and calls wait beyond the window's edges, and names the oldest. */
  #drawBeyond() {
    const { above, below } = beyondWindow();
    const bar = find('#beyond');
    bar.hidden = above.length + below.length === 0;
    const unanswered = unansweredByAge([...this.#floor.documents.values()], this.#floor.calls, this.#bell.now());
    const beyond = (/** @type {Element[]} */ views) => {
      const ids = new Set(views.map(idOf));
      return { number: views.length, unanswered: unanswered.filter(({ id }) => ids.has(id)) };
    };
    render(bar, beyondView(beyond(above), beyond(below)));
  }

  /** Draws the unsent orders, except the one in the open dialog. */
  #drawUnsent() {
    if (find('#entry').hasAttribute('open')) this.#entry.draw();
    const menu = this.#menu.menu;
    const unsent = menu ? unsentView(this.#newOrders.all, menu, this.#entry.key) : [];
    find('#unsent').hidden = unsent.length === 0;
    render(find('#unsent'), unsent);
  }

  /** @param {any[]} orders */
  #drawAlarm(orders) {
    const undrawn = undrawnByStation(this.#floor.displays, orders);
    if (undrawn.length > 0) document.title = 'Not on a screen · Orderbell';
    find('#undrawn').hidden = undrawn.length === 0;
    render(find('#undrawn'), undrawnView(undrawn));
  }

  /** @param {Record<import('./lanes.js').Lane, any[]>} all */
  #drawBar(all) {
    const menu = this.#menu.menu;
    const count = (/** @type {any} */ things, /** @type {(thing: any) => boolean} */ wanted) => Object.values(things ?? {}).filter(wanted).length;
    render(find('#tabs'), tabsView(this.#tab, {
      incoming: all.incoming.length,
      ready: all.ready.length,
      soldOut: count(menu?.items, ({ available }) => !available),
      lost: count(screensOf(this.#floor.displays), ({ connected }) => connected === false),
    }), newOrderButton());
    const rings = !this.#sound.muted && this.#ringing.audible(this.#unanswered()).length > 0;
    render(find('#controls'), rings && silenceButton(), soundButton(this.#sound), menu && !menu.paused && pauseButton(), this.#shifts && personButton(this.#shifts.current?.person.name, this.#shifts.current?.begun ?? false), accountButton());
    const unproved = this.#shifts?.unproved ?? [];
    find('#unproved').hidden = unproved.length === 0;
    render(find('#unproved'), unprovedView(unproved));
    find('#unheard').hidden = !this.#sound.blocked;
    if (this.#sound.blocked) render(find('#unheard'), unheardView());
    find('#paused').hidden = !menu?.paused;
    if (menu?.paused) render(find('#paused'), pausedView(menu));
    find('.search').hidden = this.#tab === 'screens';
  }

  /**
   * @param {number} now
   * @param {{orders: any[], all: Record<import('./lanes.js').Lane, any[]>, found: Record<import('./lanes.js').Lane, any[]>, calls: Record<string, any>}} floor
   * @returns {import('../shared/keyed.js').Listed}
   */
  #content(now, { orders, all, found, calls }) {
    const search = this.#search;
    if (this.#tab === 'menu') {
      return this.#menu.menu ? menuView(this.#menu.menu, search, this.#bell.welcome?.feature_level >= 2) : { view: floorBlank(this.#bell, this.#menu, 'the menu', this.#banner.lostAt) };
    }
    if (this.#floor.cursor === null || this.#floor.refusal || this.#bell.state === 'stopped') {
      return { view: floorBlank(this.#bell, this.#floor, `the ${this.#tab}`, this.#banner.lostAt) };
    }
    if (this.#tab === 'screens') return { view: screensView(this.#floor.displays, now) };
    if (this.#tab === 'tables') {
      return tablesView(tablesOf(orders, calls, now, this.#service.visits), now, {
        search, waiting: this.#waiting, answered: this.#commands.answered,
        free: this.#freeTables(orders, calls),
        moves: this.#bell.welcome?.feature_level >= 2,
      });
    }
    const corrects = this.#bell.welcome?.feature_level >= 2;
    return ordersView(found, { now, zone: this.#menu.menu?.time_zone, minutes: this.#service.minutes, opened: this.#opened, search, done: this.#doneShown, all, corrects });
  }
}
