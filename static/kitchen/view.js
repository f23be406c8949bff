import { find, h, render, setText } from '../shared/dom.js';
import { renderChanged, renderKeyed } from '../shared/keyed.js';
import { afterPaint } from '../shared/kiosk.js';
import { clockOf, levelAt } from '../shared/urgency.js';
import { TicketBoard } from './board.js';
import { DigitTargets, LastMove, ON_ITS_WAY_MS } from './misdirected_touch.js';
import { barControls, blankView, countsView, drawDishesBelow, filterView } from './panels.js';
import { Strips } from './strips.js';
import { allDayView, recallView, ticketEntry } from './ticket_view.js';
import { allDay, hasSlot, inSequence, isOpen, isRecallable, recallable } from './tickets.js';

const RECALLS_SHOWN = 40;
/** How long after its last event a scroll counts as ended. */
const RESTS_MS = 120;
/** The digits on the keys that bump a ticket. */
const DIGITS = 9;
/** How far beyond the board's edge a ticket may reach and still count as in sight, in px. */
const EDGE = 2;
/** A ticket with less than this in sight, in px, counts as out of sight. */
const SLIVER = 24;

/**
 * Draws a kitchen screen, and remembers which ticket the arrow keys have selected.
 *
 * @typedef {object} Scene
 * @property {import('./tickets.js').Ticket[]} tickets all of them
 * @property {import('./ticket_memory.js').TicketMemory} memory
 * @property {import('./settings.js').Settings} settings
 * @property {string | undefined} station the one that is shown; undefined for all
 * @property {boolean} bound whether it is the token's own station
 * @property {import('../shared/sound.js').Sound} sound
 * @property {boolean} untouched whether nobody has touched the screen for a while
 * @property {string | undefined} zone of the restaurant
 * @property {any} bell @property {any} room
 */
export class KitchenView {
  #strips = new Strips();
  /** The tickets on the board, in the order of the screen. @type {import('./tickets.js').Ticket[]} */
  shown = [];
  /** @type {string | undefined} */ #selected;
  /**
   * The drawn targets of the digits, from 1 at index 0.
   * @type {(string | undefined)[]}
   */
  #slots = [];
  #digits = new DigitTargets();
  /** Whether a cook has turned the page since the digits were drawn. */ #turned = false;
  /** When the focus moved to a ticket because what had it was removed. */
  #focusMovedAt = -Infinity;
  #lastMove = new LastMove();
  #board = new TicketBoard(() => this.#placed());
  #scrolled;
  /** Set while the tickets scroll. @type {any} */ #resting;

  /**
   * @param {() => void} scrolled called to draw again, after another page has come into sight or the size of the window has
   * changed
   */
  constructor(scrolled) {
    this.#scrolled = scrolled;
    find('#tickets').addEventListener('focusin', (event) => {
      const ticket = event.target instanceof Element ? event.target.closest('[data-order]') : null;
      if (ticket) this.#select(ticket);
    });
    find('#board').addEventListener('scroll', () => {
      this.#board.scrolled();
      this.#drawMore();
      this.#moves();
    }, { passive: true });
    find('#all-day-panel').addEventListener('scroll', drawDishesBelow, { passive: true });
    // A strip that appears below the board moves tickets, too.
    const resized = () => {
      const places = this.#board.places();
      this.#board.resized();
      this.#strips.lettersAre(this.#board.scale);
      this.#lastMove.note(places, this.#board.places(), performance.now());
    };
    // Observes the board: the window's `resize` event comes before the columns have their new places, and the letters may
    // change even later.
    new ResizeObserver(resized).observe(find('#board'));
    addEventListener('resize', () => {
      requestAnimationFrame(resized);
      scrolled();
    });
  }

