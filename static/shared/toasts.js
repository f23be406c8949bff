import { h } from './dom.js';

const SHOWN_FOR_MS = 6000;
/** Toasts on a page at once: more would cover what people work with. */
const MOST = 3;
/** And where little fits: on a phone, and in a sheet of a phone. */
const MOST_ON_SMALL = 2;
const MOST_IN_SMALL_SHEET = 1;
const SMALL = '(max-width: 40rem), (max-height: 30rem)';
/** A live region announces only what is added to it after it has been in its place for this long, in ms. */
const SETTLED_MS = 100;
/** The subject: a newer toast about the same replaces this one, and `endToasts` removes it. */
const ABOUT = 'data-about';
/** Stays until somebody closes it. */
const STAYS = 'data-stays';

/** Settles once the container has been in its place for long enough. @type {Promise<unknown>} */
let settled = Promise.resolve();

/**
 * Shows a message about what just happened. Screen readers announce it, since the container is a live region of the page;
 * its `data-close` is the word on the button, where that is not English.
 *
 * Bound: three toasts, on a phone two, in its sheets one. Then the oldest that goes by itself makes room, or else the oldest
 * that has to be closed; the last of these stays, and a toast that goes by itself is not shown in its place. A toast replaces
 * an older one with the same words.
 *
 * @param {string} text
 * @param {{bad?: boolean, stays?: boolean, about?: string}} [options] bad: something did not work; stays: until it is closed, as
 *   a bad one does; about: such as an order's id
 */
export function toast(text, { bad = false, stays = bad, about } = {}) {
  const region = document.getElementById('toasts');
  if (!region) return;
  if (moveToFront(region)) settled = new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  // In the order of the calls, also while the container settles.
  settled.then(() => add(region, text, { bad, stays, about }));
}

/**
 * Says something about the whole page until somebody has closed it. The notice has a place of its own in the page's flow
 * (`#notice`): unlike a toast, it stays, so it must cover nothing.
 *
 * @param {string} text
 */
export function notice(text) {
  const place = document.getElementById('notice');
  const close = h('button.button', { type: 'button' }, closeWord());
  close.addEventListener('click', () => place?.replaceChildren());
  place?.replaceChildren(h('p.banner.banner--warn', {}, h('span', {}, text), close));
}

/** Removes toasts that no longer hold, or whose message was read elsewhere on the page. @param {string} about */
export function endToasts(about) {
  const toasts = document.getElementById('toasts')?.children ?? [];
  for (const one of [...toasts]) if (one.getAttribute(ABOUT) === about) one.remove();
}

/**
 * Moves the toasts to the head of the open dialog: behind it nothing is seen or heard, and over its foot they would cover
 * its buttons.
 *
 * @param {HTMLElement} region @returns {boolean} whether they were elsewhere
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

/** @param {HTMLElement} region @param {string} text @param {{bad: boolean, stays: boolean, about?: string}} options */
function add(region, text, { bad, stays, about }) {
  if (about) endToasts(about);
  const note = h(bad ? 'p.toast.toast--bad' : 'p.toast', { [STAYS]: stays, [ABOUT]: about }, h('span.toast__words', {}, text));
  const close = h('button.button.button--quiet', { type: 'button' }, closeWord());
  close.addEventListener('click', () => note.remove());
  note.append(close);
  for (const old of [...region.children]) if (old.firstChild?.textContent === text) old.remove();
  if (!makeRoom(region, stays)) return;
  region.append(note);
  if (!stays) setTimeout(() => note.remove(), SHOWN_FOR_MS);
}

/** @param {HTMLElement} region @param {boolean} stays whether the toast to come does @returns {boolean} whether there is room for it */
function makeRoom(region, stays) {
  const most = !matchMedia(SMALL).matches ? MOST : region.parentElement?.localName === 'dialog' ? MOST_IN_SMALL_SHEET : MOST_ON_SMALL;
  while (region.children.length >= most) {
    const passing = region.querySelector(`:scope > :not([${STAYS}])`);
    if (!passing && !stays && region.children.length === 1) return false;
    (passing ?? region.firstElementChild)?.remove();
  }
  return true;
}
