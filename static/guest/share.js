import { WORDS, ageInWords } from '../languages/language.js';
import { backClosesSheets } from '../shared/back.js';
import { called } from '../shared/order_facts.js';
import { h, onAction } from '../shared/dom.js';
import { toast } from '../shared/toasts.js';
import { linkTo } from './page_state.js';

/**
 * Shares a view of one order through the phone's share sheet, or as a link to copy.
 *
 * @param {any} api the diner's @param {any} order a document
 * @throws {import('../client/codes.js').OrderbellError} if the server returns no link
 */
export async function share(api, order) {
  const { token, expires_in: seconds } = await api.post(`/api/v1/orders/${encodeURIComponent(order.id)}/share`);
  const link = linkTo(location.origin, order.id, token);
  if (await sharedByPhone({ title: WORDS.shareTitle(called(order)), url: link })) return;
  showLink(link, WORDS.shareHint(ageInWords(Math.ceil(seconds / 60) * 60_000)));
}

/** @param {ShareData} what @returns {Promise<boolean>} false if the phone cannot share it or does not open its share sheet */
async function sharedByPhone(what) {
  if (!navigator.share) return false;
  try {
    await navigator.share(what);
    return true;
  } catch (error) {
    // The diner has closed the sheet.
    return /** @type {any} */ (error).name === 'AbortError';
  }
}

/** @param {string} link @param {string} hint */
function showLink(link, hint) {
  const field = /** @type {HTMLInputElement} */ (h('input', { id: 'share-link', value: link, readonly: true }));
  const sheet = /** @type {HTMLDialogElement} */ (h('dialog.sheet', { 'aria-labelledby': 'share-title' },
    h('div.sheet__head', {}, h('h2', { id: 'share-title' }, WORDS.share), h('button.button.button--quiet', { type: 'button', 'data-do': 'close' }, WORDS.close)),
    h('div.field', {}, h('label', { for: 'share-link' }, WORDS.shareLink), field, h('p.field__hint', {}, hint)),
    h('div.sheet__foot', {}, h('button.button.button--primary', { type: 'button', 'data-do': 'copy' }, WORDS.copyLink))));
  onAction(sheet, 'data-do', (does) => {
    if (does === 'copy') copy(field, sheet);
  });
  backClosesSheets();
  sheet.addEventListener('close', () => sheet.remove());
  document.body.append(sheet);
  sheet.showModal();
}

/** @param {HTMLInputElement} field @param {HTMLDialogElement} sheet */
async function copy(field, sheet) {
  field.select();
  try {
    // The clipboard API needs https; over http the older way works.
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else if (!document.execCommand('copy')) return;
    sheet.close();
    toast(WORDS.copied);
  } catch {
    // The link stays selected, so that the phone's own menu can copy it.
  }
}
