import { called, chosenOptions, dishWords, isUpcoming } from '../shared/order_facts.js';
import { loudestAllergy } from '../shared/notes.js';
import { isOwed } from '../shared/optimistic.js';
import { promisedAt } from '../shared/urgency.js';

/**
 * The tickets of a kitchen screen, without the DOM.
 *
 * A ticket is an order as one screen shows it. Its states: `upcoming` (for later, and not to be begun yet), `incoming` (placed, and not
 * accepted yet), `new` (accepted), `cooking`, `waiting` (only held dishes are left), `bumped` (nothing is left to do on this screen),
 * `cancelled`, or `gone`.
 * @typedef {'upcoming' | 'incoming' | 'new' | 'cooking' | 'waiting' | 'bumped' | 'cancelled' | 'gone'} TicketState
 *
 * `since`: when the order was accepted, or when an order for later was begun, or when its oldest unfinished round was added. `promised`:
 * the promised time. `finished`: when its last dish was done.
 * @typedef {{id: string, order: any, state: TicketState, items: [string, any][], elsewhere:
 *   Record<string, number>, since: number, promised?: number, finished: number}} Ticket
 */

export const RECALL_WINDOW_MS = 15 * 60_000;
/** How long a bumped ticket keeps its place, with an undo, so that nothing moves under the finger. */
export const UNDO_MS = 5000;
/**
 * The most rush orders to place before late ones. The page of a wall screen has space for more tickets than this.
 */
export const RUSH_AHEAD = 3;

/**
 * @param {any} order
 * @param {string | undefined} station shows only this station's items; all items if undefined
 * @param {number} [now] server ms; if absent, an order for later waits as long as its document says
 * @returns {Ticket}
 */
export function ticketOf(order, station, now = 0) {
  const all = Object.entries(order.items ?? {});
  const items = all.filter(([, item]) => !station || item.station === station);
  return {
    id: order.id,
    order,
    items,
    state: stateOf(order, items.map(([, item]) => item), station, now),
    elsewhere: station ? owedElsewhere(all, station) : {},
    since: sinceOf(order, items.map(([, item]) => item)),
    promised: promisedAt(order),
    finished: Date.parse(order.served_at ?? order.ready_at ?? order.accepted_at ?? order.placed_at),
  };
}

/** @param {any} order @param {any[]} items @returns {number} server ms */
function sinceOf(order, items) {
  const accepted = Math.max(Date.parse(order.accepted_at ?? order.placed_at), Date.parse(order.starts_at ?? order.placed_at));
  const added = items.filter(isOwed).map(({ added_at, fired_at: at = added_at }) => (at ? Math.max(Date.parse(at), accepted) : accepted));
  return added.length > 0 ? Math.min(...added) : accepted;
}

/**
 * The state of a ticket without dishes to cook now; dishes of later courses may be held. The expo keeps such a ticket, to fire
 * them. A station sees them once they are fired.
 * @param {any[]} items @param {string | undefined} station @returns {TicketState}
 */
function restOf(items, station) {
  if (!items.some(({ held }) => held)) return 'bumped';
  if (!station) return 'waiting';
  return items.some(({ status }) => status === 'done') ? 'bumped' : 'gone';
}

