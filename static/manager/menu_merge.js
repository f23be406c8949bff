/** Merges two edits of one menu, without the DOM. */

/**
 * @typedef {import('./menu_draft.js').DraftCategory} DraftCategory
 * @typedef {import('./menu_draft.js').DraftItem} DraftItem
 * @typedef {Record<string, 'mine' | 'theirs'>} Choices by the key of a conflict
 * @typedef {{item: DraftItem, category: string}} Placed
 */

/**
 * A field that both edits have changed: a field of a dish, `option`, or `present` if one edit has removed what the other has
 * changed.
 *
 * @typedef {object} Conflict
 * @property {string} key
 * @property {string} name
 * @property {string} field
 * @property {string} [option]
 * @property {any} mine
 * @property {any} theirs
 */

/** The fields of a dish. Each is merged separately. */
const FIELDS = /** @type {const} */ (['name', 'description', 'amount', 'station', 'photo', 'picture', 'sku', 'groups']);

/**
 * Merges two edits of a menu, field by field.
 *
 * @param {DraftCategory[]} base the menu that both edits are based on
 * @param {DraftCategory[]} mine @param {DraftCategory[]} theirs
 * @param {Choices} [choices] which side wins a conflict; mine by default
 * @returns {{draft: DraftCategory[], conflicts: Conflict[]}}
 */
export function mergeMenus(base, mine, theirs, choices = {}) {
  /** @type {Conflict[]} */
  const conflicts = [];
  const decide = asker(choices, conflicts);
  const items = mergeItems(decide, ...each(placed, base, mine, theirs));
  const headings = each(headingsOf, base, mine, theirs);
  const needed = new Set([...items.values()].map(({ category }) => category));
  const names = mergeHeadings(decide, headings, needed);
  const order = inOrder([...names.keys()], ...each(ids, base, mine, theirs));
  const draft = order.map((id) => ({
    id, name: names.get(id) ?? '', ...courseFrom(id, base, mine, theirs), items: itemsOf(id, items, base, mine, theirs),
  }));
  return { conflicts, draft };
}

/**
 * The course of a heading: mine, unless only the other edit has changed it.
 * @param {string} id @param {...DraftCategory[]} drafts base, mine, theirs
 * @returns {{course?: import('./menu_draft.js').DraftCourse}}
 */
function courseFrom(id, ...drafts) {
  const [from, my, their] = drafts.map((draft) => draft.find((one) => one.id === id)?.course);
  const course = same(my, from) ? their : my;
  return course ? { course } : {};
}

/**
 * @typedef {(of: {key: string, name: string, field: string, option?: string}, base: any, mine: any,
 *   theirs: any) => any} Decide
 */

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
 * @param {Decide} decide
 * @param {Map<string, Placed>} base
 * @param {Map<string, Placed>} mine
 * @param {Map<string, Placed>} theirs
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

/**
 * @param {Decide} decide
 * @param {Placed} [base]
 * @param {Placed} [mine]
 * @param {Placed} [theirs]
 * @returns {Placed | undefined}
 */
function mergeItem(decide, base, mine, theirs) {
  if (!mine || !theirs) return mergePresence(decide, base, mine, theirs);
  const { id, name } = mine.item;
  /**
   * @param {string} field
   * @param {any} from
   * @param {any} my
   * @param {any} their
   * @param {string} [option]
   */
  const ask = (field, from, my, their, option = '') => {
    const key = [id, field, option].filter(Boolean).join('/');
    return decide({ key, name, field, ...(option && { option }) }, from, my, their);
  };
  const [before, own, other] = [base?.item, mine.item, theirs.item];
  const merge = (/** @type {typeof FIELDS[number]} */ field) => (
    ask(field, before?.[field], own[field], other[field]));
  const fields = Object.fromEntries(FIELDS.map((field) => [field, merge(field)]));
  const options = mergeOptions(ask, before?.options ?? [], own.options, other.options);
  // Whether a dish is sold out is not part of a draft.
  const item = /** @type {DraftItem} */ ({ ...theirs.item, ...fields, options });
  for (const field of /** @type {const} */ (['picture', 'sku', 'groups'])) if (!item[field]) delete item[field];
  return { item, category: ask('category', base?.category, mine.category, theirs.category) };
}

/**
 * Merges a dish that one of the edits lacks.
 *
 * @param {Decide} decide
 * @param {Placed} [base]
 * @param {Placed} [mine]
 * @param {Placed} [theirs]
 * @returns {Placed | undefined}
 */
function mergePresence(decide, base, mine, theirs) {
  const left = mine ?? theirs;
  if (!left || !base) return left;
  const word = (/** @type {Placed | undefined} */ one) => {
    if (!one) return 'removed';
    return same(meaning(one), meaning(base)) ? 'as it was' : 'changed';
  };
  const { id, name } = left.item;
  const of = { key: `${id}/present`, name, field: 'present' };
  const kept = decide(of, 'as it was', word(mine), word(theirs));
  return kept === 'removed' ? undefined : left;
}

