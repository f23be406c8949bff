import { Api } from '../client/api.js';
import { followLifecycle } from '../client/lifecycle.js';
import { WORDS, errorWords, money, setZone } from '../languages/language.js';
import { backClosesSheets } from '../shared/back.js';
import { total } from '../shared/basket.js';
import { called } from '../shared/order_facts.js';
import { ConnectionBanner } from '../shared/connection_banner.js';
import { defaultsOf, isChosenWell } from '../shared/choices.js';
import { find, h, onAction, render } from '../shared/dom.js';
import { keepFocus } from '../shared/keep_focus.js';
import { listOf, renderListed } from '../shared/keyed.js';
import { redrawing } from '../shared/redraw.js';
import { isForgetful, keepLocal, recallLocal } from '../shared/storage.js';
import { endToasts, toast } from '../shared/toasts.js';
import { BasketSheet } from './basket_sheet.js';
import { Calls } from './calls.js';
import { ChoiceSheet } from './choice_sheet.js';
import { CONNECTION_WORDS } from './frame.js';
import { withHours } from './hours.js';
import { beforeLeaving, forgetOrder, isRewritten, keepMenu, keepOrders, lastMenu, lastOrders, leftOrders } from './last_seen.js';
import { lostOrder } from './lost_order.js';
import { MenuSearch, searchField } from './menu_search.js';
import { categoryLinks, linkNote, menuEntries } from './menu_view.js';
import { finishedOrder, orderCard, refusedOrder } from './order_card.js';
import { OrderStrip } from './order_strip.js';
import { fellThrough, isFinal } from './order_view.js';
import { Receipts, SecondTouch, showInstead, tellProgress, vibrate } from './page_state.js';
import { Refusals } from './refusals.js';
import { SectionBar } from './section_bar.js';
import { drawBasketBar, drawPause, followBasketBar, furnishTable, hideTable, showBar } from './table_frame.js';
import { tableOf } from './visit.js';
import { VisitOrders } from './visit_orders.js';

/** How often to redraw the banner's age. */
const TICK_MS = 1_000;
/** Bound: how many unread refusals are shown unfolded, newest first. More would bury the menu. */
const UNFOLDED_REFUSALS = 2;
/** How many closed orders are shown outside the fold of earlier ones. */
const SHOWN_CLOSED = 3;
/** The key of the fold of earlier orders, among the orders that the guest has opened. */
const EARLIER = 'earlier';
/** Promised times change by the minute, so they are not redrawn every second. */
const TICKS_PER_DRAWING = 10;

/** How many dishes are drawn in one frame while the page loads. */
const DISHES_AT_ONCE = 20;

/** The table's page: the menu, the basket, and this visit's orders, all live. */
export class TablePage {
  #visit; #place; #bell; #orders; #refusals; #receipts; #menuRoom; #basket; #choice; #calls; #banner;
  /** The menu from an earlier page or a call, until the room has its own. @type {any} */ #firstMenu;
  /** Orders of an earlier session. @type {import('./last_seen.js').Seen[]} */ #left;
  /**
   * The sheet that shows an order instead of its own page, once the guest follows one. @type
   * {import('./order_sheet.js').OrderSheet | null}
   */
  #orderSheet = null;
  /** Draws the replacement for the menu, if the page cannot show the menu. @type {(() => void) | null} */ #instead = null;
  #settled = false;
  /** Finished orders that the guest has opened. @type {Set<string>} */ #opened = new Set();
  #ticks = 0;
  /** How many dishes are drawn so far, section by section. */ #dishes = DISHES_AT_ONCE;
  #search = new MenuSearch();
  #sections = new SectionBar(find('#categories'));
  #strip = new OrderStrip(find('#order-strip'), showBar);
  #draw = redrawing(() => this.#bell.state !== 'stopped' && this.#drawNow());
  #cancels = new SecondTouch(() => this.#draw());
  #main = find('#main');

