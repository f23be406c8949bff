/** A ticket begins in what is left of a column only where that is so much of it. */
const WORTH_CUTTING = 0.15;
/** Only a ticket with so many dishes is cut to fill a column; a longer one than a column always is. */
const MANY_ITEMS = 3;

/**
 * The heights of a ticket's parts, in px: `head` is down to its first dish, `foot` what stands below the last.
 * @typedef {{head: number, items: number[], foot: number}} Shape
 * A column; a ticket that goes on in the next has its number there again, `mark` px high.
 * @typedef {{height: number, gap: number, mark: number}} Column
 * How a ticket stands that begins at `skip` below a column's head: each dish of `breaks` begins another column, and the last
 * of `span` columns is filled down to `bottom`.
 * @typedef {{skip: number, span: number, breaks: number[], bottom: number}} Cut
 * @typedef {{column: number, top: number, cut: Cut | null}} Spot
 */

/** @param {Shape} shape */
export function heightOf({ head, items, foot }) {
  return items.reduce((sum, height) => sum + height, head + foot);
}

/**
 * Columns filled from the top, in order. What does not fit goes on in the next column, where it can be cut, or begins there.
 *
 * @param {Shape[]} shapes @param {Column} column
 * @param {number} [columns] as long as all have room in so many, none is cut to fill one
 * @returns {Spot[]}
 */
export function pack(shapes, column, columns = 0) {
  if (shapes.every((shape) => heightOf(shape) <= column.height)) {
    const whole = fill(shapes, column, () => null);
    if (whole.every((spot) => spot.column < columns)) return whole;
  }
  return fill(shapes, column, (shape, skip) => cutAt(shape, skip, column));
}

/** @param {Shape[]} shapes @param {Column} column @param {(shape: Shape, skip: number) => Cut | null} cut @returns {Spot[]} */
function fill(shapes, { height, gap }, cut) {
  let column = 0;
  let top = 0;
  return shapes.map((shape) => {
    const own = heightOf(shape);
    if (top + own <= height) {
      const place = { column, top, cut: null };
      top += own + gap;
      return place;
    }
    const begins = top > 0 && height - top >= WORTH_CUTTING * height ? cut(shape, top) : null;
    if (!begins && top > 0) {
      column += 1;
      top = 0;
    }
    const place = { column, top, cut: begins ?? (own > height ? cut(shape, 0) : null) };
    if (place.cut) {
      column += place.cut.span - 1;
      top = place.cut.bottom + gap;
    } else top = own + gap;
    return place;
  });
}

/**
 * Dishes are not cut themselves, and what stands below the last one stays with it: whose button would it be?
 * @param {Shape} shape @param {number} skip @param {Column} column
 * @returns {Cut | null} null where it is better left whole
 */
function cutAt(shape, skip, { height, mark }) {
  const { head, items, foot } = shape;
  if (heightOf(shape) <= height && items.length < MANY_ITEMS) return null;
  /** @type {number[]} */
  const breaks = [];
  let bottom = skip + head;
  items.forEach((dish, index) => {
    const size = index === items.length - 1 ? dish + foot : dish;
    if (bottom + size > height && (index > 0 || skip > 0)) {
      breaks.push(index);
      bottom = mark;
    }
    bottom += size;
  });
  // No head without a dish below it.
  if (breaks[0] === 0) return null;
  // A dish that is longer than a column goes on in the next by itself.
  const more = Math.max(0, Math.ceil(bottom / height) - 1);
  return { skip, span: 1 + breaks.length + more, breaks, bottom: bottom - more * height };
}
