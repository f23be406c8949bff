import { h } from './dom.js';

const SHOWN_FOR_MS = 6000;
/** Toasts on a page at once: more would cover what people work with. */
const MOST = 3;
/** A live region announces only what is added to it after it has been in its place for this long, in ms. */
const SETTLED_MS = 100;
/** What it is about: a newer one about the same takes its place, and `endToasts` removes it. */
const ABOUT = 'data-about';
/** Stays until somebody has closed it. */
const STAYS = 'data-stays';

/**
 * Says what just happened. Screen readers announce it, since the container is a live region of the page; its
 * `data-close` is the word on the button, where that is not English.
 *
 * Bound: three toasts. Beyond that the oldest goes, one that has to be closed last. The same words replace their predecessor.
 *
 * @param {string} text
 * @param {{bad?: boolean, stays?: boolean, about?: string}} [options] bad: something did not work; stays: until it is closed, as a bad
 *   one does; about: such as an order's id
 */
export function toast(text, { bad = false, stays = bad, about } = {}) {
  const region = document.getElementById('toasts');
  if (!region) return;
  if (moveToFront(region)) setTimeout(() => add(region, text, { bad, stays, about }), SETTLED_MS);
  else add(region, text, { bad, stays, about });
}

/** Removes what is no longer so, or was read elsewhere on the page. @param {string} about */
export function endToasts(about) {
  for (const note of [...document.getElementById('toasts')?.children ?? []]) if (note.getAttribute(ABOUT) === about) note.remove();
}

/** Moves the toasts into the open dialog: behind it nothing is seen or heard. @param {HTMLElement} region @returns {boolean} it was elsewhere */
function moveToFront(region) {
  const dialog = document.querySelector('dialog[open]');
  const host = dialog ?? document.body;
  if (region.parentElement === host) return false;
  dialog?.addEventListener('close', () => document.body.append(region), { once: true });
  host.append(region);
  return true;
}

/** @param {HTMLElement} region @param {string} text @param {{bad: boolean, stays: boolean, about?: string}} options */
function add(region, text, { bad, stays, about }) {
  if (about) endToasts(about);
  const note = h(bad ? 'p.toast.toast--bad' : 'p.toast', { [STAYS]: stays, [ABOUT]: about }, text);
  const close = h('button.button.button--quiet', { type: 'button' }, region.dataset.close ?? 'OK');
  close.addEventListener('click', () => note.remove());
  note.append(close);
  for (const old of [...region.children]) if (old.firstChild?.textContent === text) old.remove();
  while (region.children.length >= MOST) (region.querySelector(`:scope > :not([${STAYS}])`) ?? region.firstElementChild)?.remove();
  region.append(note);
  if (!stays) setTimeout(() => note.remove(), SHOWN_FOR_MS);
}
