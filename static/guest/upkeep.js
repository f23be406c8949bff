import { pageVersion } from '../shared/dom.js';
import { mayReload, noteReload } from '../shared/new_version.js';
import { isForgetful, sessionStore } from '../shared/storage.js';

/**
 * What a diner's page does for itself once it stands: a copy to be opened without a network, and a newer page when
 * the server has one.
 */

/** How often a page that was not quiet is looked at again. */
const LOOK_AGAIN_MS = 5_000;

/** @param {any} bell @param {() => boolean} quiet nobody would lose anything */
export async function keepUp(bell, quiet) {
  const own = pageVersion();
  // A browser that keeps nothing would lose the visit with the page.
  followVersion(bell, own, { quiet, reload: () => isForgetful() || location.reload() });
  await installWorker(own ?? '');
}

/** @param {string} version the page's own @returns {Promise<ServiceWorkerRegistration | undefined>} none where there can be none */
async function installWorker(version) {
  // The version is part of the worker's address: each has its own, and its own copy of the pages.
  return navigator.serviceWorker?.register(`/service-worker.js?version=${encodeURIComponent(version)}`);
}

/**
 * @param {any} bell @param {string | undefined} own the page's version
 * @param {{quiet: () => boolean, reload?: () => unknown, store?: Pick<import('../client/types.js').Store, 'getItem' | 'setItem'>, now?: () => number, page?: Document}} parts
 *   `quiet`: nobody would lose anything
 */
export function followVersion(bell, own, { quiet, reload = () => location.reload(), store = sessionStore, now = Date.now, page = document }) {
  /** @type {string | undefined} */ let newer;
  const look = () => {
    if (newer === undefined || !(page.visibilityState === 'hidden' || quiet())) return;
    if (!mayReload(store, newer, now())) return;
    noteReload(store, newer, now());
    reload();
  };
  const learn = (/** @type {string | undefined} */ server) => {
    newer = own && server !== own ? server : undefined;
    look();
  };
  bell.on('welcome', (/** @type {any} */ { version }) => learn(version));
  // Where each request may be answered by another node, it is told between two welcomes.
  bell.on('version', (/** @type {any} */ { server }) => learn(server));
  // The first welcome was before this was loaded.
  learn(bell.welcome?.version);
  page.addEventListener('visibilitychange', look);
  return setInterval(look, LOOK_AGAIN_MS);
}