  /** Removes the digits while the tickets move, since a digit is shown only where it has an effect. */
  #moves() {
    const rested = this.#resting === undefined;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#rested(), RESTS_MS);
    if (rested) this.#drawSlots();
  }

  #rested() {
    this.#resting = undefined;
    this.#board.rested();
    this.#scrolled();
  }

  get selected() {
    return this.shown.find(({ id }) => id === this.#selected);
  }

  /** @param {Scene} scene */
  draw(scene) {
    const now = performance.now();
    const { cursor } = scene.room;
    const isLate = (/** @type {import('./tickets.js').Ticket} */ ticket) => levelAt(clockOf(ticket, scene.settings), scene.bell.now()) === 'late';
    const shown = inSequence(scene.tickets.filter((ticket) => scene.memory.shows(ticket, now)), isLate);
    this.shown = shown.filter(({ state }) => state !== 'upcoming' && state !== 'incoming' && state !== 'cancelled');
    this.#strips.drawUpcoming(shown.filter(({ state }) => state === 'upcoming'), scene.bell.now(), scene.zone);
    this.#strips.drawIncoming(shown.filter(({ state }) => state === 'incoming'), scene.bell.now(), this.shown.length === 0);
    const order = scene.memory.cancelled.map(({ id }) => id);
    const cancelled = shown.filter(({ state }) => state === 'cancelled').sort((a, b) => order.indexOf(b.id) - order.indexOf(a.id));
    this.#strips.drawCancelled(cancelled, scene.settings.shortcuts);
    this.#drawBar(scene);
    this.#drawPanels(scene);
    this.#drawTickets(scene);
    const chosen = scene.bound ? undefined : scene.station;
    if (cursor !== null) afterPaint(() => scene.bell.seen(scene.room.name, cursor, chosen));
  }

  /** @param {Scene} scene */
  #drawTickets({ bell, room, memory, settings, station, untouched }) {
    const places = this.#board.places();
    const focused = this.#focusedAt();
    const focusedId = find('#tickets').children[focused]?.getAttribute('data-order') ?? undefined;
    if (!this.selected) this.#selected = (this.shown[focused] ?? this.shown.at(-1))?.id;
    const now = bell.now();
    const changed = renderKeyed(find('#tickets'), this.shown.map((ticket) => ticketEntry(ticket, {
      now,
      numbered: settings.shortcuts,
      selected: ticket.id === this.#selected,
      changes: memory.changes(ticket.order),
      marks: memory.marks(ticket.id),
      grouped: station === undefined,
      thresholds: settings,
    })));
    render(find('#blank'), this.shown.length === 0 && blankView(bell, room));
    this.#board.layOut(settings.columns, changed, untouched);
    this.#strips.lettersAre(this.#board.scale);
    this.#lastMove.note(places, this.#board.places(), performance.now());
    this.#placed();
    if (focused >= 0 && !this.focused) this.#refocus(focusedId);
  }

  /** Counts and numbers the tickets at their present places. */
  #placed() {
    const inSight = new Set(this.#board.withButtonsInSight);
    const cancelled = this.#strips.numbered;
    const standing = this.shown.filter((ticket) => hasSlot(ticket) && inSight.has(ticket.id)).slice(0, DIGITS - cancelled.length);
    this.#slots = Array.from({ length: DIGITS }, (_, index) => standing[index]?.id);
    cancelled.forEach(({ id }, index) => { this.#slots[DIGITS - 1 - index] = `cancelled ${id}`; });
    this.#digits.note(this.#slots, performance.now(), this.#turned);
    if (this.#resting === undefined) this.#turned = false;
    this.#drawSlots();
    this.#drawMore();
  }

  /**
   * Writes the digits. They change with every ticket that leaves, on up to nine tickets, so they must not cause these to be
   * rebuilt.
   */
  #drawSlots() {
    const standing = this.#resting === undefined ? this.#slots : [];
    const slots = new Map(standing.map((target, index) => [target, String(index + 1)]));
    for (const key of document.querySelectorAll('.ticket__slot')) {
      const ticket = key.closest('[data-order]');
      const id = ticket?.getAttribute('data-order') ?? '';
      setText(key, slots.get(ticket?.matches('[data-ticket=cancelled]') ? `cancelled ${id}` : id) ?? '');
    }
  }

  /**
   * Returns the ticket that a digit acts on: the one that shows it, fully in sight, for long enough that a cook could read it.
   * @param {number} digit 1 to 9
   * @returns {{ticket?: import('./tickets.js').Ticket, refusal?: string}}
   */
  atDigit(digit) {
    const target = this.#slots[digit - 1];
    const ticket = this.shown.find(({ id }) => id === target) ?? this.#strips.numbered.find(({ id }) => `cancelled ${id}` === target);
    // A second press on the same ticket: it keeps its place and shows that it is bumped.
    if (ticket?.state === 'bumped') return {};
    if (this.#resting !== undefined) return { refusal: 'The page is turning. Press again.' };
    if (this.#digits.misled(digit, performance.now())) return { refusal: 'The tickets have just moved. Press again.' };
    const shows = [...document.querySelectorAll('.ticket__slot')].some((key) => key.textContent === String(digit) && isInSight(key));
    return ticket && shows ? { ticket } : { refusal: `No ticket shows ${digit}` };
  }

  /**
   * Returns the ticket that Enter acts on: the selected one, if it is in sight.
   * @returns {{ticket?: import('./tickets.js').Ticket, refusal?: string}}
   */
  atFrame() {
    if (!find('#tickets').querySelector(':focus-visible')) return {};
    if (performance.now() - this.#focusMovedAt <= ON_ITS_WAY_MS) return { refusal: 'The tickets have just moved. Press again.' };
    return this.#selectionIsInSight ? { ticket: this.selected } : { refusal: 'The chosen ticket is out of sight' };
  }

  /** Whether a control on a ticket is out of sight. @param {Element} control */
  isBeyond(control) {
    return find('#tickets').contains(control) && !isInSight(control);
  }

  /** Whether the head of the selected ticket is in sight, or its buttons are. */
  get #selectionIsInSight() {
    const parts = this.#element(this.#selected)?.querySelectorAll('.ticket__head, .ticket__foot') ?? [];
    return [...parts].some(isInSight);
  }

  /** @returns {number} the index of the focused ticket; -1 if there is none */
  #focusedAt() {
    return [...find('#tickets').children].findIndex((one) => one.contains(document.activeElement));
  }

  /**
   * Moves the focus from a button that is gone to its ticket, or to the one that took the place of the ticket.
   * @param {string | undefined} id of the ticket
   */
  #refocus(id) {
    this.#focusMovedAt = performance.now();
    const stays = this.#element(id);
    if (stays) stays.focus({ preventScroll: true });
    else this.#element(this.#selected)?.focus();
  }

  /** Whether the focus is on a ticket. */
  get focused() {
    return find('#tickets').contains(document.activeElement);
  }

  /**
   * Whether another ticket was at this place when the finger set out.
   * @param {string} id of the ticket that was hit
   * @param {PointerEvent} click
   */
  misled(id, click) {
    return this.#lastMove.misled(id, click, performance.now());
  }

  /** @param {Scene} scene */
  #drawBar({ tickets, bell, room, bound, sound, settings }) {
    // Counts the tickets on the board, in sight and beyond the edges.
    const standing = this.shown.filter(({ state }) => state !== 'bumped');
    const late = standing.filter(isOpen).filter((ticket) => levelAt(clockOf(ticket, settings), bell.now()) === 'late').length;
    // Before the first snapshot their number is unknown.
    const isKnown = room.cursor !== null;
    renderChanged(find('#counts'), [standing.length, late, isKnown], () => isKnown && countsView(standing.length, late));
    const recalls = tickets.filter((ticket) => isRecallable(ticket, bell.now())).length;
    renderChanged(find('#controls'), [sound.muted, sound.ready, settings.allDay, recalls], () => barControls({ sound, allDay: settings.allDay, recalls }));
    const stations = [...new Set(tickets.flatMap(({ order }) => Object.values(order.items).map((item) => item.station)))];
    if (settings.filter && !stations.includes(settings.filter)) stations.push(settings.filter);
    find('#filter').hidden = bound || stations.length < 2;
    renderChanged(find('#filter'), [settings.filter, ...stations.sort()], () => filterView(stations, settings.filter));
  }

  /** @param {Scene} scene */
  #drawPanels({ tickets, bell, settings }) {
    find('#all-day-panel').hidden = !settings.allDay;
    if (settings.allDay) {
      const lines = allDay(tickets);
      renderChanged(find('#all-day'), [JSON.stringify(lines)], () => allDayView(lines));
      drawDishesBelow();
    }
    // A closed dialog is empty, so that the page does not build orders that nobody sees.
    const open = find('#recall-sheet').hasAttribute('open');
    render(find('#recall'), open && recallList(recallable(tickets, bell.now()), bell.now()));
  }

  /** Shows how many tickets are beyond each edge. */
  #drawMore() {
    const { left, right, scrollLeft } = this.#board.edges;
    const bumped = new Set(this.shown.filter(({ state }) => state === 'bumped').map(({ id }) => id));
    const places = [...this.#board.places()].filter(([id]) => !bumped.has(id)).map(([, place]) => place);
    const more = places.filter((place) => place.left > right - SLIVER).length;
    const before = scrollLeft < SLIVER ? 0 : places.filter((place) => place.right < left + SLIVER).length;
    say(find('#before'), before, `← ${before} before`);
    say(find('#more'), more, `${more} more →`);
  }

  /**
   * Whether the ticket of an element is on the page in sight or beside it.
   * @param {Element} element
   */
  isNear(element) {
    return this.#board.isNear(element.closest('[data-order]')?.getAttribute('data-order') ?? '');
  }

  /** Shows the next or the previous page. @param {1 | -1} step @param {ScrollBehavior} [how] */
  turn(step, how = 'auto') {
    if (!this.#board.turn(step, how)) return;
    this.#turned = true;
    this.#moves();
  }

  /** Shows the tickets that have waited longest. */
  first() {
    this.#strips.openCancelled(false);
    this.#board.first();
  }

  /** Opens or closes the cancelled tickets behind the count. */
  toggleCancelled() {
    this.#strips.openCancelled();
  }

  /**
   * Focuses the selected ticket, then its neighbours. On a page without the selected ticket, focuses the first one.
   * @param {1 | -1} step
   */
  focusTicket(step) {
    const isElsewhere = this.#resting === undefined && !this.#selectionIsInSight;
    const inSight = new Set(isElsewhere ? this.#board.withButtonsInSight : []);
    const first = this.shown.findIndex(({ id }) => inSight.has(id));
    const at = this.shown.findIndex(({ id }) => id === this.#selected);
    const near = this.focused ? at + step : at;
    const next = first >= 0 ? first : near;
    const ticket = this.shown[Math.min(this.shown.length - 1, Math.max(0, next))];
    if (ticket) this.#element(ticket.id)?.focus();
  }

  /** Focuses the ticket, then each of its buttons. @param {1 | -1} step */
  focusControl(step) {
    const ticket = this.#element(this.#selected);
    if (!ticket) return;
    const stops = [ticket, ...ticket.querySelectorAll('button')];
    const at = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {HTMLElement} */ (stops[Math.min(stops.length - 1, Math.max(0, at + step))]).focus();
  }

  /** @param {Element} ticket */
  #select(ticket) {
    for (const one of find('#tickets').children) {
      one.toggleAttribute('data-selected', one === ticket);
      one.setAttribute('tabindex', one === ticket ? '0' : '-1');
    }
    this.#selected = ticket.getAttribute('data-order') ?? undefined;
  }

  /** @param {string | undefined} id @returns {HTMLElement | undefined} */
  #element(id) {
    const found = [...find('#tickets').children].find((one) => one.getAttribute('data-order') === id);
    return found instanceof HTMLElement ? found : undefined;
  }
}

