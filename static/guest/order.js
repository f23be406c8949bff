import { Api } from '../client/api.js';
import { Orderbell, fixedToken } from '../client/orderbell.js';
import { WORDS } from '../languages/language.js';
import { find, onAction, pageVersion } from '../shared/dom.js';
import { isForgetful, keepLocal, sessionStore } from '../shared/storage.js';
import { findWords, followLanguage, furnish } from './frame.js';
import { OrderPage } from './order_page.js';
import { sharedToken, showInstead } from './page_state.js';
import { visitOf } from './visit.js';

const main = find('#main');
const id = decodeURIComponent(location.pathname.split('/').filter(Boolean).at(-1) ?? '');
const token = sharedToken(id, location, sessionStore);
const visit = token ? null : visitOf(id);

onAction(main, 'data-do', (does) => {
  if (does === 'reload') location.reload();
});

if (token) begin(new OrderPage({ id, shared: true, ...linkOf(token) }));
else if (visit?.place) begin(new OrderPage({ id, api: visit.api, bell: visit.bell(), visit }));
else refuse();

/** Starts the page. Requests to the server do not wait for the language's texts. @param {OrderPage} page */
async function begin(page) {
  page.ask();
  await findWords();
  page.run();
}

/** @param {string} shared a token for this one order */
function linkOf(shared) {
  const [url, tokens] = [location.origin, fixedToken(shared)];
  return { api: new Api({ url, tokens }), bell: new Orderbell({ url, tokens, session: sessionStore, version: pageVersion() }) };
}

async function refuse() {
  await findWords();
  keepLocal('probe', 1);
  const draw = () => {
    furnish(WORDS.skipToOrder);
    showInstead(main, { title: WORDS.notYours, hint: isForgetful() ? WORDS.keepsNothingElsewhere : WORDS.notYoursHint, icon: 'screen' });
  };
  document.documentElement.dataset.connection = 'stopped';
  followLanguage(draw);
  draw();
}
