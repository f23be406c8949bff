import { h } from './dom.js';

const SHOWN_FOR_MS = 6000;

/**
 * Says what just happened. Screen readers hear it, since the container is a live region of the page; its
 * `data-close` is the word on the button, where that is not English.
 *
 * @param {string} text
 * @param {{bad?: boolean, stays?: boolean}} [options] bad: something did not work, and it stays longer; stays: until it is closed
 */
export function toast(text, { bad = false, stays = false } = {}) {
  const region = document.getElementById('toasts');
  if (!region) return;
  // Behind an open dialog nothing is seen or heard.
  const dialog = document.querySelector('dialog[open]');
  const host = dialog ?? document.body;
  if (region.parentElement !== host) host.append(region);
  dialog?.addEventListener('close', () => document.body.append(region), { once: true });
  const note = h(bad ? 'p.toast.toast--bad' : 'p.toast', {}, text);
  const close = h('button.button.button--quiet', { type: 'button' }, region.dataset.close ?? 'OK');
  close.addEventListener('click', () => note.remove());
  note.append(close);
  region.append(note);
  while (region.children.length > 3) region.firstElementChild?.remove();
  if (!stays) setTimeout(() => note.remove(), bad ? SHOWN_FOR_MS * 2 : SHOWN_FOR_MS);
}
