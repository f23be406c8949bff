import { called } from '../shared/order_facts.js';
import { find, h } from '../shared/dom.js';
import { clock, count, place } from '../shared/format.js';
import { dueDays, pickedTime } from '../shared/due_picker.js';
import { onlyOwed } from '../shared/optimistic.js';
import { closeSheet, openSheet } from '../shared/sheet.js';
import { endToasts, toast } from '../shared/toasts.js';
import { Corrections } from './corrections.js';
import { asksWhy, chosenQuantity, correctionSheet, dueSheet, promiseSheet, reasonSheet, wantedOfLine } from './sheets.js';

/** How long "Done" on a call can be undone. */
const UNDO_MS = 4_000;

/** The statuses in which an accepted order can be cancelled. */
const CANCELLABLE = new Set(['accepted', 'preparing', 'ready']);

/**
 * Asks again and keeps the typed words: the order was accepted after the sheet was opened, so it can only be cancelled. @param
 * {any} order
 */
function askToCancel(order) {
  const detail = () => /** @type {HTMLInputElement} */ (find('#detail'));
  const words = detail().value;
  openSheet(reasonSheet('cancel', order));
  detail().value = words;
  toast(`Not rejected: order ${called(order)} has just been accepted. Tap a reason again to cancel it.`, { bad: true });
}

/** @param {string} change of a visit */
function undoButton(change) {
  return h('button.button', { 'type': 'button', 'data-do': 'undo-change', 'data-change': change }, 'Undo');
}

/** Returns the lines of an order's last round that can still be undone. @param {any} order */
function undoable({ items }) {
  const last = Math.max(...Object.values(items).map(({ round = 1 }) => round));
  return Object.entries(items).filter(([, { round, status }]) => round === last && status === 'queued').map(([item]) => item);
}

/** The subject of toasts about a line. @param {string} order @param {string} item */
function aboutLine(order, item) {
  return `line ${order} ${item}`;
}

/** Turns the staff's touches into commands. Asks for a reason or minutes first where they are needed. */
export class StaffCommands {
  #bell; #order; #zone; #changed;
  /** The promised time that each open sheet showed, by order. @type {Map<string, string | undefined>} */
  #promised = new Map();
  #corrections = new Corrections();
  /** The timers of calls that are marked as done, until the command is sent. @type {Map<string, any>} */
  #answering = new Map();

  /**
   * @param {{bell: any, order: (id: string) => any, zone: () => string | undefined, changed: () => void}} parts zone: the
   * restaurant's
   */
  constructor({ bell, order, zone, changed }) {
    this.#bell = bell;
    this.#order = order;
    this.#zone = zone;
    this.#changed = changed;
  }

