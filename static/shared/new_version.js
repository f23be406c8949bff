import { Emitter } from '../client/emitter.js';
import { pageVersion } from './dom.js';
import { isForgetful, sessionStore } from './storage.js';

/** Reloads a page when the server serves another version of it. All pages use the same rule. */

const CHECK_MS = 2_000;
/** How often to check again. Behind a balancer, the next answer may come from a node that still has the old pages. */
const ASK_AGAIN_MS = 20_000;
/** How often a page without a live link reads its own address. */
const LOOK_MS = 5 * 60_000;
/** A page that was not touched for this long is unattended. */
export const UNTOUCHED_MS = 15_000;
/** The least time between two reloads for the same reason, so that a wrong reason cannot keep a screen busy. */
export const AGAIN_AFTER_MS = 10 * 60_000;
const FETCH_MS = 10_000;
const KEPT = 'orderbell.reloaded';
const VERSION = /name="orderbell-version" content="([^"]+)"/;

/**
 * Loads another version of the page once the server has it, if a reload loses nothing and nobody uses the page: it is hidden,
 * or was not touched for a while.
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
  // The page may have been touched before this module was loaded.
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
  // If each request may reach another node, the version can change between two `welcome` frames.
  source.on('version', ({ server }) => learn(server));
  // The first `welcome` may have come before this module was loaded.
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

/**
 * @param {string} version @param {() => boolean} still whether it may still reload, checked again after the server has
 * confirmed the new page
 */
function loadVersion(version, still) {
  return loadAgain(version, `content="${version}"`, still);
}

/**
 * Reloads the page if the server can deliver it: a reload without the server ends in the browser's error page.
 *
 * @param {string} reason each reason reloads at most once in ten minutes
 * @param {string} [text] a text that the new page must contain
 * @param {() => boolean} [still] whether it may still reload, checked after the server's answer
 */
export async function loadAgain(reason, text = '', still = () => true) {
  // Content that is only in memory, such as the session, would be lost.
  if (isForgetful() || !mayReload(sessionStore, reason, Date.now())) return;
  const page = await ownPage();
  if (!page || !page.includes(text) || !still()) return;
  noteReload(sessionStore, reason, Date.now());
  location.reload();
}

/** @param {Pick<import('../client/types.js').Store, 'getItem'>} store @param {string} reason @param {number} now ms since 1970 */
export function mayReload(store, reason, now) {
  const before = reloads(store)[reason];
  // After the clock was set back, `before` may lie in the future.
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

/** @returns {Promise<string>} the page as the server delivers it now; empty if it cannot be loaded */
async function ownPage() {
  try {
    const response = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(FETCH_MS) });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}
