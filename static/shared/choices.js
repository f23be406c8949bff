/** The options of a dish: their groups, and the chosen ones. This module does not use the DOM. */

/** The most options of one line, by the contract. */
export const MAX_CHOSEN = 20;

/**
 * @typedef {{id: string, name: string, price: {amount: number, currency: string}, isThere: boolean, until?: string, preset: boolean}} Option
 * @typedef {{id: string, name: string, min: number, max: number, under?: string, options: Option[]}} Group a group of options; the
 *   one with an empty id and name has the options outside of all groups
 */

/**
 * @param {any} item of the menu
 * @returns {Group[]} in the order of the menu; a nested group follows the group of its option, and options outside of groups
 * come last
 */
export function groupsOf(item) {
  const options = Object.entries(item.options ?? {});
  const groups = Object.entries(item.groups ?? {}).map(([id, group]) => ({ id, ...group })).sort(bySort);
  const parentOf = (/** @type {any} */ group) => (group.under === undefined ? undefined : item.options[group.under]?.group ?? '');
  const nestedIn = (/** @type {string} */ parent) => groups.filter((group) => parentOf(group) === parent);
  const tops = groups.filter((group) => group.under === undefined);
  const loose = { id: '', name: '', min: 0, max: MAX_CHOSEN };
  const ordered = [...tops.flatMap((top) => [top, ...nestedIn(top.id)]), loose, ...nestedIn('')];
  return ordered
    .map(({ id, name, min, max, under }) => ({
      id, name, min, max, ...(under !== undefined && { under }),
      options: options.filter(([, option]) => (option.group ?? '') === id).map(([key, option]) => ({ id: key, ...option })).sort(id === '' ? () => 0 : bySort).map(optionOf),
    }))
    .filter(({ options: own }) => own.length > 0);
}

/** @param {any} a @param {any} b */
function bySort(a, b) {
  return (a.sort ?? 0) - (b.sort ?? 0) || (a.id < b.id ? -1 : 1);
}

/** @param {any} option @returns {Option} */
function optionOf({ id, name, price, available, until, default: preset }) {
  return { id, name, price, isThere: available !== false, preset: preset === true, ...(until && { until }) };
}

/**
 * @param {any} item @param {string[]} chosen @returns {Group[]} the groups to show: a nested one only if its option is chosen
 */
export function askedGroups(item, chosen) {
  return groupsOf(item).filter(({ under }) => under === undefined || chosen.includes(under));
}

/** @param {Group} group @param {string[]} chosen */
export function countIn({ options }, chosen) {
  return options.filter(({ id }) => chosen.includes(id)).length;
}

/** @param {any} item @param {string[]} chosen @returns {Group[]} the groups in which too few options are chosen */
export function missingGroups(item, chosen) {
  return askedGroups(item, chosen).filter((group) => countIn(group, chosen) < group.min);
}

/** @param {any} item @returns {boolean} whether so many options are sold out that a required group cannot be filled */
export function lacksOptions(item) {
  return groupsOf(item).some(({ under, min, options }) => under === undefined && options.filter(({ isThere }) => isThere).length < min);
}

/**
 * @param {any} item @param {string[]} chosen @returns {boolean} whether the dish can be ordered with these options: none is
 * missing, removed or sold out
 */
export function isChosenWell(item, chosen) {
  return missingGroups(item, chosen).length === 0 && kept(item, chosen).length === chosen.length;
}

/** @param {any} item @returns {string[]} the options that are chosen by default */
export function defaultsOf(item) {
  return withDefaults(item, []);
}

/**
 * Adds the defaults of shown groups in which nothing is chosen. @param {any} item @param {string[]} chosen @returns {string[]}
 */
function withDefaults(item, chosen) {
  return groupsOf(item).reduce((sofar, group) => {
    const isAsked = group.under === undefined || sofar.includes(group.under);
    if (!isAsked || countIn(group, sofar) > 0) return sofar;
    return [...sofar, ...group.options.filter(({ preset, isThere }) => preset && isThere).map(({ id }) => id)];
  }, chosen);
}

/**
 * Drops options that are removed or sold out, that belong to a group that is not shown, or that exceed a group's maximum.
 * @param {any} item @param {string[]} chosen @returns {string[]}
 */
export function kept(item, chosen) {
  return groupsOf(item).reduce((/** @type {string[]} */ sofar, { under, max, options }) => {
    if (under !== undefined && !sofar.includes(under)) return sofar;
    const there = options.filter(({ id, isThere }) => isThere && chosen.includes(id)).map(({ id }) => id);
    // In the order of choosing.
    return [...sofar, ...chosen.filter((id) => there.includes(id)).slice(0, max)];
  }, []).slice(0, MAX_CHOSEN);
}

/**
 * Selects or deselects an option. In a group that allows one option, the new one replaces the old one; a required one stays
 * selected.
 *
 * @param {any} item @param {string[]} chosen @param {string} option
 * @returns {string[]}
 */
export function toggled(item, chosen, option) {
  const group = askedGroups(item, chosen).find(({ options }) => options.some(({ id, isThere }) => id === option && isThere));
  if (!group) return chosen.filter((id) => id !== option);
  const others = chosen.filter((id) => !group.options.some((each) => each.id === id));
  if (chosen.includes(option)) {
    const isNeeded = group.max === 1 && group.min === 1;
    return isNeeded ? chosen : kept(item, chosen.filter((id) => id !== option));
  }
  const isFull = countIn(group, chosen) >= group.max;
  if (isFull && group.max > 1) return chosen;
  return withDefaults(item, kept(item, [...(isFull ? others : chosen), option]));
}

/** @param {any} item @param {string[]} chosen @returns {number} minor units of one */
export function priceWith(item, chosen) {
  return chosen.reduce((sum, id) => sum + (item.options?.[id]?.price.amount ?? 0), item.price.amount);
}
