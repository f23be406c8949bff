/** What a screen keeps for itself. A browser that refuses storage gives a screen that forgets, not one that fails. */

/** @param {string} name @param {any} [fallback] */
export function recallLocal(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`orderbell.${name}`) ?? 'null') ?? fallback;
  } catch {
    return fallback;
  }
}

/** @param {string} name @param {any} value undefined forgets it */
export function keepLocal(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(`orderbell.${name}`);
    else localStorage.setItem(`orderbell.${name}`, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the value holds until the page goes.
  }
}
