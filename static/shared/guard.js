/**
 * The last resort of a page. It stands alone and imports nothing, so it runs when the page's own modules could not be
 * loaded, as amid a deploy or on a network that comes and goes, and when they have died. A screen on a wall sends a
 * `beat` every second, any other page one (`data-guard="once"`), when it stands; when none comes, the page is loaded
 * anew, as soon as it can be had.
 */

const CHECK_MS = 5_000;
/** Checks in a row without a beat before it is loaded anew; doubled each time that this has not helped. */
const PATIENCE = 4;
const MOST_PATIENCE = 120;
const FETCH_MS = 10_000;
const PATIENCE_KEPT = 'orderbell.guard';

/** Checks, not time: a machine that slept has lost hours, and not one beat that was due. */
let silent = 0;

addEventListener('beat', () => {
  silent = 0;
  keep(PATIENCE);
  if (document.documentElement.dataset.guard === 'once') clearInterval(watch);
});

// Without this its link would lose the fragment, in which a token may stand.
addEventListener('click', (event) => {
  if (!(event.target instanceof Element && event.target.closest('.late a'))) return;
  event.preventDefault();
  location.reload();
});

const watch = setInterval(async () => {
  silent += 1;
  const patience = kept();
  if (silent < patience) return;
  silent = 0;
  if (!await canBeHad()) return;
  keep(Math.min(2 * patience, MOST_PATIENCE));
  location.reload();
}, CHECK_MS);

/** A page loaded anew while the server is away would be the browser's own error, for good. */
async function canBeHad() {
  try {
    return (await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(FETCH_MS) })).ok;
  } catch {
    return false;
  }
}

function kept() {
  try {
    return Number(sessionStorage.getItem(PATIENCE_KEPT)) || PATIENCE;
  } catch {
    return PATIENCE;
  }
}

/** @param {number} patience */
function keep(patience) {
  try {
    sessionStorage.setItem(PATIENCE_KEPT, String(patience));
  } catch {
    // Without a storage it is as patient each time.
  }
}