/**
 * @param {(field: string, base: any, mine: any, theirs: any, option: string) => any} ask
 * @param {import('./menu_draft.js').DraftOption[]} base
 * @param {import('./menu_draft.js').DraftOption[]} mine
 * @param {import('./menu_draft.js').DraftOption[]} theirs
 */
function mergeOptions(ask, base, mine, theirs) {
  /** @param {typeof mine} list @param {string} id */
  const find = (list, id) => list.find((one) => one.id === id);
  const all = [...new Set([...mine, ...theirs].map(({ id }) => id))];
  const merged = all
    .map((id) => ask('option', find(base, id), find(mine, id), find(theirs, id), id))
    .filter(Boolean);
  const order = inOrder(merged.map(({ id }) => id), ...each(ids, base, mine, theirs));
  return order.map((id) => merged.find((one) => one.id === id));
}

/**
 * @param {Decide} decide
 * @param {Map<string, string>[]} headings
 * @param {Set<string>} needed
 * @returns {Map<string, string>} names by id
 */
function mergeHeadings(decide, [base, mine, theirs], needed) {
  /** @type {Map<string, string>} */
  const merged = new Map();
  for (const id of new Set([...mine.keys(), ...theirs.keys()])) {
    const [from, my, their] = [base.get(id), mine.get(id), theirs.get(id)];
    const name = my ?? their ?? '';
    // A removed heading stays if the other edit has a dish under it.
    const keep = needed.has(id) || my === their;
    const field = my === undefined || their === undefined ? 'present' : 'name';
    const asked = () => decide({ key: `${id}/${field}`, name, field }, from, my, their);
    const value = keep && field === 'present' ? name : asked();
    if (value !== undefined) merged.set(id, value);
  }
  return merged;
}

/**
 * @param {string} category
 * @param {Map<string, Placed>} items
 * @param {DraftCategory[]} base
 * @param {DraftCategory[]} mine
 * @param {DraftCategory[]} theirs
 */
function itemsOf(category, items, base, mine, theirs) {
  const members = [...items].filter(([, one]) => one.category === category).map(([id]) => id);
  /** @param {DraftCategory[]} draft */
  const listed = (draft) => ids(draft.find(({ id }) => id === category)?.items ?? []);
  const order = inOrder(members, listed(base), listed(mine), listed(theirs));
  return order.map((id) => /** @type {Placed} */ (items.get(id)).item);
}

/**
 * Returns the members in the order of the edit that changed the order, or in mine if both did. A member that this order lacks
 * is placed after its predecessor in the other one.
 *
 * @param {string[]} members
 * @param {string[]} base
 * @param {string[]} mine
 * @param {string[]} theirs
 */
function inOrder(members, base, mine, theirs) {
  const all = [base, mine, theirs];
  /** @param {string[]} list */
  const shared = (list) => list.filter((id) => all.every((one) => one.includes(id)));
  const [lead, other] = same(shared(mine), shared(base)) ? [theirs, mine] : [mine, theirs];
  const order = lead.filter((id) => members.includes(id));
  for (const id of [...other, ...members]) {
    if (order.includes(id) || !members.includes(id)) continue;
    const ahead = other.slice(0, Math.max(other.indexOf(id), 0)).reverse();
    const before = ahead.find((one) => order.includes(one));
    order.splice(before ? order.indexOf(before) + 1 : order.length, 0, id);
  }
  return order;
}

/** @param {DraftCategory[]} draft @returns {Map<string, Placed>} */
function placed(draft) {
  return new Map(draft.flatMap(({ id: category, items }) => (
    items.map((item) => [item.id, { item, category }])
  )));
}

/** @param {DraftCategory[]} draft @returns {Map<string, string>} */
function headingsOf(draft) {
  return new Map(draft.map(({ id, name }) => [id, name]));
}

/** @param {{id: string}[]} list */
function ids(list) {
  return list.map(({ id }) => id);
}

/** @param {Placed} one @returns {any} the part that an edit may change */
function meaning({ item: { available: _, ...item }, category }) {
  return { ...item, category };
}

/**
 * @template A, B
 * @param {(one: A) => B} of
 * @param {A} one
 * @param {A} two
 * @param {A} three
 * @returns {[B, B, B]}
 */
function each(of, one, two, three) {
  return [of(one), of(two), of(three)];
}

/** @param {any} one @param {any} two */
function same(one, two) {
  return JSON.stringify(one) === JSON.stringify(two);
}

/**
 * Returns whether two drafts are equal, apart from what is sold out.
 *
 * @param {DraftCategory[]} one
 * @param {DraftCategory[]} two
 */
export function sameMenu(one, two) {
  /** @param {DraftCategory[]} draft */
  const plain = (draft) => draft.map(({ id, name, course, items }) => (
    { id, name, course, items: items.map(({ available: _, ...item }) => item) }
  ));
  return same(plain(one), plain(two));
}
