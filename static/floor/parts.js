import { h } from '../shared/dom.js';
import { ageInWords, clock, count, money } from '../shared/format.js';
import { icon } from '../shared/icons.js';
import { listOf } from '../shared/keyed.js';
import { LANE, LOOK_BACK_HOURS, listed, menuByCategory, screensOf, undrawnLine, undrawnWords } from './lanes.js';
import { orderEntry } from './order_view.js';

const LANE_NAMES = /** @type {import('./lanes.js').Lane[]} */ (Object.keys(LANE));

/** @param {string} tab @param {{incoming: number, ready: number, soldOut: number, lost: number}} counts */
export function tabsView(tab, { incoming, ready, soldOut, lost }) {
  const tabs = /** @type {[string, Parameters<typeof icon>[0], string, number][]} */ ([
    ['orders', 'tray', 'Orders', incoming + ready], ['tables', 'table', 'Tables', 0], ['menu', 'list', 'Menu', soldOut], ['screens', 'screen', 'Screens', lost],
  ]);
  return tabs.map(([name, sign, words, number]) => h('button.button.tab', {
    'type': 'button', 'data-key': name, 'data-do': 'tab', 'data-tab': name, 'aria-current': name === tab ? 'page' : undefined,
  }, icon(sign), words, number > 0 && h('span.badge.badge--count.badge--strong', {}, number)));
}

/** The button that begins an order, between the tabs, in reach of the thumb. */
export function newOrderButton() {
  return h('button.button.button--primary.tab.tab--new', { 'type': 'button', 'data-key': 'new', 'data-do': 'new-order', 'aria-label': 'New order', 'aria-keyshortcuts': 'Alt+N' },
    icon('plus'), 'New');
}

/** One alarm for all stations: one for each would fill a phone. @param {ReturnType<typeof import('./lanes.js').undrawnByStation>} stations */
export function undrawnView(stations) {
  if (stations.length === 0) return [];
  return h('div.undrawn', {}, icon('alert'),
    h('div.undrawn__words', {},
      stations.length > 1 && h('p', { 'data-key': 'several' }, h('b', {}, 'No screen shows these orders:')),
      stations.map(({ station, orders }) => h('p', { 'data-key': station, 'data-undrawn': station }, h('b', {}, (stations.length > 1 ? undrawnLine : undrawnWords)(station, orders)))),
      h('p.undrawn__advice', { 'data-key': 'advice' }, 'Tell the kitchen and check its screens.')),
    h('button.button', { 'type': 'button', 'data-do': 'tab', 'data-tab': 'screens' }, 'Screens'));
}

/** With more cards than this, cards out of sight are not laid out. */
const MANY = 30;
/** How many done orders are drawn before the staff ask for more. */
export const DONE_SHOWN = 10;

/**
 * @param {Record<import('./lanes.js').Lane, any[]>} lanes
 * @param {{now: number, zone?: string, minutes?: number, opened: Set<string>, search: string, done: number, all: Record<import('./lanes.js').Lane, any[]>, corrects?: boolean}} look
 *   minutes: the restaurant's default; opened: the incoming orders that show their dishes; done: how many done orders to draw; all: the
 *   lanes without the search; corrects: whether the server supports corrections
 * @returns {import('../shared/keyed.js').Listed}
 */
export function ordersView(lanes, { now, zone, minutes, opened, search, done, all, corrects }) {
  const found = Object.values(lanes).flat();
  const wanted = search.trim();
  const hidden = openIn(all) - openIn(lanes);
  if (wanted !== '' && found.length === 0) {
    return { view: nothingFound(`No order matches “${wanted}”`,
      `The search covers open orders and those closed in the last ${LOOK_BACK_HOURS} hours. ${hiddenWords(hidden, 'open order')}`) };
  }
  const shown = { ...lanes, done: lanes.done.slice(0, done) };
  const drawn = LANE_NAMES.filter((lane) => lane !== 'upcoming' || all.upcoming.length > 0);
  return {
    view: [
      wanted !== '' && h('div.filter', { 'data-key': 'filter' },
        h('p', { role: 'status' }, `${count(found.length, 'order')} for “${wanted}”. ${hiddenWords(hidden, 'open order')}`), clearSearch()),
      h('div.lanes', { 'data-key': 'lanes', 'data-many': found.length > MANY },
        drawn.map((lane) => laneView(lane, { number: lanes[lane].length, more: lanes[lane].length - shown[lane].length, filtered: all[lane].length > lanes[lane].length }))),
    ],
    lists: Object.fromEntries(drawn.map((lane) => [
      lane, shown[lane].map((order) => orderEntry(order, { now, zone, lane, minutes, isOpen: opened.has(order.id), corrects })),
    ])),
  };
}

/** @param {Record<import('./lanes.js').Lane, any[]>} lanes @returns {number} orders that are not closed */
function openIn({ incoming, kitchen, ready, upcoming }) {
  return incoming.length + kitchen.length + ready.length + upcoming.length;
}

