import { find } from './dom.js';

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
