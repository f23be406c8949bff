import { features } from '../client/features.js';
import { installWorker } from './dom.js';

/** @typedef {'kitchen' | 'staff' | 'manage'} WorkPage a page of staff or kitchen, by its address */

/**
 * Installs the service worker of a page, which opens it when the server cannot be reached. Call it once the page works.
 * @param {WorkPage} page
 */
export async function keepCopy(page) {
  const workers = features.serviceWorker();
  if (!workers) return;
  // A browser refuses this on plain http; then the page works without a copy.
  await installWorker(workers, `&for=${page}`, { scope: `/${page}` }).catch(() => {});
}

/**
 * Installs it when the page is live, so that the orders load first. If that failed, tries again when the page is live again.
 *
 * @param {WorkPage} page @param {any} bell an `Orderbell`
 */
export function keepCopyWhenLive(page, bell) {
  bell.on('state', (/** @type {{state: string}} */ { state }) => {
    if (state === 'live') keepCopy(page);
  });
}
