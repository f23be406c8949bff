import { find, h } from './dom.js';

/**
 * The one dialog of a page. Its content is built again each time, so that text typed for one order is never shown for the next.
 */

/** @param {Element} content with a `#sheet-title` */
export function openSheet(content) {
  const sheet = dialog();
  // Messages are in the open dialog (toasts.js) and outlive its content.
  const toasts = sheet.querySelector('#toasts');
  const focused = document.activeElement;
  sheet.replaceChildren(...(toasts ? [toasts] : []), content);
  if (!sheet.open) sheet.showModal();
  else if (!toasts?.contains(focused)) focusIn(content, focused);
}

/** Puts the focus where it was, or where an opening sheet has it. @param {Element} content @param {Element | null} before what had it */
function focusIn(content, before) {
  const controls = /** @type {HTMLElement[]} */ ([...content.querySelectorAll('button, a[href], input:not([type="hidden"]), select, textarea')]);
  const control = controls.find((one) => one.isEqualNode(before)) ?? controls.find((one) => one.autofocus) ?? controls[0];
  control?.focus();
}

export function closeSheet() {
  dialog().close();
}

function dialog() {
  return /** @type {HTMLDialogElement} */ (find('#sheet'));
}

/** The head of a sheet. @param {string} title @param {string} hint */
export function sheetHead(title, hint) {
  return h('div.sheet__head', {},
    h('div', {}, h('h2', { id: 'sheet-title' }, title), h('p.muted', {}, hint)),
    h('button.button.button--quiet', { 'type': 'button', 'data-do': 'close' }, 'Close'));
}
