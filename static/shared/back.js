let isWatching = false;

/**
 * Makes an open sheet a place in the history: going back closes it and stays on the page. Every dialog of the page takes part,
 * whichever module owns it. Calls after the first do nothing.
 */
export function backClosesSheets() {
  if (isWatching) return;
  isWatching = true;
  // A page that was loaded again while a sheet was open has none.
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
    // Closing a sheet leaves the page where it is, and not where it was when the sheet opened.
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
