import { followLifecycle } from '../client/lifecycle.js';
import { WORDS, errorWords, language, setZone } from '../languages/language.js';
import { called, isEmptied } from '../shared/order_facts.js';
import { ConnectionBanner } from '../shared/connection_banner.js';
import { find, h, onAction, render } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';
import { CONNECTION_WORDS, followLanguage, furnish } from './frame.js';
import { beforeLeaving, changeOf, forgetOrder, isRewritten, keepOrders, lastOrder, newestOrder } from './last_seen.js';
import { isFinal, leftNote, orderPage, refusalsOf } from './order_view.js';
import { Receipts, SecondTouch, showInstead, tellProgress } from './page_state.js';

const TICK_MS = 1_000;

/**
 * What a page needs to follow an order. A person with a shared link has no visit and no controls.
 *
 * @typedef {{id: string, api: any, bell: any, visit?: import('./visit.js').Visit, shared?: boolean}} Parts
 */

/** The page of one order, updated live until the order is served. */
export class OrderPage {
  #id; #api; #bell; #visit; #shared; #room; #seen;
  /** The document from a call, an answer or an earlier page, until the room has its own. @type {any} */ #answered;
  /** Draws the replacement for the order once the page cannot follow it. @type {(() => void) | null} */ #refusal = null;
  /** The notifications, once their module is loaded. @type {import('./tell_me.js').TellMe | null} */ #tellMe = null;
  /** The calls, once their module is loaded. @type {Promise<import('./calls.js').Calls> | null} */ #calls = null;
  /** @type {ConnectionBanner | null} */ #banner = null;
  /** @type {Receipts | null} */ #receipts = null;
  /** The restaurant's refusals, once their module is loaded. @type {import('./refusals.js').Refusals | null} */
  #refusals = null;
  #settled = false;
  #cancels = new SecondTouch(() => this.#draw());
  #main = find('#main');

  /** @param {Parts} parts the visit has begun */
  constructor({ id, api, bell, visit, shared = false }) {
    this.#id = id;
    this.#api = api;
    this.#bell = bell;
    this.#visit = visit;
    this.#shared = shared;
    this.#room = bell.room(`order:${id}`);
    this.#seen = lastOrder(id);
    this.#answered = this.#seen?.document ?? null;
  }

  /** Connects to the server. Draws nothing before `run`. */
  ask() {
    this.#listen();
    this.#bell.start();
    this.#load();
  }

