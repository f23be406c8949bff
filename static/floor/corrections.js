import { newId } from '../client/ids.js';
import { MAX_NOTE } from '../shared/basket.js';
import { dishWords } from '../shared/order_facts.js';

/**
 * The wanted quantity and note of a line.
 * @typedef {{quantity: number, note: string}} Wanted
 */

/**
 * Corrections of lines, without the DOM. A correction sends the whole line, so it must not overwrite changes that its sheet did
 * not show. It names the position of the order that the sheet showed. If a colleague has changed the line since, the person
 * decides again.
 */
export class Corrections {
  /**
   * The line and position that the open sheet shows. @type {{order: string, item: string, line: any, position: number} | null}
   */
  #shown = null;
  /** What the sheet of each unanswered correction showed, by the correction's id. @type {Map<string, any>} */
  #sent = new Map();
  /**
   * The wanted values for lines that a colleague has changed, until their sheet is opened again. @type {Map<string, {base: any,
   * wanted: Wanted}>}
   */
  #kept = new Map();

  /**
   * Begins a correction.
   * @param {any} order @param {string} item its id
   * @returns {Wanted & {news?: string}} the values for its sheet; news: the current line, if the person has not seen it yet
   */
  begin(order, item) {
    const line = order.items[item];
    const kept = this.#kept.get(keyOf(order.id, item));
    this.#kept.delete(keyOf(order.id, item));
    this.#shown = { order: order.id, item, line, position: order.position };
    if (!kept) return { quantity: line.quantity, note: line.note ?? '' };
    return { ...merged(kept, line), news: lineWords(line) };
  }

  /**
   * @param {any} order the current document @param {string} item @param {Wanted} wanted
   * @returns {any} the command, or null if the line has changed since the sheet was opened: then `begin` asks again
   */
  command(order, item, wanted) {
    const { line, position } = this.#shownOf(order.id, item);
    if (!isSame(line, order.items[item])) return this.#keep(order, item, { base: line, wanted });
    return this.#send({ action: 'change_item', order: order.id, item, line: correctedLine(line, wanted), expected_position: position }, line);
  }

  /**
   * @param {any} pending a correction that the server has refused as stale @param {any} document the current order
   * @returns {any} the command to send instead, or null if a colleague has changed the line: then `begin` asks again
   */
  again({ id, order, item, line }, document) {
    const base = this.#sent.get(id);
    this.#sent.delete(id);
    if (isSame(base, document.items[item])) {
      return this.#send({ action: 'change_item', order, item, line, expected_position: document.position }, base);
    }
    return this.#keep(document, item, { base, wanted: { quantity: line.quantity, note: line.note ?? '' } });
  }

  /** @param {string} id of an answered correction */
  answered(id) {
    this.#sent.delete(id);
  }

  /**
   * @param {string} order @param {string} item @returns {{line?: any, position?: number}} empty if the open sheet shows another
   * line
   */
  #shownOf(order, item) {
    return this.#shown?.order === order && this.#shown.item === item ? this.#shown : {};
  }

  /** @param {any} order @param {string} item @param {{base: any, wanted: Wanted}} kept */
  #keep(order, item, kept) {
    // After the kitchen has begun a line, it can no longer be corrected, so nobody is asked again.
    if (order.items[item]?.status === 'queued') this.#kept.set(keyOf(order.id, item), kept);
    return null;
  }

  /** @param {any} command @param {any} line the line that its sheet showed */
  #send(command, line) {
    const id = newId();
    this.#sent.set(id, line);
    return { id, ...command };
  }
}

/** @param {string} order @param {string} item */
function keyOf(order, item) {
  return `${order} ${item}`;
}

/**
 * Returns the corrected line. It names options by id, since the options of both halves of a pizza have the same name.
 * @param {any} line the current line @param {Wanted} wanted @returns {any}
 */
function correctedLine({ menu_item, options, choices, allergy }, { quantity, note }) {
  const chosen = choices?.map((/** @type {{id: string}} */ { id }) => id) ?? options;
  return { menu_item, quantity, ...(chosen && { options: chosen }), ...(note && { note }), ...(note && allergy && { allergy }) };
}

/**
 * Whether a line is the same as on its sheet. @param {any} shown the line on the sheet; undefined if unknown @param {any} line
 */
function isSame(shown, line) {
  const said = (/** @type {any} */ { quantity, options = [], choices = [], note = '', allergy = false, status }) =>
    JSON.stringify([quantity, options, choices.map((/** @type {{id: string}} */ { id }) => id), note, allergy, status]);
  return shown !== undefined && line !== undefined && said(shown) === said(line);
}

/**
 * Merges a correction into a line that a colleague has changed. Keeps the parts of the note that the person has not seen.
 * @param {{base: any, wanted: Wanted}} kept base: the line on the sheet, if known @param {any} line the current one @returns
 * {Wanted}
 */
function merged({ base: shown, wanted }, line) {
  const base = shown ?? {};
  const [before = '', now = ''] = [base.note, line.note];
  const isUnseen = now !== before || (line.allergy && !base.allergy);
  return { quantity: wanted.quantity === base.quantity ? line.quantity : wanted.quantity, note: mergedNote({ before, wanted: wanted.note, now, isUnseen }) };
}

/** @param {{before: string, wanted: string, now: string, isUnseen: boolean}} notes */
function mergedNote({ before, wanted, now, isUnseen }) {
  if (wanted === before || wanted === now) return now;
  return isUnseen ? [now, wanted].filter(Boolean).join('. ').slice(0, MAX_NOTE) : wanted;
}

/** @param {any} line @returns {string} `2 × Pizza, Left: ham, “no nuts” (an allergy)` */
export function lineWords(line) {
  const { note, allergy } = line;
  return [dishWords(line), note && `“${note}”${allergy ? ' (an allergy)' : ''}`].filter(Boolean).join(', ');
}
