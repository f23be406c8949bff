/** A ticket begins in what is left of a column only where that is so much of it. */
const WORTH_CUTTING = 0.28;

/**
 * How a ticket stands that begins at `skip` below a column's head and ends at `bottom` in the last of `span` columns.
 * @typedef {{skip: number, span: number, bottom: number}} Cut
 */

/**
 * Columns filled from the top, in order. What does not fit goes on in the next column, where it can be cut, or begins there.
 *
 * @template T
 * @param {{thing: T, height: number}[]} boxes @param {{height: number, gap: number}} grid
 * @param {(thing: T, skip: number) => Cut | null} cut null: not here
 * @returns {{column: number, top: number, cut: Cut | null}[]}
 */
export function pack(boxes, { height, gap }, cut) {
  let column = 0;
  let top = 0;
  return boxes.map(({ thing, height: own }) => {
    if (top + own <= height) {
      const place = { column, top, cut: null };
      top += own + gap;
      return place;
    }
    const begins = top > 0 && height - top >= WORTH_CUTTING * height ? cut(thing, top) : null;
    if (!begins && top > 0) {
      column += 1;
      top = 0;
    }
    const place = { column, top, cut: begins ?? (own > height ? cut(thing, 0) : null) };
    if (place.cut) {
      column += place.cut.span - 1;
      top = place.cut.bottom + gap;
    } else top = own + gap;
    return place;
  });
}
