/**
 * Plans a rush, without the DOM: who orders what, and when each order moves on.
 *
 * @typedef {'place' | 'accept' | 'start' | 'ready' | 'serve'} Does
 * @typedef {{at: number, order: number, does: Does, minutes?: number, basket?: any}} Step at: ms since the rush began; order: its
 *   place in the plan
 */

/** Bound: orders of a rush. */
export const ORDERS = 24;
/** The delay between two orders, in ms: about as fast as in a full restaurant. */
const PACE_MS = [1_500, 5_500];
/** How long an order stays in each state, ms. */
const STAYS_MS = /** @type {[Does, number, number][]} */ ([['accept', 2_000, 5_000], ['start', 1_500, 5_000], ['ready', 6_000, 16_000], ['serve', 3_000, 8_000]]);
const MINUTES = [10, 15, 20, 30];
const GUESTS = ['Anna', 'Ben', 'Farhana', 'Karim', 'Mina', 'Tariq'];
const NOTES = ['no onions', 'very hot, please', 'for a child'];
const ALLERGY = 'peanuts';
/** One order in ten is a takeaway, one has a note and one an allergy. */
const TENTH = 0.1;

/**
 * @param {{tables: string[], menu: any, random: () => number, orders?: number}} of random: from 0 to below 1
 * @returns {Step[]} by time
 */
export function planRush({ tables, menu, random, orders = ORDERS }) {
  const between = (/** @type {number} */ least, /** @type {number} */ most) => least + random() * (most - least);
  const any = /** @template T @param {T[]} some @returns {T} */ (some) => some[Math.floor(random() * some.length)];
  const dishes = Object.values(menu.items).filter(({ available }) => available);
  if (dishes.length === 0 || tables.length === 0) return [];
  /** @type {Step[]} */
  const steps = [];
  let at = 0;
  for (let order = 0; order < orders; order += 1) {
    const basket = basketFor({ tables, dishes, any, random });
    steps.push({ at, order, does: 'place', basket });
    let moves = at;
    for (const [does, least, most] of STAYS_MS) {
      moves += between(least, most);
      steps.push({ at: moves, order, does, ...(does === 'accept' && { minutes: any(MINUTES) }) });
    }
    at += between(PACE_MS[0], PACE_MS[1]);
  }
  return steps.sort((a, b) => a.at - b.at || a.order - b.order);
}

/** @param {{tables: string[], dishes: any[], any: <T>(some: T[]) => T, random: () => number}} of */
function basketFor({ tables, dishes, any, random }) {
  const lines = Array.from({ length: 1 + Math.floor(random() * 4) }, () => any(dishes));
  const chosen = [...new Set(lines)];
  const items = chosen.map((dish) => {
    const options = Object.keys(dish.options ?? {});
    return { menu_item: dish.id, quantity: random() < 0.7 ? 1 : 2, ...(options.length > 0 && random() < 0.4 && { options: [any(options)] }) };
  });
  const said = random();
  if (said < TENTH) Object.assign(items[0], { note: ALLERGY, allergy: true });
  else if (said < 2 * TENTH) Object.assign(items[0], { note: any(NOTES) });
  return random() < TENTH ? { service: 'takeaway', guest_name: any(GUESTS), items } : { service: 'dine_in', table: any(tables), items };
}
