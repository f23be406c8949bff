import { h } from './dom.js';
import { icon } from './icons.js';
import { ageView } from './order_parts.js';
import { callsByAge } from './staff_model.js';

const CALL_THRESHOLDS = { warnMinutes: 2, lateMinutes: 4 };
const CALL_WORDS = /** @type {Record<string, [Parameters<typeof icon>[0], string]>} */ ({
  help: ['hand', 'asks for a waiter'], bill: ['list', 'wants the bill'], water: ['water', 'asks for water'],
});

/** @param {Record<string, any>} calls by id @param {number} now server ms */
export function callsView(calls, now) {
  return callsByAge(calls).map((call) => callView(call, now));
}

/** @param {any} call @param {number} now server ms */
export function callView(call, now) {
  const [sign, words] = CALL_WORDS[call.reason] ?? CALL_WORDS.help;
  return h('div.call', { 'data-key': call.id, 'data-call': call.id },
    icon(sign),
    h('p.call__words', {}, h('b', {}, `Table ${call.table}`), ` ${words}`),
    ageView(Date.parse(call.raised_at), now, CALL_THRESHOLDS),
    h('button.button.button--go', { 'type': 'button', 'data-action': 'answer_call' }, 'Done'));
}
