import { h } from '../shared/dom.js';
import { clock, count } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { lineButton, sectionHead } from './parts.js';

/**
 * @typedef {{code: string, status?: number}} Fault
 * @typedef {{id: string, url: string, state: string, position: number, head: number, failing_since?: string, fault?: Fault}} Webhook
 */

/** @type {Record<string, string>} */
const STATES = {
  active: 'Active', paused: 'Paused', failing: 'Stopped: it has failed for a day', gone: 'Stopped: the receiver wants no more',
};

/** @type {Record<string, string>} */
const FAULTS = {
  not_public: 'its host has no public address', unreachable: 'it cannot be reached', timed_out: 'it does not answer in time',
  redirected: 'it answers with a redirect',
};

/** @param {Webhook[]} webhooks */
export function webhooksView(webhooks) {
  return h('section.section', { 'aria-label': 'Webhooks' },
    sectionHead('Webhooks', 'Servers that get each change here. An integrator adds and removes them by calls of the API.'),
    h('ul.card.entries', {}, webhooks.map(webhookLine)));
}

/** @param {Webhook} webhook */
function webhookLine({ id, url, state, position, head, failing_since: since, fault }) {
  const { host } = new URL(url);
  return h('li.entry', { 'data-key': id, 'data-webhook': id },
    icon('share'),
    h('div.entry__body', {}, h('p.entry__name', {}, host),
      h('p.muted', {}, `${STATES[state] ?? state}. ${head > position ? `${count(head - position, 'event')} to send.` : 'It has everything.'}`),
      fault && h('p.muted', {}, `Last error: ${faultWords(fault)}.`, since && [' Failing since ', h('time', { datetime: since }, clock(since)), '.'])),
    h('div.entry__controls', {}, state === 'active' ? lineButton('pause-webhook', 'Pause', host) : lineButton('resume-webhook', 'Resume', host)));
}

/** @param {Fault} fault @returns {string} */
export function faultWords({ code, status }) {
  return FAULTS[code] ?? (status === undefined ? code : `it answers with status ${status}`);
}
