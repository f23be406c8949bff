/**
 * The last resort of a page. It imports nothing, so it runs when the page's own modules fail to load, as during a deploy or on
 * a poor network, and when they have died. A screen on a wall sends a `beat` every second, any other page one
 * (`data-guard="once"`), once it runs; without a beat the guard reloads the page as soon as the server has it. While the server
 * cannot be reached, the page says so if it has words for that (`.late__unreached`).
 */

const CHECK_MS = 5_000;
/** Checks in a row without a beat before a reload; doubled after each reload that did not help. */
const PATIENCE = 4;
/** Checks in a row without a beat before the guard asks whether the server is there. A living screen beats between two checks. */
const ASK_AFTER = 2;
const MOST_PATIENCE = 120;
const FETCH_MS = 10_000;
const PATIENCE_KEPT = 'orderbell.guard';

/** Counts checks, not time: a machine that slept has missed hours, but no beat. */
let silent = 0;
/** Since when the server cannot be reached, ms since 1970; 0 while it can. */
let lostAt = 0;
let watch = setTimeout(check, CHECK_MS);

addEventListener('beat', () => {
  silent = 0;
  lostAt = 0;
  keep(PATIENCE);
  if (document.documentElement.dataset.guard !== 'once') return;
  clearTimeout(watch);
  watch = 0;
});

// A plain link would lose the fragment, which may hold a token.
addEventListener('click', (event) => {
  if (!(event.target instanceof Element && event.target.closest('.late a'))) return;
  event.preventDefault();
  location.reload();
});

async function check() {
  silent += 1;
  const patience = kept();
  // A server that could not be reached explains the silence: the page waits for it, and for nothing else.
  const wasLost = lostAt > 0;
  if (wasLost || silent === ASK_AFTER || silent >= patience) {
    const isThere = await canBeHad();
    // The page has come to life meanwhile.
    if (silent === 0) return follow();
    if (!isThere) {
      lostAt ||= Date.now();
      sayLost();
    } else if (wasLost || silent >= patience) {
      keep(Math.min(2 * patience, MOST_PATIENCE));
      location.reload();
    }
    if (silent >= patience) silent = 0;
  }
  follow();
}

/** Checks again: with full jitter while the server is away, since all screens of a restaurant lost it at once. */
function follow() {
  if (watch) watch = setTimeout(check, lostAt ? 2 * CHECK_MS * Math.random() : CHECK_MS);
}

function sayLost() {
  const words = document.querySelector('.late__unreached');
  if (!words) return;
  const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }).format(lostAt);
  words.textContent = `The server has been unreachable since ${time}. This page keeps trying.`;
  words.parentElement?.setAttribute('data-unreached', '');
}

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
