/**
 * The least width of a column, in multiples of the letters' height. Narrower columns break long words; much wider ones leave
 * lines empty.
 */
const NARROWEST_EM = 8.4;
const WIDEST_EM = 13.5;
/** Decides between equally good numbers of columns: at this width most dishes take one line. */
const PREFERRED_EM = 10.5;
/** How many more tickets another layout must show to be worth moving every ticket. */
const WORTH_MOVING = 2;
/**
 * The longer side of a window, in px, on which letters of full size can be read from two metres. On a larger screen they may
 * shrink to the same absolute size.
 */
const ORDINARY_PX = 1920;
/** Letters may shrink only if the least size is at most this share of the full one. */
const WORTH_SHRINKING = 0.9;
/** The least ratio between a size and the next larger one. With larger steps, much of the screen would stay black. */
const FINEST_STEP = 0.84;
/**
 * The most that smaller letters can gain: this many times the number of tickets that their smaller area suggests. A size that
 * cannot gain enough is not tried, since each trial lays out all tickets.
 */
const GENEROUS = 1.5;

/**
 * The size of the letters, as a share of their full size, and the number of columns in sight.
 * @typedef {{scale: number, columns: number}} Layout
 * A trial of a number of columns: how many tickets are fully in sight, and how many columns have tickets.
 * @typedef {{columns: number, shows: number, used: number}} Attempt
 */

/**
 * @param {{room: number, gap: number, letters: number}} page in px
 * @returns {{preferred: number, most: number, candidates: number[]}} numbers of columns, best width first
 */
export function candidatesFor({ room, gap, letters }) {
  const columnsOf = (/** @type {number} */ em) => (room + gap) / (em * letters + gap);
  const most = Math.max(1, Math.floor(columnsOf(NARROWEST_EM)));
  const fewest = Math.min(most, Math.max(1, Math.ceil(columnsOf(WIDEST_EM))));
  const wish = columnsOf(PREFERRED_EM);
  const candidates = Array.from({ length: most - fewest + 1 }, (_, at) => fewest + at);
  candidates.sort((a, b) => Math.abs(a - wish) - Math.abs(b - wish));
  return { preferred: candidates[0], most, candidates };
}

/**
 * @param {number} longerSide of the window, in px
 * @returns {number[]} the sizes of letters to try, largest first
 */
export function scalesFor(longerSide) {
  const least = ORDINARY_PX / longerSide;
  if (least > WORTH_SHRINKING) return [1];
  const steps = Math.ceil(Math.log(least) / Math.log(FINEST_STEP));
  return Array.from({ length: steps + 1 }, (_, step) => least ** (step / steps));
}

/**
 * Finds the largest letters in which all tickets fit, or else those that show the most, and the number of columns that shows
 * the most whole tickets.
 *
 * @param {number} count of the tickets
 * @param {number[]} scales largest first
 * @param {(scale: number) => Attempt[]} attempt tries each number of columns, best width first
 * @param {Layout | undefined} found the previous layout, which is kept if it shows almost as many
 * @returns {Layout}
 */
export function bestLayout(count, scales, attempt, found) {
  const current = found && scales.includes(found.scale) ? found : undefined;
  const worth = current ? WORTH_MOVING : 1;
  let best = { scale: 1, columns: 1, shows: -Infinity };
  let inFullSize = Infinity;
  for (const scale of scales) {
    if (scale !== scales.at(-1) && GENEROUS * inFullSize / scale ** 2 < count) continue;
    const attempts = attempt(scale);
    if (scale === 1) inFullSize = Math.max(...attempts.map(({ shows }) => shows));
    const isGrowth = current !== undefined && scale > current.scale;
    const next = isGrowth ? roomy(attempts, count) : bestOf(attempts, scale, current);
    if (!next) continue;
    if (next.shows - best.shows >= worth) best = { ...next, scale };
    if (best.shows === count) break;
  }
  return { scale: best.scale, columns: best.columns };
}

/**
 * Whether a column stays free. Only then may the letters grow: otherwise the next ticket would shrink them again.
 * @param {Attempt[]} attempts
 * @param {number} count of the tickets
 */
function roomy(attempts, count) {
  return attempts.find(({ shows, used, columns }) => shows === count && used < columns);
}

/**
 * @param {Attempt[]} attempts
 * @param {number} scale
 * @param {Layout | undefined} current
 */
function bestOf(attempts, scale, current) {
  const most = Math.max(...attempts.map(({ shows }) => shows));
  const isOwn = (/** @type {Attempt} */ { columns }) =>
    scale === current?.scale && columns === current.columns;
  const own = attempts.find(isOwn);
  if (own && most - own.shows < WORTH_MOVING) return own;
  return attempts.find(({ shows }) => shows === most);
}
