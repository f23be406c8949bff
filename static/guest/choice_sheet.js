import { MAX_QUANTITY } from '../shared/basket.js';
import { defaultsOf, isChosenWell, kept, missingGroups, toggled } from '../shared/choices.js';
import { find, onAction, render } from '../shared/dom.js';
import { choiceForm } from './menu_view.js';

/** The sheet for an item's options, note and quantity before it is added to the basket. */
export class ChoiceSheet {
  /** @type {any} */ #item = null;
  #choice = fresh();
  /** Whether the guest tried to add the dish before everything was chosen. */ #asks = false;
  #add; #restaurant;
  #sheet = /** @type {HTMLDialogElement} */ (find('#choice-sheet'));
  #body = find('#choice');

  /** @param {(wanted: {item: string, options: string[], note: string, allergy: boolean, denied: string, quantity: number}) => void} add @param {string} restaurant its id */
  constructor(add, restaurant) {
    this.#add = add;
    this.#restaurant = restaurant;
    onAction(this.#sheet, 'data-do', (does, control) => this.#do(does, control));
    this.#sheet.addEventListener('input', (event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      if (input.dataset.field === 'allergy') this.#choice.allergy = input.checked;
      else this.#choice.note = input.value;
      this.#draw();
    });
  }

  /** @param {any} item of the menu */
  open(item) {
    this.#item = item;
    this.#choice = { ...fresh(), options: defaultsOf(item) };
    this.#asks = false;
    find('#choice-title').textContent = item.name;
    // Removes the fields, with the text for another dish.
    render(this.#body);
    this.#draw();
    this.#sheet.showModal();
  }

  /** Redraws the sheet with a new menu, in which the item may be sold out. @param {any} menu */
  update(menu) {
    if (!this.#sheet.open) return;
    this.#item = menu.items[this.#item.id] ?? { ...this.#item, available: false };
    this.#choice.options = kept(this.#item, this.#choice.options);
    this.#draw();
  }

  #draw() {
    const missing = this.#asks ? missingGroups(this.#item, this.#choice.options).map(({ name }) => name) : [];
    render(this.#body, choiceForm(this.#item, this.#choice, missing, this.#restaurant));
  }

  /** @param {string} does @param {HTMLElement} control */
  #do(does, control) {
    const choice = this.#choice;
    const option = control.dataset.option ?? '';
    if (does === 'allergy-yes') choice.allergy = true;
    if (does === 'allergy-no') choice.denied = choice.note;
    if (does === 'option') choice.options = toggled(this.#item, choice.options, option);
    if (does === 'choice-more') choice.quantity = Math.min(MAX_QUANTITY, choice.quantity + 1);
    if (does === 'choice-fewer') choice.quantity = Math.max(1, choice.quantity - 1);
    if (does === 'add-choice') return this.#finish();
    return this.#draw();
  }

  /** Adds the dish, or goes to the first missing choice. */
  #finish() {
    if (isChosenWell(this.#item, this.#choice.options)) {
      this.#add({ item: this.#item.id, ...this.#choice });
      return this.#sheet.close();
    }
    this.#asks = true;
    this.#draw();
    const missing = this.#body.querySelector('[data-missing]');
    missing?.scrollIntoView({ block: 'center' });
    return /** @type {HTMLElement | null | undefined} */ (missing?.querySelector('button:enabled'))?.focus({ preventScroll: true });
  }
}

function fresh() {
  return { options: /** @type {string[]} */ ([]), note: '', allergy: false, denied: '', quantity: 1 };
}
