import { newId } from '../client/ids.js';
import { addition, asRoundOf, emptyBasket, isAllergySilent, isExplained, isNoteTooLong, obstacle, pieces, placement, total, totalBefore, withAgreed, withQuoted, withSeen } from './basket.js';

/**
 * @typedef {import('./basket.js').Basket} Basket
 * @typedef {{amount: number, currency: string}} Money
 */

/** Refusals by the library, before it sent anything. */
const NEVER_SENT = new Set(['queue_full', 'too_large']);

/** Refusals after which a round can only become a new order: by code, and by the limit that the order has reached. */
const ROUND_OVER = new Set(['forbidden', 'invalid_transition', 'not_found']);
const ORDER_FULL = new Set(['order_lines', 'order_bytes']);

/**
 * What prevents a basket from being placed, besides its lines and the menu: a refusal, an order that takes no more rounds, an
 * allergy that is not named, notes that are too long, or a raised total that the person has to confirm.
 *
 * @typedef {{is: 'refused', error: any} | {is: 'over'} | {is: 'silent'} | {is: 'long'} | {is: 'dearer', before: Money, now: Money}} Problem
 */

/**
 * A basket until it is placed, without the DOM. It survives a reload. It is placed under one id, however often the button is
 * pressed, and cannot be changed while its order is unanswered. A refusal gives it a new id: a refused id must never mean
 * another order.
 */
export class Checkout {
  /** @type {Basket} */ #basket;
  /** @type {Problem | null} */ #problem = null;
  /** The raised total that was shown; the next press accepts it. @type {number | null} */ #shown = null;
  #bell; #store; #menu; #on; #unfollow;

  /**
   * @param {object} parts
   * @param {any} parts.bell
   * @param {{recall: () => Basket | null, keep: (basket: Basket | undefined) => void}} parts.store stores the basket across
   * reloads
   * @param {() => any} parts.menu
   * @param {{changed: () => void, placed: (order: any, how: {cheaper: boolean, round: boolean}) => void, sentBefore: () => void, refused: () => void}} parts.on
   *   placed: cheaper, if it costs less than was agreed to; round, if it was added to an order; sentBefore: an earlier press had
   *   already placed an order under this id, and that order is valid
   */
  constructor({ bell, store, menu, on }) {
    this.#bell = bell;
    this.#store = store;
    this.#menu = menu;
    this.#on = on;
    this.#basket = store.recall() ?? emptyBasket(newId());
    this.#unfollow = bell.on('answer', (/** @type {any} */ outcome) => this.#answered(outcome));
  }

  /** Stops following answers. The stored basket stays. */
  close() {
    this.#unfollow();
  }

  get basket() {
    return this.#basket;
  }

  get problem() {
    const menu = this.#menu();
    const { is, error } = /** @type {any} */ (this.#problem ?? {});
    if (is === 'refused' && menu && isExplained(error.code, this.#basket, menu)) this.#problem = null;
    return this.#problem;
  }

  get count() {
    return pieces(this.#basket);
  }

  /** True while this basket's order waits for its answer. */
  get sending() {
    return this.#bell.pending.some((/** @type {any} */ { id }) => id === this.#basket.id);
  }

  /** @param {Basket} basket @returns {boolean} false while its order is unanswered: its id must keep its meaning */
  change(basket) {
    if (this.sending) return false;
    this.#problem = null;
    this.#shown = null;
    this.#keep(withSeen(basket, this.#menu()));
    return true;
  }

  /** Adopts the prices of a new menu. */
  menuChanged() {
    const menu = this.#menu();
    if (this.sending || !menu) return;
    this.#basket = withSeen(withQuoted(this.#basket), menu);
    const problem = this.#problem;
    if (problem?.is !== 'dearer' || problem.now.amount === total(this.#basket, menu).amount) return;
    // The total that the person was asked to confirm no longer holds.
    this.#problem = null;
    this.#shown = null;
  }

  /** Takes over the basket that another tab has stored. */
  reread() {
    this.#basket = this.#store.recall() ?? emptyBasket(newId());
    this.#on.changed();
  }

  async place() {
    const menu = this.#menu();
    if (!menu || this.sending || obstacle(this.#basket, menu) !== null || this.#asks(menu)) return;
    this.#problem = null;
    const agreed = withAgreed(this.#basket, menu);
    const placing = agreed.round ? this.#bell.command(addition(agreed, menu)) : this.#bell.place(placement(agreed, menu), agreed.id);
    this.#keep(agreed);
    try {
      await placing;
    } catch (error) {
      // `#answered` handles the server's answers; this handles baskets that were never sent.
      if (NEVER_SENT.has(/** @type {any} */ (error).code)) this.#refused(/** @type {any} */ (error));
    }
  }

  /**
   * Asks the person, before the order is sent, to name an allergy, to shorten notes or to accept a raised price. @param {any}
   * menu
   */
  #asks(menu) {
    const unsaid = isAllergySilent(this.#basket) ? 'silent' : isNoteTooLong(this.#basket) ? 'long' : null;
    const [before, now] = [totalBefore(this.#basket, menu), total(this.#basket, menu)];
    const dearer = before !== null && now.amount > before.amount && this.#shown !== now.amount;
    if (!unsaid && !dearer) return false;
    if (dearer) this.#shown = now.amount;
    this.#problem = unsaid ? { is: unsaid } : { is: 'dearer', before: /** @type {Money} */ (before), now };
    this.#on.changed();
    return true;
  }

  /**
   * Handles an answer, even to an order that was sent before a reload. @param {{pending: any, ack?: any, error?: any}} outcome
   */
  #answered({ pending, ack, error }) {
    if (pending.id !== this.#basket.id) return;
    if (error && error.code !== 'conflict') return this.#refused(error);
    this.#keep(emptyBasket(newId()));
    if (error) return this.#on.sentBefore();
    const round = pending.action === 'add_items';
    const cheaper = !round && ack.document.total.amount < pending.body.expected_total?.amount;
    return this.#on.placed(ack.document, { cheaper, round });
  }

  /** @param {{code: string, reason?: string, document?: any}} error */
  #refused(error) {
    const quote = error.code === 'price_changed' && error.document;
    // The order is closed or full, or takes no more rounds: the basket can become a new order.
    const isOver = this.#basket.round && (ROUND_OVER.has(error.code) || ORDER_FULL.has(error.reason ?? ''));
    const basket = { ...(isOver ? asRoundOf(this.#basket) : this.#basket), id: newId() };
    this.#problem = quote ? null : isOver ? { is: 'over' } : { is: 'refused', error };
    this.#keep(quote ? withQuoted(basket, quote.prices) : basket);
    const menu = this.#menu();
    // From now on the page shows both totals.
    if (quote && menu) this.#asks(menu);
    this.#on.refused();
  }

  /** @param {Basket} basket */
  #keep(basket) {
    this.#store.keep(basket.lines.length > 0 ? basket : undefined);
    this.#basket = basket;
    this.#on.changed();
  }
}
