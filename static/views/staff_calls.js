import { h } from './dom.js';
import { count } from './format.js';
import { icon } from './icons.js';
import { ageView } from './order_parts.js';
import { callsByAge } from './staff_model.js';

const CALL_THRESHOLDS = { warnMinutes: 2, lateMinutes: 4 };
const CALL_WORDS = /** @type {Record<string, [Parameters<typeof icon>[0], string]>} */ ({
  help: ['hand', 'asks for a waiter'], bill: ['list', 'wants the bill'], water: ['water', 'asks for water'],
});

/** More than these push the orders off the page; of the rest it is said how many. */
const CALLS_SHOWN = 3;

/** @param {Record<string, any>} calls by id @param {number} now server ms @param {boolean} all or the first few */
export function callsView(calls, now, all) {
  const waiting = callsByAge(calls);
  const more = waiting.length - CALLS_SHOWN;
  // One more fits where its button would stand.
  return [
    (all || more < 2 ? waiting : waiting.slice(0, CALLS_SHOWN)).map((call) => callView(call, now)),
    more > 1 && h('button.button.calls__more', { 'type': 'button', 'data-key': 'more', 'data-do': 'all-calls', 'aria-expanded': String(all) },
      all ? 'Fewer calls' : count(more, 'more call')),
  ];
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