/** @param {any} order @param {any[]} items @param {string | undefined} station @param {number} now @returns {TicketState} */
function stateOf(order, items, station, now) {
  if (items.length === 0) return 'gone';
  if (order.status === 'cancelled' || order.status === 'rejected') return 'cancelled';
  if (items.every((item) => item.status === 'voided')) return 'cancelled';
  if (isUpcoming(order, now)) return 'upcoming';
  if (order.status === 'placed') return 'incoming';
  if (order.status === 'served') return 'gone';
  if (order.status === 'ready') return 'bumped';
  if (!items.some(isOwed)) return restOf(items, station);
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

/**
 * Returns the first line that is held without a course.
 * @param {[string, any][]} items @returns {[string, any] | undefined}
 */
export function heldAlone(items) {
  return items.find(([, item]) => item.held && !item.course);
}

/** @param {Ticket} ticket */
export function isOpen({ state }) {
  return state === 'new' || state === 'cooking';
}

/**
 * Whether a ticket keeps its digit. Digits belong to places, and a bumped ticket keeps its own until it can no longer be
 * undone: a second press must not hit the ticket that moves up.
 * @param {Ticket} ticket
 */
export function hasSlot(ticket) {
  return isOpen(ticket) || ticket.state === 'bumped';
}

/**
 * Sorts tickets for the board, each group by age: first at most `RUSH_AHEAD` rush orders, then the late ones, the other rush
 * orders, those in time, and last the orders that nobody has accepted. The limit keeps late tickets on the first page even if
 * everything is marked as rush.
 *
 * @param {Ticket[]} tickets
 * @param {(ticket: Ticket) => boolean} isLate
 * @returns {Ticket[]}
 */
export function inSequence(tickets, isLate) {
  const byAge = [...tickets].sort((a, b) => a.since - b.since || a.order.number - b.order.number);
  const ahead = new Set(byAge.filter(({ order, state }) => order.rush && state !== 'incoming').slice(0, RUSH_AHEAD));
  const rank = (/** @type {Ticket} */ ticket) => {
    if (ticket.state === 'incoming') return 5;
    if (ticket.state === 'waiting') return 4;
    if (ahead.has(ticket)) return 0;
    if (isLate(ticket)) return 1;
    return ticket.order.rush ? 2 : 3;
  };
  const ranks = new Map(byAge.map((ticket) => [ticket, rank(ticket)]));
  return byAge.sort((a, b) => Number(ranks.get(a)) - Number(ranks.get(b)));
}

/** The states that the list of the day leaves out. */
const NOT_OF_THE_DAY = new Set(['upcoming', 'incoming', 'cancelled']);

/**
 * A line of the list of the day. `held` counts the portions of later courses, which are not in `quantity`. `services` counts the
 * portions that are not eaten at a table, by service. `warned` counts those with an allergy on the dish or the whole order, by the
 * word for it.
 * @typedef {{name: string, options: string[], quantity: number, held: number,
 *   services: Record<string, number>, warned: Record<string, number>}} DayLine
 */

/**
 * Sums up the dishes to cook now and those held for later, over all tickets. The same dish with the same options is one line.
 *
 * @param {Ticket[]} tickets
 * @returns {DayLine[]} most to cook first
 */
export function allDay(tickets) {
  /** @type {Map<string, DayLine>} */
  const lines = new Map();
  for (const ticket of tickets.filter(({ state }) => !NOT_OF_THE_DAY.has(state))) {
    for (const [, item] of ticket.items) addToDay(lines, ticket, item);
  }
  return [...lines.values()].sort((a, b) => b.quantity - a.quantity || b.held - a.held || a.name.localeCompare(b.name));
}

/** @param {Map<string, DayLine>} lines @param {Ticket} ticket @param {any} item */
function addToDay(lines, ticket, item) {
  const isToCook = isOpen(ticket) && isOwed(item);
  if (!isToCook && !(item.held && item.status === 'queued')) return;
  const options = chosenOptions(item);
  const key = JSON.stringify([item.name, ...options]);
  /** @type {DayLine} */
  const line = lines.get(key) ?? { name: item.name, options, quantity: 0, held: 0, services: {}, warned: {} };
  lines.set(key, line);
  if (!isToCook) {
    line.held += item.quantity;
    return;
  }
  line.quantity += item.quantity;
  if (ticket.order.service !== 'dine_in') addTo(line.services, ticket.order.service, item.quantity);
  addTo(line.warned, loudestAllergy([item, ticket.order]), item.quantity);
}

/**
 * @param {Record<string, number>} counts
 * @param {string} key if empty, nothing is counted
 * @param {number} quantity
 */
function addTo(counts, key, quantity) {
  if (key) counts[key] = (counts[key] ?? 0) + quantity;
}

/**
 * The tickets that can be recalled: bumped here, or served within the window; latest first.
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
 * @returns {string[]} the changes that a cook has to confirm, in words; empty if there are none
 */
export function changesBetween(before, after, station) {
  const of = (/** @type {any} */ { items }) => Object.entries(items).filter(([, item]) => !station || item.station === station);
  const here = of(after);
  const isNew = (/** @type {string} */ id) => before.items[id]?.status !== 'voided';
  const voided = here.filter(([id, item]) => item.status === 'voided' && isNew(id));
  // Lines of a round have a mark of their own.
  const back = here.filter(([id, item]) => item.status !== 'voided' && !item.round && !(id in before.items));
  const left = of(before).filter(([id, item]) => item.status !== 'voided' && !(id in after.items));
  return [
    ...voided.map(([, item]) => voidedWords(item, here.map(([, other]) => other))),
    ...left.map(([, { name, quantity }]) => `${quantity} × ${name}: on another ticket now`),
    ...back.map(([, { name, quantity }]) => `${quantity} × ${name}: back on this ticket`),
  ];
}

/** @param {any} from the order that a ticket was split off */
export function splitWords(from) {
  return `Split from ${called(from)}`;
}

/** @param {string} from a table's label @param {string} to */
export function movedWords(from, to) {
  return `Table ${from} → ${to}`;
}

/** The statuses in which a cook may have read an order. */
const READ = new Set(['accepted', 'preparing', 'ready']);

/**
 * The mark on a line until a cook has confirmed it: the number of its round if it came later, its course if it was fired, or
 * its previous content if it was corrected.
 * @typedef {{round?: number, fired?: string, was?: {quantity: number, options?: string[], note?: string}}} Mark
 */

/**
 * @param {any} before @param {any} after @param {string | undefined} station
 * @returns {Record<string, Mark>} by line
 */
export function marksBetween(before, after, station) {
  /** @type {Record<string, Mark>} */
  const marks = {};
  if (!READ.has(before.status)) return marks;
  const isNew = (/** @type {string} */ id) => !(id in before.items);
  // A line that lost some portions was not corrected: the lost ones are on a line of their own, as voided.
  const split = Object.entries(after.items).filter(([id, { status }]) => status === 'voided' && isNew(id)).map(([, item]) => item);
  for (const [id, item] of Object.entries(after.items)) {
    if (item.status === 'voided' || (station && item.station !== station)) continue;
    const old = before.items[id];
    if (old?.held && !item.held) marks[id] = { fired: item.course?.name ?? item.name };
    else if (isNew(id) && item.round && !item.held) marks[id] = { round: item.round };
    else if (old && isCorrected(old, item) && !split.some((other) => isSplit(old, item, other))) {
      const { quantity, options, note } = old;
      marks[id] = { was: { quantity, ...(options && { options }), ...(note && { note }) } };
    }
  }
  return marks;
}

/**
 * Returns the lines that were held between two documents, so that the cook does not begin them.
 * @param {any} before @param {any} after @returns {string[]} ids
 */
export function heldBetween(before, after) {
  return Object.entries(after.items).filter(([id, item]) => item.held && !before.items[id]?.held).map(([id]) => id);
}

/** @param {any} old @param {any} item */
function isCorrected(old, item) {
  const said = (/** @type {any} */ { quantity, options = [], note, allergy }) => JSON.stringify([quantity, options, note, allergy]);
  return said(old) !== said(item);
}

/** @param {any} old @param {any} item @param {any} other */
function isSplit(old, item, other) {
  return other.menu_item === item.menu_item && old.quantity === item.quantity + other.quantity;
}

/**
 * The flags of a ticket for its marks, in words.
 * @param {Record<string, Mark>} marks @param {[string, any][]} items
 */
export function markWords(marks, items) {
  const marked = items.filter(([id, { status }]) => marks[id] && status !== 'voided').map(([id, { name }]) => ({ name, ...marks[id] }));
  const rounds = [...new Set(marked.flatMap(({ round }) => round ?? []))].sort((a, b) => a - b);
  return [...new Set([
    ...marked.flatMap(({ fired }) => (fired ? `Fire: ${fired}` : [])),
    ...rounds.map((round) => `New: round ${round}`),
    ...marked.flatMap(({ name, was }) => (was ? `Changed: ${name}` : [])),
  ])];
}

/**
 * Returns `No Firni` if none of that dish is left, whatever its options. Otherwise names the dish, how many were voided, and
 * how many are still to cook.
 * @param {any} voided
 * @param {any[]} items of the ticket
 */
function voidedWords(voided, items) {
  const left = items.filter(({ name, status }) => name === voided.name && status !== 'voided');
  if (left.length === 0) return `No ${voided.name}`;
  const owed = left.filter(isOwed).reduce((sum, { quantity }) => sum + quantity, 0);
  return `${dishWords(voided)} taken off, ${owed} still to cook`;
}
