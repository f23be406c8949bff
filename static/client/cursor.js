/**
 * Compares a frame's `prev` and `position` with the cursor of its room, and returns what to do with the frame. So each event is
 * applied once and in order, and a missing one is requested again.
 *
 * @param {number} cursor everything up to here has been seen
 * @param {{prev: number, position: number}} frame no event of the room lies strictly between the two
 * @returns {'apply' | 'drop' | 'gap'}
 */
export function judge(cursor, { prev, position }) {
  if (position <= cursor) return 'drop';
  return prev <= cursor ? 'apply' : 'gap';
}

/**
 * Returns the tag of the event at a frame's position, the end of its id. By it, the server knows whether its database still
 * has that event.
 * @param {{tag?: string, event?: {id: string}}} frame
 */
export function tagOf({ tag, event }) {
  return tag ?? event?.id.slice(24);
}

/**
 * Returns the epoch of a cursor, with the tag of its event if that is known.
 * @template {string | null} T
 * @param {T} epoch without a tag @param {string} [tag] @returns {T | string}
 */
export function tagged(epoch, tag) {
  return tag ? `${epoch}~${tag}` : epoch;
}

/** @param {string} epoch with or without a tag @returns {string} without it */
export function untagged(epoch) {
  return epoch.split('~', 1)[0];
}
