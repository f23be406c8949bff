import { WORDS, errorWords } from '../languages/language.js';
import { called } from '../shared/order_facts.js';
import { h, onAction, render } from '../shared/dom.js';
import { toast } from '../shared/toasts.js';
import { orderPage } from './order_view.js';

/**
 * Shows the order page as a sheet on the table page. In a browser without storage, a separate order page could not find the
 * session that placed the order, and would treat the guest as a stranger.
 */
export class OrderSheet {
  #orders; #stateOf; #api;
  /** @type {string | null} */ #id = null;
  #sheet = /** @type {HTMLDialogElement} */ (h('dialog.sheet', { id: 'order-sheet' }));
  #body = h('div', {});

  /** @param {{orders: {get: (id: string) => any}, stateOf: (order: any) => import('./order_view.js').State, api: any}} parts `api`: the diner's */
  constructor({ orders, stateOf, api }) {
    this.#orders = orders;
    this.#stateOf = stateOf;
    this.#api = api;
    this.#sheet.append(this.#body);
    document.body.append(this.#sheet);
    onAction(this.#sheet, 'data-do', (does) => {
      if (does === 'share') this.#share();
      // The other controls lead to the menu or the basket, which this sheet covers.
      else if (does !== 'read') this.#sheet.close();
    });
    this.#sheet.addEventListener('close', () => { this.#id = null; });
  }

  /** @param {string} id of an order */
  open(id) {
    this.#id = id;
    this.draw();
    this.#sheet.showModal();
  }

  draw() {
    if (!this.#id) return;
    const order = this.#orders.get(this.#id);
    // The order may be lost; then the page behind the sheet shows that.
    if (!order) return this.#sheet.close();
    this.#sheet.setAttribute('aria-label', WORDS.order(called(order)));
    render(this.#body,
      h('div.sheet__head', {}, h('p.muted', {}, WORDS.keepsNothingOrder), h('button.button.button--quiet', { 'type': 'button', 'data-do': 'close' }, WORDS.close)),
      orderPage(order, this.#stateOf(order)));
  }

  async #share() {
    try {
      const { share } = await import('./share.js');
      await share(this.#api, this.#orders.get(this.#id ?? ''));
    } catch (error) {
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
    }
  }
}
