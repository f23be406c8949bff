import { features } from '../client/features.js';

/**
 * A page's own storage. All access goes through here, since a browser may refuse storage (with blocked cookies the first access
 * throws), or storage may be full. Then the page keeps the values in memory, works, and reports once that they will be lost.
 */

/** @typedef {import('../client/types.js').Store} Store */

/** Survives the end of the browser, if the browser stores anything. */
export const localStore = storeOf('localStorage');
/** Survives a reload, for this tab only. */
export const sessionStore = storeOf('sessionStorage');

let refused = false;
let told = () => {};

/** Whether a value is only in memory and will be lost with the page. */
export function isForgetful() {
  return refused;
}

/** @param {() => void} tell called once, now or later, when the browser does not store a value */
export function whenForgetful(tell) {
  keepLocal('probe', 1);
  if (refused) tell();
  else told = tell;
}

/** @returns {IDBFactory | null} null if the browser has none for this page */
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

/** @param {string} name @param {any} value undefined deletes it */
export function keepLocal(name, value) {
  if (value === undefined) localStore.removeItem(`orderbell.${name}`);
  else localStore.setItem(`orderbell.${name}`, JSON.stringify(value));
}

/** @param {'localStorage' | 'sessionStorage'} name @returns {Store} a store that never throws */
function storeOf(name) {
  /** The values that the browser refused to store. @type {Map<string, string>} */
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
      // Removes the old value first: if storage is full, a reload would take it for the new one.
      use(write, () => {
        removeItem(key);
        use(write, () => {
          memory.set(key, value);
          // A copy of the server's data is no loss.
          if (refused || key.includes('.seen.')) return;
          refused = true;
          told();
        });
      });
    },
  };
}
