import { h } from './dom.js';
import { clock } from './format.js';
import { icon } from './icons.js';
import { sheetHead } from './sheet.js';

/** The contents of the account sheet. */

/** @param {string} form @param {string} title @param {string} hint @param {string} send @param {...any} content */
function accountForm(form, title, hint, send, ...content) {
  return h('form', { 'data-account-form': form, 'novalidate': true }, sheetHead(title, hint), content,
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { type: 'submit' }, send)));
}

/** @param {string} name @param {string} label @param {Record<string, any>} attributes of the input; `hint` stands below it */
function field(name, label, { hint, ...attributes }) {
  const id = `account-${name}`;
  return h('div.field', {}, h('label', { for: id }, label),
    h('input', { id, name, 'required': true, 'aria-describedby': hint ? `${id}-hint` : undefined, ...attributes }),
    hint && h('p.field__hint', { id: `${id}-hint` }, hint));
}

/** @param {string} name @param {string} label */
function password(name, label) {
  return field(name, label, { type: 'password', autocomplete: 'current-password' });
}

/** @param {string} hint */
function code(hint) {
  return field('code', 'Code', { autocomplete: 'one-time-code', autocapitalize: 'characters', spellcheck: 'false', hint });
}

/**
 * @param {boolean} totp whether there is a second factor @param {boolean} [pin] whether there is a PIN; undefined if the server
 * supports none
 */
export function guardButtons(totp, pin) {
  const button = (/** @type {string} */ act, /** @type {string} */ words) =>
    h('button.button.button--wide', { 'type': 'button', 'data-account': act }, words);
  return [
    button('ask-password', 'Change password'),
    totp ? button('ask-removal', 'Remove the second factor') : button('ask-totp', 'Set up a second factor'),
    pin !== undefined && button('ask-pin', pin ? 'Change your PIN' : 'Set a PIN for shared devices'),
    pin && button('remove-pin', 'Remove your PIN'),
    button('sessions', 'Where you are signed in'),
  ];
}

export function passwordSheet() {
  return accountForm('password', 'Change password', 'This signs you out everywhere else.', 'Change',
    password('current', 'Current password'),
    field('new', 'New password', { type: 'password', autocomplete: 'new-password', minlength: 8, hint: '8 characters or more; a few words are best' }));
}

export function pinSheet() {
  return accountForm('pin', 'Your PIN', 'With the PIN you act in your own name on a shared device.', 'Set it',
    field('pin', 'New PIN', { type: 'password', inputmode: 'numeric', autocomplete: 'off', maxlength: 6, pattern: '[0-9]{4,6}', hint: '4 to 6 digits, not 1234 or 1111' }));
}

export function askTotpSheet() {
  return accountForm('totp', 'A second factor', 'An app on your phone shows a code that changes every half minute. Signing in asks for it.', 'Continue',
    password('password', 'Your password'));
}

/**
 * @param {string} why the password is asked for @param {boolean} withCode whether to ask for a code of the second factor, too
 */
export function confirmPasswordForm(why, withCode) {
  return h('form', { 'data-form-of': 'confirm-password', 'novalidate': true },
    h('div.sheet__head', {},
      h('div', {}, h('h2', { id: 'confirm-title' }, 'Your password, please'),
        h('p.muted', {}, why)),
      h('button.button.button--quiet', { 'type': 'button', 'data-confirm': 'close' }, 'Cancel')),
    field('confirm-password', 'Your password', { name: 'password', type: 'password', autocomplete: 'current-password', autofocus: true }),
    withCode && field('totp', 'Code', { autocomplete: 'one-time-code', autocapitalize: 'characters', spellcheck: 'false', hint: 'From your authenticator app, or a recovery code' }),
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { type: 'submit' }, 'Confirm')));
}

/** @param {{secret: string, picture: string}} begun */
export function confirmSheet({ secret, picture }) {
  return accountForm('confirmation', 'Scan this', 'Scan it with an authenticator app, then type the code that the app shows.', 'Turn it on',
    h('div.account__code', {}, h('img', { src: picture, alt: 'QR code for an authenticator app', width: 200, height: 200 })),
    h('p.muted', {}, 'Or type this key into the app:'),
    h('p.account__secret', {}, (secret.match(/.{1,4}/g) ?? []).join(' ')),
    code('Six digits'));
}

/**
 * @param {string[]} codes
 * @param {'close' | 'reload' | 'sign-in'} next the effect of the button. `reload` shows a manager the page that was refused to
 * them without a second factor.
 */
export function recoverySheet(codes, next) {
  const does = { 'close': { 'data-do': 'close' }, 'reload': { 'data-account': 'reload' }, 'sign-in': { 'data-do': 'sign-out' } }[next];
  return h('div', {}, sheetHead('Keep these codes', 'If you lose your phone, each code signs you in once. Write them down: they are shown only now.'),
    h('ul.account__codes', { 'aria-label': 'Recovery codes' }, codes.map((one) => h('li', {}, one))),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { type: 'button', ...does },
      next === 'sign-in' ? 'I have them: sign in again' : 'I have them')));
}

export function removalSheet() {
  return accountForm('removal', 'Remove the second factor?',
    'Signing in will ask for the password alone. This signs you out everywhere else.', 'Remove',
    password('password', 'Your password'), code('From the app, or a recovery code'));
}

/** @param {{id: string, begun_at: string, renewed_at: string, current: boolean}[]} sessions */
export function sessionsSheet(sessions) {
  return h('div', {}, sheetHead('Where you are signed in', 'End sessions that you do not recognize, and change your password.'),
    h('ul.account__sessions', {}, sessions.map(({ id, begun_at: begun, renewed_at: used, current }) => h('li.account__session', { 'data-session': id },
      h('div', {}, h('p', {}, `Since ${moment(begun)}`, current && h('span.badge', {}, 'here')), h('p.muted', {}, `Last used ${moment(used)}`)),
      !current && h('button.button', { 'type': 'button', 'data-account': 'end-session' }, 'End', h('span.visually-hidden', {}, ` the one since ${moment(begun)}`))))),
    h('p.field__error', { role: 'alert' }),
    sessions.length > 1 && h('div.sheet__foot', {},
      h('button.button.button--danger', { 'type': 'button', 'data-account': 'end-others' }, icon('out'), 'Sign out everywhere else')));
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** @param {string} time */
function moment(time) {
  return `${DAY.format(new Date(time))}, ${clock(time)}`;
}

/**
 * @param {{name: string, username: string, theme: string, link?: {href: string, text: string}}} who `link` leads to the
 * person's other page
 */
export function accountSheet({ name, username, theme, link }) {
  const themes = [['', 'Same as device'], ['light', 'Light'], ['dark', 'Dark']];
  return h('div', {}, sheetHead(name, `Signed in as ${username}.`),
    h('div.actions', { role: 'group', 'aria-label': 'Colours' }, themes.map(([value, words]) =>
      h('button.chip', { 'type': 'button', 'data-do': 'theme', 'data-theme-name': value, 'aria-pressed': String(value === theme) }, words))),
    h('div.account', { id: 'account-guard' }),
    h('div.sheet__foot', {}, link && h('a.button', { href: link.href }, link.text),
      h('button.button.button--danger', { 'type': 'button', 'data-do': 'sign-out' }, icon('out'), 'Sign out')));
}
