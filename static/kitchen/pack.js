/** A ticket is cut only if it fills at least this share of a column; the second value is for a ticket of two dishes. */
const WORTH_CUTTING = 0.15;
const WORTH_CUTTING_TWO = 0.25;

/**
 * The heights of a ticket's parts, in px: `head` reaches down to the first dish, `foot` is everything below the last dish.
 * @typedef {{head: number, items: number[], foot: number}} Shape
 *
 * A column, in px. `mark` returns the height of the head that is repeated above each later part of the ticket at an index.
 * @typedef {{height: number, gap: number, mark: (at: number) => number}} Column
 *
 * The cuts of a ticket, which begins `skip` below the top of a column. Each dish in `breaks` begins another column, and the last
 * of `span` columns is filled down to `bottom`.
 * @typedef {{skip: number, span: number, breaks: number[], bottom: number}} Cut
 * @typedef {{column: number, top: number, cut: Cut | null}} Spot
 */

/** @param {Shape} shape */
export function heightOf({ head, items, foot }) {
  return items.reduce((sum, height) => sum + height, head + foot);
}

/**
 * Fills columns from the top, in order. A ticket that does not fit continues in the next column if it can be cut; otherwise it
 * begins there.
 *
 * @param {Shape[]} shapes
 * @param {Column} column
 * @param {number} [columns] as long as all tickets fit in this many columns, none is cut
 * @returns {Spot[]}
 */
export function pack(shapes, column, columns = 0) {
  if (shapes.every((shape) => heightOf(shape) <= column.height)) {
    const whole = fill(shapes, column, () => null);
    if (whole.every((spot) => spot.column < columns)) return whole;
  }
  return fill(shapes, column, (at, skip) => cutAt(shapes[at], skip, column.height, () => column.mark(at)));
}

/**
 * @param {Shape[]} shapes
 * @param {Column} column
 * @param {(at: number, skip: number) => Cut | null} cut
 * @returns {Spot[]}
 */
function fill(shapes, { height, gap }, cut) {
  let column = 0;
  let top = 0;
  return shapes.map((shape, at) => {
    const own = heightOf(shape);
    if (top + own <= height) {
      const place = { column, top, cut: null };
      top += own + gap;
      return place;
    }
    const begins = top > 0 && isWorthCutting(shape, (height - top) / height) ? cut(at, top) : null;
    if (!begins && top > 0) {
      column += 1;
      top = 0;
    }
    const place = { column, top, cut: begins ?? (own > height ? cut(at, 0) : null) };
    if (place.cut) {
      column += place.cut.span - 1;
      top = place.cut.bottom + gap;
    } else top = own + gap;
    return place;
  });
}

/**
 * @param {Map<string, {left: number, right: number}>} places by id
 * @param {number} width of a column
 * @param {{left: number, right: number}} sight
 * @returns {string[]} ids of the tickets whose last column is fully in sight
 */
export function endingInSight(places, width, sight) {
  const isWhole = (/** @type {{left: number, right: number}} */ { left, right }) => Math.max(left, right - width) >= sight.left && right <= sight.right;
  return [...places].filter(([, place]) => isWhole(place)).map(([id]) => id);
}

/** @param {Shape} shape @param {number} left the free share of the column */
function isWorthCutting({ items }, left) {
  return items.length > 1 && left >= (items.length > 2 ? WORTH_CUTTING : WORTH_CUTTING_TWO);
}

/**
 * Cuts between dishes. The foot stays with the last dish, since nobody could tell whose buttons a lone foot has.
 * @param {Shape} shape
 * @param {number} skip
 * @param {number} height of a column
 * @param {() => number} mark
 * @returns {Cut | null} null if the head would be without a dish below it
 */
function cutAt({ head, items, foot }, skip, height, mark) {
  /** @type {number[]} */
  const breaks = [];
  let bottom = skip + head;
  items.forEach((dish, index) => {
    const size = index === items.length - 1 ? dish + foot : dish;
    if (bottom + size > height && (index > 0 || skip > 0)) {
      breaks.push(index);
      bottom = mark();
    }
    bottom += size;
  });
  if (breaks[0] === 0) return null;
  // A dish that is longer than a column continues in the next one.
  const more = Math.max(0, Math.ceil(bottom / height) - 1);
  return { skip, span: 1 + breaks.length + more, breaks, bottom: bottom - more * height };
}
