import { find, h, morph, render } from './dom.js';

/**
 * A list whose elements are rebuilt only when what they show has changed.
 *
 * `render` builds the whole tree to find the differences. Here each entry names what its view depends on, and keeps its node
 * until one of these values changes.
 *
 * @typedef {object} Entry
 * @property {string} key unique in the list
 * @property {unknown[]} deps what the view shows, compared one by one with `Object.is`
 * @property {() => HTMLElement} view an element whose `data-key` is the key
 */

/** The dependencies that each node was built from. @type {WeakMap<Element, unknown[]>} */
const built = new WeakMap();

/**
 * Renders `entries` as the children of `parent`, in their order. Moves as few nodes as possible, since a moved node loses
 * focus, and a press on it is lost.
 *
 * @param {Element} parent no other code renders its children @param {Entry[]} entries
 * @returns {Set<Element>} the elements that were built
 */
export function renderKeyed(parent, entries) {
  const nodes = new Map([...parent.children].map((node) => [node.getAttribute('data-key'), node]));
  const stays = new Set(entries.map(({ key }) => key));
  for (const [key, node] of nodes) if (key === null || !stays.has(key)) node.remove();
  /** @type {Set<Element>} */
  const changed = new Set();
  let current = parent.firstElementChild;
  for (const entry of entries) {
    const old = nodes.get(entry.key);
    const inPlace = old !== undefined && old === current;
    if (inPlace) current = old.nextElementSibling;
    const stands = old && isSame(built.get(old), entry.deps);
    const node = stands ? old : rebuilt(old, entry);
    if (!stands) changed.add(node);
    if (!inPlace) parent.insertBefore(node, current);
  }
  return changed;
}

/** The dependencies that each parent was rendered from. @type {WeakMap<Element, unknown[]>} */
const shown = new WeakMap();

/**
 * Renders a view only when something that it depends on has changed.
 * @param {Element} parent no other code renders its children @param {unknown[]} deps as in an entry @param {() => any} view
 */
export function renderChanged(parent, deps, view) {
  if (isSame(shown.get(parent), deps)) return;
  shown.set(parent, deps);
  render(parent, view());
}

/** @param {Element | undefined} old @param {Entry} entry @returns {Element} */
function rebuilt(old, { deps, view }) {
  const node = /** @type {Element} */ (old ? morph(old, view()) : view());
  built.set(node, deps);
  return node;
}

/** @param {unknown[] | undefined} before @param {unknown[]} now */
function isSame(before, now) {
  return before !== undefined && before.length === now.length && before.every((one, at) => Object.is(one, now[at]));
}

/**
 * A view that contains lists, each made by `listOf`.
 * @typedef {{view: any, lists?: Record<string, Entry[]>}} Listed
 */

/** Returns the element for a list in a view. @param {string} tag @param {string} name @param {Record<string, any>} [attributes] */
export function listOf(tag, name, attributes = {}) {
  return h(tag, { 'data-key': `list ${name}`, 'data-list': name, 'data-opaque': true, ...attributes });
}

/** @param {Element} parent @param {Listed} listed */
export function renderListed(parent, { view, lists = {} }) {
  render(parent, view);
  for (const [name, entries] of Object.entries(lists)) renderKeyed(find(`[data-list="${name}"]`, parent), entries);
}
