import { errorRule } from '../codes.js';

/** A receipt that could not be given is given again after this, in ms. */
const AGAIN_MS = 3_000;

/** The frame `seen` as HTTP calls: one at a time for each room, and of what was drawn meanwhile the last alone. */
export class HttpReceipts {
  #api; #around;
  /** Receipts to be given, by room. @type {Map<string, {position: number, station?: string}>} */ #waiting = new Map();
  /** Rooms of which one is under way. @type {Set<string>} */ #busy = new Set();
  #closed = false;

  /** @param {{api: import('../api.js').Api, around: import('../types.js').Surroundings}} parts */
  constructor({ api, around }) {
    this.#api = api;
    this.#around = around;
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
    for (let next = this.#waiting.get(room); next && !this.#closed; next = this.#waiting.get(room)) {
      this.#waiting.delete(room);
      if (await this.#isAnswered(room, next)) continue;
      if (!this.#waiting.has(room)) this.#waiting.set(room, next);
      await new Promise((resolve) => this.#around.setTimeout(() => resolve(undefined), AGAIN_MS));
    }
    this.#busy.delete(room);
  }

  /** A refusal is an answer too; a token that is none any more ends the link, whose next one gives the receipt again.
   * @param {string} room @param {object} receipt */
  async #isAnswered(room, receipt) {
    try {
      await this.#api.post(`/api/v1/rooms/${encodeURIComponent(room)}/seen`, receipt);
      return true;
    } catch (/** @type {any} */ error) {
      return error.code !== 'offline' && errorRule(error.code) !== 'later';
    }
  }
}
