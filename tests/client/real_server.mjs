// The real server as a process with its own database, and what tests need from it.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Api } from '../../static/client/api.js';
import { newId } from '../../static/client/ids.js';
import { TokenSource } from '../../static/client/tokens.js';
import { FakeStore } from './support.mjs';
import { TARGET } from './tools.mjs';

const BINARY = process.env.ORDERBELL_TEST_SERVER ?? join(TARGET, 'debug/orderbell');
const START_MS = 30_000;
const STOP_MS = 15_000;
const PATIENCE_MS = 20_000;

/** The environment without the caller's settings for the server. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ORDERBELL_') && !/^(DATABASE|REDIS)_URL$/.test(name)));

/** @param {string} what @param {() => any} look @param {number} [ms] @returns {Promise<any>} the first truthy answer */
export async function until(what, look, ms = PATIENCE_MS) {
  for (const deadline = Date.now() + ms; Date.now() < deadline;) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not within ${ms} ms`);
}

/** Raised limits: a guest of these tests orders as fast as the server answers. */
const EAGER = [
  '--diner-orders-per-minute', '100000', '--table-orders-per-minute', '100000', '--restaurant-orders-per-minute', '1000000',
  '--diner-lines-per-minute', '1000000', '--table-lines-per-minute', '1000000', '--restaurant-lines-per-minute', '1000000',
  '--diner-commands-per-second', '100000',
];

/** A running `orderbell serve --demo`. */
export class Server {
  #folder; #flags; #process = null;
  /** Its address. */ base = '';

  /** @param {string[]} [flags] @returns {Promise<Server>} one that listens */
  static async start(flags = []) {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), 'orderbell-client.'));
    server.#flags = flags;
    await server.start();
    return server;
  }

  get #database() {
    return ['--database-url', `sqlite://${join(this.#folder, 'orderbell.db')}`];
  }

  async start() {
    const flags = ['serve', '--demo', '--bind', '127.0.0.1:0', ...this.#database, '--log', 'error', ...EAGER, ...this.#flags];
    this.#process = spawn(BINARY, flags, { cwd: this.#folder, env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    const [failed, lines] = [new Promise((_, reject) => this.#process.once('error', reject)), createInterface(this.#process.stdout)];
    this.base = '';
    const listening = until('a server that listens', () => this.base, START_MS);
    lines.on('line', (line) => { this.base ||= line.match(/^listening on (http:\S+?)\/?$/)?.[1] ?? ''; });
    await Promise.race([listening, failed]).catch((error) => {
      throw new Error(`${BINARY} did not start: \`cargo build\` makes it, or ORDERBELL_TEST_SERVER names it`, { cause: error });
    });
  }

  /** Stops the server as an operator does: clients are told when to reconnect. @param {NodeJS.Signals} [signal] */
  async stop(signal = 'SIGTERM') {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill(signal);
    const patience = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(patience);
  }

  async end() {
    await this.stop('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Runs another command of the binary on the same database. @param {string[]} line @returns {Promise<string>} what it prints */
  async tool(...line) {
    const { stdout } = await promisify(execFile)(BINARY, [...line, ...this.#database], { cwd: this.#folder, env: environment });
    return stdout.trim();
  }

  /** @param {string} life such as `2s` @returns {Promise<string>} the token of a kitchen screen that sees all stations */
  kitchenToken(life = '1h') {
    return this.tool('token', '--restaurant', 'demo', '--role', 'kitchen', '--expires', life);
  }

  /** @param {string} path @param {unknown} body of a sign-in @returns {Promise<Person>} */
  async #signIn(path, body) {
    const answer = await new Api({ url: this.base }).post(path, body);
    const tokens = new TokenSource({ url: this.base, store: new FakeStore(), key: 'tokens', locks: null });
    tokens.save(answer);
    return new Person(answer, tokens, this.base);
  }

  staff() {
    return this.#signIn('/api/v1/sessions', { restaurant: 'demo', username: 'staff', password: 'staff-demo' });
  }

  manager() {
    return this.#signIn('/api/v1/sessions', { restaurant: 'demo', username: 'manager', password: 'manager-demo' });
  }

  /** @param {number} table */
  guest(table) {
    return this.#signIn('/api/v1/diner-sessions', { table_key: `demo-table-${table}` });
  }
}

/** A signed-in person over plain HTTP, without a proxy: reads the state that clients must show. */
export class Person {
  /** @param {any} answer of the sign-in @param {import('../../static/client/tokens.js').Tokens} tokens @param {string} base */
  constructor(answer, tokens, base) {
    this.answer = answer;
    this.tokens = tokens;
    this.api = new Api({ url: base, tokens });
  }

  get restaurant() {
    return this.answer.restaurant.id;
  }

  /** @param {string} name of a dish @param {number} [quantity] @returns {Promise<object>} a basket of it */
  async basket(name, quantity = 1) {
    this.menu ??= await this.api.get('/api/v1/restaurants/demo/menu');
    const dish = /** @type {any[]} */ (Object.values(this.menu.items)).find((item) => item.name === name);
    return { service: 'dine_in', items: [{ menu_item: dish.id, quantity }] };
  }

  /** @param {object} basket @returns {Promise<any>} the order */
  place(basket) {
    return this.api.post('/api/v1/restaurants/demo/orders', basket, { 'idempotency-key': newId() });
  }

  /** @param {string} order @param {string} action @param {object} [fields] */
  act(order, action, fields = {}) {
    return this.api.post(`/api/v1/orders/${order}/commands`, { id: newId(), action, ...fields });
  }

  /** @param {string} id */
  order(id) {
    return this.api.get(`/api/v1/orders/${id}`);
  }

  /** @param {string} room @param {number} since @param {string} epoch @returns {Promise<any[]>} its events after that, as the log has them */
  async log(room, since, epoch) {
    const events = [];
    for (let position = since; ;) {
      const query = new URLSearchParams({ since: String(position), epoch, wait: '0' });
      const answer = await this.api.get(`/api/v1/rooms/${room}/events?${query}`);
      if (answer.frames.length === 0) return events;
      events.push(...answer.frames);
      position = answer.position;
    }
  }
}