  /** @param {string} action @param {HTMLElement} control */
  act(action, control) {
    if (action === 'answer_call') return this.#answer(control.closest('[data-call]')?.getAttribute('data-call'));
    const id = control.closest('[data-order]')?.getAttribute('data-order');
    const order = id && this.#order(id);
    if (!order) return;
    const item = control.closest('[data-item]')?.getAttribute('data-item') ?? undefined;
    if (asksWhy(action) && !control.dataset.reason) return openSheet(reasonSheet(action, order, item, this.#bell.welcome?.feature_level >= 1));
    if (action === 'change_item') return this.#correct(order, item ?? '', control);
    if (action === 'reschedule' && !control.dataset.dueAt) return this.#askDue(order, Date.parse(order.due_at));
    if (action === 'promise' && !control.dataset.minutes) {
      this.#promised.set(order.id, order.promised_at);
      return openSheet(promiseSheet(order));
    }
    if (action === 'promise' && this.#promised.get(order.id) !== order.promised_at) {
      closeSheet();
      return this.#sayPromise(order);
    }
    if (action === 'reject' && CANCELLABLE.has(order.status)) return askToCancel(order);
    this.#send({ action, order: order.id, ...(item && { item }), ...this.#fields(action, order, control, item) });
    if (control.closest('dialog')) closeSheet();
  }

  /** @param {string} action @param {any} order @param {HTMLElement} control @param {string} [item] */
  #fields(action, order, control, item) {
    if (action === 'accept') return control.dataset.minutes ? { minutes: Number(control.dataset.minutes) } : {};
    if (action === 'promise') return { minutes: Number(control.dataset.minutes), expected_position: order.position };
    if (control.dataset.course) return { course: Number(control.dataset.course) };
    if (action === 'ready') return onlyOwed(Object.entries(order.items));
    if (action === 'rush') return { rush: !order.rush };
    if (action === 'reschedule') return { due_at: new Date(Number(control.dataset.dueAt)).toISOString() };
    if (!asksWhy(action)) return {};
    const detail = /** @type {HTMLInputElement} */ (find('#detail')).value.trim();
    return { reason: control.dataset.reason, ...chosenQuantity(control), ...(detail && { detail }) };
  }

  /** @param {any} order @param {string} item @param {HTMLElement} control on the card, or in the sheet of the correction */
  #correct(order, item, control) {
    const sheet = control.closest('dialog');
    const command = sheet && this.#corrections.command(order, item, wantedOfLine(sheet));
    if (command) {
      this.#send(command);
      return closeSheet();
    }
    if (order.items[item].status !== 'queued') {
      closeSheet();
      return this.#sayCorrected(order, item);
    }
    endToasts(aboutLine(order.id, item));
    openSheet(correctionSheet(order, item, this.#corrections.begin(order, item)));
    // Screen readers read the element that gets the focus.
    return document.getElementById('news')?.focus();
  }

  /** Asks for the time of an order for later. @param {any} order @param {number} due */
  #askDue(order, due) {
    const [now, zone] = [this.#bell.now(), this.#zone()];
    openSheet(dueSheet(order, { days: dueDays({ now, zone }), due, zone, now }));
  }

  /** Updates the button of that sheet after a choice in its lists. @param {HTMLSelectElement} list */
  pick(list) {
    const id = list.closest('[data-order]')?.getAttribute('data-order') ?? '';
    const button = /** @type {HTMLElement | null} */ (list.closest('dialog')?.querySelector('[data-due-at]') ?? null);
    const order = this.#order(id);
    if (!order || !button) return;
    const [now, zone] = [this.#bell.now(), this.#zone()];
    const due = pickedTime(list, dueDays({ now, zone }), Number(button.dataset.dueAt), zone);
    this.#askDue(order, due);
    find(`#due-${list.dataset.due}`).focus();
  }

  /** Says that a round is with its order, and offers to undo that for a moment. @param {any} order with the round */
  sayRound(order) {
    const words = `Added to order ${called(order)}: ${place(order)}.`;
    const about = `round ${order.id}`;
    const control = h('button.button', { 'type': 'button', 'data-do': 'undo-round', 'data-order': order.id, 'data-items': undoable(order).join(' ') }, 'Undo');
    toast(words, { about, control });
  }

  /** Takes the lines of a round off again, except those that are being cooked. @param {string} id of the order @param {string[]} items */
  undoRound(id, items) {
    const order = this.#order(id);
    if (!order) return;
    endToasts(`round ${id}`);
    const queued = items.filter((item) => order.items[item]?.status === 'queued');
    for (const item of queued) this.#send({ action: 'void_item', order: id, item, reason: 'other', detail: 'Round undone' });
    const cooking = items.length - queued.length;
    if (cooking > 0) toast(`${count(cooking, 'dish is', 'dishes are')} already being cooked, and stay on order ${called(order)}.`, { bad: true });
  }

  /** Moves a visit to a free table. @param {any} visit @param {string} table @returns {Promise<any>} the moved visit */
  async move({ id, table: from }, table) {
    const { document } = await this.#bell.command({ action: 'move', visit: id, table });
    toast(`The guests of table ${from} are at table ${table} now.`);
    return document;
  }

  /** Merges a visit into another one. @param {any} visit @param {any} into @returns {Promise<any>} the merged visit */
  async merge({ id, table: from }, { id: into, table }) {
    const { document } = await this.#bell.command({ action: 'merge', visit: id, into });
    toast(`The guests of table ${from} have joined those of table ${table}.`);
    return document;
  }

  /**
   * Splits lines off a visit.
   * @param {any} visit @param {{order: string, item: string, quantity?: number}[]} lines @param {{table?: string, into?: string}} to neither: a bill of their own
   * @param {string} where in words @returns {Promise<any>} the visit that they left
   */
  async split({ id }, lines, to, where) {
    const { document } = await this.#bell.command({ action: 'split', visit: id, lines, ...to });
    const change = document.last_change?.id;
    toast(`Split off, to ${where}.`, { control: change && undoButton(change) });
    return document;
  }

  /** @param {string} change of a visit @returns {Promise<any>} the visit after the undo */
  async undo(change) {
    const { document } = await this.#bell.command({ action: 'undo', change });
    toast(`Undone: all is at table ${document.table} again.`);
    return document;
  }

  /**
   * Sends a stale promise or correction again. If a colleague has changed the same thing, shows both instead.
   * @param {{pending: any, error?: any}} outcome of a refused command @returns {boolean} whether the refusal needs no other message
   */
  overtaken({ pending, error }) {
    const isStale = error?.code === 'stale' && error.document;
    if (pending.action === 'change_item' && isStale) {
      const again = this.#corrections.again(pending, error.document);
      if (again) this.#send(again);
      else this.#sayCorrected(error.document, pending.item);
      return true;
    }
    this.#corrections.answered(pending.id);
    if (pending.action !== 'promise' || !isStale) return false;
    const { id, promised_at, position } = error.document;
    if (this.#promised.has(id) && this.#promised.get(id) === promised_at) {
      this.#send({ action: 'promise', order: id, minutes: pending.minutes, expected_position: position });
    } else {
      this.#sayPromise(error.document);
    }
    return true;
  }

  /**
   * @param {{number: number, ticket?: string, promised_at: string}} order for which a colleague has promised a time since the
   * sheet was opened
   */
  #sayPromise(order) {
    toast(`Not done: a colleague has just promised order ${called(order)} for ${clock(order.promised_at)}. Promise again to overwrite that.`, { bad: true });
  }

  /** @param {any} order @param {string} item a line that a colleague has changed since the sheet was opened */
  #sayCorrected(order, item) {
    const line = order.items[item];
    const what = `${line.name} of order ${called(order)}`;
    const say = (/** @type {string} */ words) => toast(`Not done: ${words}`, { bad: true, about: aboutLine(order.id, item) });
    if (line.status === 'voided') return say(`${what} was taken off.`);
    if (line.status !== 'queued') return say(`the kitchen has begun with ${what}.`);
    // The sheet shows the details; a phone shows only three lines.
    return say(`${what} was just changed. Touch Change again.`);
  }

  /** Marks a call as done. Sends the command a moment later, so that it can be undone. @param {string | null | undefined} call */
  #answer(call) {
    if (!call || this.#answering.has(call)) return;
    this.#answering.set(call, setTimeout(() => this.#sendAnswer(call), UNDO_MS));
    this.#changed();
  }

  /** @param {string} call */
  #sendAnswer(call) {
    clearTimeout(this.#answering.get(call));
    if (this.#answering.delete(call)) this.#send({ action: 'answer_call', call });
    this.#changed();
  }

  /** @param {string} call */
  undoAnswer(call) {
    clearTimeout(this.#answering.get(call));
    this.#answering.delete(call);
  }

  /** Calls whose "Done" can still be undone. @returns {Set<string>} */
  get answered() {
    return new Set(this.#answering.keys());
  }

  /** Sends pending answers when the page is left. */
  leave() {
    for (const call of [...this.#answering.keys()]) this.#sendAnswer(call);
  }

  /** @param {Record<string, any>} calls @returns {Record<string, any>} the calls without an unanswered "Done" */
  unanswered(calls) {
    const answered = new Set(this.#bell.pending.map((/** @type {any} */ { call }) => call));
    return Object.fromEntries(Object.entries(calls).filter(([id]) => !answered.has(id)));
  }

  /** Sends a command. The connection's `answer` event reports a refusal, even after a reload. @param {any} command */
  #send(command) {
    this.#bell.command(command).then(() => this.#corrections.answered(command.id), () => {});
  }
}
