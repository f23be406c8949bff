import { OrderbellError } from './codes.js';
import { features } from './features.js';
import { newId } from './ids.js';

/** How long before its expiry a token is renewed. A short-lived token is renewed after half its life. */
export const RENEW_BEFORE_MS = 60_000;
/** How long a renewal may take before it is given up and tried again later with the same token. */
const DEADLINE_MS = 8_000;
/** How long one tab may hold the lease to renew if the browser has no locks; longer than a renewal takes. */
const LEASE_MS = 10_000;
/**
 * How long a tab waits before it reads its lease back, in ms. Of two tabs that take the lease at once, the last to write has
 * it.
 */
const LEASE_SETTLE_MS = 60;

/**
 * How long to ignore an answer that the session has ended while a call replaces the session. The server repeats the answer to
 * that call for longer than this.
 */
const REPLACEMENT_MS = 60_000;

/** @typedef {import('./types.js').Tokens} Tokens */

/**
 * An access token and its refresh token, in a storage that all tabs of the origin share. One tab renews, and the others take
 * its result. If the answer is lost, the same refresh token gets it again until the new token is used. So a tab stores a new
 * token before it uses it, and discards an answer that comes after another tab's.
 *
 * @implements {Tokens}
 */
export class TokenSource {
  #url; #store; #key; #fetch; #now; #locks;
  /** @type {Promise<string> | null} */
  #renewal = null;

  /**
   * @param {{url: string, store: import('./types.js').Store, key: string, fetch?: typeof globalThis.fetch, now?: () => number, locks?: LockManager | null}} parts
   *   `key` names the entry in `store`; `now` is wall-clock ms
   */
  constructor({ url, store, key, fetch = globalThis.fetch.bind(globalThis), now = Date.now, locks }) {
    this.#url = url;
    this.#store = store;
    this.#key = key;
    this.#fetch = fetch;
    this.#now = now;
    this.#locks = locks === undefined ? features.locks() : locks;
    this.renewable = true;
    /** Why the server ended the session, if it says so: `ended_by_staff`. @type {string | null} */
    this.endReason = null;
    /** True once the server has told this tab or another one that the token cannot be renewed. */
    this.over = false;
  }

  /** Whether a token is stored, valid or not. */
  get present() {
    return this.#read() !== null;
  }

  /** @param {import('./types.js').TokenAnswer} answer of a sign-in or a renewal */
  save({ access_token, refresh_token, expires_in }) {
    const lifetime = expires_in * 1000;
    const [renew_at, expires_at] = [renewalDelay(lifetime), lifetime].map((ms) => this.#now() + ms);
    this.#store.setItem(this.#key, JSON.stringify({ access_token, refresh_token, renew_at, expires_at }));
  }

  clear() {
    this.#store.removeItem(this.#key);
  }

  /** @returns {Promise<string>} a token that has not expired */
  async get() {
    const kept = this.#read();
    if (!kept) throw this.#lost();
    if (kept.renew_at > this.#now() || !kept.refresh_token) return kept.access_token;
    return this.refresh().catch((error) => {
      // After a renewal without an answer the current token is still valid for a moment.
      if (error.code === 'unauthorized' || kept.expires_at <= this.#now()) throw error;
      return kept.access_token;
    });
  }

  /** @returns {Promise<string>} a token newer than the one at hand; calls made meanwhile share it */
  refresh() {
    const old = this.#read()?.access_token;
    this.#renewal ??= this.#alone(() => this.#renew(old)).finally(() => { this.#renewal = null; });
    return this.#renewal;
  }

  /**
   * Makes a call that ends the session and whose answer has the tokens of the next one. They are stored before any tab renews.
   * If the answer is lost, no tab treats the session as ended for a while, since the call may be sent again.
   *
   * @param {(token: string) => Promise<any>} call
   * @returns {Promise<any>} its answer
   */
  replace(call) {
    return this.#alone(async () => {
      const kept = this.#read();
      if (!kept) throw this.#lost();
      this.#store.setItem(this.#mark, String(this.#now()));
      let answer;
      try {
        answer = await call(kept.access_token);
      } catch (error) {
        const { status, code } = /** @type {any} */ (error);
        // A temporary refusal: the previous call may still be under way.
        if (status < 500 && code !== 'rate_limited') this.#store.removeItem(this.#mark);
        throw error;
      }
      // Signed out meanwhile.
      if (!this.#read()) throw this.#lost();
      if (isTokenAnswer(answer)) this.save(answer);
      this.#store.removeItem(this.#mark);
      return answer;
    });
  }

  get #mark() {
    return `${this.#key}.replaced`;
  }

  get #mayBeReplaced() {
    const age = this.#now() - Number(this.#store.getItem(this.#mark) ?? NaN);
    return age >= 0 && age < REPLACEMENT_MS;
  }

