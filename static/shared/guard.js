/**
 * The last resort of a page. It imports nothing, so it runs even if the page's own modules fail to load, as during a deploy or
 * on a poor network, or stop running. A screen on a wall sends a `beat` every second; any other page (`data-guard="once"`)
 * sends one when it runs. Without a beat the guard reloads the page as soon as the server can deliver it. While the server
 * cannot be reached, the guard shows the page's text for that, if it has one (`.late__unreached`).
 */

const CHECK_MS = 5_000;
/** Checks without a beat, in a row, before a reload; doubled after each reload that did not help. */
const PATIENCE = 4;
/**
 * Checks without a beat, in a row, before the guard asks whether the server is there. A running screen sends a beat between two
 * checks.
 */
const ASK_AFTER = 2;
const MOST_PATIENCE = 120;
const FETCH_MS = 10_000;
const PATIENCE_KEPT = 'orderbell.guard';

/** Counts checks instead of time: a machine that slept has missed hours, but no beats. */
let silent = 0;
/** When the server became unreachable, ms since 1970; 0 while it can be reached. */
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
  // An unreachable server explains the missing beats, so the page only waits for the server.
  const wasLost = lostAt > 0;
  if (wasLost || silent === ASK_AFTER || silent >= patience) {
    const isThere = await canBeHad();
    // The page has started to run meanwhile.
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

/** Schedules the next check, with full jitter while the server is away, since all screens of a restaurant lost it at once. */
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

/**
 * Whether the server can deliver the page. A reload without the server would leave the browser's error page, which never
 * reloads.
 */
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
