import { h } from './dom.js';

const SHOWN_FOR_MS = 6000;
/** The most toasts of a page: more would cover the content. */
const MOST = 3;
/** The most on a phone, and in a sheet on a phone. */
const MOST_ON_SMALL = 2;
const MOST_IN_SMALL_SHEET = 1;
const SMALL = '(max-width: 40rem), (max-height: 30rem)';
/** How long a live region must be in place before it announces what is added to it, in ms. */
const SETTLED_MS = 100;
/** The subject: a newer toast with the same subject replaces this one, and `endToasts` removes it. */
const ABOUT = 'data-about';
/** The toast stays until somebody closes it. */
const STAYS = 'data-stays';

/** Resolves once the container has been in place for long enough. @type {Promise<unknown>} */
let settled = Promise.resolve();

/**
 * Shows a message about something that has just happened. Screen readers announce it, since the container is a live region of
 * the page. The container's `data-close` is the label of the button on pages that are not in English.
 *
 * Bound: three toasts; two on a phone, and one in a phone's sheet. Beyond that, the oldest toast that disappears by itself is
 * removed, or else the oldest one that has to be closed. The last toast that has to be closed stays, and a toast that
 * disappears by itself is then not shown. A toast replaces an older one with the same words.
 *
 * @param {string} text
 * @param {{bad?: boolean, stays?: boolean, about?: string, control?: Element}} [options] bad: something did not work; stays:
 * until somebody closes it, the default for a bad one; about: the subject, such as an order's id; control: a button
 */
export function toast(text, { bad = false, stays = bad, about, control } = {}) {
  const region = document.getElementById('toasts');
  if (!region) return;
  if (moveToFront(region)) settled = new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  // Keeps the order of the calls while the container settles.
  settled.then(() => add(region, text, { bad, stays, about, control }));
}

/**
 * Shows a message about the whole page until somebody closes it. Its place is in the page's flow (`#notice`), so that it covers
 * nothing.
 *
 * @param {string} text
 */
export function notice(text) {
  const place = document.getElementById('notice');
  const close = h('button.button', { type: 'button' }, closeWord());
  close.addEventListener('click', () => place?.replaceChildren());
  place?.replaceChildren(h('p.banner.banner--warn', {}, h('span', {}, text), close));
}

/** Removes toasts that no longer hold, or whose message was read elsewhere on the page. @param {string} about the subject */
export function endToasts(about) {
  const toasts = document.getElementById('toasts')?.children ?? [];
  for (const one of [...toasts]) if (one.getAttribute(ABOUT) === about) one.remove();
}

/**
 * Moves the toasts to the head of the open dialog. Behind the dialog nobody would see or hear them, and at its foot they would
 * cover its buttons.
 *
 * @param {HTMLElement} region @returns {boolean} whether they were elsewhere before
 */
function moveToFront(region) {
  const dialog = document.querySelector('dialog[open]');
  if (region.parentElement === (dialog ?? document.body)) return false;
  dialog?.addEventListener('close', () => document.body.append(region), { once: true });
  if (dialog) dialog.prepend(region);
  else document.body.append(region);
  return true;
}

function closeWord() {
  return document.getElementById('toasts')?.dataset.close ?? 'OK';
}

/** @param {HTMLElement} region @param {string} text @param {{bad: boolean, stays: boolean, about?: string, control?: Element}} options */
function add(region, text, { bad, stays, about, control }) {
  if (about) endToasts(about);
  const note = h(bad ? 'p.toast.toast--bad' : 'p.toast', { [STAYS]: stays, [ABOUT]: about }, h('span.toast__words', {}, text));
  const close = h('button.button.button--quiet', { type: 'button' }, closeWord());
  close.addEventListener('click', () => note.remove());
  if (control) {
    control.addEventListener('click', () => setTimeout(() => note.remove()));
    note.append(control);
  }
  note.append(close);
  for (const old of [...region.children]) if (old.firstChild?.textContent === text) old.remove();
  if (!makeRoom(region, stays)) return;
  region.append(note);
  if (!stays) setTimeout(() => note.remove(), SHOWN_FOR_MS);
}

/**
 * @param {HTMLElement} region @param {boolean} stays whether the new toast has to be closed @returns {boolean} whether there is
 * room for it
 */
function makeRoom(region, stays) {
  const most = !matchMedia(SMALL).matches ? MOST : region.parentElement?.localName === 'dialog' ? MOST_IN_SMALL_SHEET : MOST_ON_SMALL;
  while (region.children.length >= most) {
    const passing = region.querySelector(`:scope > :not([${STAYS}])`);
    if (!passing && !stays && region.children.length === 1) return false;
    (passing ?? region.firstElementChild)?.remove();
  }
  return true;
}
