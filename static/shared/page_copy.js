import { features } from '../client/features.js';
import { pageVersion } from './dom.js';

/** @typedef {'kitchen' | 'staff' | 'manage'} WorkPage a page of staff or kitchen, by its address */

/**
 * Installs the service worker of a page, which opens it when the server cannot be reached. Call it once the page works.
 * @param {WorkPage} page
 */
export function keepCopy(page) {
  const version = encodeURIComponent(pageVersion() ?? '');
  // A browser refuses this on plain http; then the page works without a copy.
  features.serviceWorker()?.register(`/service-worker.js?version=${version}&for=${page}`, { scope: `/${page}` }).catch(() => {});
}

/**
 * Installs it once the page is live, so that the orders load first.
 * @param {WorkPage} page @param {any} bell an `Orderbell`
 */
export function keepCopyOnceLive(page, bell) {
  const off = bell.on('state', (/** @type {{state: string}} */ { state }) => {
    if (state !== 'live') return;
    off();
    keepCopy(page);
  });
}
