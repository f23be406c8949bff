import { LANGUAGES, WORDS, ageInWords, choose, clock, language, speak } from '../languages/language.js';
import { beat, find, h, onAction, render } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { toast } from '../shared/toasts.js';

/** @typedef {import('../languages/language.js').Language} Language */

/** @type {import('../shared/connection_banner.js').ConnectionWords} */
export const CONNECTION_WORDS = {
  state: (state) => WORDS[`link_${state.replace('-', '_')}`],
  never: () => WORDS.neverConnected,
  silent: (old, heardAt) => WORDS.silent(ageInWords(old), clock(heardAt)),
  lost: (old, heardAt, waiting) => [
    WORDS.lostConnection(ageInWords(old), clock(heardAt)), ...(waiting > 0 ? [WORDS.waitingToBeSent(waiting)] : []),
  ].join(' '),
};

/** The delay before a page without its texts reloads. Without a reload, a browser does not request a failed module again. */
const RELOAD_MS = 3_000;

/** Loads the texts. Resolves once the page has them. */
export async function findWords() {
  try {
    await speak();
    beat();
  } catch {
    setTimeout(() => location.reload(), RELOAD_MS);
    await new Promise(() => {});
  }
}

/** Adds the texts that surround every state of a diner's page. @param {string} skip the target of the skip link */
export function furnish(skip) {
  find('.skip-link').textContent = skip;
  render(find('#languages'), Object.entries(LANGUAGES).map(([name, { name: own }]) => h(
    'button.languages__one', { type: 'button', lang: name, 'data-language': name, 'aria-pressed': String(name === language()) }, own,
  )));
  find('#languages').setAttribute('aria-label', WORDS.languages);
  render(find('#call'), icon('bell'), h('span', {}, WORDS.serviceBell));
  find('#call-title').textContent = WORDS.callTitle;
  find('#toasts').dataset.close = WORDS.ok;
  for (const close of document.querySelectorAll('dialog [data-do="close"]')) close.textContent = WORDS.close;
}

/** @param {() => void} changed redraws all texts */
export function followLanguage(changed) {
  onAction(document.body, 'data-language', async (name) => {
    try {
      await choose(/** @type {Language} */ (name));
      changed();
    } catch {
      toast(WORDS.error_offline, { bad: true });
    }
  });
}
