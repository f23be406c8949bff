const DATABASE = 'orderbell';
/** @type {readonly import('../types.js').Table[]} */
const TABLES = Object.freeze(['commands', 'rooms']);

/**
 * Storage in IndexedDB. Opens the database with the first call, and again after losing it. While the database cannot be opened,
 * every call rejects; only the stored copies are lost.
 *
 * @implements {Storage}
 */
export class IdbStorage {
  #factory;
  /** @type {Promise<IDBDatabase> | null} */ #opening = null;

  /** @param {IDBFactory} factory such as the page's `indexedDB` */
  constructor(factory) {
    this.#factory = factory;
  }

  /** @param {import('../types.js').Table} table @param {string} owner @returns {Promise<import('../types.js').Kept[]>} */
  async read(table, owner) {
    const records = await this.#run(table, 'readonly', (store) => store.getAll(IDBKeyRange.bound([owner], [owner, []])));
    return records.map((/** @type {any} */ { id, at, value }) => ({ id, at, value }));
  }

  /** @param {import('../types.js').Table} table @param {string} owner @param {import('../types.js').Kept} kept */
  async write(table, owner, { id, at, value }) {
    await this.#run(table, 'readwrite', (store) => store.put({ owner, id, at, value }));
  }

  /** @param {import('../types.js').Table} table @param {string} owner @param {string} [id] without one, all of the owner's */
  async remove(table, owner, id) {
    const range = id === undefined ? IDBKeyRange.bound([owner], [owner, []]) : IDBKeyRange.only([owner, id]);
    await this.#run(table, 'readwrite', (store) => store.delete(range));
  }

  /** Removes old records of all owners. @param {import('../types.js').Table} table @param {number} before wall-clock ms */
  async prune(table, before) {
    await this.#run(table, 'readwrite', (store) => {
      const asked = store.index('at').openKeyCursor(IDBKeyRange.upperBound(before, true));
      asked.addEventListener('success', () => {
        const cursor = asked.result;
        if (!cursor) return;
        store.delete(cursor.primaryKey);
        cursor.continue();
      });
      return asked;
    });
  }

  /**
   * @param {import('../types.js').Table} table @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} ask
   * @returns {Promise<any>} the request's result, once the transaction has completed
   */
  async #run(table, mode, ask) {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = null;
      throw error;
    });
    const database = await this.#opening;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(table, mode);
      const request = ask(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  /** @returns {Promise<IDBDatabase>} */
  #open() {
    return new Promise((resolve, reject) => {
      const asked = this.#factory.open(DATABASE, 1);
      asked.onupgradeneeded = () => {
        for (const table of TABLES) {
          asked.result.createObjectStore(table, { keyPath: ['owner', 'id'] }).createIndex('at', 'at');
        }
      };
      asked.onerror = () => reject(asked.error);
      asked.onsuccess = () => {
        const again = () => { this.#opening = null; };
        // A newer version of the page waits for this one; a browser may also close it to free space.
        asked.result.onversionchange = () => { asked.result.close(); again(); };
        asked.result.onclose = again;
        resolve(asked.result);
      };
    });
  }
}

/** @typedef {import('../types.js').Storage} Storage */
