import { find } from '../views/dom.js';
import { pairScreen } from '../views/pairing.js';
import { KitchenScreen } from './kitchen_screen.js';
import { endSession, keepPaired, openSession, takeGivenToken } from './kitchen_session.js';

takeGivenToken();
// A new token in the address of an open page: the browser does not load the page again by itself.
addEventListener('hashchange', () => { if (takeGivenToken()) location.reload(); });
const session = openSession() ?? await pair();
if (session) {
  await new KitchenScreen(session).run();
  await endSession();
  // A fresh page is the surest way to leave nothing of the last session behind; it shows the pairing.
  location.reload();
}

/** @returns {Promise<import('./kitchen_session.js').Session | null>} */
async function pair() {
  const { dataset } = document.documentElement;
  const section = find('#pairing');
  dataset.connection = 'stopped';
  section.hidden = false;
  keepPaired(await pairScreen(find('#pairing-body')));
  section.hidden = true;
  dataset.connection = 'connecting';
  return openSession();
}
