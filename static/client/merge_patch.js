/**
 * RFC 7396 JSON Merge Patch. Pure: neither argument is changed.
 *
 * Collects the members in a `Map` and assigns none, so that a member named `__proto__` stays data.
 *
 * @param {unknown} target the document before the change; anything but an object counts as `{}`
 * @param {unknown} patch the change; `null` members remove, anything but an object replaces
 * @returns {any} the document after the change
 */
export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const members = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) members.delete(name);
    else members.set(name, mergePatch(members.get(name), change));
  }
  return Object.fromEntries(members);
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
