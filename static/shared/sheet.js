import { find, h } from './dom.js';

/**
 * The one dialog of a page. Its content is built again each time, so that text typed for one order is never shown for the next.
 */

/** @param {Element} content with a `#sheet-title` */
export function openSheet(content) {
  const sheet = dialog();
  // Messages are in the open dialog (toasts.js) and outlive its content.
  const toasts = sheet.querySelector('#toasts');
  sheet.replaceChildren(...(toasts ? [toasts] : []), content);
  if (!sheet.open) sheet.showModal();
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
