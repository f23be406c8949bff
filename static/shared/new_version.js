import { pageVersion } from './dom.js';
import { isForgetful, sessionStore } from './storage.js';

/** What a page does when the server serves another version of it: it loads itself anew, when nobody minds. */

const CHECK_MS = 2_000;
/** Behind a balancer the next answer may come from a node that still has the old pages. */
const ASK_AGAIN_MS = 20_000;
/** Where no link tells of it, the page is looked at this often. */
const LOOK_MS = 5 * 60_000;
/** One page is loaded anew for one reason once in this time: a wrong reason must not keep a screen busy with it. */
export const AGAIN_AFTER_MS = 10 * 60_000;
const FETCH_MS = 10_000;
const KEPT = 'orderbell.reloaded';

/**
 * @param {any} bell an `Orderbell` that was given `pageVersion()`
 * @param {() => boolean} isQuiet whether nobody minds now
 */
export function followVersion(bell, isQuiet) {
  /** @type {string | undefined} */
  let wanted;
  let askAt = 0;
  bell.on('version', (/** @type {{server: string}} */ { server }) => { wanted = server; });
  setInterval(async () => {
    if (!wanted || performance.now() < askAt || !isQuiet()) return;
    askAt = performance.now() + ASK_AGAIN_MS;
    await loadAnew(wanted, `content="${wanted}"`);
  }, CHECK_MS);
}

/** For a page without a live link. @param {() => boolean} isQuiet whether nobody minds now */
export function followPage(isQuiet) {
  setInterval(async () => {
    const own = pageVersion();
    if (own && isQuiet() && !(await canBeHad(`content="${own}"`))) await loadAnew(`not ${own}`);
  }, LOOK_MS);
}

/**
 * Loads the page anew, if it can be had: one that goes while the server is away comes back as the browser's error.
 *
 * @param {string} reason once in ten minutes for each
 * @param {string} [text] that the new page must have in it
 */
export async function loadAnew(reason, text = '') {
  // What is in memory alone, a session with it, would be gone.
  if (isForgetful() || !mayReload(sessionStore, reason, Date.now()) || !(await canBeHad(text))) return;
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

/** @param {string} text */
async function canBeHad(text) {
  try {
    const response = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(FETCH_MS) });
    return response.ok && (await response.text()).includes(text);
  } catch {
    return false;
  }
}
