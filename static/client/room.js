import { judge, tagOf } from './cursor.js';
import { Emitter } from './emitter.js';
import { mergePatch } from './merge_patch.js';

/** Bound: finished orders in a room (for a recall list); the oldest are dropped first. */
export const KEPT_FINISHED_ORDERS = 300;

const FINAL = new Set(['served', 'rejected', 'cancelled']);

/** @typedef {import('./types.js').Need} Need */

/**
 * One room's state: documents, and the cursor up to which they are current. Takes frames, and emits `change`
 * events. `Orderbell.room` makes rooms.
 *
 * Events: `change` {kind, event?, order?, before?, after?, replaced?, rewritten?}. `kind` is `snapshot`, or the kind of the
 * event (`order.placed`, `item.finished`, `call.raised`, `menu.availability` …); `order` is the order's id. `before` and
 * `after` are the value that the patch changed: the order document, `calls`, `displays` or the menu. A new order has no
 * `before`. A snapshot has `replaced` instead: the previous order documents by id; `documents` has the new ones. It is
 * `rewritten` if the previous ones were of another history: the database was restored, perhaps without some of them. The
 * server may say so only after the snapshot; then the same change comes again.
 * `live` {position}: all missed events were received. `sync` {position}: no event is missing up to there.
 * `refused` (OrderbellError): the server refuses this room to this principal.
 */
export class Room extends Emitter {
  /** @type {() => void} */
  #leave;
  /** The furthest position received beyond a gap; `live` must not skip the gap. */
  #missedUpTo = 0;
  /** The received parts of an incomplete snapshot. @type {{position: number, parts: any[]} | null} */
  #incoming = null;
  /** The orders before the last snapshot. @type {Map<string, any>} */
  #replaced = new Map();

  /** @param {string} name @param {{leave?: () => void}} [hooks] */
  constructor(name, { leave = () => {} } = {}) {
    super();
    this.name = name;
    this.#leave = leave;
    /** The feed position up to which everything is seen; null before the first snapshot. @type {number | null} */
    this.cursor = null;
    /** The tag of the event at the cursor. @type {string | undefined} */
    this.tag = undefined;
    /** The epoch the cursor is valid in. @type {string | null} */
    this.epoch = null;
    /** True between `live` and the next loss. */
    this.live = false;
    /** Why the server refuses this room. @type {import('./codes.js').OrderbellError | null} */
    this.refusal = null;
    /** Order documents by id. @type {Map<string, any>} */
    this.documents = new Map();
    /** The menu document of a menu room. @type {any} */
    this.menu = null;
    /** Raised calls by id (floor). @type {Record<string, any>} */
    this.calls = {};
    /** Kitchen screens by device id (floor). @type {Record<string, any>} */
    this.displays = {};
  }

  /** Unsubscribes. The state stays readable but no longer changes. */
  leave() {
    this.#leave();
  }

  /** Drops a cursor of another epoch. The state stays until a snapshot replaces it. @param {string} epoch */
  enter(epoch) {
    if (this.epoch !== epoch) this.cursor = null;
  }

  /** Handles a lost connection: keeps the state as it is, and drops an incomplete snapshot. */
  lost() {
    this.live = false;
    this.#missedUpTo = 0;
    this.#incoming = null;
  }

  /** Prepares for a new subscription. */
  begin() {
    this.#incoming = null;
  }

  /** @param {import('./codes.js').OrderbellError} error */
  refuse(error) {
    this.live = false;
    this.refusal = error;
    this.emit('refused', error);
  }

  /**
   * @param {any} frame one that names this room
   * @param {string} epoch the connection's
   * @returns {Need} what to request from the server
   */
  receive(frame, epoch) {
    switch (frame.type) {
      case 'snapshot': return frame.part === undefined ? this.#snapshot(frame, epoch) : this.#part(frame, epoch);
      case 'event': return this.#advance(frame, () => this.#apply(frame));
      case 'sync': return this.#advance(frame, () => this.emit('sync', { position: frame.position }));
      case 'live': return this.#live(frame, epoch);
      default: return 'none';
    }
  }

