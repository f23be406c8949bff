import { usualCourse, withLine, withOption } from './basket.js';

/**
 * The effects of the controls of a basket and its lines (line_controls.js).
 *
 * @typedef {import('./basket.js').Basket} Basket
 */

/**
 * @param {Basket} basket @param {string} does the control's `data-do` @param {string | null} key of its line; null for the whole order
 * @param {string} chosen the id of an option, or the number of a course @param {any} menu
 * @returns {Basket | null} null if the control changes nothing
 */
export function withTouch(basket, does, key, chosen, menu) {
  if (key === null) {
    if (does === 'allergy-yes') return { ...basket, allergy: true };
    return does === 'allergy-no' ? { ...basket, denied: basket.note } : null;
  }
  const line = basket.lines.find((each) => each.key === key);
  if (!line) return null;
  /** @type {Record<string, () => Basket>} */
  const effects = {
    'allergy-yes': () => withLine(basket, key, { allergy: true }),
    'allergy-no': () => withLine(basket, key, { denied: line.note }),
    'option': () => withOption(basket, key, chosen, menu),
    'course': () => withLine(basket, key, { course: Number(chosen) === usualCourse(line, menu) ? undefined : Number(chosen) }),
    'seat': () => withLine(basket, key, { seat: Number(chosen) === line.seat ? undefined : Number(chosen) }),
    'line-more': () => withLine(basket, key, { quantity: line.quantity + 1 }),
    'line-fewer': () => withLine(basket, key, { quantity: line.quantity - 1 }),
    'line-remove': () => withLine(basket, key, { quantity: 0 }),
  };
  return effects[does]?.() ?? null;
}

/**
 * @param {Basket} basket @param {HTMLInputElement} input that was changed, with `data-field` @param {string | null} key of its line
 * @returns {Basket | null} null for an input that does not belong to a basket
 */
export function withTyped(basket, { dataset: { field }, value, checked }, key) {
  if (field === 'allergy') return key ? withLine(basket, key, { allergy: checked }) : { ...basket, allergy: checked };
  if (field === 'order-note') return { ...basket, note: value };
  if (field === 'guest-name') return { ...basket, guest: value };
  if (field?.startsWith('rider-')) return { ...basket, delivery: { ...basket.delivery, [field.slice('rider-'.length)]: value } };
  return field === 'line-note' && key ? withLine(basket, key, { note: value }) : null;
}

/** @param {Element} element @returns {string | null} the key of the line that it belongs to */
export function lineKey(element) {
  return element.closest('[data-line]')?.getAttribute('data-line') ?? null;
}
