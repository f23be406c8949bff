import { MAX_NOTE } from '../shared/basket.js';
import { called } from '../shared/order_facts.js';
import { h } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { sheetHead } from '../shared/sheet.js';

/** Views of the rider's data. It is personal data, so it is in no order document: separate calls read and write it. */

/** The fields for the rider's data. @param {NonNullable<import('../shared/basket.js').Basket['delivery']>} typed */
export function riderFields({ name = '', phone = '', address = '', note = '' }) {
  const field = (/** @type {string} */ key, /** @type {string} */ label, /** @type {string} */ value, /** @type {Record<string, any>} */ more) => h('div.field', {},
    h('label', { for: `rider-${key}` }, label), h('input', { 'id': `rider-${key}`, 'name': key, 'value': value, 'data-field': `rider-${key}`, 'autocomplete': 'off', ...more }));
  return h('fieldset.entry__rider', { 'data-key': 'rider' }, h('legend', {}, 'For the rider'),
    field('name', 'Name', name, { maxlength: 80 }), field('phone', 'Phone', phone, { maxlength: 40, type: 'tel' }),
    field('address', 'Address', address, { maxlength: 300 }), field('note', 'Note (optional)', note, { maxlength: MAX_NOTE }));
}

/** @param {any} order @param {any} delivery the stored data; null if there is none, or it was deleted */
export function deliverySheet(order, delivery) {
  const value = (/** @type {string} */ key) => delivery?.[key] ?? '';
  return h('div', { 'data-order': order.id, 'data-status': order.status },
    sheetHead(`Where order ${called(order)} goes`, 'Only the staff see this. It is deleted after a few days.'),
    delivery ? h('p', {}, h('a.button.button--wide', { href: `tel:${delivery.phone.replace(/[^+\d]/g, '')}` }, icon('bell'), `Call ${delivery.name}: ${delivery.phone}`))
      : h('p.banner.banner--warn.field', {}, 'No details are stored for this delivery, or they were deleted.'),
    riderFields({ name: value('name'), phone: value('phone'), address: value('address'), note: value('note') }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { 'type': 'button', 'data-do': 'set-delivery' }, 'Store')));
}
