import { errorRule } from '../codes.js';

/** How long to wait before sending a failed receipt again, in ms. */
const AGAIN_MS = 3_000;

/**
 * Sends `seen` frames as HTTP calls, one at a time for each room. Of the receipts that wait for a room, it sends only the
 * newest.
 */
export class HttpReceipts {
  #api; #env;
  /**
   * Unsent receipts, by room.
   * @type {Map<string, {position: number, station?: string}>}
   */
  #waiting = new Map();
  /** Rooms with a call in progress. @type {Set<string>} */ #busy = new Set();
  #closed = false;

  /** @param {{api: import('../api.js').Api, env: import('../types.js').Environment}} parts */
  constructor({ api, env }) {
    this.#api = api;
    this.#env = env;
  }

  /** @param {{room: string, position: number, station?: string}} frame */
  give({ room, position, station }) {
    this.#waiting.set(room, { position, station });
    if (!this.#busy.has(room)) this.#work(room);
  }

  close() {
    this.#closed = true;
  }

  /** @param {string} room */
  async #work(room) {
    this.#busy.add(room);
    for (;;) {
      const next = this.#waiting.get(room);
      if (!next || this.#closed) break;
      this.#waiting.delete(room);
      if (await this.#isAnswered(room, next)) continue;
      if (!this.#waiting.has(room)) this.#waiting.set(room, next);
      await new Promise((resolve) => this.#env.setTimeout(() => resolve(undefined), AGAIN_MS));
    }
    this.#busy.delete(room);
  }

  /**
   * Returns whether the server answered; a refusal counts. An ended token ends the link, and the
   * next link sends the receipt again.
   * @param {string} room
   * @param {object} receipt
   */
  async #isAnswered(room, receipt) {
    try {
      await this.#api.post(`/api/v1/rooms/${encodeURIComponent(room)}/seen`, receipt);
      return true;
    } catch (/** @type {any} */ error) {
      return error.code !== 'offline' && errorRule(error.code) !== 'later';
    }
  }
}
