import { find, h, setText } from '../shared/dom.js';
import { count } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { barButton, soundButton } from '../shared/sound_button.js';

/** @param {number} standing tickets on the board @param {number} late how many of them are late */
export function countsView(standing, late) {
  return [
    h('span', {}, count(standing, 'ticket')),
    late > 0 && h('span.bar__late', {}, icon('alert'), `${late} late`),
  ];
}

/** @param {{sound: import('../shared/sound.js').Sound, allDay: boolean, recalls: number}} state */
export function barControls({ sound, allDay, recalls }) {
  return [
    barButton('all-day', 'list', 'All day', { 'aria-pressed': String(allDay) }),
    barButton('recall', 'undo', recalls > 0 ? `Recall ${recalls}` : 'Recall'),
    soundButton(sound),
    barButton('full', 'full', 'Full screen', { 'data-quiet': true }),
    barButton('settings', 'gear', 'Settings', { 'data-quiet': true }),
  ];
}

/** Shows how many dishes are below the edge of the panel, since nobody would scroll without a hint. */
export function drawDishesBelow() {
  const more = find('#all-day-more');
  const edge = find('#all-day-panel').getBoundingClientRect().bottom;
  const room = more.hidden ? 0 : more.offsetHeight;
  const below = [...find('#all-day').querySelectorAll('.allday__line')].filter((line) => line.getBoundingClientRect().bottom > edge - room + 1).length;
  more.hidden = below === 0;
  setText(more, `${count(below, 'more dish', 'more dishes')} ↓`);
}

/** @param {string[]} stations @param {string} chosen empty: all */
export function filterView(stations, chosen) {
  return ['', ...stations].map((station) => h('button.chip', {
    'type': 'button', 'data-key': `station ${station}`, 'data-do': 'filter', 'data-station': station,
    'aria-pressed': String(station === chosen),
  }, station || 'All'));
}

/** The message in place of the tickets. @param {any} bell @param {any} room */
export function blankView(bell, room) {
  if (room.refusal) {
    return blank('alert', 'This screen may not see the kitchen', room.refusal.message, button('unpair', 'Pair it again'));
  }
  if (bell.state === 'stopped') {
    return blank('alert', 'This screen has stopped', 'The server has closed the connection.', button('start', 'Start again'));
  }
  if (room.cursor === null && bell.state === 'offline') {
    return blank('offline', 'The server cannot be reached', 'This screen keeps trying, and then shows the tickets.');
  }
  if (room.cursor === null) return h('div.blank', {}, h('div.spinner', { 'aria-hidden': true }), h('h2', {}, 'Loading the tickets'));
  if (bell.state === 'offline') return blank('offline', 'No connection', 'There was nothing to cook. New orders appear when it is back.');
  return blank('check', 'Nothing to cook', 'New orders appear here.');
}

/**
 * @param {Parameters<typeof icon>[0]} sign
 * @param {string} title
 * @param {string} words
 * @param {...any} more
 */
function blank(sign, title, words, ...more) {
  return h('div.blank', {}, icon(sign), h('h2', {}, title), h('p', {}, words), more);
}

/** @param {string} name @param {string} words */
function button(name, words) {
  return h('button.button.button--primary', { 'type': 'button', 'data-do': name }, words);
}
