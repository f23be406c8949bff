import { h } from '../shared/dom.js';
import { clock } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { sheetHead } from '../shared/sheet.js';

/** @type {Record<string, {words: string, sign: Parameters<typeof icon>[0]}>} */
export const MANAGE_TABS = {
  menu: { words: 'Menu', sign: 'list' },
  hours: { words: 'Hours', sign: 'clock' },
  orders: { words: 'Orders', sign: 'tray' },
  tables: { words: 'Tables', sign: 'table' },
  people: { words: 'People', sign: 'person' },
  screens: { words: 'Screens', sign: 'screen' },
  keys: { words: 'API keys', sign: 'key' },
  report: { words: 'Report', sign: 'chart' },
  audit: { words: 'Audit', sign: 'hourglass' },
};

/** @param {string} open @param {Record<string, boolean>} unsaved by section */
export function manageTabs(open, unsaved) {
  return Object.entries(MANAGE_TABS).map(([name, { words, sign }]) => h('a.button.tab', {
    'href': `#${name}`, 'data-key': name, 'aria-current': name === open ? 'page' : undefined,
  }, icon(sign), words, unsaved[name] && h('span.badge.badge--strong.tab__unsaved', {}, h('span.visually-hidden', {}, 'not saved'))));
}

/** @param {string} title @param {string} hint @param {...any} controls */
export function sectionHead(title, hint, ...controls) {
  return h('header.section__head', {},
    h('div', {}, h('h2', {}, title), h('p.muted', {}, hint)), h('div.actions', {}, controls));
}

/** @param {string} words */
export function loadingView(words) {
  return h('div.blank', { role: 'status' }, h('div.spinner', { 'aria-hidden': 'true' }), h('p', {}, `Loading: ${words}`));
}

/** @param {{message: string}} error @param {number | null} lostAt when the server became unreachable, ms since 1970 */
export function failedView({ message }, lostAt) {
  const offline = lostAt !== null;
  return h('div.blank', { role: 'alert' }, icon(offline ? 'offline' : 'alert'),
    h('h2', {}, offline ? 'The server cannot be reached' : 'This could not be loaded'),
    h('p', {}, offline ? `Since ${clock(lostAt)}. This page keeps trying.` : sentence(message)),
    h('button.button.button--primary', { 'type': 'button', 'data-do': 'again' }, 'Try again'));
}

/** @param {string} text such as an error's message @returns {string} */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** @param {string} username @param {boolean} [setup] whether it is a manager who first has to set up a second factor */
export function notManagerView(username, setup = false) {
  return h('div.blank', {}, icon('hand'), h('h2', {}, setup ? 'Managers need a second factor here' : 'This page is for managers'),
    h('p', {}, setup ? 'Tap Account above to set one up, then sign in again.' : `${username} is not a manager.`),
    h('div.actions', {}, h('a.button.button--primary', { href: '/staff' }, 'To the orders'),
      h('button.button', { 'type': 'button', 'data-do': 'sign-out' }, 'Sign in as someone else')));
}

/** @param {Parameters<typeof icon>[0]} sign @param {string} title @param {string} words @param {...any} controls */
export function emptyView(sign, title, words, ...controls) {
  return h('div.blank', {}, icon(sign), h('h3', {}, title), h('p', {}, words), controls);
}

/** @param {string} does @param {string} words @param {Parameters<typeof icon>[0]} sign */
export function mainButton(does, words, sign) {
  return h('button.button.button--primary', { 'type': 'button', 'data-do': does }, icon(sign), words);
}

/**
 * A button of a line. Screen readers also get the name of the line. @param {string} does @param {string} words @param {string}
 * of
 */
export function lineButton(does, words, of) {
  return h('button.button', { 'type': 'button', 'data-do': does }, words, h('span.visually-hidden', {}, ` ${of}`));
}

/** @param {string} does @param {Parameters<typeof icon>[0]} sign @param {string} label @param {boolean} [disabled] */
export function iconButton(does, sign, label, disabled = false) {
  return h('button.button.button--quiet.button--icon', { 'type': 'button', 'data-do': does, 'aria-label': label, 'title': label, disabled }, icon(sign));
}

/**
 * @param {string} name @param {string} label
 * @param {Record<string, any>} [attributes] of the input; `hint` is shown below it
 */
export function field(name, label, { hint, ...attributes } = {}) {
  const id = `field-${name}`;
  const described = hint ? { 'aria-describedby': `${id}-hint` } : {};
  return h('div.field', {}, h('label', { for: id }, label),
    h('input', { id, name, autocomplete: 'off', ...described, ...attributes }),
    hint && h('p.field__hint', { id: `${id}-hint` }, hint));
}

/** @param {string} name @param {string} label @param {[string, string][]} options value, words @param {string} [chosen] */
export function choice(name, label, options, chosen) {
  const id = `field-${name}`;
  return h('div.field', {}, h('label', { for: id }, label), h('select', { id, name },
    options.map(([value, words]) => h('option', { value, selected: value === chosen }, words))));
}

/**
 * @param {string} form its name @param {string} title @param {string} hint @param {string} send the label of the button @param
 * {...any} content
 */
export function formSheet(form, title, hint, send, ...content) {
  return h('form', { 'data-form': form, 'novalidate': true }, sheetHead(title, hint), content,
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--primary.button--large', { type: 'submit' }, send)));
}

/** Asks before an action that cannot be undone. @param {{title: string, hint: string, does: string, sure: string, attributes: Record<string, string>}} what */
export function sureSheet({ title, hint, does, sure, attributes }) {
  return h('div', attributes, sheetHead(title, hint),
    h('p.field__error', { role: 'alert' }),
    h('div.sheet__foot', {}, h('button.button.button--danger.button--large', { 'type': 'button', 'data-do': does, 'data-sure': true }, sure)));
}
