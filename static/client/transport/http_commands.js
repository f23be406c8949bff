import { OrderbellError } from '../codes.js';

/** Commands that are about no order, and have an address of the restaurant's. */
const OF_THE_RESTAURANT = new Set(['call_waiter', 'answer_call']);

/** The frames `command` and `place` as HTTP calls, under the same ids, answered by the same frames. */
export class HttpCommands {
  #api; #slug; #answered; #failed;

  /**
   * @param {{api: import('../api.js').Api, slug?: string, answered: (frame: any) => void,
   *   failed: (end: import('../types.js').End) => void}} parts
   */
  constructor({ api, slug, answered, failed }) {
    this.#api = api;
    this.#slug = slug;
    this.#answered = answered;
    this.#failed = failed;
  }

  /** @param {any} frame */
  async send(frame) {
    try {
      this.#answered(await (frame.type === 'place' ? this.#place(frame) : this.#command(frame)));
    } catch (error) {
      this.#refused(frame.id, /** @type {OrderbellError} */ (error));
    }
  }

  /** @param {any} frame */
  async #place({ id, order }) {
    const document = await this.#api.post(this.#ofRestaurant('orders'), order, { 'idempotency-key': id });
    return { type: 'ack', id, position: document.position, changed: true, document };
  }

  /** @param {any} frame */
  async #command({ type: _, order, ...command }) {
    const path = OF_THE_RESTAURANT.has(command.action)
      ? this.#ofRestaurant('commands')
      : `/api/v1/orders/${encodeURIComponent(order)}/commands`;
    return { ...await this.#api.post(path, command), type: 'ack', id: command.id };
  }

  /** @param {'orders' | 'commands'} what */
  #ofRestaurant(what) {
    if (this.#slug) return `/api/v1/restaurants/${encodeURIComponent(this.#slug)}/${what}`;
    throw new OrderbellError({ code: 'invalid', message: 'without a WebSocket this needs the option `slug`' });
  }

  /** @param {string} id @param {OrderbellError} error */
  #refused(id, { code, message, document, reason, retryAfterMs }) {
    // Without an answer the link is as good as lost; the command goes again on the next, under its id.
    if (code === 'offline') this.#failed({ code: 1006, reason: message });
    else if (code === 'unauthorized') this.#failed({ code: 4401, reason: message });
    else this.#answered({ type: 'error', id, code, message, document, reason, retry_after_ms: retryAfterMs });
  }
}