  /** @param {() => Promise<any>} task runs while no other tab renews @returns {Promise<any>} */
  #alone(task) {
    return this.#locks ? this.#withLock(this.#locks, task) : this.#withLease(task);
  }

  /**
   * Runs a task under the lock, or without it if the lock is not granted in time: a sleeping tab may hold it for hours, and a
   * browser that refuses storage also refuses locks. Two tabs that renew at once get the same tokens.
   * @param {LockManager} locks
   * @param {() => Promise<any>} task
   * @returns {Promise<any>}
   */
  async #withLock(locks, task) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), LEASE_MS);
    let held = false;
    try {
      return await locks.request(`orderbell-renewal:${this.#key}`, { signal: patience.signal }, () => {
        held = true;
        return task();
      });
    } catch (error) {
      if (held) throw error;
      return task();
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {string | undefined} old */
  async #renew(old) {
    const kept = this.#read();
    if (!kept?.refresh_token) throw this.#lost();
    if (kept.access_token !== old) return kept.access_token;
    const { status, body } = await this.#ask(kept.refresh_token);
    const now = this.#read();
    // Locks may be missing and tabs sleep, so another tab may have renewed or signed in since.
    if (now && now.refresh_token !== kept.refresh_token) return now.access_token;
    // Only the server's own code ends a session; a 401 without one is from a proxy.
    if (status === 401 && body?.code === 'unauthorized' && !this.#mayBeReplaced) {
      this.endReason = body.reason ?? null;
      this.over = true;
      this.clear();
      throw signInAgain(body.reason);
    }
    if (status !== 200 || !isTokenAnswer(body)) throw new OrderbellError({ code: 'unavailable', status });
    // Signed out in the meantime.
    if (!now) throw this.#lost();
    this.save(body);
    return body.access_token;
  }

  #lost() {
    this.over = true;
    return signInAgain();
  }

  /** @param {string} refresh_token @returns {Promise<{status: number, body: any}>} `body` is null if it is not JSON */
  async #ask(refresh_token) {
    try {
      const response = await this.#fetch(new URL('/api/v1/sessions/refresh', this.#url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token }),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      return { status: response.status, body: parse(await response.text()) };
    } catch (error) {
      throw new OrderbellError({ code: 'offline', message: String(error) });
    }
  }

  /**
   * Runs a task under a lease in the storage, since `navigator.locks` is missing on plain http. The
   * last tab to write the lease has it; a tab that finds another's lease waits.
   * @param {() => Promise<any>} task
   * @returns {Promise<any>}
   */
  async #withLease(task) {
    const key = `${this.#key}.lease`;
    const mine = newId();
    for (;;) {
      const lease = parse(this.#store.getItem(key));
      // If the lease ends later than a new one would, it was taken before the clock was set back.
      if (!lease || lease.until < this.#now() || lease.until > this.#now() + LEASE_MS) {
        this.#store.setItem(key, JSON.stringify({ owner: mine, until: this.#now() + LEASE_MS }));
      }
      await pause(LEASE_SETTLE_MS);
      if (parse(this.#store.getItem(key))?.owner === mine) break;
    }
    try {
      return await task();
    } finally {
      this.#store.removeItem(key);
    }
  }

  /** @returns {{access_token: string, refresh_token?: string, renew_at: number, expires_at: number} | null} */
  #read() {
    return parse(this.#store.getItem(this.#key));
  }
}

/** @param {number} lifetimeMs a token's remaining life @returns {number} in how many ms to renew it */
export function renewalDelay(lifetimeMs) {
  return Math.max(lifetimeMs - RENEW_BEFORE_MS, lifetimeMs / 2, 0);
}

/**
 * A token from elsewhere (a command line, an address fragment) that nothing can renew.
 *
 * @param {string} token @param {() => number} [now] wall-clock ms
 * @returns {Tokens}
 */
export function fixedToken(token, now = Date.now) {
  return {
    renewable: false,
    async get() {
      const expiry = tokenExpiry(token);
      if (expiry !== null && expiry <= now()) throw signInAgain();
      return token;
    },
    async refresh() {
      throw signInAgain();
    },
  };
}

/**
 * @param {string} token
 * @returns {number | null} when it expires, in ms since 1970; null when it does not say
 */
export function tokenExpiry(token) {
  const { exp } = tokenClaims(token);
  return typeof exp === 'number' ? exp * 1000 : null;
}

/**
 * Returns the claims of a token, unverified: they may decide what to show, never what to allow.
 *
 * @param {string} token
 * @returns {Record<string, any>} empty if the token cannot be read
 */
export function tokenClaims(token) {
  const payload = token.split('.')[1] ?? '';
  try {
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)))) ?? {};
  } catch {
    return {};
  }
}

/** @param {string} [reason] */
function signInAgain(reason) {
  return new OrderbellError({ code: 'unauthorized', message: 'sign in again', reason });
}

/** @param {any} body */
function isTokenAnswer(body) {
  return typeof body?.access_token === 'string' && typeof body.refresh_token === 'string' && body.expires_in > 0;
}

/** @param {string | null} text */
function parse(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
