import { asRoundOf, coursesOf, usualCourse, withAdded, withLine, withOption } from '../shared/basket.js';
import { lineKey, withTouch, withTyped } from '../shared/basket_edits.js';
import { defaultsOf } from '../shared/choices.js';
import { find, h, render } from '../shared/dom.js';
import { dueDays, pickedTime } from '../shared/due_picker.js';
import { icon } from '../shared/icons.js';
import { renderListed } from '../shared/keyed.js';
import { toast } from '../shared/toasts.js';
import { matching, numbered, wishOf } from './dish_finder.js';
import { likeliestPlace, optionWish, orderForm, placeForm, placeOf, placeWords } from './entry_view.js';

/** How far ahead an order for later is at first. */
const SOONEST_MS = 30 * 60_000;
/** How long a second touch on "Discard" discards the order. */
const SURE_MS = 5_000;

/**
 * The dialog in which a waiter enters an order: first the table or service, then the dishes. It can be used with the keyboard
 * alone or with one thumb. Closing it keeps the input.
 */
export class OrderEntry {
  #bell; #menu; #orders; #tables; #open; #changed;
  /** The key of the order in the dialog; null while its table or service is being chosen. @type {string | null} */ #key = null;
  /** The text in the search field. */ #typed = '';
  /** The key of the line whose controls are shown. @type {string | null} */ #line = null;
  /** Whether the whole order is shown, on screens where it does not fit beside the dishes. */ #whole = false;
  #sureUntil = -Infinity;
  /** Whether the table or the name of the order is being changed. */ #moves = false;
  /**
   * The categories with their numbered dishes, and the menu from which they were made. @type {{menu: any, categories:
   * ReturnType<typeof numbered>}}
   */
  #numbered = { menu: null, categories: [] };
  #dialog = /** @type {HTMLDialogElement} */ (find('#entry'));

  /**
   * @param {object} parts
   * @param {any} parts.bell
   * @param {() => any} parts.menu
   * @param {import('./new_orders.js').NewOrders} parts.orders
   * @param {() => string[] | null} parts.tables labels; null while they are unknown
   * @param {() => any[]} parts.open the open orders, newest first
   * @param {() => void} parts.changed
   */
  constructor({ bell, menu, orders, tables, open, changed }) {
    this.#bell = bell;
    this.#menu = menu;
    this.#orders = orders;
    this.#tables = tables;
    this.#open = open;
    this.#changed = changed;
    this.#listen();
  }

  /** The order in the dialog, by its key. @returns {string | null} */
  get key() {
    return this.#dialog.open ? this.#key : null;
  }

  /**
   * Opens the dialog for another order.
   * @param {import('./new_orders.js').Place} [place] without it, the dialog asks for one @param {any} [order] the order to
   * which the dishes are added
   */
  begin(place, order) {
    this.#show(null);
    if (place) this.#goTo(place, order);
  }

  /** Opens the dialog with an order that was begun earlier. @param {string} key */
  open(key) {
    if (this.#orders.get(key)) this.#show(key);
  }

  /** @param {string | null} key */
  #show(key) {
    this.#key = key;
    this.#typed = '';
    this.#moves = false;
    this.#sureUntil = -Infinity;
    this.#whole = key !== null;
    this.#line = key === null ? null : this.#checkout?.basket.lines.at(-1)?.key ?? null;
    this.draw();
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#focus();
    this.#changed();
  }

