import { features } from '../client/features.js';
import { installWorker } from '../shared/dom.js';
import { followVersion } from '../shared/new_version.js';

/**
 * Keeps a diner's page up to date, and installs the service worker with its copy for a phone without a network.
 *
 * @param {any} bell @param {() => boolean} losesNothing whether the page holds nothing that a reload would lose
 */
export async function keepUp(bell, losesNothing) {
  followVersion(bell, losesNothing);
  const workers = features.serviceWorker();
  // Without a copy, the page still works.
  if (workers) await installWorker(workers).catch(() => {});
}
