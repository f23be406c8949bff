import { loudestAllergy } from '../shared/notes.js';
import { promisedAt } from '../shared/urgency.js';

/**
 * The tickets of a kitchen screen, without the DOM.
 *
 * A ticket is an order as one screen sees it: `incoming` (placed, nobody has taken it yet), `new`
 * (accepted), `cooking`, `bumped` (this screen owes nothing more), `cancelled`, or `gone`.
 *
 * @typedef {'incoming' | 'new' | 'cooking' | 'bumped' | 'cancelled' | 'gone'} TicketState `since`
 *   is when it was accepted, `promised` what it was promised for, `finished` when it was last done
 *   with.
 * @typedef {{id: string, order: any, state: TicketState, items: [string, any][], elsewhere:
 *   Record<string, number>, since: number, promised?: number, finished: number}} Ticket
 */

export const RECALL_WINDOW_MS = 15 * 60_000;
/** A bumped ticket keeps its place this long, with an undo: nothing moves under the finger. */
export const UNDO_MS = 5000;
/**
 * How many rush orders come before late ones: the page of a wall screen has room for more tickets
 * than these.
 */
export const RUSH_AHEAD = 3;

/**
 * @param {any} order
 * @param {string | undefined} station show this station's items alone; every station's without
 * @returns {Ticket}
 */
export function ticketOf(order, station) {
  const all = Object.entries(order.items ?? {});
  const items = all.filter(([, item]) => !station || item.station === station);
  return {
    id: order.id,
    order,
    items,
    state: stateOf(order, items.map(([, item]) => item)),
    elsewhere: station ? owedElsewhere(all, station) : {},
    since: Date.parse(order.accepted_at ?? order.placed_at),
    promised: promisedAt(order),
    finished: Date.parse(order.served_at ?? order.ready_at ?? order.accepted_at ?? order.placed_at),
  };
}

/** @param {any} order @param {any[]} items @returns {TicketState} */
function stateOf(order, items) {
  if (items.length === 0) return 'gone';
  if (order.status === 'cancelled' || order.status === 'rejected') return 'cancelled';
  if (items.every((item) => item.status === 'voided')) return 'cancelled';
  if (order.status === 'placed') return 'incoming';
  if (order.status === 'served') return 'gone';
  if (order.status === 'ready') return 'bumped';
  if (items.every((item) => item.status === 'done' || item.status === 'voided')) return 'bumped';
  return order.status === 'accepted' ? 'new' : 'cooking';
}

/**
 * @param {[string, any][]} items
 * @param {string} station
 * @returns {Record<string, number>} dishes owed, by station
 */
function owedElsewhere(items, station) {
  /** @type {Record<string, number>} */
  const owed = {};
  for (const [, item] of items) {
    if (item.station === station || !isOwed(item)) continue;
    owed[item.station] = (owed[item.station] ?? 0) + item.quantity;
  }
  return owed;
}

/** @param {any} item */
export function isOwed(item) {
  return item.status === 'queued' || item.status === 'cooking';
}

/** @param {Ticket} ticket */
export function isOpen({ state }) {
  return state === 'new' || state === 'cooking';
}

/**
 * Digits belong to places, and a bumped ticket keeps its own while it can be undone: a second press
 * must not hit the ticket that moves up.
 * @param {Ticket} ticket
 */
export function hasSlot(ticket) {
  return isOpen(ticket) || ticket.state === 'bumped';
}

/**
 * Sorts tickets for the board, each group by age: rush orders first, for somebody has asked for
 * them, but no more than `RUSH_AHEAD` of them before those that are late. When everything is rush,
 * nothing is, and a late ticket stays on the first page. Then the other rush orders, those that are
 * in time, and last what nobody has accepted.
 *
 * @param {Ticket[]} tickets
 * @param {(ticket: Ticket) => boolean} isLate
 * @returns {Ticket[]}
 */
