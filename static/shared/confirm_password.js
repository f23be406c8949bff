import { newId } from '../client/ids.js';
import { confirmPasswordForm } from './account_view.js';
import { h } from './dom.js';
import { exchange } from './exchange.js';
import { checkForm } from './form_check.js';

const CONFIRMATION = '/api/v1/people/me/confirmation';

/**
 * Asks for the password in a dialog above the open sheet. The sheet keeps its input.
 *
 * @param {import('../client/tokens.js').TokenSource} tokens
 * @param {string} why the password is asked for
 * @returns {Promise<boolean>} whether it is confirmed; false when the dialog was closed
 */
export function confirmPassword(tokens, why) {
  const dialog = /** @type {HTMLDialogElement} */ (h('dialog.sheet', { 'id': 'confirm-password', 'aria-labelledby': 'confirm-title' }));
  const attempt = newId();
  let confirmed = false;
  const show = (/** @type {boolean} */ withCode) => dialog.replaceChildren(confirmPasswordForm(why, withCode));
  show(false);
  document.body.append(dialog);
  dialog.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('[data-confirm="close"]')) dialog.close();
  });
  dialog.addEventListener('submit', async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!checkForm(form)) return;
    const refusal = await send(tokens, form, attempt);
    if (!refusal) {
      confirmed = true;
      dialog.close();
    } else if (refusal.totpRequired && !form.elements.namedItem('totp')) {
      const { value } = /** @type {HTMLInputElement} */ (form.elements.namedItem('password'));
      show(true);
      /** @type {HTMLInputElement} */ (dialog.querySelector('[name="password"]')).value = value;
      /** @type {HTMLInputElement} */ (dialog.querySelector('[name="totp"]')).focus();
    } else {
      /** @type {Element} */ (form.querySelector('.field__error:not([data-of])')).textContent = wordsFor(refusal);
    }
  });
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(confirmed);
    });
  });
}

/**
 * @param {import('../client/tokens.js').TokenSource} tokens @param {HTMLFormElement} form @param {string} attempt
 * @returns {Promise<any>} the refusal, or null
 */
async function send(tokens, form, attempt) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('[type="submit"]'));
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  try {
    // Untrimmed: a password may begin or end with a space.
    await exchange(tokens, 'POST', CONFIRMATION, Object.fromEntries(new FormData(form)), attempt);
    return null;
  } catch (error) {
    return error;
  } finally {
    button.disabled = false;
    button.removeAttribute('aria-busy');
  }
}

/** @param {{code: string, message: string}} refusal */
function wordsFor({ code, message }) {
  if (code === 'offline') return 'The server cannot be reached. Try again in a moment.';
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
