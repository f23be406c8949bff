import { Emitter } from '../client/emitter.js';
import { pageVersion } from './dom.js';
import { isForgetful, sessionStore } from './storage.js';

/** Reloads a page when the server serves another version of it: one rule for all pages. */

const CHECK_MS = 2_000;
/** Behind a balancer the next answer may come from a node that still has the old pages. */
const ASK_AGAIN_MS = 20_000;
/** A page without a live link reads its own address this often. */
const LOOK_MS = 5 * 60_000;
/** Nobody is at a page that was not touched for this long. */
export const UNTOUCHED_MS = 15_000;
/** A page reloads for one reason once in this time: a wrong reason must not keep a screen busy with it. */
export const AGAIN_AFTER_MS = 10 * 60_000;
const FETCH_MS = 10_000;
const KEPT = 'orderbell.reloaded';
const VERSION = /name="orderbell-version" content="([^"]+)"/;

/**
 * Loads another version of the page once the server has it, when a reload loses nothing and nobody is at the page: it is
 * hidden, or was not touched for a while.
 *
 * @param {{on: (event: any, listener: (message: any) => void) => unknown, welcome?: any}} source of the server's version: an `Orderbell`
 *   that was given `pageVersion()`, or `readOwnPage()`
 * @param {() => boolean} losesNothing whether the page holds nothing that a reload would lose
 * @param {{own?: string, page?: Document, monotonic?: () => number, load?: (version: string, still: () => boolean) => Promise<unknown>}} [around]
 * @returns {() => Promise<void>} checks now
 */
export function followVersion(source, losesNothing, { own = pageVersion(), page = document, monotonic = () => performance.now(), load = loadVersion } = {}) {
  /** @type {string | undefined} */ let wanted;
  let askAt = -Infinity;
  // A page that loads this late may have been touched before.
  let touchedAt = globalThis.navigator?.userActivation?.hasBeenActive ? monotonic() : -Infinity;
  const isQuiet = () => losesNothing() && (page.visibilityState === 'hidden' || monotonic() - touchedAt >= UNTOUCHED_MS);
  const check = async () => {
    if (!wanted || monotonic() < askAt || !isQuiet()) return;
    askAt = monotonic() + ASK_AGAIN_MS;
    await load(wanted, isQuiet);
  };
  const learn = (/** @type {string | undefined} */ server) => {
    wanted = own && server && server !== own ? server : undefined;
    check();
  };
  source.on('welcome', ({ version }) => learn(version));
  // Where another node may answer each request, it is named between two welcomes.
  source.on('version', ({ server }) => learn(server));
  // The first welcome may have come before this was loaded.
  learn(source.welcome?.version);
  for (const name of ['pointerdown', 'keydown', 'wheel', 'touchmove']) page.addEventListener(name, () => { touchedAt = monotonic(); }, { passive: true });
  page.addEventListener('visibilitychange', check);
  setInterval(check, CHECK_MS);
  return check;
}

/** @returns {Emitter} the server's version for a page without a live link: events `version` */
export function readOwnPage() {
  const source = new Emitter();
  setInterval(async () => {
    const [, server] = VERSION.exec(await ownPage()) ?? [];
    if (server) source.emit('version', { server });
  }, LOOK_MS);
  return source;
}

/** @param {string} version @param {() => boolean} still whether it may still reload, once the new page is known to be there */
function loadVersion(version, still) {
  return loadAnew(version, `content="${version}"`, still);
}

/**
 * Reloads the page if the server has it: a page that goes while the server is away comes back as the browser's error.
 *
 * @param {string} reason once in ten minutes for each
 * @param {string} [text] that the new page must contain
 * @param {() => boolean} [still] whether it may still reload after the question
 */
export async function loadAnew(reason, text = '', still = () => true) {
  // What is in memory alone, a session with it, would be gone.
  if (isForgetful() || !mayReload(sessionStore, reason, Date.now())) return;
  const page = await ownPage();
  if (!page || !page.includes(text) || !still()) return;
  noteReload(sessionStore, reason, Date.now());
  location.reload();
}

/** @param {Pick<import('../client/types.js').Store, 'getItem'>} store @param {string} reason @param {number} now ms since 1970 */
export function mayReload(store, reason, now) {
  const before = reloads(store)[reason];
  // A clock that was set back must not forbid it for a day.
  return before === undefined || now < before || now - before >= AGAIN_AFTER_MS;
}

/** @param {Pick<import('../client/types.js').Store, 'getItem' | 'setItem'>} store @param {string} reason @param {number} now ms since 1970 */
export function noteReload(store, reason, now) {
  store.setItem(KEPT, JSON.stringify({ ...reloads(store), [reason]: now }));
}

/** @param {Pick<import('../client/types.js').Store, 'getItem'>} store @returns {Record<string, number>} when, ms since 1970, by reason */
function reloads(store) {
  try {
    return JSON.parse(store.getItem(KEPT) ?? '{}') ?? {};
  } catch {
    return {};
  }
}

/** @returns {Promise<string>} the page as the server has it now; empty when it cannot be had */
async function ownPage() {
  try {
    const response = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(FETCH_MS) });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}