  /**
   * Collects the parts of a snapshot. The state and its cursor stay until the last part has come.
   * @param {any} frame @param {string} epoch @returns {Need}
   */
  #part(frame, epoch) {
    const { part, position, more } = frame;
    if (part === 0) this.#incoming = { position, parts: [] };
    const incoming = this.#incoming;
    // The rest of an abandoned snapshot: another was requested.
    if (!incoming) return 'none';
    if (incoming.position !== position || incoming.parts.length !== part) {
      this.#incoming = null;
      return 'snapshot';
    }
    incoming.parts.push(frame);
    if (more) return 'none';
    this.#incoming = null;
    return this.#snapshot(together(incoming.parts), epoch);
  }

  /** @param {any} frame @param {string} epoch @returns {Need} */
  #snapshot(frame, epoch) {
    this.#incoming = null;
    const rewritten = this.epoch !== null && this.epoch !== epoch;
    this.epoch = epoch;
    this.cursor = frame.position;
    this.tag = tagOf(frame);
    this.#missedUpTo = 0;
    const replaced = this.#replaced = this.documents;
    if (this.name.startsWith('menu:')) {
      this.menu = frame.documents[0] ?? null;
    } else {
      this.documents = new Map(frame.documents.map((/** @type {any} */ order) => [order.id, order]));
    }
    this.calls = frame.calls ?? {};
    this.displays = frame.displays ?? {};
    this.emit('change', { kind: 'snapshot', replaced, rewritten });
    return 'none';
  }

  /**
   * @param {any} frame @param {() => Need | void} apply
   * @returns {Need}
   */
  #advance(frame, apply) {
    if (this.cursor === null) return 'none';
    const verdict = judge(this.cursor, frame);
    if (verdict === 'drop') return 'none';
    if (verdict === 'gap') return this.#gap(frame.position);
    const before = this.cursor;
    this.cursor = frame.position;
    const need = apply() ?? 'none';
    if (need !== 'none') this.cursor = before;
    else this.tag = tagOf(frame);
    return need;
  }

  /** Requests what is missing at the first event beyond a gap; the answer includes later events. */
  #gap(/** @type {number} */ position) {
    const asked = this.#missedUpTo > 0;
    this.#missedUpTo = Math.max(this.#missedUpTo, position);
    return asked ? 'none' : 'resume';
  }

  /** @param {any} frame @param {string} epoch @returns {Need} */
  #live(frame, epoch) {
    this.#incoming = null;
    if (this.cursor === null) return 'none';
    // The replay did not close the gap, so only a snapshot can.
    if (this.cursor < this.#missedUpTo) return 'snapshot';
    this.#missedUpTo = 0;
    this.epoch = epoch;
    if (frame.position >= this.cursor) this.tag = tagOf(frame);
    this.cursor = Math.max(this.cursor, frame.position);
    this.live = true;
    if (frame.rewritten) this.emit('change', { kind: 'snapshot', replaced: this.#replaced, rewritten: true });
    this.emit('live', { position: this.cursor });
    return 'none';
  }

  /** @param {any} frame @returns {Need} */
  #apply({ event, position }) {
    const family = event.kind.split('.', 1)[0];
    if (family === 'call') this.#patch('calls', event);
    else if (family === 'display') this.#patch('displays', event);
    else if (family === 'menu') this.#patch('menu', event);
    else return this.#patchOrder(event, position);
    return 'none';
  }

  /** @param {'calls' | 'displays' | 'menu'} member @param {any} event */
  #patch(member, event) {
    const before = this[member];
    const after = mergePatch(before, event.patch);
    this[member] = after;
    this.emit('change', { kind: event.kind, event, before: before ?? undefined, after });
  }

  /** @param {any} event @param {number} position @returns {Need} */
  #patchOrder(event, position) {
    const before = this.documents.get(event.order);
    // An order that was closed before the snapshot was moved to another table: this room does not show it.
    if (!before && event.kind === 'order.moved') return 'none';
    // Its lines were moved, by a patch with the whole document. The room shows it if it is open again.
    const isWhole = event.kind === 'item.moved' && event.patch.id !== undefined;
    if (!before && isWhole && FINAL.has(event.patch.status)) return 'none';
    // An order that was closed before the snapshot was recalled: its patch needs a document that this room never had.
    if (!before && !isWhole && event.kind !== 'order.placed') {
      this.#missedUpTo = position;
      return 'snapshot';
    }
    const after = mergePatch(before ?? {}, event.patch);
    this.documents.set(event.order, after);
    if (FINAL.has(after.status)) this.#prune();
    this.emit('change', { kind: event.kind, event, order: event.order, before, after });
    return 'none';
  }

  #prune() {
    const finished = [...this.documents.values()].filter((order) => FINAL.has(order.status));
    if (finished.length <= KEPT_FINISHED_ORDERS) return;
    finished.sort((a, b) => a.position - b.position);
    for (const order of finished.slice(0, finished.length - KEPT_FINISHED_ORDERS)) this.documents.delete(order.id);
  }
}

/** Joins the parts of a snapshot. @param {any[]} parts */
function together(parts) {
  return {
    ...parts[0],
    documents: parts.flatMap(({ documents }) => documents),
    calls: Object.assign({}, ...parts.map(({ calls }) => calls)),
    displays: Object.assign({}, ...parts.map(({ displays }) => displays)),
  };
}
