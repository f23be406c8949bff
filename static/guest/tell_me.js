import { features } from '../client/features.js';
import { WORDS } from '../languages/language.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { keepLocal, recallLocal } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';

const SUBSCRIPTION = '/api/v1/push/subscription';
/** How long to wait for the browser or its push service. */
const DEADLINE_MS = 20_000;
/** The statuses in which a guest waits for news. */
const WAITING = new Set(['placed', 'accepted', 'preparing']);

/**
 * `none`: the server sends no notifications, or that is not known yet; `unsupported`: the browser has none; `install`: the
 * phone allows them only for pages on its home screen; `denied`: the diner or the browser has refused.
 *
 * @typedef {'none' | 'unsupported' | 'install' | 'denied' | 'off' | 'on'} State
 */

/**
 * The functions of the browser that this module needs.
 *
 * @typedef {object} Environment
 * @property {boolean} supported
 * @property {boolean} installable whether installing the page on this phone would help
 * @property {() => NotificationPermission} permission
 * @property {() => Promise<NotificationPermission>} ask call it only after a touch
 * @property {() => Promise<{pushManager: any, getNotifications: (filter: {tag: string}) => Promise<{close: () => void}[]>}>} worker
 *   the registration of the service worker
 * @property {(task: () => void) => void} onReturn calls back when the page becomes visible again
 * @property {(task: () => void) => void} onRenewed calls back when the browser has replaced its subscription
 * @property {(task: () => void, ms: number) => any} setTimeout
 */

/** Notifications for one diner's orders. They are off until the diner asks for them, and the choice survives a reload. */
export class TellMe {
  /** @type {State} */ #state = 'none';
  /** Whether a change from off to on, or back, is in progress. */ #busy = false;
  #key = '';
  #api; #name; #order; #language; #changed; #env;

  /**
   * @param {{api: any, diner: string, order: string, language: string, changed: () => void, env?: Environment}} parts
   * `order` is the one on the page; `language` is the language of the notifications
   */
  constructor({ api, diner, order, language, changed, env = browser() }) {
    this.#api = api;
    this.#name = `push.${diner}`;
    this.#order = order;
    this.#language = language;
    this.#changed = changed;
    this.#env = env;
  }

  get state() {
    return this.#state;
  }

  get busy() {
    return this.#busy;
  }

  /** Determines the state without asking the diner. */
  async begin() {
    const key = await this.#serversKey();
    if (key === null) return;
    this.#key = key;
    this.#env.onReturn(() => this.#lookAgain());
    this.#env.onRenewed(() => this.#sayAgain());
    await this.#find();
  }

  /** Turns notifications on or off. Call it after a touch. */
  async toggle() {
    if (this.#busy || (this.#state !== 'on' && this.#state !== 'off')) return;
    if (this.#state === 'on') return this.#settle(() => this.#unsubscribe());
    await this.#settle(async () => {
      const permission = await this.#env.ask();
      if (permission !== 'granted') return permission === 'denied' ? 'denied' : 'off';
      return this.#subscribe();
    }, () => toast(WORDS.tellMeFailed, { bad: true }));
  }

  /** @param {string} language the new language of the page */
  async speak(language) {
    this.#language = language;
    await this.#sayAgain();
  }

  /** @param {any} order a document @returns {HTMLElement | null} */
  view(order) {
    if (!WAITING.has(order.status)) return null;
    switch (this.#state) {
      case 'none': return null;
      case 'unsupported': return note('bellOff', WORDS.tellMeNever);
      case 'install': return note('share', WORDS.tellMeInstall);
      case 'denied': return note('bellOff', WORDS.tellMeBlocked);
      default: return this.#control(this.#state === 'on');
    }
  }

  /** One button for on and off, so that the finger and the keyboard focus stay on it. @param {boolean} on */
  #control(on) {
    return h(on ? 'div.tell.tell--on' : 'div.tell', {},
      // Screen readers announce the text when it appears, since the live region exists before.
      h('p.tell__word', { role: 'status' }, on && [icon('check'), h('span', {}, WORDS.tellingMe)]),
      h(on ? 'button.button' : 'button.button.button--wide', { type: 'button', 'data-do': 'tell-me', 'aria-busy': this.#busy && 'true' },
        on ? null : icon('bell'), h('span', {}, on ? WORDS.tellMeNoMore : WORDS.tellMe)));
  }

