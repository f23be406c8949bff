import { Api } from '../client/api.js';
import { newId } from '../client/ids.js';
import { accountSheet, askTotpSheet, confirmSheet, guardButtons, passwordSheet, pinSheet, recoverySheet, removalSheet, sessionsSheet } from './account_view.js';
import { confirmPassword } from './confirm_password.js';
import { find, h, onAction, render } from './dom.js';
import { exchange } from './exchange.js';
import { checkForm, forgive } from './form_check.js';
import { closeSheet, openSheet } from './sheet.js';
import { toast } from './toasts.js';

const ME = '/api/v1/people/me';

/** A person's own account, on the staff's and the manager's page. */
export class Account {
  #api; #tokens;
  /** @type {{totp: boolean, totp_setup_required: boolean, pin?: boolean} | null} */ #known = null;

  /** @param {{tokens: import('../client/tokens.js').TokenSource}} session */
  constructor({ tokens }) {
    this.#api = new Api({ url: location.origin, tokens });
    this.#tokens = tokens;
    onAction(document.body, 'data-account', (name, control) => this.#do(name, control));
    document.body.addEventListener('submit', (event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (!form.dataset.accountForm) return;
      event.preventDefault();
      if (checkForm(form)) this.#submit(form);
    });
    document.body.addEventListener('input', (event) => forgive(event.target));
  }

  /** @param {Parameters<typeof accountSheet>[0]} who */
  async open(who) {
    openSheet(accountSheet(who));
    const place = find('#account-guard');
    try {
      this.#known = await this.#api.get(ME);
      render(place, guardButtons(this.#known?.totp ?? false, this.#known?.pin));
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      // A token from the command line has no account; the rest of the sheet works without one.
      if (code !== 'forbidden') render(place, h('p.field__error', {}, wordsFor(code, message)));
    }
  }

  /** @param {string} name @param {HTMLElement} control */
  #do(name, control) {
    const id = control.closest('[data-session]')?.getAttribute('data-session') ?? '';
    /** @type {Record<string, () => unknown>} */
    const actions = {
      'ask-password': () => openSheet(passwordSheet()),
      'ask-pin': () => openSheet(pinSheet()),
      'remove-pin': () => this.#attempt(control, async () => {
        await this.#api.delete(`${ME}/pin`);
        closeSheet();
        toast('You no longer have a PIN.');
      }),
      'ask-totp': () => openSheet(askTotpSheet()),
      'ask-removal': () => openSheet(removalSheet()),
      'sessions': () => this.#attempt(control, () => this.#showSessions()),
      'end-session': () => this.#attempt(control, async () => {
        await this.#api.delete(`${ME}/sessions/${encodeURIComponent(id)}`);
        await this.#showSessions();
      }),
      'reload': () => location.reload(),
      'end-others': () => this.#attempt(control, async () => {
        // Confirming the password ends this session and begins another, so copies of this session's tokens become invalid, too.
        const why = 'Every other browser will be signed out, and so will anybody who has copied this session.';
        if (!await confirmPassword(this.#tokens, why)) return;
        await this.#api.delete(`${ME}/sessions`);
        await this.#showSessions();
        toast('You are signed out everywhere else.');
      }),
    };
    actions[name]?.();
  }

  async #showSessions() {
    openSheet(sessionsSheet((await this.#api.get(`${ME}/sessions`)).sessions));
  }

  /** @param {HTMLFormElement} form */
  #submit(form) {
    // Untrimmed: a password may begin or end with a space.
    const typed = Object.fromEntries(new FormData(form));
    form.dataset.attempt ??= newId();
    const { attempt } = form.dataset;
    /** @type {Record<string, () => Promise<void>>} */
    const actions = {
      password: async () => {
        await exchange(this.#tokens, 'PUT', `${ME}/password`, typed, attempt);
        closeSheet();
        toast('Your password is changed. You are signed out everywhere else.');
      },
      totp: async () => {
        const { secret, qr_svg: picture } = await this.#api.post(`${ME}/totp`, typed);
        openSheet(confirmSheet({ secret, picture: `data:image/svg+xml;base64,${btoa(picture)}` }));
      },
      confirmation: async () => {
        const { recovery_codes: codes, role } = await exchange(this.#tokens, 'POST', `${ME}/totp/confirmation`, typed, attempt);
        openSheet(recoverySheet(codes, !this.#known?.totp_setup_required ? 'close' : role ? 'reload' : 'sign-in'));
      },
      pin: async () => {
        if (!await confirmPassword(this.#tokens, 'A PIN lets you act in your name on shared devices.')) return;
        await this.#api.put(`${ME}/pin`, typed);
        closeSheet();
        toast('Your PIN is set.');
      },
      removal: async () => {
        const answer = await exchange(this.#tokens, 'POST', `${ME}/totp/removal`, typed, attempt);
        if (answer?.totp_setup_required) return location.reload();
        closeSheet();
        toast('You now sign in with the password alone.');
      },
    };
    this.#attempt(form.querySelector('[type="submit"]'), actions[form.dataset.accountForm ?? '']);
  }

  /** @param {Element | null} control @param {() => Promise<void>} work */
  async #attempt(control, work) {
    const button = control instanceof HTMLButtonElement ? control : null;
    if (button) button.disabled = true;
    try {
      await work();
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      const words = wordsFor(code, message);
      const place = document.querySelector('dialog[open] .field__error:not([data-of])');
      if (place) place.textContent = words;
      else toast(words, { bad: true });
    } finally {
      if (button) button.disabled = false;
    }
  }
}

/** @param {string} code @param {string} message */
function wordsFor(code, message) {
  if (code === 'offline') return 'The server cannot be reached. Try again in a moment.';
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
