/**
 * The shortest time between two copies of a room, in ms. When the client loses the link or the page is hidden, it writes a copy
 * immediately.
 */
export const WRITE_EVERY_MS = 60_000;
/** The delay before the first copy, in ms. It is short, since a screen may lose power within its first minute. */
const FIRST_WRITE_MS = 1_000;
/** The age after which a copy is no longer shown. */
export const KEPT_FOR_MS = 24 * 3_600_000;
/** Bound: documents of a stored room; a larger one is cheaper to request again. */
export const KEPT_DOCUMENTS = 400;

/** Stores copies of the rooms, so that a reload resumes from the cursor, and a page without a network shows what it last knew. */
export class KeptRooms {
  #storage; #owner; #version; #wallClock; #env;
  /** Rooms that changed since they were written. @type {Set<import('../room.js').Room>} */ #dirty = new Set();
  /** @type {Set<import('../room.js').Room>} */ #followed = new Set();
  /** @type {any} */ #timer = null;
  #wait = FIRST_WRITE_MS;
  #forgotten = false;

  /**
   * @param {{storage: import('../types.js').Storage, owner: string, version?: string, wallClock: () => number,
   *   env: import('../types.js').Environment}} parts
   */
  constructor({ storage, owner, version, wallClock, env }) {
    this.#storage = storage;
    this.#owner = owner;
    this.#version = version;
    this.#wallClock = wallClock;
    this.#env = env;
  }

  /**
   * Restores the copies of rooms that have no state yet.
   * @param {import('../room.js').Room[]} rooms
   * @returns {Promise<number | null>} when the newest copy was current, in wall-clock ms
   */
  async restore(rooms) {
    await this.#storage.prune('rooms', this.#wallClock() - KEPT_FOR_MS);
    const kept = new Map((await this.#storage.read('rooms', this.#owner)).map((each) => [each.id, each]));
    /** @type {number | null} */
    let newest = null;
    for (const room of rooms) {
      const found = kept.get(room.name);
      // Another version of the page may read documents differently.
      if (!found || room.cursor !== null || found.value.version !== this.#version) continue;
      fill(room, found.value);
      newest = Math.max(newest ?? 0, found.at);
    }
    return newest;
  }

  /** @param {import('../room.js').Room} room */
  follow(room) {
    if (this.#followed.has(room)) return;
    this.#followed.add(room);
    room.on('change', ({ kind }) => kind !== 'restored' && this.#moved(room));
    this.#moved(room);
  }

  /** Writes the rooms that have changed. */
  flush() {
    this.#env.clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#dirty.size > 0) this.#wait = WRITE_EVERY_MS;
    for (const room of this.#dirty) this.#write(room);
    this.#dirty.clear();
  }

  /** Deletes the copies of a principal that has signed out: the next one must not find them. */
  forget() {
    this.#forgotten = true;
    this.#env.clearTimeout(this.#timer);
    this.#dirty.clear();
    this.#storage.remove('rooms', this.#owner).catch(ignore);
  }

  /** Stores copies again: the same principal is back. */
  remember() {
    this.#forgotten = false;
  }

  /** @param {import('../room.js').Room} room */
  #moved(room) {
    if (this.#forgotten) return;
    this.#dirty.add(room);
    this.#timer ??= this.#env.setTimeout(() => this.flush(), this.#wait);
  }

  /** @param {import('../room.js').Room} room */
  #write(room) {
    const { name: id, cursor, epoch, tag, menu, calls, displays } = room;
    if (cursor === null || epoch === null) return;
    const documents = [...room.documents.values()];
    const value = { version: this.#version, cursor, epoch, tag, documents, menu, calls, displays };
    const done = documents.length > KEPT_DOCUMENTS
      ? this.#storage.remove('rooms', this.#owner, id)
      : this.#storage.write('rooms', this.#owner, { id, at: this.#wallClock(), value });
    done.catch(ignore);
  }
}

/** @param {import('../room.js').Room} room @param {any} kept */
function fill(room, { cursor, epoch, tag, documents, menu, calls, displays }) {
  Object.assign(room, { cursor, epoch, tag, menu, calls, displays });
  room.documents = new Map(documents.map((/** @type {any} */ order) => [order.id, order]));
  room.emit('change', { kind: 'restored' });
}

/** Ignores storage errors: only the copy is lost. */
function ignore() {}
