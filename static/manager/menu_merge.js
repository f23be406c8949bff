/** Merges two edits of one menu, without the page. */

/**
 * @typedef {import('./menu_draft.js').DraftCategory} DraftCategory
 * @typedef {import('./menu_draft.js').DraftItem} DraftItem
 * @typedef {{key: string, name: string, field: string, option?: string, mine: any, theirs: any}} Conflict
 *   one field that both have changed; `field` is a field of a dish, `option`, or `present` where one has removed what the
 *   other has changed
 * @typedef {Record<string, 'mine' | 'theirs'>} Choices by a conflict's key
 * @typedef {{item: DraftItem, category: string}} Placed
 */

/** Fields that are merged each by itself. */
const FIELDS = /** @type {const} */ (['name', 'description', 'amount', 'station', 'photo']);

/**
 * @param {DraftCategory[]} base what both edits began with
 * @param {DraftCategory[]} mine @param {DraftCategory[]} theirs
 * @param {Choices} [choices] between what both have changed; mine where there is none
 * @returns {{draft: DraftCategory[], conflicts: Conflict[]}}
 */
export function mergeMenus(base, mine, theirs, choices = {}) {
  /** @type {Conflict[]} */
  const conflicts = [];
  const decide = asker(choices, conflicts);
  const items = mergeItems(decide, ...each(placed, base, mine, theirs));
  const headings = each(headingsOf, base, mine, theirs);
  const names = mergeHeadings(decide, headings, new Set([...items.values()].map(({ category }) => category)));
  const order = inOrder([...names.keys()], ...each(ids, base, mine, theirs));
  return { conflicts, draft: order.map((id) => ({ id, name: names.get(id) ?? '', items: itemsOf(id, items, base, mine, theirs) })) };
}

/** @typedef {(of: {key: string, name: string, field: string, option?: string}, base: any, mine: any, theirs: any) => any} Decide */

/** @param {Choices} choices @param {Conflict[]} conflicts @returns {Decide} */
function asker(choices, conflicts) {
  return (of, base, mine, theirs) => {
    if (same(mine, theirs) || same(theirs, base)) return mine;
    if (same(mine, base)) return theirs;
    conflicts.push({ ...of, mine, theirs });
    return choices[of.key] === 'theirs' ? theirs : mine;
  };
}

/**
 * @param {Decide} decide @param {Map<string, Placed>} base @param {Map<string, Placed>} mine @param {Map<string, Placed>} theirs
 * @returns {Map<string, Placed>}
 */
function mergeItems(decide, base, mine, theirs) {
  /** @type {Map<string, Placed>} */
  const merged = new Map();
  for (const id of new Set([...mine.keys(), ...theirs.keys()])) {
    const one = mergeItem(decide, base.get(id), mine.get(id), theirs.get(id));
    if (one) merged.set(id, one);
  }
  return merged;
}

/** @param {Decide} decide @param {Placed} [base] @param {Placed} [mine] @param {Placed} [theirs] @returns {Placed | undefined} */
function mergeItem(decide, base, mine, theirs) {
  if (!mine || !theirs) return mergePresence(decide, base, mine, theirs);
  const { id, name } = mine.item;
  const ask = (/** @type {string} */ field, /** @type {any} */ from, /** @type {any} */ my, /** @type {any} */ their, /** @type {string} */ option = '') =>
    decide({ key: [id, field, option].filter(Boolean).join('/'), name, field, ...(option && { option }) }, from, my, their);
  const fields = Object.fromEntries(FIELDS.map((field) => [field, ask(field, base?.item[field], mine.item[field], theirs.item[field])]));
  const options = mergeOptions(ask, base?.item.options ?? [], mine.item.options, theirs.item.options);
  // A draft does not decide what is sold out.
  const item = /** @type {DraftItem} */ ({ ...theirs.item, ...fields, options });
  return { item, category: ask('category', base?.category, mine.category, theirs.category) };
}

/** One of them lacks it. @param {Decide} decide @param {Placed} [base] @param {Placed} [mine] @param {Placed} [theirs] @returns {Placed | undefined} */
function mergePresence(decide, base, mine, theirs) {
  const left = mine ?? theirs;
  if (!left || !base) return left;
  const word = (/** @type {Placed | undefined} */ one) => (one ? (same(meaning(one), meaning(base)) ? 'as it was' : 'changed') : 'removed');
  const kept = decide({ key: `${left.item.id}/present`, name: left.item.name, field: 'present' }, 'as it was', word(mine), word(theirs));
  return kept === 'removed' ? undefined : left;
}

