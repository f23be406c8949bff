import { IdbStorage } from './idb_storage.js';
import { KeptCommands } from './kept_commands.js';
import { KeptRooms } from './kept_rooms.js';

/** Stores what must survive a reload: the unanswered commands and the rooms. */
export class Persistence {
  #commands; #rooms;

  /**
   * @param {{storage: IDBFactory | import('../types.js').Storage, owner: string, version?: string, locks: LockManager | null,
   *   outbox: import('../outbox.js').Outbox, wallClock: () => number, env: import('../types.js').Environment}} parts
   */
  constructor({ storage: given, owner, version, locks, outbox, wallClock, env }) {
    const storage = 'open' in given ? new IdbStorage(given) : given;
    this.#commands = new KeptCommands({ storage, owner, outbox, locks, wallClock });
    this.#rooms = new KeptRooms({ storage, owner, version, wallClock, env });
  }

  /**
   * @param {import('../room.js').Room[]} rooms
   * @returns {Promise<number | null>} when the restored rooms were current, in wall-clock ms; null if none were restored
   */
  async attach(rooms) {
    const restored = this.#rooms.restore(rooms);
    await Promise.all([restored, this.#commands.attach()]);
    for (const room of rooms) this.#rooms.follow(room);
    return restored;
  }

  /** @param {import('../room.js').Room} room */
  follow(room) {
    this.#rooms.follow(room);
  }

  /** Handles a new link. */
  up() {
    this.#rooms.remember();
    this.#commands.hold().then(() => this.#commands.takeOver()).catch(() => {});
  }

  /** Writes everything when the link is lost or the page is hidden, since the page may never run again. */
  flush() {
    this.#rooms.flush();
  }

  freeze() {
    this.#rooms.flush();
    this.#commands.letGo();
  }

  /** Deletes the copies of rooms when the principal has signed out. Its commands stay until it signs in again. */
  forget() {
    this.#rooms.forget();
    this.#commands.letGo();
  }
}