  get #checkout() {
    return this.#key === null ? undefined : this.#orders.get(this.#key);
  }

  #listen() {
    this.#dialog.addEventListener('input', (event) => this.#type(/** @type {HTMLInputElement} */ (event.target)));
    this.#dialog.addEventListener('keydown', (event) => this.#press(event));
    this.#dialog.addEventListener('close', () => this.#closed());
    // When the network is lost, the dialog closes so that the waiter can continue; the order waits on the page.
    this.#bell.on('state', (/** @type {{state: string}} */ { state }) => {
      if (state !== 'live' && this.#dialog.open && this.#checkout?.sending) this.#dialog.close();
    });
  }

  #closed() {
    // An order without dishes is discarded.
    if (this.#key !== null && this.#checkout?.count === 0) this.#orders.discard(this.#key);
    this.#key = null;
    this.#changed();
  }

  /** @param {HTMLInputElement | HTMLSelectElement} input */
  #type(input) {
    if (input.dataset.entry) {
      this.#typed = input.value;
      return this.draw();
    }
    const checkout = this.#checkout;
    if (checkout && input instanceof HTMLSelectElement && input.dataset.due) {
      const days = dueDays(this.#dueTimes);
      return this.#change({ ...checkout.basket, due: pickedTime(input, days, checkout.basket.due, this.#dueTimes.zone) });
    }
    const changed = checkout && withTyped(checkout.basket, /** @type {HTMLInputElement} */ (input), lineKey(input));
    if (changed) this.#change(changed);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.key !== 'Enter' || event.isComposing) return;
    const field = event.target instanceof HTMLInputElement ? event.target.dataset.entry : undefined;
    if (event.ctrlKey || event.metaKey) this.#send();
    else if (field === 'where') this.#goToLikeliest();
    else if (field === 'find') this.#wish();
    else return;
    event.preventDefault();
  }

  /** @param {string} name @param {HTMLElement} control @returns {boolean} whether the control is one of the dialog's */
  act(name, control) {
    /** @type {Record<string, () => void>} */
    const actions = {
      'entry-open': () => this.open(control.dataset.entryKey ?? ''),
      'entry-close': () => this.#dialog.close(),
      'entry-move': () => this.#move(),
      'entry-place': () => this.#goTo(control.dataset.placeTable
        ? { table: control.dataset.placeTable, service: 'dine_in' } : { service: control.dataset.placeService ?? 'takeaway', guest: this.#typed.trim() }),
      'entry-round': () => this.#toggleRound(control.dataset.roundOf ?? ''),
      'entry-category': () => find(`#entry-${CSS.escape(control.dataset.category ?? '')}`).scrollIntoView({ block: 'start' }),
      'entry-add': () => this.#add(this.#menu().items[control.dataset.dish ?? '']),
      'entry-line': () => this.#openLine(lineKey(control)),
      'entry-whole': () => { this.#whole = !this.#whole; this.draw(); },
      'entry-say': () => this.#say(),
      'entry-service': () => this.#toggleService(),
      'entry-later': () => this.#toggleLater(),
      'entry-discard': () => this.#discard(),
      'entry-send': () => this.#send(),
    };
    if (actions[name]) actions[name]();
    return name in actions || this.#touch(name, control);
  }

  /** @param {string} name @param {HTMLElement} control of a line, or of the order's note */
  #touch(name, control) {
    const checkout = this.#checkout;
    if (!checkout || !this.#dialog.contains(control)) return false;
    const changed = withTouch(checkout.basket, name, lineKey(control), control.dataset.option ?? control.dataset.course ?? control.dataset.seat ?? '', this.#menu());
    if (changed) this.#change(changed);
    return changed !== null;
  }

  #move() {
    this.#moves = true;
    this.#typed = '';
    this.draw();
    this.#focus();
  }

  #goToLikeliest() {
    const place = likeliestPlace(this.#tables() ?? [], this.#typed);
    if (place) this.#goTo(place);
  }

  /** @param {import('./new_orders.js').Place} place @param {any} [order] the order to which the dishes are added */
  #goTo(place, order) {
    const checkout = this.#checkout;
    if (this.#moves && checkout) {
      checkout.change({ ...asRoundOf(checkout.basket), table: undefined, guest: undefined, ...place });
    } else {
      this.#key = this.#orders.begin(place, order);
      if (this.#key === null) return toast('Too many orders are not sent yet. Send or discard some of them first.', { bad: true });
      this.#line = this.#checkout?.basket.lines.at(-1)?.key ?? null;
    }
    this.#moves = false;
    this.#typed = '';
    this.draw();
    return this.#focus();
  }

  /** Adds what was typed: a dish, or an option of the last dish. */
  #wish() {
    const checkout = this.#checkout;
    if (!checkout || this.#typed.trim() === '') return;
    const wish = wishOf(this.#typed);
    if (wish.isOption) {
      const option = optionWish({ wish, basket: checkout.basket, line: this.#line, menu: this.#menu() });
      if (option?.state !== 'fits') return;
      this.#typed = '';
      return this.#change(withOption(checkout.basket, option.line, option.id, this.#menu()));
    }
    if (wish.words === '') return this.#mark(wish);
    const [dish] = matching(this.#categories.flatMap(({ dishes }) => dishes), wish.words);
    if (!dish?.item.available) return;
    this.#typed = '';
    this.#add(dish.item, wish.quantity, wish.seat);
    if (wish.course) this.#mark({ course: wish.course });
  }

  /** Sets the seat or the course of the last dish. @param {{seat?: number, course?: number}} wish */
  #mark({ seat, course }) {
    const checkout = this.#checkout;
    const line = checkout?.basket.lines.find(({ key }) => key === this.#line);
    if (!checkout || !line) return;
    const menu = this.#menu();
    const isSeat = seat !== undefined && checkout.basket.table !== undefined;
    const isCourse = course !== undefined && coursesOf(menu).some(({ number }) => number === course);
    if (!isSeat && !isCourse) return;
    this.#typed = '';
    this.#change(withLine(checkout.basket, line.key, isSeat ? { seat } : { course: course === usualCourse(line, menu) ? undefined : course }));
  }

  /** @param {any} item of the menu @param {number} [quantity] @param {number} [seat] */
  #add(item, quantity = 1, seat) {
    const checkout = this.#checkout;
    if (!checkout || !item?.available) return;
    const basket = withAdded(checkout.basket, { item: item.id, quantity, seat: checkout.basket.table === undefined ? undefined : seat, options: defaultsOf(item) });
    const line = basket.lines.find((each) => each.quantity !== checkout.basket.lines.find(({ key }) => key === each.key)?.quantity);
    if (line) this.#line = line.key;
    this.#change(basket);
  }

  /** @param {string | null} key */
  #openLine(key) {
    this.#line = this.#line === key && this.#whole ? null : key;
    this.draw();
  }

  /** Moves the focus to the note of the last line. */
  #say() {
    this.#whole = true;
    this.draw();
    this.#dialog.querySelector('.entry__line[data-open] .entry__words')?.scrollIntoView({ block: 'center' });
    /** @type {HTMLElement | null} */ (this.#dialog.querySelector('.entry__line[data-open] .entry__words'))?.focus();
  }

  #toggleService() {
    const checkout = this.#checkout;
    if (checkout) this.#change({ ...checkout.basket, service: checkout.basket.service === 'takeaway' ? 'dine_in' : 'takeaway' });
  }

  /** Adds the dishes to an open order of the table, or makes a separate order of them. @param {string} id */
  #toggleRound(id) {
    const checkout = this.#checkout;
    if (!checkout) return;
    const order = checkout.basket.round?.order === id ? undefined : this.#openOrders(checkout.basket).find((one) => one.id === id);
    this.#change(asRoundOf(checkout.basket, order));
  }

  /** @param {import('../shared/basket.js').Basket} basket @returns {any[]} the orders to which its dishes may be added */
  #openOrders({ table, round }) {
    if (!(this.#bell.welcome?.feature_level >= 2)) return [];
    return this.#open().filter((order) => (table !== undefined && order.table === table) || order.id === round?.order);
  }

  /** The times that can be chosen for a later order. */
  get #dueTimes() {
    return { now: this.#bell.now(), zone: this.#menu()?.time_zone };
  }

  /** Switches between an order for now and an order for later. */
  #toggleLater() {
    const checkout = this.#checkout;
    if (!checkout) return;
    const { due: before, ...basket } = checkout.basket;
    if (before !== undefined) return this.#change(basket);
    const times = dueDays(this.#dueTimes).flatMap((day) => day.times);
    return this.#change({ ...basket, due: times.find((at) => at - this.#bell.now() >= SOONEST_MS) });
  }

  #discard() {
    if (performance.now() > this.#sureUntil) {
      this.#sureUntil = performance.now() + SURE_MS;
      setTimeout(() => this.draw(), SURE_MS);
      return this.draw();
    }
    this.#sureUntil = -Infinity;
    if (this.#key !== null) this.#orders.discard(this.#key);
    this.#dialog.close();
  }

  /** @param {import('../shared/basket.js').Basket} basket */
  #change(basket) {
    const checkout = this.#checkout;
    if (!checkout?.change(basket)) return;
    if (!basket.lines.some(({ key }) => key === this.#line)) this.#line = basket.lines.at(-1)?.key ?? null;
    if (basket.lines.length === 0) this.#whole = false;
    this.draw();
  }

  #send() {
    const checkout = this.#checkout;
    if (!checkout || checkout.count === 0) return;
    checkout.place();
    if (checkout.sending && this.#bell.state !== 'live') this.#dialog.close();
  }

  /** Closes the dialog if it shows this order. @param {string} key */
  done(key) {
    if (this.key === key) this.#dialog.close();
  }

  get #categories() {
    const menu = this.#menu();
    if (menu && this.#numbered.menu !== menu) this.#numbered = { menu, categories: numbered(menu) };
    return this.#numbered.categories;
  }

  /** Moves the focus to the field for people with a keyboard. On a touch screen, the screen keyboard would cover the dishes. */
  #focus() {
    const target = matchMedia('(pointer: coarse)').matches ? find('#entry-title') : find('#entry-where, #entry-find', this.#dialog);
    target.focus();
  }

  draw() {
    const menu = this.#menu();
    const checkout = this.#checkout;
    const asks = checkout === undefined || this.#moves;
    render(find('#entry-head'),
      h('h2', { id: 'entry-title', tabindex: -1 }, checkout ? placeWords(placeOf(checkout.basket)) : 'New order'),
      checkout && !this.#moves && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'entry-move' }, icon('edit'), 'Change', h('span.visually-hidden', {}, ' where it goes')),
      h('button.button.button--quiet', { 'type': 'button', 'data-do': 'entry-close' }, 'Close'));
    const body = find('#entry-body');
    if (!menu && !asks) return render(body, h('div.blank', { 'data-key': 'none' }, h('div.spinner', { 'aria-hidden': true }), h('p', {}, 'Loading the menu')));
    if (asks) return render(body, placeForm({
      tables: this.#tables(), typed: this.#typed, delivers: this.#bell.welcome?.feature_level >= 2, orders: (table) => this.#open().filter((order) => order.table === table).length,
    }));
    return renderListed(body, orderForm({
      menu, basket: checkout.basket, categories: this.#categories, typed: this.#typed, wish: wishOf(this.#typed), line: this.#line, whole: this.#whole,
      sending: checkout.sending, problem: checkout.problem, sure: performance.now() <= this.#sureUntil,
      later: this.#bell.welcome?.feature_level >= 2 ? this.#dueTimes : undefined,
      open: this.#openOrders(checkout.basket), seats: this.#bell.welcome?.feature_level >= 2,
    }));
  }
}
