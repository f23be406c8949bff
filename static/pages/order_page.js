import { followLifecycle } from '../client/lifecycle.js';
import { ConnectionBanner } from '../views/connection_banner.js';
import { WORDS, errorWords } from '../views/diner_words.js';
import { find, h, onAction, render } from '../views/dom.js';
import { icon } from '../views/icons.js';
import { orderPage } from '../views/order_view.js';
import { keepLocal } from '../views/storage.js';
import { toast } from '../views/toasts.js';
import { CallSheet } from './calls.js';
import { showInstead, tellProgress } from './page_state.js';

const TICK_MS = 1_000;

/** One order, followed live until it is served. */
export class OrderPage {
  #visit; #id; #bell; #room; #calls; #banner;
  /** The document from a plain call or an ack, until the room has its own. @type {any} */ #answered = null;
  #main = find('#main');

  /** @param {import('./visit.js').Visit} visit one that has begun @param {string} id the order's */
  constructor(visit, id) {
    this.#visit = visit;
    this.#id = id;
    this.#bell = visit.bell();
    this.#room = this.#bell.room(`order:${id}`);
    this.#calls = new CallSheet(this.#bell, /** @type {HTMLDialogElement} */ (find('#call-sheet')), find('#calls'));
    this.#banner = new ConnectionBanner(this.#bell, { banner: find('#offline'), word: find('#connection'), promise: WORDS.offlinePromise });
  }

  run() {
    this.#furnish();
    this.#listen();
    showInstead(this.#main, { title: WORDS.loadingOrder, busy: true });
    followLifecycle(this.#bell, window);
    setInterval(() => this.#tick(), TICK_MS);
    this.#bell.start();
    this.#load();
  }

  get #order() {
    return this.#room.documents.get(this.#id) ?? this.#answered;
  }

  #furnish() {
    const back = /** @type {HTMLAnchorElement} */ (find('#back'));
    back.href = `/t/${encodeURIComponent(this.#visit.tableKey)}`;
    render(back, icon('undo'), h('span', {}, WORDS.back));
    render(find('#call'), icon('bell'), h('span', {}, WORDS.service_bell));
    find('#call-title').textContent = WORDS.callTitle;
    for (const close of document.querySelectorAll('dialog [data-do="close"]')) close.textContent = WORDS.close;
    find('#top').hidden = false;
  }

  #listen() {
    onAction(document.body, 'data-action', (action) => {
      if (action === 'cancel') this.#cancel();
    });
    onAction(document.body, 'data-do', (does, control) => {
      if (does === 'call') this.#calls.open();
      if (does === 'close') control.closest('dialog')?.close();
      if (does === 'again') this.#again();
    });
    this.#room.on('change', ({ before, after }) => {
      if (after) tellProgress(before, after);
      this.#draw();
    });
    this.#room.on('refused', () => this.#refuse(WORDS.noOrder, WORDS.notYoursHint));
    this.#bell.on('pending', () => this.#draw());
    this.#bell.on('state', ({ state, reason }) => {
      if (state !== 'stopped') return;
      if (reason === 'unauthorized') this.#refuse(WORDS.ended, WORDS.endedHint);
      else showInstead(this.#main, { title: WORDS.stopped, hint: WORDS.stoppedHint, action: WORDS.reload, does: 'reload' });
    });
  }

  /** A first paint that does not wait for the link. */
  async #load() {
    try {
      this.#answered = await this.#visit.api.get(`/api/v1/orders/${encodeURIComponent(this.#id)}`);
      this.#draw();
    } catch (error) {
      const { code } = /** @type {any} */ (error);
      if (code === 'not_found' || code === 'forbidden') this.#refuse(WORDS.noOrder, WORDS.notYoursHint);
      // Anything else is for the link to find out, and for the banner to say.
    }
  }

  #tick() {
    this.#banner.draw();
    this.#draw();
  }

  /** @param {string} title @param {string} hint */
  #refuse(title, hint) {
    const href = `/t/${encodeURIComponent(this.#visit.tableKey)}`;
    this.#bell.close();
    showInstead(this.#main, { title, hint, icon: 'screen', link: { href, text: WORDS.back } });
  }

  async #cancel() {
    try {
      const { document: order } = await this.#bell.command({ order: this.#id, action: 'cancel', reason: 'customer_request' });
      this.#answered = order;
      toast(WORDS.cancelled(order.number));
    } catch (error) {
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
    }
    this.#draw();
  }

  /** The menu is on the table's page: the wish goes there. */
  #again() {
    keepLocal(`again.${this.#visit.tableKey}`, this.#id);
    location.assign(`/t/${encodeURIComponent(this.#visit.tableKey)}`);
  }

  #draw() {
    const order = this.#order;
    if (!order || this.#bell.state === 'stopped') return;
    const { restaurant } = /** @type {import('./visit.js').Place} */ (this.#visit.place);
    document.title = order.status === 'ready' ? WORDS.titleReady(order.number) : `${WORDS.order(order.number)} · ${restaurant.name}`;
    const cancelling = this.#bell.pending.some(({ action, order: of }) => action === 'cancel' && of === this.#id);
    render(this.#main, orderPage(order, { now: this.#bell.now(), cancelling }));
  }
}
