import { WORDS } from '../languages/language.js';
import { h } from '../views/dom.js';
import { icon } from '../views/icons.js';
import { keepLocal, recallLocal } from '../views/storage.js';
import { toast } from '../views/toasts.js';

const SUBSCRIPTION = '/api/v1/push/subscription';
/** A push service that has not answered by then does not. */
const DEADLINE_MS = 20_000;
/** Beyond these there is nothing left to wait for. */
const WAITING = new Set(['placed', 'accepted', 'preparing']);

/**
 * `unsupported`: this browser, or this restaurant's server, has no notifications; `install`: a phone that has them only
 * for pages on its home screen; `denied`: the diner, or the browser, has said no; `busy` while one of the others is found.
 *
 * @typedef {'unsupported' | 'install' | 'denied' | 'off' | 'busy' | 'on'} State
 */

/**
 * What is needed of the browser.
 *
 * @typedef {object} Around
 * @property {boolean} supported
 * @property {boolean} installable a phone on which installing the page would help
 * @property {() => NotificationPermission} permission
 * @property {() => Promise<NotificationPermission>} ask only after a touch
 * @property {() => Promise<{pushManager: any}>} worker the registration of the service worker
 * @property {(task: () => void, ms: number) => any} setTimeout
 */

/** Notifications of one diner's orders: off until asked for, and known again after a reload. */
export class TellMe {
  /** @type {State} */ #state = 'unsupported';
  #key = '';
  #api; #name; #language; #changed; #around;

  /**
   * @param {{api: any, diner: string, language: string, changed: () => void, around?: Around}} parts
   *   `language` is what the notifications will be in
   */
  constructor({ api, diner, language, changed, around = browser() }) {
    this.#api = api;
    this.#name = `push.${diner}`;
    this.#language = language;
    this.#changed = changed;
    this.#around = around;
  }

  get state() {
    return this.#state;
  }

  /** Finds out what there is, without asking the diner anything. */
  async begin() {
    if (!this.#around.supported) return this.#become(this.#around.installable ? 'install' : 'unsupported');
    const key = await this.#serversKey();
    if (key === null) return this.#become('unsupported');
    this.#key = key;
    if (this.#around.permission() === 'denied') return this.#become('denied');
    if (recallLocal(this.#name, null) === null || this.#around.permission() !== 'granted') return this.#become('off');
    // What the browser has may have been renewed since, or the server's key: saying it again costs little.
    return this.#settle(() => this.#subscribe());
  }

  /** A touch. */
  async toggle() {
    if (this.#state === 'on') return this.#settle(() => this.#unsubscribe());
    if (this.#state !== 'off') return;
    this.#become('busy');
    const permission = await this.#around.ask();
    if (permission !== 'granted') return this.#become(permission === 'denied' ? 'denied' : 'off');
    await this.#settle(() => this.#subscribe(), () => toast(WORDS.tellMeFailed, { bad: true }));
  }

  /** @param {string} language the page's new one */
  async speak(language) {
    this.#language = language;
    if (this.#state === 'on') await this.#settle(() => this.#subscribe());
  }

  /** @param {any} order a document @returns {HTMLElement | null} */
  view(order) {
    if (!WAITING.has(order.status)) return null;
    switch (this.#state) {
      case 'unsupported': return null;
      case 'install': return h('p.muted.tell', {}, WORDS.tellMeInstall);
      case 'denied': return h('p.muted.tell', {}, icon('bellOff'), h('span', {}, WORDS.tellMeBlocked));
      default: return this.#button();
    }
  }

  #button() {
    const on = this.#state === 'on';
    return h('button.button.button--wide.tell', {
      type: 'button', 'data-do': 'tell-me', 'aria-pressed': String(on), disabled: this.#state === 'busy', 'aria-busy': this.#state === 'busy' && 'true',
    }, icon(on ? 'check' : 'bell'), h('span', {}, on ? WORDS.tellingMe : WORDS.tellMe));
  }

  /** @returns {Promise<string | null>} null when the server has none, or cannot be asked */
  async #serversKey() {
    try {
      return (await this.#api.get('/api/v1/push/key')).key;
    } catch {
      return null;
    }
  }

  /** @param {() => Promise<State>} change @param {() => void} [failed] */
  async #settle(change, failed = () => {}) {
    this.#become('busy');
    try {
      this.#become(await change());
    } catch {
      this.#become('off');
      failed();
    }
  }

  /** @returns {Promise<State>} */
  async #subscribe() {
    const { pushManager } = await this.#around.worker();
    const { endpoint, keys } = (await Promise.race([this.#subscriptionOf(pushManager), this.#silence()])).toJSON();
    await this.#api.put(SUBSCRIPTION, { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth }, language: this.#language });
    keepLocal(this.#name, { endpoint });
    return 'on';
  }

  /** @returns {Promise<never>} */
  #silence() {
    return new Promise((_, reject) => {
      this.#around.setTimeout(() => reject(new Error('no answer in time')), DEADLINE_MS);
    });
  }

  /** @param {any} pushManager */
  async #subscriptionOf(pushManager) {
    const wish = { userVisibleOnly: true, applicationServerKey: this.#key };
    try {
      return await pushManager.subscribe(wish);
    } catch (error) {
      // A subscription under an older key stands in the way.
      const old = /** @type {any} */ (error).name === 'InvalidStateError' && await pushManager.getSubscription();
      if (!old) throw error;
      await old.unsubscribe();
      return pushManager.subscribe(wish);
    }
  }

  /** @returns {Promise<State>} */
  async #unsubscribe() {
    const kept = recallLocal(this.#name, null);
    keepLocal(this.#name, undefined);
    const { pushManager } = await this.#around.worker();
    await (await pushManager.getSubscription())?.unsubscribe();
    if (kept) await this.#api.request('DELETE', SUBSCRIPTION, { body: { endpoint: kept.endpoint } });
    return 'off';
  }

  /** @param {State} state */
  #become(state) {
    this.#state = state;
    this.#changed();
  }
}

/** @returns {Around} */
function browser() {
  return {
    supported: 'serviceWorker' in navigator && 'PushManager' in globalThis && typeof Notification === 'function',
    installable: /** @type {any} */ (navigator).standalone === false,
    permission: () => Notification.permission,
    ask: () => Notification.requestPermission(),
    worker: () => navigator.serviceWorker.ready,
    setTimeout: (task, ms) => setTimeout(task, ms),
  };
}
