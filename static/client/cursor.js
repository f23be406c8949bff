/**
 * Decides what to do with a frame that carries `prev` and `position`, by a room's cursor. By this rule every event is applied
 * once, in order, and a missing one is requested again.
 *
 * @param {number} cursor everything up to here has been seen
 * @param {{prev: number, position: number}} frame no event of the room lies strictly between the two
 * @returns {'apply' | 'drop' | 'gap'}
 */
export function judge(cursor, { prev, position }) {
  if (position <= cursor) return 'drop';
  return prev <= cursor ? 'apply' : 'gap';
}