  run() {
    this.#receipts = new Receipts(this.#api, () => (this.#order && !this.#refusal ? [this.#order] : []), () => this.#bell.now(), () => this.#draw());
    this.#banner = new ConnectionBanner(this.#bell, {
      banner: find('#offline'), word: find('#connection'), words: CONNECTION_WORDS, keptAt: this.#seen?.at,
    });
    this.#furnish();
    if (!this.#order) showInstead(this.#main, { title: WORDS.loadingOrder, busy: true });
    this.#touch();
    followLifecycle(this.#bell, window);
    beforeLeaving(() => this.#keep());
    setInterval(() => this.#tick(), TICK_MS);
    this.#draw();
    // An answer may have come before the texts were loaded.
    if (this.#order && !this.#refusal) this.#tell(this.#order);
    this.#bell.on('state', () => this.#settle());
    this.#settle();
    this.#receipts.ask();
  }

  get #order() {
    return newestOrder(this.#room, this.#id, this.#answered);
  }

  /** The epoch of the order's document. @returns {string | undefined} */
  get #epoch() {
    return this.#room.documents.has(this.#id) ? this.#room.epoch : this.#seen?.epoch;
  }

  get #ready() {
    return this.#banner !== null;
  }

  #furnish() {
    furnish(WORDS.skipToOrder);
    find('#call').hidden = this.#shared;
    const back = /** @type {HTMLAnchorElement} */ (find('#back'));
    back.hidden = this.#shared;
    if (this.#visit) back.href = this.#home();
    render(back, icon('undo'), h('span', {}, WORDS.back));
  }

  #listen() {
    this.#room.on('change', (/** @type {any} */ change) => {
      const isSnapshot = change.kind === 'snapshot';
      const { before, after, event } = isSnapshot ? changeOf(this.#id, this.#room, change, this.#answered) : change;
      if (after && this.#ready) tellProgress(before, after);
      if (after && this.#ready) this.#tell(after, event);
      this.#keep();
      this.#draw();
    });
    this.#room.on('refused', () => this.#gone());
    this.#bell.on('pending', () => this.#draw());
    this.#bell.on('state', (/** @type {{state: string, reason?: string}} */ { state, reason }) => {
      if (state !== 'stopped' || this.#refusal) return;
      if (reason === 'unauthorized' && this.#visit?.wasEnded) this.#refuse('endedByStaff', 'endedByStaffHint');
      else if (reason === 'unauthorized') this.#leave('ended', 'endedHint');
      else this.#insteadOfOrder(() => showInstead(this.#main, { title: WORDS.stopped, hint: WORDS.stoppedHint, action: WORDS.reload, does: 'reload' }));
    });
  }

  #touch() {
    onAction(document.body, 'data-action', (action) => {
      if (action === 'cancel') this.#cancel();
    });
    onAction(document.body, 'data-do', (does, control) => {
      if (does === 'call') this.#call();
      if (does === 'close') control.closest('dialog')?.close();
      if (does === 'again') this.#again();
      if (does === 'resend') this.#resend();
      if (does === 'let-go') this.#letGo();
      if (does === 'read' || does === 'else') this.#read();
      if (does === 'else') location.assign(this.#home());
      if (does === 'share') this.#share();
      if (does === 'tell-me') this.#tellMe?.toggle();
    });
    followLanguage(() => {
      this.#furnish();
      this.#banner?.draw();
      this.#tellMe?.speak(language());
      this.#calls?.then((calls) => calls.draw());
      if (this.#refusal) this.#refusal();
      else this.#draw();
    });
  }

  /** Reads the order over HTTP, so that the first paint does not wait for the link. */
  async #load() {
    try {
      this.#answered = await this.#api.get(`/api/v1/orders/${encodeURIComponent(this.#id)}`);
      this.#draw();
      if (this.#ready) this.#tell(this.#order);
      if (this.#order?.due_at) await this.#readZone(this.#order.restaurant);
    } catch (error) {
      const { code } = /** @type {any} */ (error);
      // Only after the link is up does the page know whether the order was lost.
      const isKnown = this.#bell.welcome !== null || !this.#order || this.#shared;
      if (isKnown && (code === 'not_found' || code === 'forbidden')) this.#gone();
      // The link retries after any other error, and the banner reports it.
    }
  }

  /** Reads the time zone for the due time of an order. Until then the phone's own zone is used. @param {string} restaurant */
  async #readZone(restaurant) {
    const { time_zone: zone } = await this.#api.get(`/api/v1/restaurants/${restaurant}`);
    setZone(zone);
    this.#draw();
  }

  /** Loads the optional parts, once the page is live for the first time. */
  async #settle() {
    if (this.#settled || this.#bell.state !== 'live') return;
    this.#settled = true;
    const losesNothing = () => this.#bell.pending.length === 0 && !document.querySelector('dialog[open]');
    try {
      const { keepUp } = await import('./upkeep.js');
      await keepUp(this.#bell, losesNothing);
      if (this.#visit) await this.#offerToTell(this.#visit);
      if (recallLocal(`calls.${this.#visit?.tableKey}`, null)) await this.#loadCalls();
    } catch {
      // The browser is too old, or the network has just failed: the page works without these parts.
    }
  }

  /** @param {import('./visit.js').Visit} visit */
  async #offerToTell({ place }) {
    const { TellMe } = await import('./tell_me.js');
    this.#tellMe = new TellMe({ api: this.#api, diner: place?.diner ?? '', order: this.#id, language: language(), changed: () => this.#draw() });
    await this.#tellMe.begin();
  }

  #tick() {
    this.#banner?.draw();
    this.#refusals?.tick();
    this.#draw();
  }

  #keep() {
    const { heardAt } = this.#bell;
    if (this.#order && heardAt !== null) keepOrders([this.#order], heardAt, () => this.#epoch);
  }

  /** Handles an order that the server does not know, or does not show to this phone. */
  #gone() {
    const order = this.#order;
    const isLost = this.#visit && order && !isFinal(order) && isRewritten(this.#epoch, this.#bell.welcome?.epoch);
    if (isLost && !this.#refusal) this.#lose(order);
    else this.#leave('noOrder', 'notYoursHint');
  }

  /** Offers to send an order again that the database has lost. @param {any} order */
  async #lose(order) {
    this.#insteadOfOrder(() => showInstead(this.#main, { title: WORDS.lost(called(order)), hint: WORDS.lostHint }));
    this.#bell.close();
    try {
      const { lostOrder } = await import('./lost_order.js');
      this.#insteadOfOrder(() => render(this.#main, lostOrder(order, 'h1')));
    } catch {
      // Without a network the page still shows what happened, and the table's page offers to send the order again.
    }
  }

  /**
   * Handles the loss of the session that followed this order. An open order stays visible in its last known state.
   * @param {'noOrder' | 'ended'} title @param {'notYoursHint' | 'endedHint'} hint
   */
  #leave(title, hint) {
    if (this.#refusal) return;
    const order = this.#order;
    if (!this.#visit || !order || isFinal(order)) return this.#refuse(title, hint);
    const at = lastOrder(this.#id)?.at ?? Date.now();
    this.#insteadOfOrder(() => render(this.#main, orderPage(order, { now: at, shared: true, extras: [leftNote(at)] })));
    this.#bell.close();
  }

  /**
   * @param {'noOrder' | 'ended' | 'endedByStaff'} title @param {'notYoursHint' | 'endedHint' | 'endedByStaffHint'} hint keys of
   * texts, since the language may change
   */
  #refuse(title, hint) {
    this.#insteadOfOrder(() => showInstead(this.#main, this.#shared
      ? { title: WORDS.sharedEnded, hint: WORDS.sharedEndedHint, icon: 'hourglass' }
      : { title: WORDS[title], hint: WORDS[hint], icon: 'screen', link: { href: this.#home(), text: WORDS.back } }));
    this.#bell.close();
  }

  /** Its lines are part of the order again that they were split off. A shared link is to this one alone. @param {any} order */
  #followLines({ split_from: from }) {
    if (!this.#visit) return this.#refuse('noOrder', 'notYoursHint');
    this.#insteadOfOrder(() => {});
    location.replace(`/orders/${encodeURIComponent(from.order)}`);
  }

  /** @param {() => void} show */
  #insteadOfOrder(show) {
    this.#refusal = show;
    if (this.#ready) show();
  }

  async #cancel() {
    if (!this.#cancels.touch(this.#id)) return;
    try {
      const { document: order } = await this.#bell.command({ order: this.#id, action: 'cancel', reason: 'customer_request' });
      this.#answered = order;
      // The button that has the focus goes.
      this.#main.focus({ preventScroll: true });
      await this.#tell(order, { kind: 'order.cancelled', by: { role: 'diner' } });
      toast(WORDS.cancelled(called(order)));
    } catch (error) {
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
      // The restaurant may have refused the order first. The page did not announce that while the cancellation was unanswered.
      await this.#tell(this.#order);
    }
    this.#draw();
  }

  /** Loads the calls only for guests who use them on this page. */
  #loadCalls() {
    const load = async () => new (await import('./calls.js')).Calls({
      bell: this.#bell, api: this.#api, tableKey: this.#visit?.tableKey ?? '',
      sheet: /** @type {HTMLDialogElement} */ (find('#call-sheet')), body: find('#calls'), strip: find('#call-state'),
    });
    return this.#calls ??= load();
  }

  async #call() {
    try {
      (await this.#loadCalls()).open();
    } catch {
      this.#calls = null;
      toast(WORDS.error_offline, { bad: true });
    }
  }

  /**
   * Announces a refusal. Its module is loaded only when it is needed, since few orders have refused parts. @param {any} order
   * @param {any} [event] the event that changed the order
   */
  async #tell(order, event) {
    if (refusalsOf(order).length === 0) return;
    try {
      const { Refusals } = await import('./refusals.js');
      this.#refusals ??= new Refusals(this.#bell, () => this.#draw());
      this.#refusals.tell(order, event);
      this.#draw();
    } catch {
      // Without a network the order still shows the refusal, but the guest cannot confirm it.
    }
  }

  async #share() {
    try {
      const { share } = await import('./share.js');
      await share(this.#api, this.#order);
    } catch (error) {
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
    }
  }

  #home() {
    return `/t/${encodeURIComponent(this.#visit?.tableKey ?? '')}`;
  }

  /** Marks a refusal as read and moves the focus, since the focused button disappears. */
  #read() {
    this.#refusals?.read(this.#order);
    this.#main.focus({ preventScroll: true });
  }

  /** Hands a lost order to the table's page, which has the menu. */
  #resend() {
    keepLocal(`resend.${this.#visit?.tableKey}`, this.#order);
    this.#letGo();
  }

  #letGo() {
    forgetOrder(this.#id);
    location.assign(this.#home());
  }

  /** Hands "order again" to the table's page, which has the menu. */
  #again() {
    keepLocal(`again.${this.#visit?.tableKey}`, this.#id);
    location.assign(this.#home());
  }

  #draw() {
    const order = this.#order;
    if (!this.#ready) return;
    if (this.#refusal) return void this.#refusal();
    if (!order) return;
    if (isEmptied(order)) return void this.#followLines(order);
    const title = order.status === 'ready' ? WORDS.titleReady(called(order)) : WORDS.order(called(order));
    document.title = this.#visit?.place && order.status !== 'ready' ? `${title} · ${this.#visit.place.restaurant.name}` : title;
    const cancelling = this.#bell.pending.some((/** @type {any} */ { action, order: of }) => action === 'cancel' && of === this.#id);
    const extras = [this.#shared ? h('p.banner', {}, icon('share'), h('span', {}, WORDS.sharedNote)) : null, this.#tellMe?.view(order) ?? null];
    render(this.#main, orderPage(order, { now: this.#bell.now(), cancelling, sure: this.#cancels.wants(this.#id), seen: this.#receipts?.of(this.#id), refusal: this.#refusals?.view(order, !this.#shared), shared: this.#shared, extras }));
  }
}
