import { newId } from '../client/orderbell.js';
import { WORDS, errorWords, money } from '../languages/language.js';
import { find, onAction, render } from '../shared/dom.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';
import {
  emptyBasket, isAllergySilent, isExplained, obstacle, pieces, placement, total, totalBefore, withAdded, withAgreed, withLine, withOption, withOrderAgain, withQuoted, withSeen,
} from './basket.js';
import { basketForm, messages } from './basket_view.js';

/** @typedef {import('./basket.js').Basket} Basket */

/** Refusals by the library, before it sent anything. */
const NEVER_SENT = new Set(['queue_full', 'too_large']);

/**
 * The basket. It survives a reload, is placed under one id however often the button is pressed, and cannot be changed while
 * its order is unanswered.
 */
export class BasketSheet {
  /** @type {Basket} */ #basket;
  /** @type {string | null} */ #problem = null;
  /** The code of the refusal in `#problem`, until the menu shows the cause. @type {string | undefined} */ #code;
  /** The raised total that the guest has seen; another press agrees to it. @type {number | null} */ #shown = null;
  #bell; #name; #menu; #on;
  #sheet = /** @type {HTMLDialogElement} */ (find('#basket-sheet'));
  #body = find('#basket');

  /**
   * @param {{bell: any, tableKey: string, menu: () => any, on: {changed: () => void, placed: (order: any, words?: string) => void, sentBefore: () => void}}} parts
   */
  constructor({ bell, tableKey, menu, on }) {
    this.#bell = bell;
    this.#name = `basket.${tableKey}`;
    this.#menu = menu;
    this.#on = on;
    this.#basket = recallLocal(this.#name, null) ?? emptyBasket(newId());
    bell.on('answer', (/** @type {any} */ outcome) => this.#answered(outcome));
    this.#listen();
  }

  get basket() {
    return this.#basket;
  }

  get count() {
    return pieces(this.#basket);
  }

  /** The obstacles to this order, for a guest who does not have the basket open. */
  get notices() {
    const menu = this.#menu();
    return menu && this.count > 0 ? messages(this.#basket, menu, { sending: this.sending, offline: false, problem: this.#problem }) : [];
  }

  /** True while this basket's order waits for its answer. */
  get sending() {
    return this.#bell.pending.some((/** @type {any} */ { id }) => id === this.#basket.id);
  }

  open() {
    this.draw();
    this.#sheet.showModal();
  }

  /** @param {{item: string, options?: string[], note?: string, allergy?: boolean, quantity?: number}} wanted */
  add(wanted) {
    this.#change(withAdded(this.#basket, wanted));
  }

  /** @param {any} order */
  addAgain(order) {
    this.#change(withOrderAgain(this.#basket, order, this.#menu()));
  }

  /** Takes the prices of a new menu. */
  menuChanged() {
    if (!this.sending) this.#basket = withSeen(withQuoted(this.#basket), this.#menu());
    this.draw();
  }

  /** Redraws the sheet. Call it when the connection changes, too. */
  draw() {
    const menu = this.#menu();
    if (!menu) return;
    if (this.#problem && isExplained(this.#code, this.#basket, menu)) this.#problem = null;
    const offline = ['offline', 'connecting', 'checking'].includes(this.#bell.state);
    render(this.#body, basketForm(this.#basket, menu, { sending: this.sending, offline, problem: this.#problem }));
  }

  #listen() {
    onAction(this.#sheet, 'data-action', (action) => {
      if (action === 'place') this.#place();
    });
    onAction(this.#sheet, 'data-do', (does, control) => this.#do(does, control));
    // Two tabs of one table share a basket.
    window.addEventListener('storage', ({ key }) => {
      if (key === `orderbell.${this.#name}`) this.#take(recallLocal(this.#name, null) ?? emptyBasket(newId()));
    });
    this.#sheet.addEventListener('input', (event) => this.#typed(/** @type {HTMLInputElement} */ (event.target)));
  }

  /** @param {string} does @param {HTMLElement} control */
  #do(does, control) {
    const key = lineKey(control);
    const line = this.#basket.lines.find((each) => each.key === key);
    if (does === 'service') this.#change({ ...this.#basket, service: control.dataset.service ?? 'dine_in' });
    if (does === 'allergy-yes' && !line) this.#change({ ...this.#basket, allergy: true });
    if (does === 'allergy-no' && !line) this.#change({ ...this.#basket, denied: this.#basket.note });
    if (!line || !key) return;
    if (does === 'allergy-yes') this.#change(withLine(this.#basket, key, { allergy: true }));
    if (does === 'allergy-no') this.#change(withLine(this.#basket, key, { denied: line.note }));
    if (does === 'option') this.#change(withOption(this.#basket, key, control.dataset.option ?? ''));
    if (does === 'line-more') this.#change(withLine(this.#basket, key, { quantity: line.quantity + 1 }));
    if (does === 'line-fewer') this.#change(withLine(this.#basket, key, { quantity: line.quantity - 1 }));
    if (does === 'line-remove') this.#change(withLine(this.#basket, key, { quantity: 0 }));
  }

  /** @param {HTMLInputElement} input */
  #typed(input) {
    const key = lineKey(input);
    if (input.dataset.field === 'allergy') this.#change(key ? withLine(this.#basket, key, { allergy: input.checked }) : { ...this.#basket, allergy: input.checked });
    else if (input.dataset.field === 'order-note') this.#change({ ...this.#basket, note: input.value });
    else if (input.dataset.field === 'line-note' && key) this.#change(withLine(this.#basket, key, { note: input.value }));
  }

  /** Changes the basket, unless its order is unanswered: its id must keep its meaning. @param {Basket} basket */
  #change(basket) {
    if (this.sending) return toast(WORDS.placing);
    this.#problem = null;
    this.#shown = null;
    return this.#keep(withSeen(basket, this.#menu()));
  }

  /** @param {Basket} basket */
  #keep(basket) {
    keepLocal(this.#name, basket.lines.length > 0 ? basket : undefined);
    this.#take(basket);
  }

  /** @param {Basket} basket */
  #take(basket) {
    this.#basket = basket;
    this.draw();
    this.#on.changed();
  }

  async #place() {
    const menu = this.#menu();
    if (this.sending || obstacle(this.#basket, menu) !== null || this.#asks(menu)) return;
    this.#problem = null;
    this.#keep(withAgreed(this.#basket, menu));
    const placing = this.#bell.place(placement(this.#basket, menu), this.#basket.id);
    this.draw();
    try {
      await placing;
    } catch (error) {
      // `#answered` handles the server's answers; this handles what was never sent.
      if (NEVER_SENT.has(/** @type {any} */ (error).code)) this.#refused(/** @type {any} */ (error));
    }
  }

  /** Asks what an allergy is to, and for agreement to a raised price, before the order is sent. @param {any} menu */
  #asks(menu) {
    const silent = isAllergySilent(this.#basket);
    const [before, now] = [totalBefore(this.#basket, menu), total(this.#basket, menu)];
    const dearer = before !== null && now.amount > before.amount && this.#shown !== now.amount;
    if (!silent && !dearer) return false;
    if (dearer) this.#shown = now.amount;
    this.#code = undefined;
    this.#problem = silent ? WORDS.allergyWhat : WORDS.priceAgree(money(/** @type {any} */ (before)), money(now));
    this.draw();
    return true;
  }

  /** Shows both totals: another press agrees. */
  #ask() {
    const menu = this.#menu();
    if (menu) this.#asks(menu);
  }

  /** Also for an order that was under way when the page was reloaded. @param {{pending: any, ack?: any, error?: any}} outcome */
  #answered({ pending, ack, error }) {
    if (pending.action !== 'place' || pending.id !== this.#basket.id) return;
    if (error?.code === 'conflict') return this.#sentBefore();
    if (error) return this.#refused(error);
    this.#keep(emptyBasket(newId()));
    this.#sheet.close();
    const { number, total: charged } = ack.document;
    const cheaper = charged.amount < pending.body.expected_total?.amount;
    this.#on.placed(ack.document, cheaper ? WORDS.placedCheaper(number, money(charged)) : undefined);
  }

  /** Empties the basket: an earlier press had already placed an order, which stands. */
  #sentBefore() {
    this.#keep(emptyBasket(newId()));
    this.#sheet.close();
    this.#on.sentBefore();
  }

  /** Shows a refusal and takes a new id: a refused id must never mean another order. @param {{code: string, document?: any}} error */
  #refused(error) {
    const quote = error.code === 'price_changed' && error.document;
    const basket = { ...this.#basket, id: newId() };
    this.#code = error.code;
    this.#problem = quote ? null : errorWords(error);
    this.#keep(quote ? withQuoted(basket, quote.prices) : basket);
    // The sheet shows both totals from here on.
    if (quote) this.#ask();
    if (!this.#sheet.open) this.open();
  }
}

/** @param {Element} element */
function lineKey(element) {
  return element.closest('[data-line]')?.getAttribute('data-line') ?? null;
}
