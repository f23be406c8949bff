/**
 * Where a frame that carries `prev` and `position` stands against a room's cursor: the rule that makes every
 * event arrive once, in order, or be asked for again.
 *
 * @param {number} cursor everything up to here has been seen
 * @param {{prev: number, position: number}} frame no event of the room lies strictly between the two
 * @returns {'apply' | 'drop' | 'gap'}
 */
export function judge(cursor, { prev, position }) {
  if (position <= cursor) return 'drop';
  return prev <= cursor ? 'apply' : 'gap';
}
