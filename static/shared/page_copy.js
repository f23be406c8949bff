import { features } from '../client/features.js';
import { pageVersion } from './dom.js';

/** @typedef {'kitchen' | 'staff' | 'manage'} HousePage a page of the house, by its address */

/**
 * Installs the service worker of a page, which opens it when the server cannot be reached. Call it once the page works.
 * @param {HousePage} page
 */
export function keepCopy(page) {
  const version = encodeURIComponent(pageVersion() ?? '');
  // A browser refuses this on plain http; then there is no copy.
  features.serviceWorker()?.register(`/service-worker.js?version=${version}&for=${page}`, { scope: `/${page}` }).catch(() => {});
}

/**
 * Installs it once the page is live: the orders come first.
 * @param {HousePage} page @param {any} bell an `Orderbell`
 */
export function keepCopyOnceLive(page, bell) {
  const off = bell.on('state', (/** @type {{state: string}} */ { state }) => {
    if (state !== 'live') return;
    off();
    keepCopy(page);
  });
}
