import { WORDS } from '../languages/language.js';
import { called } from '../shared/order_facts.js';
import { h, render } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { isForgetful } from '../shared/storage.js';
import { toast } from '../shared/toasts.js';
import { UNSEEN_MS, promisedRange } from './order_view.js';

/**
 * Shows a state in place of the page's content: loading, refused, unreachable.
 *
 * @param {Element} root
 * @param {{title: string, hint?: string, icon?: any, busy?: boolean, action?: string, does?: string, link?: {href: string, text: string}}} what
 *   `does`: the `data-do` of the button `action`
 */
export function showInstead(root, { title, hint, icon: name = 'alert', busy = false, action, does = 'retry', link }) {
  render(root, h('div.blank', { role: 'status' },
    icon(busy ? 'tray' : name),
    busy && h('div.spinner', { 'aria-hidden': 'true' }),
    busy ? h('p', {}, title) : h('h1', {}, title),
    hint && h('p', {}, hint),
    action && h('button.button.button--primary', { type: 'button', 'data-do': does }, action),
    link && h('a.button', { href: link.href }, link.text)));
}

/** @param {string} text for screen readers: a change that the guest did not cause */
export function announce(text) {
  const region = document.getElementById('announce');
  if (region) region.textContent = text;
}

/**
 * Announces an order's progress to screen readers, and by vibration.
 * @param {any} before @param {any} after documents
 */
export function tellProgress(before, after) {
  if (!before) return;
  if (before.status === after.status) return void tellNewTime(before, after);
  // refusals.js announces refusals with their reasons, and the answer announces the guest's own cancellation.
  if (after.status === 'rejected' || after.status === 'cancelled') return;
  announce(`${WORDS.order(called(after))}: ${WORDS[`status_${after.status}`]}`);
  if (after.status === 'ready') vibrate();
}

/** Shakes the phone. Browsers log an error when a page vibrates before its first touch. */
export function vibrate() {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 100, 200]);
}

/** @param {any} before @param {any} after documents of one status */
function tellNewTime(before, after) {
  const [old, range] = [promisedRange(before), promisedRange(after)];
  if (old !== null && range !== null && old !== range) toast(WORDS.promiseMoved(called(after), range));
}

/** A second touch sooner than this comes from a trembling finger; the first touch expires after `REMEMBERED_MS`. */
const TREMBLE_MS = 400;
const REMEMBERED_MS = 8_000;

/** Asks for a second touch before an action that cannot be undone. */
export class SecondTouch {
  #thing = ''; #at = -Infinity; #changed; #now;

  /** @param {() => void} changed redraws @param {() => number} [now] monotonic ms */
  constructor(changed, now = () => performance.now()) {
    this.#changed = changed;
    this.#now = now;
  }

  /** @param {string} thing such as an order's id @returns {boolean} whether this was the second touch */
  touch(thing) {
    if (this.wants(thing)) return this.#now() - this.#at > TREMBLE_MS;
    this.#thing = thing;
    this.#at = this.#now();
    setTimeout(this.#changed, REMEMBERED_MS);
    this.#changed();
    return false;
  }

  /** @param {string} thing @returns {boolean} whether it was touched once and waits for the second touch */
  wants(thing) {
    return thing === this.#thing && this.#now() - this.#at < REMEMBERED_MS;
  }
}

/** How often to ask whether the floor has seen an order. */
const RECEIPT_MS = 4_000;

/**
 * Asks whether an order was visible on a floor page, while the order is unanswered and the page is visible. Without a result
 * the page claims nothing.
 */
export class Receipts {
  #api; #orders; #now; #changed;
  /** @type {Map<string, boolean>} */ #seen = new Map();
  #asking = false;
  /** Orders that were announced as unseen. @type {Set<string>} */ #told = new Set();

  /**
   * @param {any} api @param {() => any[]} orders documents @param {() => number} now server ms @param {() => void} changed
   * redraws
   */
  constructor(api, orders, now, changed) {
    this.#api = api;
    this.#orders = orders;
    this.#now = now;
    this.#changed = changed;
    setInterval(() => this.ask(), RECEIPT_MS);
    document.addEventListener('visibilitychange', () => this.ask());
  }

  /** @param {string} id of an order @returns {boolean | undefined} undefined if it is unknown */
  of(id) {
    return this.#seen.get(id);
  }

  async ask() {
    if (this.#asking || document.visibilityState !== 'visible') return;
    this.#asking = true;
    for (const order of this.#orders()) {
      if (order.status === 'placed' && !this.#seen.get(order.id)) await this.#askOf(order);
    }
    this.#asking = false;
  }

  /** @param {any} order */
  async #askOf(order) {
    const { id, placed_at: placed } = order;
    const known = this.#seen.get(id);
    try {
      this.#seen.set(id, (await this.#api.get(`/api/v1/orders/${id}/receipt`)).floor_seen);
    } catch {
      // A failed request does not mean "not seen".
      this.#seen.delete(id);
    }
    if (known !== this.#seen.get(id)) this.#changed();
    if (this.#seen.get(id) !== false || this.#told.has(id) || this.#now() - Date.parse(placed) < UNSEEN_MS) return;
    this.#told.add(id);
    toast(`${WORDS.order(called(order))}: ${WORDS.unseen}`, { bad: true });
  }
}

/** The name of the token in a shared link's fragment. */
const SHARED = 'share';

/**
 * Returns the token of a shared link. The link has it in its fragment, which no server sees. This tab then stores it and
 * removes it from the address.
 *
 * @param {string} order its id
 * @param {{hash: string, pathname: string}} place @param {import('../client/types.js').Store} store
 * @returns {string | null} null if the order was not shared
 */
export function sharedToken(order, place, store) {
  const key = `orderbell.shared.${order}`;
  const given = new URLSearchParams(place.hash.slice(1)).get(SHARED);
  if (given) {
    store.setItem(key, given);
    // Without storage the token stays in the address: a reload would lose the order otherwise.
    if (!isForgetful()) history.replaceState(history.state, '', place.pathname);
  }
  return store.getItem(key);
}

/** @param {string} origin @param {string} order its id @param {string} token @returns {string} a link for somebody else */
export function linkTo(origin, order, token) {
  return `${origin}/orders/${order}#${SHARED}=${token}`;
}
