import { newId } from '../ids.js';
import { COMMAND_LIFETIME_MS } from '../outbox.js';

/** How long unclaimed commands are stored: the server remembers ids for a day. */
const FORGOTTEN_MS = 2 * COMMAND_LIFETIME_MS;

/**
 * Stores unanswered commands. Each tab stores and sends its own, and takes over those of closed tabs. A Web Lock shows that a
 * tab is open. Without locks (plain http) every tab takes what it finds: the ids make that harmless.
 */
export class KeptCommands {
  #storage; #owner; #outbox; #locks; #wallClock;
  #tab = newId();
  #made = 0;
  /** @type {(() => void) | null} */ #letGo = null;

  /**
   * @param {{storage: import('../types.js').Storage, owner: string, outbox: import('../outbox.js').Outbox,
   *   locks: LockManager | null, wallClock: () => number}} parts
   */
  constructor({ storage, owner, outbox, locks, wallClock }) {
    this.#storage = storage;
    this.#owner = owner;
    this.#outbox = outbox;
    this.#locks = locks;
    this.#wallClock = wallClock;
  }

  /** Takes over the commands of closed tabs, and stores new ones from now on. */
  async attach() {
    await this.hold();
    await this.#storage.prune('commands', this.#wallClock() - FORGOTTEN_MS);
    const left = await this.#left();
    this.#outbox.attach(this, left);
  }

  /** Takes over the commands of tabs that have closed since. */
  async takeOver() {
    this.#outbox.adopt(await this.#left());
  }

  /** @param {any} frame @param {number} at wall-clock ms */
  added(frame, at) {
    this.#made += 1;
    // Keeps the order of two touches in the same millisecond.
    const value = { frame, seq: this.#made, tab: this.#tab };
    this.#storage.write('commands', this.#owner, { id: frame.id, at, value }).catch(ignore);
  }

  /** @param {string} id */
  settled(id) {
    this.#storage.remove('commands', this.#owner, id).catch(ignore);
  }

  /** Takes the lock that shows that this tab is open. @returns {Promise<void>} */
  hold() {
    const locks = this.#locks;
    if (!locks || this.#letGo) return Promise.resolve();
    return new Promise((resolve) => {
      locks.request(lockOf(this.#tab), () => new Promise((letGo) => {
        this.#letGo = () => letGo(undefined);
        resolve();
      })).catch(() => resolve());
    });
  }

  /** Releases the lock: a frozen page may never run again, and a page with a lock is not kept for the back button. */
  letGo() {
    this.#letGo?.();
    this.#letGo = null;
  }

  /** @returns {Promise<{frame: any, at: number}[]>} oldest first; they belong to this tab from now on */
  async #left() {
    const kept = await this.#storage.read('commands', this.#owner);
    const orphans = [];
    for (const tab of new Set(kept.map(({ value }) => value.tab))) {
      if (tab !== this.#tab && await this.#isGone(tab)) orphans.push(...kept.filter(({ value }) => value.tab === tab));
    }
    orphans.sort((a, b) => a.at - b.at || a.value.seq - b.value.seq);
    for (const { value: { frame }, at } of orphans) this.added(frame, at);
    return orphans.map(({ value: { frame }, at }) => ({ frame, at }));
  }

  /** @param {string} tab @returns {Promise<boolean>} */
  async #isGone(tab) {
    if (!this.#locks) return true;
    return this.#locks.request(lockOf(tab), { ifAvailable: true }, async (lock) => lock !== null).catch(() => true);
  }
}

/** @param {string} tab */
function lockOf(tab) {
  return `orderbell-tab:${tab}`;
}

/** Ignores storage errors: only the copy is lost, and the command is still in memory. */
function ignore() {}
