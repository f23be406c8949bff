import { OrderbellError } from '../codes.js';

/** Commands that concern no order. They are posted to the restaurant. */
const OF_THE_RESTAURANT = new Set(['call_waiter', 'answer_call', 'move', 'merge', 'undo']);

/**
 * Sends `command` and `place` frames as HTTP calls under the same ids, and returns the same frames
 * as answers.
 */
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
  async #place({ id, order, shift }) {
    const headers = { 'idempotency-key': id, ...(shift && { 'orderbell-shift': shift }) };
    const document = await this.#api.post(this.#ofRestaurant('orders'), order, headers);
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
    const message = 'without a WebSocket this needs the option `slug`';
    throw new OrderbellError({ code: 'invalid', message });
  }

  /** @param {string} id @param {OrderbellError} error */
  #refused(id, { code, message, document, reason, retryAfterMs }) {
    // Without an answer the link counts as lost. The next one sends the command again, under the
    // same id.
    if (code === 'offline') this.#failed({ code: 1006, reason: message });
    else if (code === 'unauthorized') this.#failed({ code: 4401, reason: message });
    else {
      const retry = { retry_after_ms: retryAfterMs };
      this.#answered({ type: 'error', id, code, message, document, reason, ...retry });
    }
  }
}
