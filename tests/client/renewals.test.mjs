// An hour of renewals on a network that loses one answer in ten, with reloads, two tabs and cuts: nobody is signed out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Api } from '../../static/client/api.js';
import { Orderbell } from '../../static/client/orderbell.js';
import { TokenSource } from '../../static/client/tokens.js';
import { Proxy } from './proxy.mjs';
import { Server, until } from './real_server.mjs';
import { FakeStorage, FakeStore, randomFrom } from './support.mjs';
import { tool } from './tools.mjs';

const { WebSocket } = tool('undici');

const SEED = 20261129;
/** A page renews a minute before its token of fifteen minutes expires. A turn lasts until then. */
const TURN_MS = 14 * 60_000;
const TURNS = 60;
const LOSES_EVERY = 10;

/** @type {Server} */ let server;
/** @type {Proxy} */ let proxy;
/** How far pages' clocks are ahead of the server's, so that a renewal is due when a turn begins. */
let ahead = 0;

before(async () => {
  server = await Server.start(['--heartbeat-ms', '2000']);
  proxy = await Proxy.before(server.base);
});
after(() => {
  proxy.end();
  return server.end();
});

/** A page in a browser. Once it is left, answers to its requests are dropped. */
class Page {
  #left = new AbortController();
  /** The reasons that ended its link for good. @type {string[]} */ stops = [];

