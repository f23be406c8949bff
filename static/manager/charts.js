import { s } from '../shared/svg.js';

/** Charts. Each one's numbers are also beside it as text, so that no value is shown by length or colour alone. */

const HOURS = { width: 720, height: 190, top: 22, bottom: 24, gap: 5 };

/** @param {number[]} hours orders placed in each hour, in the order they are drawn @param {(at: number) => string} label */
export function hoursPlot(hours, label) {
  const { width, height, top, bottom, gap } = HOURS;
  const most = Math.max(1, ...hours);
  const step = width / hours.length;
  const bars = hours.map((number, at) => {
    const tall = Math.round((number / most) * (height - top - bottom));
    const x = at * step + gap / 2;
    return s('g', {},
      s('rect.plot__bar', { x, y: height - bottom - tall, width: step - gap, height: tall, rx: 3 }),
      number > 0 ? s('text.plot__value', { x: x + (step - gap) / 2, y: height - bottom - tall - 6 }, number) : [],
      at % 3 === 0 ? s('text.plot__label', { x, y: height - 6 }, label(at)) : []);
  });
  const total = hours.reduce((sum, number) => sum + number, 0);
  const busiest = hours.indexOf(most);
  const told = total === 0 ? 'No orders.' : `${total} orders; the most, ${most}, in the hour from ${label(busiest)}.`;
  return s('svg.plot', { 'viewBox': `0 0 ${width} ${height}`, 'role': 'img', 'aria-label': `Orders by hour. ${told}` },
    s('line.plot__axis', { x1: 0, x2: width, y1: height - bottom + 0.5, y2: height - bottom + 0.5 }), bars);
}

/**
 * A bar for a share of a whole, in a line that has the number as text. @param {number} part @param {number} whole @param
 * {number} [mark] a second value, drawn as a tick
 */
export function partBar(part, whole, mark) {
  const share = (/** @type {number} */ value) => (whole > 0 ? Math.min(100, (value / whole) * 100) : 0);
  return s('svg.part', { 'viewBox': '0 0 100 10', 'preserveAspectRatio': 'none', 'aria-hidden': 'true' },
    s('rect.part__whole', { x: 0, y: 0, width: 100, height: 10 }),
    mark === undefined ? [] : s('rect.part__mark', { x: 0, y: 0, width: share(mark), height: 10 }),
    s('rect.part__bar', { x: 0, y: 0, width: share(part), height: 10 }));
}
