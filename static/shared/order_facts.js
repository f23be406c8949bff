/** What a page says about an order by its document alone. */

/**
 * @param {{ticket?: string, number: number}} order
 * @returns {string} the number that staff call out: the ticket, which starts again each day, or the order's number if it has no
 * ticket
 */
export function called({ ticket, number }) {
  return ticket ?? String(number);
}

/**
 * Whether an order waits for its time. Without a connection, a screen decides by its own clock. @param {any} order @param
 * {number} now server ms
 */
export function isUpcoming({ upcoming, starts_at: at }, now) {
  return upcoming === true && now < Date.parse(at);
}

/** Whether an order was split off, and its lines went back. @param {any} order of a room or a list @returns {boolean} */
export function isEmptied({ items }) {
  return items !== undefined && Object.keys(items).length === 0;
}

/**
 * @param {any} item of an order
 * @returns {string[]} its options, each with its group: the options of two groups may share a name, as for the halves of a
 * pizza
 */
export function chosenOptions({ options = [], choices = [] }) {
  return options.map((/** @type {string} */ name, /** @type {number} */ at) => (choices[at]?.group ? `${choices[at].group}: ${name}` : name));
}

/** @param {any} item of an order @returns {string} `2 × Pizza, Left: ham, Right: olives` */
export function dishWords(item) {
  return `${item.quantity} × ${[item.name, ...chosenOptions(item)].join(', ')}`;
}
