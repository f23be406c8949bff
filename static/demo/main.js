import { Api } from '../client/api.js';
import { newId } from '../client/ids.js';
import { keepPaired, openSession as openKitchen } from '../kitchen/session.js';
import { beat, find, h, render } from '../shared/dom.js';
import { icon } from '../shared/icons.js';
import { unreachedWords } from '../shared/format.js';
import { openSession, signIn } from '../shared/staff_session.js';
import { isUnreached, untilReached } from '../shared/unreached.js';
import { Player } from './player.js';
import { planRush } from './rush.js';

/** How often, and for how long, the approved screen asks for its session, in ms. */
const ASK_MS = 1_000;
const ASKS = 15;

/** @type {Player | null} */ let player = null;
/** @type {Api} */ let staff;
/** @type {any} */ let demo;

beat();
begin();

/** Opens the three screens, as soon as the server can be reached. */
async function begin() {
  const { dataset } = document.documentElement;
  try {
    const isOpen = await untilReached(prepare, (since) => {
      dataset.connection = 'offline';
      say('Not open yet');
      render(find('#main'), blank('offline', unreachedWords(since)));
    });
    dataset.connection = 'live';
    if (isOpen) showScreens();
    else sayWhyNot('This demonstration is open to other machines, so its keys and passwords are secret: open its pages one by one.');
  } catch (error) {
    dataset.connection = 'stopped';
    sayWhyNot(`The demonstration did not open: ${/** @type {any} */ (error).message}`);
  }
}

/** Signs in and pairs. @returns {Promise<boolean>} false if this page may not know the keys and passwords */
async function prepare() {
  const anybody = new Api({ url: location.origin });
  demo = await anybody.get('/api/v1/demo');
  const person = demo.people?.find((/** @type {any} */ { role }) => role === 'staff');
  if (!person || !demo.table_url) return false;
  staff = new Api({ url: location.origin, tokens: (await signedIn(person)).tokens });
  if (!openKitchen()) keepPaired(await paired(anybody));
  return true;
}

/** @param {{username: string, password: string}} person */
async function signedIn({ username, password }) {
  const known = openSession();
  // The session of an earlier demonstration ended with its database.
  const isGood = known && await known.tokens.get().then(() => new Api({ url: location.origin, tokens: known.tokens }).get(`/api/v1/restaurants/${demo.restaurant}/visits`))
    .then(() => true, (error) => {
      if (isUnreached(error)) throw error;
      return false;
    });
  return isGood ? known : signIn({ restaurant: demo.restaurant, username, password }, newId());
}

/**
 * Pairs the kitchen screen of this page, as a person does by typing the code on it. @param {Api} screen @returns {Promise<any>}
 * its session
 */
async function paired(screen) {
  const { user_code: code, device_code } = await screen.post('/api/v1/devices/pairings', {});
  await staff.post(`/api/v1/devices/pairings/${encodeURIComponent(code)}/approval`, { name: 'Demonstration' });
  for (let asked = 1; ; asked += 1) {
    try {
      return await screen.post('/api/v1/devices/token', { device_code });
    } catch (error) {
      if (asked === ASKS) throw error;
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }
}

function showScreens() {
  const screens = /** @type {[string, string, string][]} */ ([
    ['phone', 'A guest’s phone', new URL(demo.table_url, location.href).pathname], ['kitchen', 'The kitchen', '/kitchen'], ['floor', 'The floor', '/staff'],
  ]);
  render(find('#main'), screens.map(([name, title, src]) => h(`section.pane.pane--${name}`, { 'data-key': name, 'aria-labelledby': `pane-${name}` },
    h('h2.pane__title', { id: `pane-${name}` }, title, h('a', { href: src, target: '_blank', rel: 'noopener' }, 'open alone', h('span.visually-hidden', {}, `: ${title}`))),
    h('div.pane__glass', {}, h('iframe.pane__screen', { src, title })))));
  find('#rush').addEventListener('click', () => toggle());
  draw();
}

async function toggle() {
  if (player && !player.isOver) return player.stop();
  const path = `/api/v1/restaurants/${demo.restaurant}`;
  try {
    const [menu, { tables = [] }] = await Promise.all([staff.get(`${path}/menu`), staff.get(`${path}/visits`)]);
    // The first table is the visitor's.
    const steps = planRush({ tables: tables.slice(1), menu, random: Math.random });
    player = new Player(steps, {
      place: async (basket) => (await staff.post(`${path}/orders`, basket, { 'idempotency-key': newId() })).id,
      act: (order, action, fields) => staff.post(`/api/v1/orders/${encodeURIComponent(order)}/commands`, { id: newId(), action, ...fields }),
    }, { changed: draw });
  } catch (error) {
    const { code, message } = /** @type {any} */ (error);
    return say(`The rush did not begin: ${isUnreached({ code }) ? 'the server cannot be reached.' : message}`);
  }
  draw();
}

function draw() {
  const plays = player !== null && !player.isOver;
  const button = find('#rush');
  button.hidden = false;
  render(button, icon(plays ? 'pause' : 'play'), plays ? 'Stop the rush' : 'Play a rush');
  const { placed = 0, all = 0 } = player?.progress ?? {};
  if (plays) say(`Order ${placed} of ${all}: guests order, the floor accepts and serves, the kitchen cooks.`);
  else if (player?.isCut) say(`The rush stopped after ${placed} of ${all} orders: the server cannot be reached.`);
  else say('Order on the phone, accept on the floor, bump in the kitchen. Or watch a rush.');
}

/** What the bar says of the demonstration. @param {string} words */
function say(words) {
  find('#state').textContent = words;
}

/** @param {string} words */
function sayWhyNot(words) {
  say('Not open');
  render(find('#main'), blank('alert', words, h('a.button', { href: '/' }, 'To the start page')));
}

/** @param {Parameters<typeof icon>[0]} sign @param {string} words @param {...any} more */
function blank(sign, words, ...more) {
  return h('div.blank', { role: 'status' }, icon(sign), h('p', {}, words), more);
}
