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

/** @param {string} text @returns {string} with the digits of every script as 0 to 9, so that ৪ finds table 4 */
export function asciiDigits(text) {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = /** @type {number} */ (digit.codePointAt(0));
    let zero = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return String((code - zero) % 10);
  });
}