export function inSequence(tickets, isLate) {
  const byAge = [...tickets].sort((a, b) => a.since - b.since || a.order.number - b.order.number);
  const ahead = new Set(byAge.filter(({ order, state }) => order.rush && state !== 'incoming').slice(0, RUSH_AHEAD));
  const rank = (/** @type {Ticket} */ ticket) => {
    if (ticket.state === 'incoming') return 4;
    if (ahead.has(ticket)) return 0;
    if (isLate(ticket)) return 1;
    return ticket.order.rush ? 2 : 3;
  };
  const ranks = new Map(byAge.map((ticket) => [ticket, rank(ticket)]));
  return byAge.sort((a, b) => Number(ranks.get(a)) - Number(ranks.get(b)));
}

/**
 * A line of the list of the day. `services` counts the portions that are not eaten at a table,
 * `warned` those with an allergy on the dish or the whole order, by the word for it.
 * @typedef {{name: string, options: string[], quantity: number, services: Record<string, number>,
 *   warned: Record<string, number>}} DayLine
 */

/**
 * Sums up what has to be cooked now, over all tickets: the same dish with the same options is one
 * line.
 *
 * @param {Ticket[]} tickets
 * @returns {DayLine[]} most first
 */
export function allDay(tickets) {
  /** @type {Map<string, DayLine>} */
  const lines = new Map();
  for (const { order, items } of tickets.filter(isOpen)) {
    for (const [, item] of items.filter(([, some]) => isOwed(some))) {
      const options = item.options ?? [];
      const key = JSON.stringify([item.name, ...options]);
      /** @type {DayLine} */
      const line = lines.get(key) ?? { name: item.name, options, quantity: 0, services: {}, warned: {} };
      line.quantity += item.quantity;
      if (order.service !== 'dine_in') addTo(line.services, order.service, item.quantity);
      addTo(line.warned, loudestAllergy([item, order]), item.quantity);
      lines.set(key, line);
    }
  }
  return [...lines.values()].sort((a, b) => b.quantity - a.quantity || a.name.localeCompare(b.name));
}

/**
 * @param {Record<string, number>} counts
 * @param {string} key nothing is counted without one
 * @param {number} quantity
 */
function addTo(counts, key, quantity) {
  if (key) counts[key] = (counts[key] ?? 0) + quantity;
}

/**
 * The tickets that can be recalled: bumped here, or served within the window; the latest first.
 *
 * @param {Ticket[]} tickets @param {number} now server ms
 */
export function recallable(tickets, now) {
  return tickets.filter((ticket) => isRecallable(ticket, now))
    .sort((a, b) => b.finished - a.finished || b.order.number - a.order.number);
}

/** @param {Ticket} ticket @param {number} now server ms */
export function isRecallable({ order, state, items, finished }, now) {
  return state === 'bumped' || (items.length > 0 && order.status === 'served' && now - finished < RECALL_WINDOW_MS);
}

/** @param {any} before @param {any} after */
export function becameRush(before, after) {
  return Boolean(after.rush && !before.rush);
}

/**
 * @param {any} before @param {any} after @param {string | undefined} station
 * @returns {string[]} what a cook has to confirm, in words; empty when there is nothing
 */
export function changesBetween(before, after, station) {
  const here = Object.entries(after.items).filter(([, item]) => !station || item.station === station);
  const isNew = (/** @type {string} */ id) => before.items[id]?.status !== 'voided';
  return here.filter(([id, item]) => item.status === 'voided' && isNew(id)).map(([, item]) => voidedWords(item, here.map(([, other]) => other)));
}

/**
 * `No Firni` when none of that dish is left, whatever its options; else how many were taken off, of
 * which, and how many are still to cook.
 * @param {any} voided
 * @param {any[]} items of the ticket
 */
function voidedWords(voided, items) {
  const left = items.filter(({ name, status }) => name === voided.name && status !== 'voided');
  if (left.length === 0) return `No ${voided.name}`;
  const owed = left.filter(isOwed).reduce((sum, { quantity }) => sum + quantity, 0);
  const which = [voided.name, ...voided.options ?? []].join(', ');
  return `${voided.quantity} × ${which} taken off, ${owed} still to cook`;
}
