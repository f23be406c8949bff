let isWatching = false;

/**
 * Adds a history entry for an open sheet: going back closes the sheet and stays on the page. This holds for every dialog of the
 * page, whichever module owns it. Calls after the first do nothing.
 */
export function backClosesSheets() {
  if (isWatching) return;
  isWatching = true;
  // After a reload with an open sheet, the sheet is gone but its history entry is still there.
  if (isSheet()) history.replaceState(null, '');
  const watch = new MutationObserver((changes) => {
    if (changes.some(({ target }) => target instanceof HTMLDialogElement)) follow();
  });
  watch.observe(document.body, { attributes: true, attributeFilter: ['open'], subtree: true });
  addEventListener('popstate', () => {
    if (isSheet()) return;
    history.scrollRestoration = 'auto';
    for (const dialog of openDialogs()) dialog.close();
  });
}

function follow() {
  const isOpen = openDialogs().length > 0;
  if (isOpen && !isSheet()) {
    // Closing a sheet must not scroll the page back to where it was when the sheet opened.
    history.scrollRestoration = 'manual';
    history.pushState({ sheet: true }, '');
  }
  if (!isOpen && isSheet()) history.back();
}

function isSheet() {
  return history.state?.sheet === true;
}

/** @returns {HTMLDialogElement[]} */
function openDialogs() {
  return [...document.querySelectorAll('dialog')].filter(({ open }) => open);
}
