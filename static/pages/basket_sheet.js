import { newId } from '../client/orderbell.js';
import { WORDS, errorWords } from '../languages/language.js';
import { emptyBasket, obstacle, pieces, placement, withAdded, withLine, withOption, withOrderAgain } from '../views/basket.js';
import { basketForm } from '../views/basket_view.js';
import { find, onAction, render } from '../views/dom.js';
import { keepLocal, recallLocal } from '../views/storage.js';
import { toast } from '../views/toasts.js';

/** @typedef {import('../views/basket.js').Basket} Basket */

/** Refusals by the library, before anything went out. */
const NEVER_SENT = new Set(['queue_full', 'too_large']);

/**
 * The basket: kept over a reload, placed under one id however often the button is pressed, and not to be changed
 * while its order is on the way.
 */
export class BasketSheet {
  /** @type {Basket} */ #basket;
  /** @type {string | null} */ #problem = null;
  #bell; #name; #menu; #on;
  #sheet = /** @type {HTMLDialogElement} */ (find('#basket-sheet'));
  #body = find('#basket');

  /**
   * @param {{bell: any, tableKey: string, menu: () => any, on: {changed: () => void, placed: (order: any) => void, sentBefore: () => void}}} parts
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

  /** True while this basket's order waits for its answer. */
  get sending() {
    return this.#bell.pending.some((/** @type {any} */ { id }) => id === this.#basket.id);
  }

  open() {
    this.draw();
    this.#sheet.showModal();
  }

  /** @param {{item: string, options?: string[], note?: string, quantity?: number}} wanted */
  add(wanted) {
    this.#change(withAdded(this.#basket, wanted));
  }

  /** @param {any} order */
  addAgain(order) {
    this.#change(withOrderAgain(this.#basket, order, this.#menu()));
  }

  /** To be called whenever the menu or the connection has changed too. */
  draw() {
    const menu = this.#menu();
    if (!menu) return;
    const offline = this.#bell.state === 'offline' || this.#bell.state === 'connecting';
    render(this.#body, basketForm(this.#basket, menu, { sending: this.sending, offline, problem: this.#problem }));
  }

  #listen() {
    onAction(this.#sheet, 'data-action', (action) => {
      if (action === 'place') this.#place();
    });
    onAction(this.#sheet, 'data-do', (does, control) => this.#do(does, control));
    // The code was scanned twice: two tabs, one basket.
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
    if (!line || !key) return;
    if (does === 'option') this.#change(withOption(this.#basket, key, control.dataset.option ?? ''));
    if (does === 'line-more') this.#change(withLine(this.#basket, key, { quantity: line.quantity + 1 }));
    if (does === 'line-fewer') this.#change(withLine(this.#basket, key, { quantity: line.quantity - 1 }));
    if (does === 'line-remove') this.#change(withLine(this.#basket, key, { quantity: 0 }));
  }

  /** @param {HTMLInputElement} input */
  #typed(input) {
    const key = lineKey(input);
    if (input.dataset.field === 'order-note') this.#change({ ...this.#basket, note: input.value });
    else if (input.dataset.field === 'line-note' && key) this.#change(withLine(this.#basket, key, { note: input.value }));
  }

  /** A basket whose order is on the way is not touched: its id must go on meaning the same. @param {Basket} basket */
  #change(basket) {
    if (this.sending) return toast(WORDS.placing);
    this.#problem = null;
    return this.#keep(basket);
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
    if (this.sending || obstacle(this.#basket, this.#menu()) !== null) return;
    this.#problem = null;
    const placing = this.#bell.place(placement(this.#basket), this.#basket.id);
    this.draw();
    try {
      await placing;
    } catch (error) {
      // An answer has been dealt with when it came (`#answered`); this is a refusal of what was never sent.
      if (NEVER_SENT.has(/** @type {any} */ (error).code)) this.#refused(/** @type {any} */ (error));
    }
  }

  /** Also for an order that was under way when the page was reloaded. @param {{pending: any, ack?: any, error?: any}} outcome */
  #answered({ pending, ack, error }) {
    if (pending.action !== 'place' || pending.id !== this.#basket.id) return;
    if (error?.code === 'conflict') return this.#sentBefore();
    if (error) return this.#refused(error);
    this.#keep(emptyBasket(newId()));
    this.#sheet.close();
    this.#on.placed(ack.document);
  }

  /** The order of an earlier press had arrived, and the basket was changed since: the old order stands. */
  #sentBefore() {
    this.#keep(emptyBasket(newId()));
    this.#sheet.close();
    this.#on.sentBefore();
  }

  /** The next try is another order: a refused id may never mean something else. @param {{code: string}} error */
  #refused(error) {
    this.#problem = errorWords(error);
    this.#keep({ ...this.#basket, id: newId() });
    if (!this.#sheet.open) this.open();
  }
}

/** @param {Element} element */
function lineKey(element) {
  return element.closest('[data-line]')?.getAttribute('data-line') ?? null;
}