/**
 * @param {number} hidden @param {string} what the noun for one @param {string} [plural] @returns {string} the number of matches
 * that a search hides, in words
 */
export function hiddenWords(hidden, what, plural) {
  return hidden > 0 ? `It hides ${count(hidden, what, plural)}.` : '';
}

/** The text in place of a list in which a search finds nothing. @param {string} title names the search @param {string} words */
export function nothingFound(title, words) {
  return h('div.blank', { 'data-key': 'none' }, icon('search'), h('h2', {}, title), h('p', {}, words), clearSearch());
}

export function clearSearch() {
  return h('button.button', { 'type': 'button', 'data-do': 'clear-search' }, icon('close'), 'Clear the search');
}

/**
 * @param {import('./lanes.js').Lane} lane @param {{number: number, more: number, filtered: boolean}} orders more: how many are
 * not drawn; filtered: whether a search hides some
 */
function laneView(lane, { number, more: hidden, filtered }) {
  const { title, empty } = LANE[lane];
  return h('section.lane', { 'data-key': lane, 'data-lane': lane, 'aria-labelledby': `lane-${lane}` },
    h('h2.lane__title', { id: `lane-${lane}` }, title, h('span.badge.badge--count', {}, number)),
    listOf('div.lane__orders', lane),
    number === 0 && h('p.lane__empty', { 'data-key': 'empty' }, filtered ? 'The search hides these orders.' : empty),
    hidden > 0 && h('button.button', { 'type': 'button', 'data-key': 'more', 'data-do': 'more-done' }, `Show earlier ones (${hidden})`));
}

/**
 * Links to the lanes with their counts, for phones, where the lanes are below each other. @param
 * {Record<import('./lanes.js').Lane, any[]>} lanes
 */
export function laneLinks(lanes) {
  return /** @type {import('./lanes.js').Lane[]} */ (['incoming', 'ready', 'kitchen', 'upcoming', 'done']).filter((lane) => lane !== 'upcoming' || lanes.upcoming.length > 0).map((lane) => h('a.chip', { 'href': `#lane-${lane}`, 'data-key': lane },
    LANE[lane].short, h('b.numeric', {}, lanes[lane].length)));
}

/**
 * @param {any} document the menu @param {string} search @param {boolean} marksOptions whether options can be marked as sold
 * out: feature level 2 @returns {import('../shared/keyed.js').Listed}
 */
export function menuView(document, search, marksOptions) {
  const wanted = search.trim().toLowerCase();
  const categories = menuByCategory(document)
    .map((category) => ({ ...category, items: category.items.filter(({ name }) => name.toLowerCase().includes(wanted)) }))
    .filter(({ items }) => items.length > 0);
  if (categories.length === 0 && wanted) {
    return { view: nothingFound(`No dish matches “${search.trim()}”`, hiddenWords(Object.keys(document.items ?? {}).length, 'dish', 'dishes')) };
  }
  if (categories.length === 0) {
    return { view: h('div.blank', { 'data-key': 'none' }, icon('list'), h('h2', {}, 'The menu is empty'), h('p', {}, 'A manager adds dishes on the manager’s page.')) };
  }
  const menu = categories.map(({ id, name, items }) => ({ key: id, deps: [name, marksOptions, ...items], view: () => categoryView(id, name, items, marksOptions) }));
  return { view: listOf('div.menu', 'menu'), lists: { menu } };
}

/** @param {string} id @param {string} name @param {any[]} items @param {boolean} marksOptions */
function categoryView(id, name, items, marksOptions) {
  return h('section.card.menu__category', { 'data-key': id }, h('h2', {}, name), h('ul.menu__items', {}, items.map((item) => menuLine(item, marksOptions))));
}

/** @param {any} item @param {boolean} marksOptions */
function menuLine(item, marksOptions) {
  const options = Object.values(item.options ?? {});
  const gone = options.filter(({ available }) => available === false).map(({ name }) => name);
  const back = item.available || !item.until ? '' : `Back ${clock(item.until)}`;
  return h('li.dish', { 'data-key': item.id, 'data-menu-item': item.id, 'data-available': String(item.available) },
    h('div.dish__body', {}, h('p.dish__name', {}, item.name),
      h('p.muted', {}, `${money(item.price)} · ${item.station}`, back && ` · ${back}`, gone.length > 0 && ` · sold out: ${gone.join(', ')}`)),
    marksOptions && options.length > 0 && h('button.button.button--quiet', { 'type': 'button', 'data-do': 'ask-options' }, 'Options', h('span.visually-hidden', {}, ` of ${item.name}`)),
    item.available
      ? h('button.button', { 'type': 'button', 'data-do': 'ask-sold-out' }, 'Sold out')
      : [h('span.badge', { 'data-tone': 'bad' }, 'Sold out'),
        h('button.button.button--go', { 'type': 'button', 'data-do': 'available' }, 'Bring back')]);
}