  /** @param {Party} party */
  constructor({ store, storage, rooms, random }) {
    const fetch = (url, options = {}) => {
      const ended = new AbortController();
      for (const signal of [this.#left.signal, options.signal]) {
        if (signal?.aborted) ended.abort();
        signal?.addEventListener('abort', () => ended.abort(), { once: true });
      }
      return globalThis.fetch(url, { ...options, signal: ended.signal });
    };
    this.tokens = new TokenSource({ url: proxy.base, store, key: 'tokens', fetch, locks: null, now: () => Date.now() + ahead });
    this.api = new Api({ url: proxy.base, tokens: this.tokens, fetch });
    this.bell = new Orderbell({ url: proxy.base, slug: 'demo', tokens: this.tokens, WebSocket, fetch, storage, locks: null, random: () => random() / 8 });
    this.rooms = rooms.map((name) => this.bell.room(name));
    this.bell.on('state', ({ state, reason }) => state === 'stopped' && reason !== 'closed' && this.stops.push(reason));
    this.bell.start();
  }

  leave() {
    this.#left.abort();
    this.bell.close();
  }

  /** Renews as a page does: when a token is needed, and again when no answer came. */
  async renew() {
    let tries = 0;
    for (; tries < 20; tries += 1) {
      try {
        return { token: await this.tokens.get(), tries };
      } catch (error) {
        if (this.#left.signal.aborted) return { tries };
        assert.match(error.code, /^(offline|unavailable)$/, `after ${tries} tries`);
      }
    }
    throw new Error('no answer in 20 tries');
  }
}

/** A person with two tabs on one storage. */
class Party {
  store = new FakeStore();
  storage = new FakeStorage();
  renewals = 0;

  /** @param {string} name @param {any} answer of a sign-in @param {string[]} rooms @param {() => number} random */
  constructor(name, answer, rooms, random) {
    this.name = name;
    this.rooms = rooms;
    this.random = random;
    new TokenSource({ url: proxy.base, store: this.store, key: 'tokens', locks: null, now: () => Date.now() + ahead }).save(answer);
    this.tabs = [new Page(this), new Page(this)];
  }

  get refreshToken() {
    return JSON.parse(this.store.getItem('tokens') ?? '{}').refresh_token;
  }

  /** Both tabs renew. In some turns one of them reloads meanwhile. */
  async turn() {
    const before = this.refreshToken;
    const renewing = this.tabs.map((tab) => tab.renew());
    if (this.random() < 0.4) {
      await new Promise((resolve) => setTimeout(resolve, this.random() * 160));
      const at = Math.floor(this.random() * 2);
      const left = this.tabs[at];
      left.leave();
      this.tabs[at] = new Page(this);
      // A page that was left holds the lease on renewals for some more seconds; this test does not wait for that.
      this.store.removeItem('tokens.lease');
      renewing.push(this.tabs[at].renew());
      this.stops(left);
    }
    await Promise.all(renewing);
    if (this.refreshToken !== before) this.renewals += 1;
    this.tabs.forEach((tab) => this.stops(tab));
  }

  stops({ stops, tokens }) {
    assert.deepEqual([this.name, stops, tokens.over, tokens.present], [this.name, [], false, true]);
  }

  leave() {
    this.tabs.forEach((tab) => tab.leave());
  }
}

/** Pairs a screen over the same network, which polls until it has an answer. */
async function pairedScreen(staff) {
  const api = new Api({ url: proxy.base });
  const { user_code, device_code } = await until('a code', () => api.post('/api/v1/devices/pairings', {}).catch(() => null));
  await staff.api.post(`/api/v1/devices/pairings/${user_code}/approval`, { name: 'Pass' });
  proxy.losesEvery = 1;
  await assert.rejects(api.post('/api/v1/devices/token', { device_code }), { code: 'offline' });
  proxy.losesEvery = LOSES_EVERY;
  return until('its tokens', () => api.post('/api/v1/devices/token', { device_code }).catch(() => null));
}

test('an hour of renewals on a network that loses every tenth answer signs nobody out, and removes no open order from a phone', async (t) => {
  const random = randomFrom(SEED);
  const [guest, waiter] = [await server.guest(5), await server.staff()];
  const { id: order } = await guest.place(await guest.basket('Firni'));
  await waiter.act(order, 'accept');
  const screen = await pairedScreen(waiter);
  const parties = [
    new Party('guest', guest.answer, [`order:${order}`, `menu:${guest.restaurant}`], random),
    new Party('waiter', waiter.answer, [`floor:${guest.restaurant}`], random),
    new Party('screen', screen, [`kitchen:${guest.restaurant}`], random),
  ];
  for (let turn = 0; turn < TURNS; turn += 1) {
    ahead += TURN_MS;
    if (random() < 0.2) proxy.cut();
    await Promise.all(parties.map((party) => party.turn()));
  }
  const renewals = proxy.lost.filter((path) => path === '/api/v1/sessions/refresh').length;
  t.diagnostic(`${parties.map(({ name, renewals: many }) => `${name} ${many}`).join(', ')} renewals; ${proxy.lost.length} answers lost, ${renewals} of renewals`);
  assert.ok(renewals >= 10, `${renewals} answers to renewals were lost`);
  for (const party of parties) {
    assert.ok(party.renewals >= TURNS - 5, `${party.name}: ${party.renewals} renewals`);
    for (const tab of party.tabs) await until(`${party.name} is live`, () => tab.bell.state === 'live');
  }
  for (const { rooms: [room] } of parties.flatMap(({ tabs }) => tabs)) await until('the order is there', () => room.documents.get(order)?.status === 'accepted');
  // The sessions continue: each person can still act.
  await parties[2].tabs[1].bell.command({ order, action: 'start' });
  await parties[1].tabs[0].bell.command({ order, action: 'ready' });
  await until('the phone has it', () => parties[0].tabs[0].rooms[0].documents.get(order)?.status === 'ready');
  parties.forEach((party) => party.leave());
});

test('a token older than the last one ends the session', async () => {
  const guest = await server.guest(6);
  const api = new Api({ url: server.base });
  const renew = (refresh_token) => api.post('/api/v1/sessions/refresh', { refresh_token });
  const first = guest.answer.refresh_token;
  const second = (await renew(first)).refresh_token;
  assert.equal((await renew(first)).refresh_token, second, 'a retry gets the same answer');
  const third = (await renew(second)).refresh_token;
  await assert.rejects(renew(first), { code: 'unauthorized' });
  await assert.rejects(renew(third), { code: 'unauthorized' });
});
