/**
 * The last resort of a page. It imports nothing, so it runs when the page's own modules fail to load, as during a deploy or on
 * a poor network, and when they have died. A screen on a wall sends a `beat` every second, any other page one
 * (`data-guard="once"`), once it runs; without a beat the guard reloads the page as soon as the server has it.
 */

const CHECK_MS = 5_000;
/** Checks in a row without a beat before a reload; doubled after each reload that did not help. */
const PATIENCE = 4;
const MOST_PATIENCE = 120;
const FETCH_MS = 10_000;
const PATIENCE_KEPT = 'orderbell.guard';

/** Counts checks, not time: a machine that slept has missed hours, but no beat. */
let silent = 0;

addEventListener('beat', () => {
  silent = 0;
  keep(PATIENCE);
  if (document.documentElement.dataset.guard === 'once') clearInterval(watch);
});

// A plain link would lose the fragment, which may hold a token.
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

/** Whether the server has the page: a reload without the server ends in the browser's error for good. */
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
    // Without storage the patience never grows.
  }
}
