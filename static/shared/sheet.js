import { find, h } from './dom.js';

/** The one dialog of a page. Its content is new each time: what was typed for one order must not stand there for the next. */

/** @param {Element} content with a `#sheet-title` */
export function openSheet(content) {
  const sheet = dialog();
  // Messages stand in an open dialog (toasts.js), and outlive what it shows.
  const toasts = sheet.querySelector('#toasts');
  sheet.replaceChildren(content, ...(toasts ? [toasts] : []));
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
