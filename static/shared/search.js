/** Compares what people type with names. */

/** @param {string} text @returns {string} without accents and capitals, as people type it */
export function plain(text) {
  return text.normalize('NFD').replace(/\p{Mn}/gu, '').toLowerCase().trim();
}

/**
 * @param {string} text as returned by `plain` @param {string} typed likewise @returns {boolean} whether each typed word begins
 * a word of the text
 */
export function matches(text, typed) {
  const parts = text.split(/[\s-]+/);
  return typed.split(/\s+/).every((word) => parts.some((part) => part.startsWith(word)));
}
