import { beat, find } from '../shared/dom.js';
import { pairScreen } from '../shared/pairing.js';
import { isForgetful, whenForgetful } from '../shared/storage.js';
import { notice } from '../shared/toasts.js';
import { KitchenScreen } from './screen.js';
import { dropSession, endSession, givenToken, keepPaired, openSession, takeGivenToken, takeNotice } from './session.js';

const BEAT_MS = 1000;

takeGivenToken();
whenForgetful(() => notice('This browser keeps nothing: its storage is blocked or full. '
  + 'After a reload you have to pair this screen again.'));
// Reloads after a new token in the address of the open page, since the browser does not.
addEventListener('hashchange', () => {
  // Without storage the token would be lost with this page, so the next page takes it from the address.
  if (isForgetful() ? givenToken() : takeGivenToken()) location.reload();
});
const session = openSession() ?? await pair();
if (session) {
  const ended = await new KitchenScreen(session).run();
  if (ended === 'unpaired') await endSession();
  else dropSession();
  // A reload removes everything of the last session and shows the pairing.
  location.reload();
}

/** @returns {Promise<import('./session.js').Session | null>} */
async function pair() {
  const { dataset } = document.documentElement;
  const section = find('#pairing');
  const beats = setInterval(beat, BEAT_MS);
  dataset.connection = 'stopped';
  section.hidden = false;
  keepPaired(await pairScreen(find('#pairing-body'), takeNotice()));
  section.hidden = true;
  dataset.connection = 'connecting';
  clearInterval(beats);
  return openSession();
}
