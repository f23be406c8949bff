import { h } from './dom.js';

/** Shows all of a form's errors beside their fields; the browser's own bubble shows only one, and disappears. */

/** @param {HTMLFormElement} form @returns {boolean} whether all fields are valid; if not, the first invalid one gets the focus */
export function checkForm(form) {
  const fields = [...form.elements].filter((one) => one instanceof HTMLInputElement || one instanceof HTMLTextAreaElement);
  const wrong = fields.filter((one) => !one.validity.valid);
  for (const one of fields) forgive(one);
  for (const one of wrong) complainAt(one);
  wrong[0]?.focus();
  return wrong.length === 0;
}

/** Removes the error of a field that is being edited. @param {EventTarget | null} field */
export function forgive(field) {
  if (!(field instanceof HTMLElement) || !field.hasAttribute('aria-invalid')) return;
  describe(field, (ids) => ids.filter((id) => id !== field.getAttribute('aria-errormessage')));
  field.removeAttribute('aria-invalid');
  field.removeAttribute('aria-errormessage');
  field.closest('.option, .field')?.querySelector(`[data-of="${field.getAttribute('name')}"]`)?.remove();
}

/** @param {HTMLInputElement | HTMLTextAreaElement} field */
function complainAt(field) {
  const place = /** @type {Element} */ (field.closest('.option, .field'));
  // Several fields of a form may have the same name, such as those of a dish's options.
  const of = place.closest('[data-option], [data-group]');
  const id = `wrong-${field.name}-${of?.getAttribute('data-option') ?? of?.getAttribute('data-group') ?? ''}`;
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-errormessage', id);
  // Some screen readers do not support `aria-errormessage`.
  describe(field, (ids) => [...ids, id]);
  place.append(h('p.field__error', { id, 'data-of': field.name }, wordsFor(field)));
}

/** @param {HTMLElement} field @param {(ids: string[]) => string[]} change to the ids of its descriptions */
function describe(field, change) {
  const ids = change((field.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean));
  if (ids.length > 0) field.setAttribute('aria-describedby', ids.join(' '));
  else field.removeAttribute('aria-describedby');
}

/** @param {HTMLInputElement | HTMLTextAreaElement} field */
function wordsFor({ validity, minLength, dataset }) {
  if (validity.valueMissing) return 'This is needed.';
  if (validity.tooShort) return `At least ${minLength} characters.`;
  return dataset.wrong ?? 'This is not valid.';
}
