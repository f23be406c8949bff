import { WORDS, errorWords, money } from '../languages/language.js';
import { asRoundOf, withAdded, withOrderAgain, withRoundAgain } from '../shared/basket.js';
import { lineKey, withTouch, withTyped } from '../shared/basket_edits.js';
import { called } from '../shared/order_facts.js';
import { Checkout } from '../shared/checkout.js';
import { find, onAction, render } from '../shared/dom.js';
import { dueDays } from '../shared/due_picker.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';
import { basketForm, messages } from './basket_view.js';

/** The first and the last minute from now that a guest may order for: a session lasts at most half a day. */
const FIRST_MINUTES = 30;
const LAST_MINUTES = 11 * 60;

/** The sheet with the guest's basket. */
export class BasketSheet {
  #bell; #menu; #open; #on; #checkout;
  /** The lines whose groups of options are shown, by key. @type {Set<string>} */ #opened = new Set();
  #sheet = /** @type {HTMLDialogElement} */ (find('#basket-sheet'));
  #body = find('#basket');

  /**
   * @param {{bell: any, tableKey: string, menu: () => any, open: () => any, on: {changed: () => void, placed: (order: any, words?: string) => void, sentBefore: () => void}}} parts
   * open: the open order that a round may be added to, if there is one
   */
  constructor({ bell, tableKey, menu, open, on }) {
    this.#bell = bell;
    this.#menu = menu;
    this.#open = open;
    this.#on = on;
    const name = `basket.${tableKey}`;
    this.#checkout = new Checkout({
      bell, menu, store: { recall: () => recallLocal(name, null), keep: (basket) => keepLocal(name, basket) },
      on: { changed: () => this.#changed(), placed: (order, how) => this.#placed(order, how), sentBefore: () => this.#sentBefore(), refused: () => this.#refused() },
    });
    this.#listen(name);
  }

  get basket() {
    return this.#checkout.basket;
  }

  get count() {
    return this.#checkout.count;
  }

  /** The obstacles to this order, shown outside the basket. */
  get notices() {
    const menu = this.#menu();
    return menu && this.count > 0 ? messages(this.basket, menu, { sending: this.#checkout.sending, offline: false, problem: this.#problem }) : [];
  }

  get #problem() {
    const { problem } = this.#checkout;
    return problem && problemWords(problem);
  }

  open() {
    this.#opened.clear();
    this.draw();
    this.#sheet.showModal();
  }

  /** @param {{item: string, options?: string[], note?: string, allergy?: boolean, quantity?: number}} wanted */
  add(wanted) {
    this.#change(withAdded(this.basket, wanted));
  }

  /** @param {any} order @param {string} [id] the new order's id, if the basket holds nothing else */
  addAgain(order, id = this.basket.id) {
    const basket = this.count === 0 ? { ...this.basket, id } : this.basket;
    this.#change(withOrderAgain(basket, order, this.#menu()));
  }

  /** Begins another round of an order. @param {any} order */
  addRound(order) {
    this.#change(withRoundAgain(this.basket, order, this.#menu()));
  }

  /** Adopts the prices of a new menu. */
  menuChanged() {
    this.#checkout.menuChanged();
    this.draw();
  }

  /** Redraws the sheet. Call it when the connection changes, too. */
  draw() {
    const menu = this.#menu();
    if (!menu) return;
    const offline = ['offline', 'connecting', 'checking'].includes(this.#bell.state);
    render(this.#body, basketForm(this.basket, menu, { sending: this.#checkout.sending, offline, problem: this.#problem, open: this.#open(), opened: this.#opened, later: this.#later }));
  }

  /** The times to choose from; undefined if the server does not support orders for later. */
  get #later() {
    if (!(this.#bell.welcome?.feature_level >= 2)) return undefined;
    const { time_zone: zone, hours } = this.#menu();
    return { days: dueDays({ now: this.#bell.now(), zone, hours, first: FIRST_MINUTES, until: LAST_MINUTES }) };
  }

  /** @param {string} name the key of the stored basket */
  #listen(name) {
    onAction(this.#sheet, 'data-action', (action) => {
      if (action === 'place') this.#checkout.place();
    });
    onAction(this.#sheet, 'data-do', (does, control) => this.#do(does, control));
    // Two tabs of one table share a basket.
    window.addEventListener('storage', ({ key }) => {
      if (key === `orderbell.${name}`) this.#checkout.reread();
    });
    this.#sheet.addEventListener('input', (event) => this.#typed(/** @type {HTMLInputElement} */ (event.target)));
  }

  /** @param {string} does @param {HTMLElement} control */
  #do(does, control) {
    if (does === 'round') return this.#change(asRoundOf(this.basket, control.dataset.round === 'new' ? undefined : this.#open()));
    if (does === 'due') return this.#setLater(control.dataset.later === 'true');
    const key = lineKey(control);
    if (does === 'line-choose' && key) {
      this.#opened.add(key);
      return this.draw();
    }
    const changed = does === 'service'
      ? { ...this.basket, service: control.dataset.service ?? 'dine_in' }
      : withTouch(this.basket, does, lineKey(control), control.dataset.option ?? '', this.#menu());
    return changed ? this.#change(changed) : undefined;
  }

  /** @param {boolean} isLater */
  #setLater(isLater) {
    const { due: _, ...basket } = this.basket;
    this.#change(isLater ? { ...basket, due: this.#later?.days[0]?.times[0] } : basket);
  }

  /** @param {HTMLInputElement | HTMLSelectElement} input */
  #typed(input) {
    if (input instanceof HTMLSelectElement) return input.dataset.due ? this.#change({ ...this.basket, due: Number(input.value) }) : undefined;
    const changed = withTyped(this.basket, input, lineKey(input));
    if (changed) this.#change(changed);
  }

  /** Changes the basket, unless its order is unanswered. @param {import('../shared/basket.js').Basket} basket */
  #change(basket) {
    if (!this.#checkout.change(basket)) toast(WORDS.placing);
  }

  #changed() {
    this.draw();
    this.#on.changed();
  }

  /**
   * @param {any} order @param {{cheaper: boolean, round: boolean}} how cheaper: it costs less than agreed; round: it is another
   * round of an order
   */
  #placed(order, { cheaper, round }) {
    this.#sheet.close();
    this.#on.placed(order, round ? WORDS.roundSent(called(order)) : cheaper ? WORDS.placedCheaper(called(order), money(order.total)) : undefined);
  }

  #sentBefore() {
    this.#sheet.close();
    this.#on.sentBefore();
  }

  /** Shows the refusal. */
  #refused() {
    if (!this.#sheet.open) this.open();
  }
}

/** @param {import('../shared/checkout.js').Problem} problem */
function problemWords(problem) {
  if (problem.is === 'refused') return errorWords(problem.error);
  if (problem.is === 'over') return WORDS.roundOver;
  if (problem.is === 'long') return WORDS.noteLong;
  return problem.is === 'silent' ? WORDS.allergyWhat : WORDS.priceAgree(money(problem.before), money(problem.now));
}