/**
 * Whether an element is fully in sight: inside the visible part of the board.
 * @param {Element} element
 */
function isInSight(element) {
  const { left, right, top, bottom, width } = element.getBoundingClientRect();
  const isWithin = (/** @type {{left: number, right: number, top: number, bottom: number}} */ edges) =>
    left >= edges.left - EDGE && right <= edges.right + EDGE
    && top >= edges.top - EDGE && bottom <= edges.bottom + EDGE;
  return width > 0 && isWithin((element.closest('#board, #cancelled') ?? document.body).getBoundingClientRect())
    && isWithin({ left: 0, top: 0, right: innerWidth, bottom: innerHeight });
}

/**
 * @param {HTMLElement} control
 * @param {number} number of the tickets beyond the edge
 * @param {string} words
 */
function say(control, number, words) {
  if (control.hidden !== (number === 0)) control.hidden = number === 0;
  setText(control, words);
}

/** @param {import('./tickets.js').Ticket[]} past @param {number} now server ms */
function recallList(past, now) {
  if (past.length === 0) return h('p.muted', {}, 'Nothing to recall. Bumped tickets stay here until they are served, and for 15 minutes after.');
  return h('ul.recalls', {}, past.slice(0, RECALLS_SHOWN).map((ticket) => recallView(ticket, now)));
}
