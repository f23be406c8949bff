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