  /** @param {import('./visit.js').Visit} visit @param {import('./visit.js').Place} place */
  constructor(visit, place) {
    this.#visit = visit;
    this.#place = place;
    const seen = lastMenu(place.restaurant.id);
    this.#firstMenu = seen?.document ?? null;
    // Storage is read before connecting, since from the first tap on an unanswered order must survive a reload.
    this.#bell = visit.bell({ resume: true });
    this.#refusals = new Refusals(this.#bell, () => this.#draw());
    this.#orders = new VisitOrders(this.#bell, (change) => this.#orderChanged(change));
    const mine = lastOrders().filter(({ document, left }) => !left && tableOf(document.id) === visit.tableKey);
    this.#left = leftOrders(place.restaurant.id);
    const epochs = new Map(mine.map(({ document, epoch }) => [document.id, epoch]));
    this.#orders.take(mine.map(({ document }) => document), (id) => epochs.get(id));
    this.#menuRoom = this.#bell.room(`menu:${place.restaurant.id}`);
    this.#basket = new BasketSheet({
      bell: this.#bell,
      tableKey: visit.tableKey,
      menu: () => this.#menu,
      open: () => this.#roundable(),
      on: { changed: () => this.#draw(), placed: (order, words) => this.#placed(order, words), sentBefore: () => this.#sentBefore() },
    });
    this.#choice = new ChoiceSheet((wanted) => this.#basket.add(wanted), place.restaurant.id);
    this.#calls = new Calls({
      bell: this.#bell, api: visit.api, tableKey: visit.tableKey,
      sheet: /** @type {HTMLDialogElement} */ (find('#call-sheet')), body: find('#calls'), strip: find('#call-state'),
    });
    this.#receipts = new Receipts(visit.api, () => (this.#bell.state === 'stopped' ? [] : this.#orders.all), () => this.#bell.now(), () => this.#draw());
    this.#banner = new ConnectionBanner(this.#bell, {
      banner: find('#offline'), word: find('#connection'), words: CONNECTION_WORDS, keptAt: seen?.at,
    });
  }

  /** @returns {Promise<void>} resolves when the visit has ended; the page must then be reloaded */
  async run() {
    this.#furnish();
    this.#listen();
    this.#draw();
    beforeLeaving(() => this.#keep());
    const unfollow = followLifecycle(this.#bell, window);
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    const ended = this.#untilEnded();
    this.#bell.start();
    this.#loadMenu();
    await ended;
    clearInterval(ticking);
    unfollow();
    hideTable();
  }

  /** Redraws everything in another language. */
  speak() {
    if (this.#instead) return this.#instead();
    this.#furnish();
    this.#banner.draw();
    this.#basket.draw();
    this.#calls.draw();
    return this.#drawNow();
  }

  /** The room's menu, or the first one. */
  get #menu() {
    return withHours(this.#menuRoom.menu ?? this.#firstMenu);
  }

  get #title() {
    return `${this.#place.restaurant.name} · ${WORDS.table(this.#place.table)}`;
  }

  #furnish() {
    document.title = this.#title;
    furnishTable(this.#place);
  }

  #listen() {
    backClosesSheets();
    keepFocus(document.body);
    followBasketBar();
    onAction(document.body, 'data-action', (action, control) => this.#act(action, control));
    onAction(document.body, 'data-do', (does, control) => this.#do(does, control));
    this.#main.addEventListener('click', (event) => this.#followHere(event));
    this.#main.addEventListener('input', (event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      if (input.dataset.field === 'menu-search') this.#search.apply(this.#main, this.#menu, input.value);
    });
    // `toggle` does not bubble, so the listener captures it.
    this.#main.addEventListener('toggle', (event) => this.#toggled(/** @type {HTMLDetailsElement} */ (event.target)), true);
    this.#menuRoom.on('change', () => this.#menuChanged());
    window.addEventListener('storage', ({ key }) => {
      if (key === 'orderbell.orders') this.#loadOrders();
    });
    this.#bell.on('pending', () => this.#draw());
    this.#bell.on('state', () => {
      this.#draw();
      // While an order is being sent, the basket shows whether it waits for the network.
      this.#basket.draw();
    });
    this.#bell.on('state', () => this.#settle());
    // Orders from another tab, or placed while this page was away, are only in the list.
    this.#bell.on('welcome', () => this.#loadOrders());
  }

  /** @returns {Promise<void>} */
  #untilEnded() {
    return new Promise((resolve) => {
      this.#bell.on('state', ({ state, reason }) => {
        if (state !== 'stopped') return;
        if (reason === 'unauthorized') return void resolve();
        hideTable();
        this.#instead = () => showInstead(this.#main, { title: WORDS.stopped, hint: WORDS.stoppedHint, action: WORDS.reload, does: 'reload' });
        this.#instead();
      });
    });
  }

  async #loadMenu() {
    try {
      this.#firstMenu = await new Api({ url: location.origin }).get(`/api/v1/restaurants/${this.#place.restaurant.slug}/menu`);
      this.#draw();
    } catch {
      // The room also delivers the menu once the link is up; the banner reports a missing link.
    }
  }

  async #loadOrders() {
    try {
      this.#orders.takeAll(await this.#visit.orders());
      this.#followTable();
      // Includes refusals from while this page was away.
      for (const order of this.#orders.all) this.#refusals.tell(order);
      this.#draw();
    } catch (error) {
      // The banner reports a lost network, and the link an ended visit.
      if (!['offline', 'unauthorized'].includes(/** @type {any} */ (error).code)) toast(errorWords(/** @type {any} */ (error)), { bad: true });
    }
  }

  #tick() {
    this.#banner.draw();
    this.#refusals.tick();
    this.#ticks += 1;
    if (this.#ticks % TICKS_PER_DRAWING === 0 && this.#orders.all.some((order) => !isFinal(order))) this.#draw();
  }

  /** Loads the optional parts, once the page is live for the first time. */
  async #settle() {
    if (this.#settled || this.#bell.state !== 'live') return;
    this.#settled = true;
    // A reload keeps the basket.
    const losesNothing = () => this.#bell.pending.length === 0 && !document.querySelector('dialog[open]');
    try {
      const { keepUp } = await import('./upkeep.js');
      await keepUp(this.#bell, losesNothing);
    } catch {
      // The browser is too old, or the network has just failed: the menu works without these parts.
    }
  }

  /** Saves the content for a page that opens without a network. */
  #keep() {
    const { heardAt } = this.#bell;
    if (heardAt === null) return;
    keepOrders(this.#orders.all, heardAt, (id) => this.#orders.epochOf(id));
    if (this.#menuRoom.menu) keepMenu(this.#menuRoom.menu, heardAt);
  }

  #menuChanged() {
    this.#keep();
    this.#choice.update(this.#menu);
    this.#basket.menuChanged();
    this.#draw();
  }

  /** @param {any} change */
  #orderChanged({ before, after, event, lost }) {
    this.#keep();
    if (lost && !isFinal(lost)) {
      toast(WORDS.lost(called(lost)), { bad: true, stays: false, about: lost.id });
      vibrate();
    }
    if (event?.kind === 'order.moved') {
      this.#visit.moveTo(after.table);
      this.#followTable();
    }
    // Lines may be in another order now, and the guest at a table that the order is not at.
    if (event?.kind === 'order.moved' || event?.kind === 'item.moved') this.#loadOrders();
    if (after) {
      this.#refusals.tell(after, event);
      tellProgress(before, after);
      document.title = after.status === 'ready' ? WORDS.titleReady(called(after)) : this.#title;
    }
    this.#draw();
  }

  /** @param {any} order @param {string} [words] */
  #placed(order, words = WORDS.placed(called(order))) {
    this.#visit.remember(order);
    this.#visit.moveTo(order.table);
    this.#followTable();
    this.#orders.take([order]);
    // If the order was refused before its answer came, the refusal is announced instead.
    if (this.#refusals.unread(this.#orders.get(order.id)).length === 0) toast(words, { about: order.id });
    this.#receipts.ask();
    this.#draw();
    // The focused button disappeared when the basket closed.
    this.#main.focus({ preventScroll: true });
    document.documentElement.scrollTo({ top: 0 });
  }

  /** Shows the guest's current table, even on a phone that was off when the guest was moved. */
  #followTable() {
    const place = this.#visit.place;
    if (!place || place.table === this.#place.table) return;
    this.#place = place;
    this.#furnish();
    toast(WORDS.movedTo(place.table));
  }

  #sentBefore() {
    toast(WORDS.sentBefore, { bad: true });
    this.#loadOrders();
  }

  /** @param {string} action @param {HTMLElement} control */
  #act(action, control) {
    if (action === 'basket') this.#basket.open();
    if (action === 'add') this.#add(control.closest('[data-menu-item]')?.getAttribute('data-menu-item') ?? '');
    if (action === 'cancel') this.#cancel(control.closest('[data-order]')?.getAttribute('data-order') ?? '');
  }

  /** Adds a dish without options, or opens it if the guest has to choose. @param {string} id of a dish */
  #add(id) {
    const item = this.#menu.items[id];
    const options = defaultsOf(item);
    if (isChosenWell(item, options)) this.#basket.add({ item: id, options });
    else this.#choice.open(item);
  }

  /** @param {string} does @param {HTMLElement} control */
  #do(does, control) {
    if (does === 'call') this.#calls.open();
    if (does === 'to-order') this.#strip.open();
    if (does === 'close') control.closest('dialog')?.close();
    if (does === 'options') this.#choice.open(this.#menu.items[control.closest('[data-menu-item]')?.getAttribute('data-menu-item') ?? '']);
    const lost = control.closest('[data-lost]')?.getAttribute('data-lost') ?? '';
    if (does === 'resend') this.#resend(this.#orders.drop(lost));
    if (does === 'let-go') this.#letGo(lost);
    const order = control.closest('[data-order]')?.getAttribute('data-order') ?? '';
    if (does === 'again') this.#again(order);
    if (does === 'round-again') this.#round(order);
    if (does === 'read' || does === 'else') this.#read(order);
    if (does === 'else') find('.menu').scrollIntoView();
  }

  /**
   * Opens an order on this page if the browser stores nothing: another page would not have the session. @param {Event} event
   */
  async #followHere(event) {
    const link = event.target instanceof Element ? event.target.closest('a[href^="/orders/"]') : null;
    if (!link || !isForgetful()) return;
    event.preventDefault();
    try {
      const { OrderSheet } = await import('./order_sheet.js');
      this.#orderSheet ??= new OrderSheet({ orders: this.#orders, stateOf: (order) => this.#stateOf(order), api: this.#visit.api });
      this.#orderSheet.open(link.getAttribute('href')?.split('/').at(-1) ?? '');
    } catch {
      toast(WORDS.error_offline, { bad: true });
    }
  }

  /** Marks a refusal as read and moves the focus, since the focused button disappears. @param {string} order its id */
  #read(order) {
    this.#refusals.read(this.#orders.get(order));
    this.#main.focus({ preventScroll: true });
  }

  /** @param {string} order its id */
  async #cancel(order) {
    if (!this.#cancels.touch(order)) return;
    try {
      const { document } = await this.#bell.command({ order, action: 'cancel', reason: 'customer_request' });
      this.#orders.take([document]);
      toast(WORDS.cancelled(called(document)));
    } catch (error) {
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
      // The restaurant may have refused the order first. The page did not announce that while the cancellation was unanswered.
      this.#refusals.tell(this.#orders.get(order));
    }
    this.#draw();
  }

  /** @param {string} order its id */
  #again(order) {
    this.#basket.addAgain(this.#orders.get(order));
    this.#basket.open();
  }

  /** Puts a lost order into the basket under its old id, so that sending it twice makes only one order. @param {any} order */
  #resend(order) {
    if (!order) return;
    forgetOrder(order.id);
    endToasts(order.id);
    this.#basket.addAgain(order, order.id);
    this.#basket.open();
    this.#draw();
  }

  /** @param {string} order the id of a lost order that the guest no longer wants */
  #letGo(order) {
    this.#orders.drop(order);
    forgetOrder(order);
    endToasts(order);
    this.#main.focus({ preventScroll: true });
    this.#draw();
  }

  /** @param {string} order its id */
  #round(order) {
    this.#basket.addRound(this.#orders.get(order));
    this.#basket.open();
  }

  /** Returns the newest open order, if the restaurant takes rounds from guests. */
  #roundable() {
    if (!this.#takesRounds) return undefined;
    return this.#orders.all.find((order) => !isFinal(order));
  }

  get #takesRounds() {
    return this.#bell.welcome?.feature_level >= 2 && this.#menu && this.#menu.guest_rounds !== false && !this.#menu.paused;
  }

  /** Carries out "order again" and "send it again" from an order's own page, which has no menu. */
  #answerWish() {
    const resent = `resend.${this.#visit.tableKey}`;
    const lost = recallLocal(resent, null);
    if (lost && this.#menu) {
      keepLocal(resent, undefined);
      this.#resend(lost);
    }
    const name = `again.${this.#visit.tableKey}`;
    const order = recallLocal(name, null);
    if (!order || !this.#orders.get(order) || !this.#menu) return;
    keepLocal(name, undefined);
    this.#again(order);
  }

  /** @param {HTMLDetailsElement} details */
  #toggled(details) {
    const id = details.dataset.folds;
    if (!id) return;
    if (details.open) this.#opened.add(id);
    else this.#opened.delete(id);
  }

  #drawNow() {
    const menu = this.#menu;
    if (!menu) return;
    setZone(menu.time_zone);
    drawPause(menu);
    const categories = find('#categories');
    render(categories, linkNote(this.#bell.state), categoryLinks(menu, this.#sections.current));
    categories.hidden = false;
    const view = h('div.columns', {}, this.#drawOrders(), h('div.menu', { 'data-key': 'menu' }, searchField(menu), listOf('div', 'menu', { class: 'menu__list' })));
    renderListed(this.#main, { view, lists: { menu: menuEntries(menu, this.#basket.basket, this.#dishes) } });
    this.#drawMore(menu);
    this.#search.apply(this.#main, menu);
    this.#sections.follow();
    this.#strip.follow(this.#orders.all.filter((order) => !isFinal(order)));
    this.#orderSheet?.draw();
    drawBasketBar(this.#basket.count, money(total(this.#basket.basket, menu)), this.#basket.notices);
    this.#answerWish();
  }

  /**
   * Draws the rest of a long menu piece by piece: while a phone draws hundreds of dishes at once, it does not respond to
   * touches. @param {any} menu
   */
  #drawMore(menu) {
    if (this.#dishes >= Object.keys(menu.items).length) return;
    this.#dishes += DISHES_AT_ONCE;
    setTimeout(this.#draw);
  }

  #drawOrders() {
    const orders = this.#orders.all;
    const left = this.#left.filter(({ document }) => !orders.some(({ id }) => id === document.id));
    const { lost } = this.#orders;
    if (orders.length + left.length + lost.length === 0) return null;
    const open = orders.filter((order) => !isFinal(order));
    const closed = orders.filter(isFinal);
    // A refusal stays visible, below the orders in progress, until the guest has confirmed it.
    const refused = closed.filter((order) => this.#refusals.unread(order).length > 0).slice(0, UNFOLDED_REFUSALS);
    const finished = closed.filter((order) => !refused.includes(order));
    return h('section.orders', { 'data-key': 'orders', 'aria-labelledby': 'orders-title' },
      h('h2.orders__title', { id: 'orders-title' }, open.length + refused.length + left.length + lost.length > 0 ? WORDS.yourOrders : WORDS.earlier),
      this.#drawTotal(orders),
      lost.map((order) => lostOrder(order)),
      open.map((order) => orderCard(order, this.#stateOf(order))),
      refused.map((order) => this.#drawRefused(order)),
      left.map(({ document, at, epoch }) => orderCard(document, { now: at, left: at, doubted: isRewritten(epoch, this.#bell.welcome?.epoch) })),
      finished.slice(0, SHOWN_CLOSED).map((order) => this.#drawFinished(order)),
      this.#drawEarlier(finished.slice(SHOWN_CLOSED)));
  }

  /** Draws an order with an unread refusal. If only some lines were removed, it is shown as a whole card. @param {any} order */
  #drawRefused(order) {
    if (!fellThrough(order)) return orderCard(order, this.#stateOf(order));
    return refusedOrder(order, { ...this.#stateOf(order), open: this.#opened.has(order.id) });
  }

  /** @param {any} order */
  #drawFinished(order) {
    return finishedOrder(order, { ...this.#stateOf(order), open: this.#opened.has(order.id) });
  }

  /** Folds the older closed orders. @param {any[]} orders */
  #drawEarlier(orders) {
    if (orders.length === 0) return null;
    return h('details.orders__earlier', { 'data-key': EARLIER, 'data-folds': EARLIER, open: this.#opened.has(EARLIER) },
      h('summary', {}, WORDS.earlierOrders(orders.length)),
      orders.map((order) => this.#drawFinished(order)));
  }

  /** Draws the total of this guest's orders in this visit, without those of others at the table. @param {any[]} orders */
  #drawTotal(orders) {
    const since = this.#visit.since ?? -Infinity;
    const counted = orders.filter(({ status, placed_at }) => status !== 'rejected' && status !== 'cancelled' && Date.parse(placed_at) >= since);
    if (counted.length === 0) return null;
    const amount = counted.reduce((sum, { total }) => sum + total.amount, 0);
    return h('p.orders__total', { 'data-key': 'total' }, WORDS.soFar, ' ', h('output', {}, money({ amount, currency: counted[0].total.currency })));
  }

  /** @param {any} order */
  #stateOf(order) {
    const { id } = order;
    const cancelling = this.#bell.pending.some(({ action, order: of }) => action === 'cancel' && of === id);
    return { now: this.#bell.now(), cancelling, sure: this.#cancels.wants(id), seen: this.#receipts.of(id), refusal: this.#refusals.view(order), round: this.#takesRounds && !isFinal(order) };
  }
}
