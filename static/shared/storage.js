import { features } from '../client/features.js';

/**
 * A page's own storage. Every access goes through here: a browser may refuse storage at the first access (blocked cookies
 * throw), or be full. Then the page stores in memory, works, and says once what is lost.
 */

/** @typedef {import('../client/types.js').Store} Store */

/** Outlives the browser, where it keeps anything. */
export const localStore = storeOf('localStorage');
/** Outlives a reload, for this tab alone. */
export const sessionStore = storeOf('sessionStorage');

let refused = false;
let told = () => {};

/** Whether something is stored in memory only and is lost with the page. */
export function isForgetful() {
  return refused;
}

/** @param {() => void} tell called once, now or later, when the browser does not keep what it should */
export function whenForgetful(tell) {
  keepLocal('probe', 1);
  if (refused) tell();
  else told = tell;
}

/** @returns {IDBFactory | null} null where the browser has none for this page */
export function database() {
  return features.indexedDB();
}

/** @param {string} name @param {any} [fallback] */
export function recallLocal(name, fallback) {
  try {
    return JSON.parse(localStore.getItem(`orderbell.${name}`) ?? 'null') ?? fallback;
  } catch {
    return fallback;
  }
}

/** @param {string} name @param {any} value undefined forgets it */
export function keepLocal(name, value) {
  if (value === undefined) localStore.removeItem(`orderbell.${name}`);
  else localStore.setItem(`orderbell.${name}`, JSON.stringify(value));
}

/** @param {'localStorage' | 'sessionStorage'} name @returns {Store} one that never throws */
function storeOf(name) {
  /** What the browser would not take. @type {Map<string, string>} */
  const memory = new Map();
  /** @param {(storage: Storage) => any} task @param {() => any} [otherwise] */
  const use = (task, otherwise = () => null) => {
    try {
      return task(globalThis[name]);
    } catch {
      return otherwise();
    }
  };
  /** @type {Store['removeItem']} */
  const removeItem = (key) => {
    memory.delete(key);
    use((storage) => storage.removeItem(key));
  };
  return {
    getItem: (key) => memory.get(key) ?? use((storage) => storage.getItem(key)),
    removeItem,
    setItem(key, value) {
      const write = (/** @type {Storage} */ storage) => storage.setItem(key, value);
      // The old value goes first where it is full: after a reload it would be taken for the new one.
      use(write, () => {
        removeItem(key);
        use(write, () => {
          memory.set(key, value);
          // A copy of what the server has is no loss.
          if (refused || key.includes('.seen.')) return;
          refused = true;
          told();
        });
      });
    },
  };
}
