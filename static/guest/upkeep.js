import { features } from '../client/features.js';
import { pageVersion } from '../shared/dom.js';
import { followVersion } from '../shared/new_version.js';

/**
 * Keeps a diner's page up to date, and installs the service worker with its copy for a phone without a network.
 *
 * @param {any} bell @param {() => boolean} losesNothing whether the page holds nothing that a reload would lose
 */
export async function keepUp(bell, losesNothing) {
  followVersion(bell, losesNothing);
  // The version is part of the worker's address, so that each version has its own worker and its own copy of the pages.
  await features.serviceWorker()?.register(`/service-worker.js?version=${encodeURIComponent(pageVersion() ?? '')}`);
}
