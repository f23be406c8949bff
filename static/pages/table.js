import { WORDS } from '../views/diner_words.js';
import { find, onAction } from '../views/dom.js';
import { showInstead } from './page_state.js';
import { TablePage } from './table_page.js';
import { Visit } from './visit.js';

/** How long to wait before another try to reach the restaurant. */
const RETRY_MS = 4_000;

/** A kept visit that turns out to have ended this soon after the code was scanned: a new one is what was wanted. */
const STALE_VISIT_MS = 15_000;

const main = find('#main');
const visit = new Visit(decodeURIComponent(location.pathname.split('/').filter(Boolean).at(-1) ?? ''));
/** @type {any} */
let retry = null;

onAction(main, 'data-do', (does) => {
  if (does === 'retry') enter();
  if (does === 'reload') location.reload();
});
enter();

async function enter() {
  clearTimeout(retry);
  // A refusal stays in sight while another try is made.
  if (!main.querySelector('h1')) showInstead(main, { title: WORDS.loading, busy: true });
  try {
    await new TablePage(visit, await visit.open()).run();
    visit.end();
    if (!visit.begun && performance.now() < STALE_VISIT_MS) return void location.reload();
    showInstead(main, { title: WORDS.ended, hint: WORDS.endedHint, icon: 'out', action: WORDS.newVisit, does: 'reload' });
  } catch (error) {
    refuse(/** @type {any} */ (error));
  }
}

/** @param {{code?: string}} error */
function refuse({ code }) {
  if (code === 'not_found' || code === 'forbidden' || code === 'unauthorized' || code === 'invalid') {
    document.documentElement.dataset.connection = 'stopped';
    showInstead(main, { title: WORDS.noTable, hint: WORDS.noTableHint });
    return;
  }
  document.documentElement.dataset.connection = 'offline';
  showInstead(main, { title: WORDS.noServer, hint: WORDS.noServerHint, icon: 'offline', action: WORDS.retry });
  retry = setTimeout(enter, RETRY_MS);
}
