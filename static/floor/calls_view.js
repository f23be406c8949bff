import { h } from '../shared/dom.js';
import { count } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { ageView } from '../shared/order_parts.js';
import { clockOf, levelAt } from '../shared/urgency.js';
import { callsByAge } from './lanes.js';

const CALL_THRESHOLDS = { warnMinutes: 2, lateMinutes: 4 };
const CALL_WORDS = /** @type {Record<string, [Parameters<typeof icon>[0], string]>} */ ({
  help: ['hand', 'asks for a waiter'], bill: ['list', 'wants the bill'], water: ['water', 'asks for water'],
});

/** How many calls are shown in full. More would push the orders off the page, so a button names the others. */
const CALLS_SHOWN = 3;

/**
 * @param {Record<string, any>} calls by id
 * @param {{now: number, all: boolean, answered: Set<string>}} look now: server ms; all: whether to show all calls, or only the first;
 *   answered: calls that are marked as done and can still be undone
 */
export function callsView(calls, { now, all, answered }) {
  const waiting = callsByAge(calls);
  const more = waiting.length - CALLS_SHOWN;
  // A single further call takes no more space than the button.
  const folded = all || more < 2 ? [] : waiting.slice(CALLS_SHOWN);
  return [
    waiting.slice(0, waiting.length - folded.length).map((call) => callView(call, now, answered.has(call.id))),
    more > 1 && h('button.button.calls__more', {
      'type': 'button', 'data-key': 'more', 'data-do': 'all-calls', 'data-calls': folded.map(({ id }) => id).join(' '), 'aria-expanded': String(all),
    }, all ? 'Fewer calls' : `${count(more, 'more call')}: ${foldedWords(folded)}`),
  ];
}

/** Names the folded calls too, since their guests read that the staff's screen shows the call. @param {any[]} calls */
function foldedWords(calls) {
  return calls.map(({ table, reason }) => `table ${table}${reason === 'help' ? '' : ` (${reason})`}`).join(', ');
}

/** @param {any} call @param {number} now server ms */
export function callLevel(call, now) {
  return levelAt(callClock(call), now);
}

/**
 * @param {any} call @param {number} now server ms @param {boolean} [isAnswered] it is marked as done and can still be undone
 */
export function callView(call, now, isAnswered = false) {
  const [sign, words] = CALL_WORDS[call.reason] ?? CALL_WORDS.help;
  if (isAnswered) {
    return h('div.call', { 'data-key': call.id, 'data-call': call.id, 'data-answered': true },
      icon('check'), h('p.call__words', { role: 'status' }, h('b', {}, `Table ${call.table}`), ': call marked as done'),
      h('button.button', { 'type': 'button', 'data-do': 'undo-call' }, 'Undo', h('span.visually-hidden', {}, `: table ${call.table} ${words}`)));
  }
  return h('div.call', { 'data-key': call.id, 'data-call': call.id },
    icon(sign),
    h('p.call__words', {}, h('b', {}, `Table ${call.table}`), ` ${words}`),
    ageView(callClock(call), now),
    h('button.button.button--go', { 'type': 'button', 'data-action': 'answer_call' }, 'Done'));
}

/** @param {any} call */
function callClock(call) {
  return clockOf({ since: Date.parse(call.raised_at) }, CALL_THRESHOLDS);
}
