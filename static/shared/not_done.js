import { called } from './order_facts.js';
import { place } from './format.js';

/** The participle of each action, for the message. @type {Record<string, string>} */
const DONE = {
  accept: 'accepted', reject: 'rejected', start: 'started', start_item: 'started', ready: 'bumped', finish_item: 'bumped',
  recall: 'recalled', recall_item: 'recalled', serve: 'served', cancel: 'cancelled', void_item: 'changed', promise: 'promised again',
  rush: 'changed', change_item: 'changed', fire: 'fired', hold: 'held', serve_item: 'served',
};

/**
 * Returns a message that names the order of a refused command: the command may have waited for the network together with
 * commands for other orders.
 *
 * @param {{action?: string}} command
 * @param {{message: string}} error
 * @param {any} [order] undefined if it is unknown
 * @returns {string}
 */
export function notDoneWords({ action = '' }, { message }, order) {
  const done = DONE[action];
  const named = order && `${called(order)} (${place(order)})`;
  if (named && action === 'add_items') return `Nothing was added to order ${named}: ${message}`;
  return named && done ? `Order ${named} was not ${done}: ${message}` : `Not done: ${message}`;
}