/**
 * @param {(field: string, base: any, mine: any, theirs: any, option: string) => any} ask
 * @param {import('./menu_draft.js').DraftOption[]} base @param {import('./menu_draft.js').DraftOption[]} mine
 * @param {import('./menu_draft.js').DraftOption[]} theirs
 */
function mergeOptions(ask, base, mine, theirs) {
  const find = (/** @type {typeof mine} */ list, /** @type {string} */ id) => list.find((one) => one.id === id);
  const all = [...new Set([...mine, ...theirs].map(({ id }) => id))];
  const merged = all.map((id) => ask('option', find(base, id), find(mine, id), find(theirs, id), id)).filter(Boolean);
  return inOrder(merged.map(({ id }) => id), ...each(ids, base, mine, theirs)).map((id) => merged.find((one) => one.id === id));
}

/** @param {Decide} decide @param {Map<string, string>[]} headings @param {Set<string>} needed @returns {Map<string, string>} names by id */
function mergeHeadings(decide, [base, mine, theirs], needed) {
  /** @type {Map<string, string>} */
  const merged = new Map();
  for (const id of new Set([...mine.keys(), ...theirs.keys()])) {
    const [from, my, their] = [base.get(id), mine.get(id), theirs.get(id)];
    const name = my ?? their ?? '';
    // A heading that one has removed stays while a dish of the other stands under it.
    const keep = needed.has(id) || my === their;
    const field = my === undefined || their === undefined ? 'present' : 'name';
    const value = keep && field === 'present' ? name : decide({ key: `${id}/${field}`, name, field }, from, my, their);
    if (value !== undefined) merged.set(id, value);
  }
  return merged;
}

/** @param {string} category @param {Map<string, Placed>} items @param {DraftCategory[]} base @param {DraftCategory[]} mine @param {DraftCategory[]} theirs */
function itemsOf(category, items, base, mine, theirs) {
  const members = [...items].filter(([, one]) => one.category === category).map(([id]) => id);
  const listed = (/** @type {DraftCategory[]} */ draft) => ids(draft.find(({ id }) => id === category)?.items ?? []);
  return inOrder(members, listed(base), listed(mine), listed(theirs)).map((id) => /** @type {Placed} */ (items.get(id)).item);
}

/**
 * The order of whoever has changed it, mine where both have; what it does not name stands after what it stood after.
 * @param {string[]} members @param {string[]} base @param {string[]} mine @param {string[]} theirs
 */
function inOrder(members, base, mine, theirs) {
  const shared = (/** @type {string[]} */ list) => list.filter((id) => base.includes(id) && mine.includes(id) && theirs.includes(id));
  const [lead, other] = same(shared(mine), shared(base)) ? [theirs, mine] : [mine, theirs];
  const order = lead.filter((id) => members.includes(id));
  for (const id of [...other, ...members]) {
    if (order.includes(id) || !members.includes(id)) continue;
    const before = other.slice(0, Math.max(other.indexOf(id), 0)).reverse().find((one) => order.includes(one));
    order.splice(before ? order.indexOf(before) + 1 : order.length, 0, id);
  }
  return order;
}

/** @param {DraftCategory[]} draft @returns {Map<string, Placed>} */
function placed(draft) {
  return new Map(draft.flatMap(({ id, items }) => items.map((item) => [item.id, { item, category: id }])));
}

/** @param {DraftCategory[]} draft @returns {Map<string, string>} */
function headingsOf(draft) {
  return new Map(draft.map(({ id, name }) => [id, name]));
}

/** @param {{id: string}[]} list */
function ids(list) {
  return list.map(({ id }) => id);
}

/** @param {Placed} one @returns {any} what an edit may have changed */
function meaning({ item: { available: _, ...item }, category }) {
  return { ...item, category };
}

/** @template A, B @param {(one: A) => B} of @param {A} one @param {A} two @param {A} three @returns {[B, B, B]} */
function each(of, one, two, three) {
  return [of(one), of(two), of(three)];
}

/** @param {any} one @param {any} two */
function same(one, two) {
  return JSON.stringify(one) === JSON.stringify(two);
}

/** Whether two drafts say the same, but for what is sold out. @param {DraftCategory[]} one @param {DraftCategory[]} two */
export function sameMenu(one, two) {
  const plain = (/** @type {DraftCategory[]} */ draft) => draft.map(({ id, name, items }) => ({ id, name, items: items.map(({ available: _, ...item }) => item) }));
  return same(plain(one), plain(two));
}