/** @param {Record<string, any>} displays @param {number} now */
export function screensView(displays, now) {
  const screens = screensOf(displays).sort((a, b) => Number(a.connected ?? true) - Number(b.connected ?? true) || a.name.localeCompare(b.name));
  return h('div.screens', {},
    h('header.screens__head', {}, h('h2', {}, 'Kitchen screens'),
      h('button.button.button--primary', { 'type': 'button', 'data-do': 'ask-pair' }, icon('screen'), 'Pair a screen')),
    screens.length === 0
      ? h('div.blank', {}, icon('screen'), h('h3', {}, 'No screen yet'), h('p', {}, 'Open /kitchen on a tablet and pair it with its code.'))
      : h('ul.screens__list', {}, screens.map((screen) => screenLine(screen, now))));
}

/** Returns the line of a screen, with its state if that is known. @param {any} screen @param {number} now */
function screenLine({ id, name, station, connected, last_seen_at }, now) {
  const tone = connected === undefined ? undefined : connected ? 'good' : 'bad';
  return h('li.card.screen', { 'data-key': id, 'data-display': id, 'data-tone': tone },
    icon('screen'),
    h('div.screen__body', {}, h('p.screen__name', {}, name), h('p.muted', {}, station ?? 'All stations')),
    h('div.screen__state', {},
      tone && h('span.badge', {}, connected ? 'Connected' : 'Not connected'),
      !connected && last_seen_at && h('p.muted', {}, `last seen ${ageInWords(now - Date.parse(last_seen_at))} ago`)));
}

/** @param {any} menu */
export function pausedView(menu) {
  const until = menu.paused_until ? ` until ${clock(menu.paused_until)}` : '';
  return [icon('pause'), h('span', {}, `New orders are paused${until}.`),
    h('button.button', { 'type': 'button', 'data-do': 'resume' }, 'Resume')];
}

/** Tells the staff that the page is silent. Any touch enables sound; the button asks for one. */
export function unheardView() {
  return [icon('bellOff'), h('span', {}, 'This browser plays no sound until you tap the page.'),
    h('button.button', { 'type': 'button', 'data-do': 'hear' }, 'Turn the sound on')];
}

/** The most orders and calls that the buttons below name; they count the others. */
const NAMED_BEYOND = 6;

/**
 * Buttons that scroll to the orders and calls beyond the window's edges. They name those that have waited longest. Named ones
 * count as in sight, so that newer ones can count as seen, too.
 *
 * @typedef {{number: number, unanswered: {id: string, name: string}[]}} Beyond number: of all; unanswered: oldest first
 * @param {Beyond} above @param {Beyond} below
 */
export function beyondView(above, below) {
  return [beyondWay('above', 'up', above), beyondWay('below', 'down', below)];
}

/** @param {string} way @param {Parameters<typeof icon>[0]} sign @param {Beyond} beyond */
function beyondWay(way, sign, { number, unanswered }) {
  const named = unanswered.slice(0, NAMED_BEYOND);
  return number > 0 && h('button.button.beyond__way', {
    'type': 'button', 'data-key': way, 'data-do': `look-${way}`, 'data-names': named.map(({ id }) => id).join(' '),
  }, icon(sign), `${number} more ${way}`, named.length > 0 && h('span.beyond__names', {}, listed(named.map(({ name }) => name), number)));
}

/**
 * The content of a tab while the tab cannot be shown.
 * @param {any} bell @param {any} room @param {string} what the tab's content, such as `the orders`
 * @param {number | null} lostAt when the server became unreachable, ms since 1970
 */
export function floorBlank(bell, room, what, lostAt) {
  if (room.refusal) return blank('alert', `This account may not see ${what}`, room.refusal.message, signInButton());
  if (bell.state === 'stopped') return blank('alert', 'Disconnected', 'The server has closed the connection.', startButton());
  // Between two attempts to connect, the server still counts as unreachable.
  if (lostAt !== null) {
    return blank('offline', 'The server cannot be reached', `Since ${clock(lostAt)}. This page keeps trying, and then shows ${what}.`);
  }
  return h('div.blank', {}, h('div.spinner', { 'aria-hidden': true }), h('h2', {}, `Loading ${what}`));
}

/** @param {Parameters<typeof icon>[0]} sign @param {string} title @param {string} words @param {HTMLElement} [button] the remedy */
function blank(sign, title, words, button) {
  return h('div.blank', { 'data-key': sign }, icon(sign), h('h2', {}, title), h('p', {}, words), button);
}

function signInButton() {
  return h('button.button.button--primary', { 'type': 'button', 'data-do': 'sign-out' }, 'Sign in as someone else');
}

function startButton() {
  return h('button.button.button--primary', { 'type': 'button', 'data-do': 'start' }, 'Connect again');
}
