import { WORDS, clock, errorWords } from '../languages/language.js';
import { h, onAction, render } from '../views/dom.js';
import { icon } from '../views/icons.js';
import { toast } from '../views/toasts.js';

/** A call is not repeated by a hasty thumb within this. */
const AGAIN_AFTER_MS = 60_000;

/** @type {Record<string, 'hand' | 'list' | 'water'>} */
const ICONS = { help: 'hand', bill: 'list', water: 'water' };

/** The sheet from which a diner calls the waiter, asks for the bill or for water. */
export class CallSheet {
  #bell; #sheet; #body;
  /** When each was called, server ms. @type {Map<string, number>} */ #calledAt = new Map();

  /** @param {any} bell @param {HTMLDialogElement} sheet @param {Element} body */
  constructor(bell, sheet, body) {
    this.#bell = bell;
    this.#sheet = sheet;
    this.#body = body;
    onAction(sheet, 'data-action', (_, control) => this.#call(control.dataset.reason ?? 'help'));
  }

  open() {
    this.#draw();
    this.#sheet.showModal();
  }

  #draw() {
    render(this.#body, h('div.calls', {}, Object.entries(ICONS).map(([reason, sign]) => {
      const at = this.#calledAt.get(reason);
      const recent = at !== undefined && this.#bell.now() - at < AGAIN_AFTER_MS;
      return h('button.button.button--large.calls__call', { type: 'button', 'data-action': 'call_waiter', 'data-reason': reason, disabled: recent },
        icon(sign), h('span', {}, WORDS[`call_${reason}`]), recent && at !== undefined && h('span.muted', {}, WORDS.callAgain(clock(at))));
    })));
  }

  /** @param {string} reason */
  async #call(reason) {
    this.#calledAt.set(reason, this.#bell.now());
    this.#draw();
    try {
      const answered = this.#bell.command({ action: 'call_waiter', reason });
      this.#sheet.close();
      await answered;
      toast(WORDS[`called_${reason}`]);
    } catch (error) {
      this.#calledAt.delete(reason);
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
    }
  }
}
