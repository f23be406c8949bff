import { called } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { REASON_WORDS, clock, place } from '../shared/format.js';
import { sheetHead } from '../shared/sheet.js';

/** The story of an order: who did what, when and on which screen, and what was undone. */

/** @type {Record<string, string>} */
const DONE = {
  'order.placed': 'Ordered', 'order.accepted': 'Accepted', 'order.rejected': 'Rejected', 'order.started': 'Cooking',
  'order.ready': 'Ready', 'order.recalled': 'Called back', 'order.served': 'Served', 'order.cancelled': 'Cancelled',
  'order.promised': 'Promised another time', 'item.started': 'Cooking', 'item.finished': 'Done', 'item.recalled': 'Called back',
  'item.voided': 'Voided', 'item.added': 'Another round', 'item.changed': 'Changed', 'item.fired': 'Fired', 'item.held': 'Held',
  'item.served': 'Served', 'order.moved': 'Moved to another table', 'item.moved': 'Lines moved to or from another order', 'order.due': 'Its time came, or it was started', 'order.rescheduled': 'Set for another time',
};

/** @type {Record<string, string>} */
const ROLES = { diner: 'The guest', kitchen: 'Kitchen', staff: 'Staff', manager: 'Manager', service: 'The till or the server' };

/**
 * @typedef {{role: string, person?: {name: string}, screen?: {name?: string}, rule?: string}} By
 * @typedef {{position: number, kind: string, at: string, by: By, items?: string[], promised_at?: string, rush?: boolean, reason?: string, undone_by?: number}} Told
 * @typedef {{what: string, who: string, when: string, detail: string, undone: string}} Line
 */

/** @param {By} by @returns {string} `mina on Bar tablet` */
function whoWords({ role, person, screen, rule }) {
  if (rule) return 'The rule of the restaurant';
  if (!screen) return person?.name ?? ROLES[role] ?? role;
  const where = screen.name ?? 'a removed screen';
  return person ? `${person.name} on ${where}` : where;
}

/** @param {Told} told */
function whatWords({ kind, rush }) {
  if (kind !== 'order.rushed') return DONE[kind] ?? kind;
  if (rush === undefined) return 'The guest’s words were removed';
  return rush ? 'Marked as rush' : 'Rush removed';
}

/** @param {Told} told @param {any} order */
function detailWords({ kind, items = [], promised_at: promised, reason }, order) {
  const names = kind.startsWith('item.') ? items.map((id) => order.items[id]?.name).filter(Boolean).join(', ') : '';
  return [names, promised && `for ${clock(promised)}`, reason && REASON_WORDS[reason]].filter(Boolean).join('. ');
}

/** @param {{events: Told[]}} story @param {any} order @returns {Line[]} newest first */
export function storyLines({ events }, order) {
  const at = new Map(events.map((event) => [event.position, event]));
  const line = (/** @type {Told} */ told) => {
    const by = told.undone_by === undefined ? undefined : at.get(told.undone_by);
    const undone = by ? `Undone ${clock(by.at)} by ${whoWords(by.by)}` : '';
    return { what: whatWords(told), who: whoWords(told.by), when: clock(told.at), detail: detailWords(told, order), undone };
  };
  return events.map(line).reverse();
}

/** @param {{events: Told[], complete: boolean}} story @param {any} order */
export function storySheet(story, order) {
  const row = (/** @type {Line} */ { what, who, when, detail, undone }) => h('li.story__step', { 'data-undone': Boolean(undone) },
    h('time.numeric', {}, when),
    h('div', {}, h('p', {}, h(undone ? 's' : 'b', {}, what), detail && ` ${detail}`), h('p.muted', {}, who), undone && h('p.muted', {}, undone)));
  return h('div', { 'data-story': order.id }, sheetHead(`Story of order ${called(order)}`, `${place(order)}. The latest first.`),
    h('ol.story', {}, storyLines(story, order).map(row)),
    !story.complete && h('p.muted', {}, 'Later events are not shown.'));
}
