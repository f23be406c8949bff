// Starts either server on a new database, and reads the CPU time of the server and of its database's processes.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { HttpClient, token } from './clients.mjs';

export const SECRET = 'a-secret-for-measuring-that-guards-nothing';
const HERE = dirname(fileURLToPath(import.meta.url));
const PATIENCE_MS = 20_000;
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
/** Flags that lift the rate limits, since all calls come from few principals at one address. */
const UNLIMITED = ['staff-commands-per-second', 'staff-orders-per-minute', 'messages-per-second', 'message-burst', 'handshakes-per-second', 'handshake-burst'];

/** Starts a server. `kind` is `plain` or `orderbell`. `database` is `sqlite`, or the URL of a PostgreSQL for a new database. */
export async function start(kind, { binary, database, restaurants, core, databaseConnections = 10 }) {
  const scratch = mkdtempSync(join(tmpdir(), 'orderbell-plain.'));
  const made = database === 'sqlite' ? { url: `sqlite://${scratch}/bench.db`, drop: async () => {} } : await makeDatabase(database);
  const env = { ...process.env, NODE_ENV: 'production', ORDERBELL_JWT_KEYS: `bench:${SECRET}`, DATABASE_URL: made.url };
  let command = [process.execPath, join(HERE, 'server.mjs')];
  if (kind === 'plain') Object.assign(env, { PORT: '0', JWT_SECRET: SECRET, RESTAURANTS: String(restaurants) });
  else {
    addRestaurants(binary, restaurants, env);
    const limits = UNLIMITED.flatMap((name) => [`--${name}`, '100000']);
    const connections = ['--database-connections', String(databaseConnections)];
    command = [binary, 'serve', '--bind', '127.0.0.1:0', '--workers', '1', '--log', 'error', ...connections, ...limits];
  }
  const child = spawn('taskset', ['-c', core, ...command], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    clearTimeout(late);
    await made.drop();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const port = await portOf(child);
    return { kind, port, pid: child.pid, stop, menus: await menus(kind, port, restaurants), spent: () => spent(child.pid, made.name) };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeDatabase(address) {
  const name = `plain_${process.pid}_${Date.now()}`;
  const run = async (text) => {
    const client = new pg.Client(address);
    await client.connect();
    await client.query(text);
    await client.end();
  };
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(address);
  url.pathname = `/${name}`;
  return { name, url: url.href, drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}

function addRestaurants(binary, count, env) {
  const run = (...words) => execFileSync(binary, words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  run('migrate');
  for (let number = 0; number < count; number += 1) {
    run('restaurant', 'add', '--slug', `bench-${number}`, '--name', `Bench ${number}`, '--currency', 'BDT', '--log', 'error');
  }
}

async function portOf(child) {
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const [, port] = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
    if (port) return Number(port);
    await sleep(20);
  }
  throw new Error('the server did not start');
}

/** Returns the menu of each restaurant. In Orderbell a manager writes it first. */
async function menus(kind, port, count) {
  const found = [];
  for (let number = 0; number < count; number += 1) {
    const path = `/api/v1/restaurants/bench-${number}/menu`;
    const client = await HttpClient.open(port, '');
    const read = async () => JSON.parse((await client.call('GET', path)).body);
    let menu = await read();
    if (kind === 'orderbell') {
      client.bearer = token(SECRET, menu.restaurant, 'manager', 'manager');
      const id = '00000000-0000-4000-a000-000000000001';
      const category = '00000000-0000-4000-a000-000000000002';
      const dish = { name: 'Beef rezala', category, price: { amount: 900, currency: 'BDT' }, station: 'hot', sort: 1 };
      const body = { categories: { [category]: { name: 'Mains', sort: 1 } }, items: { [id]: dish } };
      const { status, body: answer } = await client.call('PUT', path, body);
      if (status !== 200) throw new Error(`the menu was refused: ${answer}`);
      menu = await read();
    }
    client.close();
    found.push({ slug: `bench-${number}`, restaurant: menu.restaurant, dish: Object.keys(menu.items)[0] });
  }
  return found;
}

/** Returns the CPU seconds of the server, and of each PostgreSQL process that serves its database. */
function spent(pid, database) {
  const backends = database === undefined ? [] : backendsOf(database);
  return { server: cpuSeconds(pid), backends: new Map(backends.map((backend) => [backend, cpuSeconds(backend)])) };
}

/** Returns the CPU seconds between two readings. Ignores PostgreSQL processes that ended in between: the pool closes idle ones. */
export function difference(before, after) {
  let database = 0;
  for (const [pid, seconds] of after.backends) database += seconds - (before.backends.get(pid) ?? 0);
  return { server: after.server - before.server, database };
}

function cpuSeconds(pid) {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return (Number(user) + Number(system)) / TICKS;
}

/** Returns the PostgreSQL processes of a database, which name it in their titles. */
function backendsOf(database) {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return title.startsWith('postgres: ') && title.includes(` ${database} `);
    } catch {
      return false; // it has ended
    }
  });
}