  /** @returns {Promise<string | null>} null if the server has none or cannot be reached */
  async #serversKey() {
    try {
      return (await this.#api.get('/api/v1/push/key')).key;
    } catch {
      return null;
    }
  }

  async #find() {
    if (!this.#env.supported) return this.#become(this.#env.installable ? 'install' : 'unsupported');
    this.#clear();
    if (this.#env.permission() === 'denied') return this.#become('denied');
    if (recallLocal(this.#name, null) === null || this.#env.permission() !== 'granted') return this.#become('off');
    // The subscription or the server's key may have changed since, and sending the subscription again costs little.
    this.#state = 'on';
    await this.#settle(() => this.#subscribe());
  }

  /** Reads the permission again, since the diner may have changed the browser's settings. */
  #lookAgain() {
    if (!this.#env.supported || this.#busy) return;
    this.#clear();
    const isDenied = this.#env.permission() === 'denied';
    if (isDenied !== (this.#state === 'denied')) this.#find();
  }

  /** Closes the notifications of an order that is visible. */
  async #clear() {
    try {
      const worker = await this.#env.worker();
      for (const told of await worker.getNotifications({ tag: this.#order })) told.close();
    } catch {
      // If this fails, the notification stays until the guest dismisses it.
    }
  }

  async #sayAgain() {
    if (this.#state === 'on' && !this.#busy) await this.#settle(() => this.#subscribe());
  }

  /** @param {() => Promise<State>} change @param {() => void} [failed] */
  async #settle(change, failed = () => {}) {
    this.#busy = true;
    this.#changed();
    let state = /** @type {State} */ ('off');
    try {
      state = await change();
    } catch {
      failed();
    }
    this.#busy = false;
    this.#become(state);
  }

  /** @returns {Promise<State>} */
  async #subscribe() {
    const { endpoint, keys } = (await this.#inTime(this.#subscription())).toJSON();
    await this.#api.put(SUBSCRIPTION, { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth }, language: this.#language });
    keepLocal(this.#name, { endpoint });
    return 'on';
  }

  async #subscription() {
    const { pushManager } = await this.#env.worker();
    const wish = { userVisibleOnly: true, applicationServerKey: this.#key };
    try {
      return await pushManager.subscribe(wish);
    } catch (error) {
      // A subscription under an older key prevents a new one.
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
    await this.#inTime(this.#env.worker().then(async ({ pushManager }) => (await pushManager.getSubscription())?.unsubscribe()));
    if (kept) await this.#api.request('DELETE', SUBSCRIPTION, { body: { endpoint: kept.endpoint } });
    return 'off';
  }

  /** @template T @param {Promise<T>} promise @returns {Promise<T>} */
  #inTime(promise) {
    return Promise.race([promise, new Promise((_, reject) => {
      this.#env.setTimeout(() => reject(new Error('no answer in time')), DEADLINE_MS);
    })]);
  }

  /** @param {State} state */
  #become(state) {
    this.#state = state;
    this.#changed();
  }
}

/** @param {'bellOff' | 'share'} name of an icon @param {string} text */
function note(name, text) {
  return h('p.tell.tell--note', {}, icon(name), h('span', {}, text));
}

/** @returns {Environment} */
function browser() {
  return {
    supported: Boolean(features.serviceWorker() && features.PushManager() && features.Notification()),
    installable: /** @type {any} */ (navigator).standalone === false,
    permission: () => Notification.permission,
    ask: () => Notification.requestPermission(),
    worker: () => navigator.serviceWorker.ready,
    onReturn: (task) => document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') task(); }),
    onRenewed: (task) => features.serviceWorker()?.addEventListener('message', ({ data }) => { if (data === 'pushsubscriptionchange') task(); }),
    setTimeout: (task, ms) => setTimeout(task, ms),
  };
}
