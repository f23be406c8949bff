import { WORDS } from '../languages/language.js';
import { find, onAction } from '../shared/dom.js';
import { whenForgetful } from '../shared/storage.js';
import { notice } from '../shared/toasts.js';
import { retryDelay } from '../shared/unreached.js';
import { findWords, followLanguage, furnish } from './frame.js';
import { showInstead } from './page_state.js';
import { TablePage } from './table_page.js';
import { Visit } from './visit.js';

/** If a session ends sooner than this after its start, the page does not begin another without a touch. */
const BRIEF_VISIT_MS = 15_000;

const main = find('#main');
const visit = new Visit(decodeURIComponent(location.pathname.split('/').filter(Boolean).at(-1) ?? ''));
/** @type {any} */
let retry = null;
/** Attempts to reach the restaurant so far. */
let attempts = 0;
/** Draws the page in the current language. @type {() => void} */
let show = () => {};

onAction(main, 'data-do', (does) => {
  if (does === 'retry') enter();
  if (does === 'reload') location.reload();
});
begin();

async function begin() {
  await findWords();
  furnish(WORDS.skipToMenu);
  // Before the first input that a reload could lose.
  whenForgetful(() => notice(WORDS.keepsNothing));
  followLanguage(() => {
    furnish(WORDS.skipToMenu);
    show();
  });
  enter();
}

async function enter() {
  clearTimeout(retry);
  // A refusal stays visible during the next attempt.
  if (!main.querySelector('h1')) instead(() => ({ title: WORDS.loading, busy: true }));
  try {
    const page = new TablePage(visit, await visit.open());
    show = () => page.speak();
    await page.run();
    if (visit.wasEnded) {
      visit.end();
      return endedByStaff();
    }
    visit.lapse();
    // The page has the table's key and begins another session by itself, unless this one was refused as soon as it began.
    if (!visit.begun || performance.now() >= BRIEF_VISIT_MS) return void whenSeen(() => location.reload());
    instead(() => ({ title: WORDS.ended, hint: WORDS.endedHint, icon: 'out', action: WORDS.newVisit, does: 'reload' }));
  } catch (error) {
    refuse(/** @type {any} */ (error));
  }
}

/** Runs a task once the page is visible, so that a phone in a pocket does not begin a visit. @param {() => void} task */
function whenSeen(task) {
  if (document.visibilityState === 'visible') return task();
  document.addEventListener('visibilitychange', () => whenSeen(task), { once: true });
}

/** Offers another visit. Only the guest may begin it. */
function endedByStaff() {
  instead(() => ({ title: WORDS.endedByStaff, hint: WORDS.endedByStaffHint, icon: 'out', action: WORDS.newVisit, does: 'reload' }));
}

/** @param {{code?: string, reason?: string}} error */
function refuse({ code, reason }) {
  if (reason === 'ended_by_staff') {
    document.documentElement.dataset.connection = 'stopped';
    visit.end();
    return endedByStaff();
  }
  if (code === 'not_found' || code === 'forbidden' || code === 'unauthorized' || code === 'invalid') {
    document.documentElement.dataset.connection = 'stopped';
    instead(() => ({ title: WORDS.noTable, hint: WORDS.noTableHint }));
    return;
  }
  document.documentElement.dataset.connection = 'offline';
  instead(() => ({ title: WORDS.noServer, hint: WORDS.noServerHint, icon: 'offline', action: WORDS.retry }));
  retry = setTimeout(enter, retryDelay(attempts));
  attempts += 1;
}

/** @param {() => Parameters<typeof showInstead>[1]} what */
function instead(what) {
  show = () => showInstead(main, what());
  show();
}
