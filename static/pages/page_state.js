import { WORDS } from '../views/diner_words.js';
import { h, render } from '../views/dom.js';
import { icon } from '../views/icons.js';

/**
 * The page instead of its content: loading, refused, unreachable.
 *
 * @param {Element} root
 * @param {{title: string, hint?: string, icon?: any, busy?: boolean, action?: string, does?: string, link?: {href: string, text: string}}} what
 *   `does` names what a press on `action` does (`data-do`)
 */
export function showInstead(root, { title, hint, icon: name = 'alert', busy = false, action, does = 'retry', link }) {
  render(root, h('div.blank', { role: 'status' },
    busy ? h('div.spinner', { 'aria-hidden': 'true' }) : icon(name),
    busy ? h('p', {}, title) : h('h1', {}, title),
    hint && h('p', {}, hint),
    action && h('button.button.button--primary', { type: 'button', 'data-do': does }, action),
    link && h('a.button', { href: link.href }, link.text)));
}

/** A page in the background gets no animation frame; it is drawn after this all the same, in ms. */
const UNSEEN_MS = 100;

/** @param {() => void} draw called once, with the next frame where there is one */
export function soon(draw) {
  let due = true;
  const once = () => {
    if (due) draw();
    due = false;
  };
  requestAnimationFrame(once);
  setTimeout(once, UNSEEN_MS);
}

/** @param {string} text for screen readers: what changed without a touch */
export function announce(text) {
  const region = document.getElementById('announce');
  if (region) region.textContent = text;
}

/**
 * Says when an order moves, in the ways a phone in a pocket or a screen reader can notice.
 * @param {any} before @param {any} after documents
 */
export function tellProgress(before, after) {
  if (!before || before.status === after.status) return;
  announce(`${WORDS.order(after.number)}: ${WORDS.status[after.status]}`);
  if (after.status === 'ready' || after.status === 'rejected') navigator.vibrate?.([200, 100, 200]);
}
