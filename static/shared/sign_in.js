import { newId } from '../client/ids.js';
import { sendAgain } from './attempts.js';
import { readDemo } from './demo.js';
import { find, h, setText } from './dom.js';
import { ageInWords, unreachedWords } from './format.js';
import { keepCopy } from './page_copy.js';
import { recallLocal } from './storage.js';

/** @type {Record<string, string>} */
const WORDS = {
  unauthorized: 'The username, password or restaurant is wrong.',
  offline: 'The server cannot be reached. Try again in a moment.',
  unavailable: 'The server is busy. Try again in a moment.',
};

/** Codes that leave the attempt open: the previous call may still be in progress. */
const NO_ANSWER = new Set(['offline', 'unavailable', 'rate_limited']);

/** The attempt stays the same until an answer comes. */
let attempt = newId();

/** @typedef {(credentials: {restaurant: string, username: string, password: string, totp?: string}, attempt: string) => Promise<any>} SignIn */

/**
 * Shows the sign-in form of a page until someone has signed in.
 *
 * @param {import('./page_copy.js').WorkPage} page
 * @param {SignIn} signIn
 * @param {string} [why] the reason why the last session ended, shown above the form
 * @returns {Promise<any>} the result of `signIn`
 */
export function askToSignIn(page, signIn, why) {
  document.documentElement.dataset.connection = 'stopped';
  const section = find('#sign-in');
  const form = /** @type {HTMLFormElement} */ (find('#sign-in-form'));
  section.hidden = false;
  if (why) find('#sign-in-why').textContent = why;
  prefill(form).then(() => keepCopy(page));
  return new Promise((resolve) => {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const session = await send(form, signIn);
      if (!session) return;
      section.hidden = true;
      document.documentElement.dataset.connection = 'connecting';
      resolve(session);
    });
  });
}

/** @param {HTMLFormElement} form @param {SignIn} signIn */
async function send(form, signIn) {
  const button = /** @type {HTMLButtonElement} */ (find('#sign-in-button'));
  const error = find('#sign-in-error');
  error.textContent = '';
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  try {
    const { totp, ...credentials } = /** @type {Record<string, any>} */ (Object.fromEntries(new FormData(form)));
    const given = /** @type {any} */ (totp ? { ...credentials, totp } : credentials);
    // Without an answer, the person is told and decides. Only `rate_limited`, while the same call is still in progress, is sent
    // again here.
    return await sendAgain(() => signIn(given, attempt), []);
  } catch (refusal) {
    const { code, totpRequired } = /** @type {any} */ (refusal);
    if (!NO_ANSWER.has(code)) attempt = newId();
    if (totpRequired) askForCode(form, error);
    else {
      // The next attempt may be another person's, so the field for the code is shown again only if the server asks for a code.
      if (code === 'unauthorized') form.querySelector('#totp-field')?.remove();
      error.textContent = words(/** @type {any} */ (refusal));
      input(form, 'password').focus();
      input(form, 'password').select();
    }
    return null;
  } finally {
    button.disabled = false;
    button.removeAttribute('aria-busy');
  }
}

/**
 * Adds the field for the code of the second factor, since the password was right. @param {HTMLFormElement} form @param
 * {HTMLElement} error
 */
function askForCode(form, error) {
  if (form.querySelector('#totp-field')) error.textContent = 'This code is wrong or already used. Wait for the next one.';
  else {
    error.before(h('div.field', { id: 'totp-field' }, h('label', { for: 'totp' }, 'Code'),
      h('input', { 'id': 'totp', 'name': 'totp', 'autocomplete': 'one-time-code', 'autocapitalize': 'characters', 'spellcheck': 'false', 'required': true, 'aria-describedby': 'totp-hint' }),
      h('p.field__hint', { id: 'totp-hint' }, 'From your authenticator app, or a recovery code')));
  }
  input(form, 'totp').select();
}

/** @param {{code: string, message: string, retryAfterMs?: number}} error */
function words({ code, message, retryAfterMs }) {
  if (code !== 'rate_limited') return WORDS[code] ?? message;
  return `Too many attempts. Try again in ${ageInWords(retryAfterMs ?? 60_000)}.`;
}

/** @param {HTMLFormElement} form */
async function prefill(form) {
  const known = recallLocal('staff.slug', '');
  if (known) input(form, 'restaurant').value = known;
  const demo = await askForDemo();
  if (!demo) return;
  input(form, 'restaurant').value ||= demo.restaurant;
  const person = demo.people?.[0];
  if (!person) return;
  const hint = find('#sign-in-demo');
  hint.hidden = false;
  hint.textContent = `Demo: sign in as ${demo.people.map((/** @type {any} */ one) => `${one.username} / ${one.password}`).join(' or ')}.`;
}

/**
 * Shows the demo's accounts, and a notice while the server cannot be reached. @returns {Promise<any>} the demo's people; null
 * without a demo
 */
async function askForDemo() {
  const notice = find('#sign-in-unreached');
  const demo = await readDemo((since) => {
    notice.hidden = false;
    setText(notice, unreachedWords(since));
  });
  notice.hidden = true;
  return demo;
}

/** @param {HTMLFormElement} form @param {string} name */
function input(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}
