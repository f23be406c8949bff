// Measures durable commands a second and their CPU: Orderbell and the plain way in turn, on new databases.
//   taskset -c 1 node load.mjs --binary target/release/orderbell [--database sqlite|postgres://…] [--servers plain,orderbell]
//     [--clients 1,8,64] [--restaurants 1] [--screens 3] [--seconds 4] [--runs 3] [--work promise|order] [--core 0]
// `promise` changes one order of each client repeatedly. `order` places an order, joins its screens, and takes it through
// accept, ready and serve: four commands. Prints a line of JSON for each run, and then a table of medians.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient, Screen, token } from './clients.mjs';
import { readOptions } from './options.mjs';
import { SECRET, difference, start } from './servers.mjs';

const options = readOptions({
  binary: 'target/release/orderbell',
  database: 'sqlite',
  servers: 'plain,orderbell',
  clients: '1,8,64',
  restaurants: '1',
  screens: '3',
  seconds: '4',
  runs: '3',
  work: 'promise',
  core: '0',
});
/** The commands of the warm-up, in which Node compiles its hot code, and the most seconds that they may take. */
const WARM_UP = { CLIENTS: 16, COMMANDS: 8000, SECONDS: 60 };
const SETTLE_S = 0.5;
const DELIVERY_MS = 5000;
const numbers = (list) => list.split(',').map(Number);
const servers = options.servers.split(',');

const results = [];
for (const restaurants of numbers(options.restaurants)) await compare(restaurants);
printMedians(results);

/** Starts the servers, warms them up, and measures them in turn, each while the other is idle. */
async function compare(restaurants) {
  const running = [];
  try {
    for (const kind of servers) {
      const server = await start(kind, { binary: options.binary, database: options.database, restaurants, core: options.core });
      running.push(server);
      await withClients(server, WARM_UP.CLIENTS, (clients) => loop(clients, WARM_UP.SECONDS, WARM_UP.COMMANDS));
    }
    for (let run = 0; run < Number(options.runs); run += 1) {
      for (const count of numbers(options.clients)) {
        for (const server of running) {
          const measured = await withClients(server, count, (clients) => measure(server, clients));
          const result = { server: server.kind, clients: count, restaurants, ...measured };
          console.log(JSON.stringify(result));
          results.push(result);
        }
      }
    }
  } finally {
    for (const server of running) await server.stop();
  }
}

async function withClients(server, count, use) {
  const clients = [];
  try {
    for (let number = 0; number < count; number += 1) {
      clients.push(await openClient(server, number, server.menus[number % server.menus.length]));
    }
    return await use(clients);
  } finally {
    for (const client of clients) client.close();
  }
}

async function measure(server, clients) {
  await loop(clients, SETTLE_S);
  await delivered(clients);
  for (const client of clients) Object.assign(client, { times: [], commands: 0 });
  const before = server.spent();
  const begun = performance.now();
  await loop(clients, Number(options.seconds));
  const took = (performance.now() - begun) / 1000;
  const lost = await delivered(clients);
  return figures(clients, took, difference(before, server.spent()), lost);
}

async function openClient(server, number, { slug, restaurant, dish }) {
  const bearer = token(SECRET, restaurant, `load-${number}`);
  const http = await HttpClient.open(server.port, bearer);
  const screens = [];
  for (let screen = 0; screen < Number(options.screens); screen += 1) {
    screens.push(await Screen.open(server.kind, server.port, token(SECRET, restaurant, `screen-${number}-${screen}`)));
  }
  const close = () => [http, ...screens].forEach((connection) => connection.close());
  const client = { http, screens, slug, dish, close, times: [], commands: 0, heard: 0, owed: 0 };
  if (options.work === 'promise') {
    client.order = await place(client);
    await command(client, client.order, { action: 'accept', minutes: 20 });
    for (const screen of screens) await screen.join(`order:${client.order}`);
    Object.assign(client, { times: [], commands: 0, heard: heard(client), owed: 0 });
  }
  return client;
}

/** Lets each client take its steps one after another, until the time is up or all together have sent `commands` commands. */
async function loop(clients, seconds, commands = Infinity) {
  const step = options.work === 'order' ? wholeOrder : promise;
  const end = performance.now() + seconds * 1000;
  const share = commands / clients.length;
  const one = async (client) => {
    while (performance.now() < end && client.commands < share) await step(client);
  };
  await Promise.all(clients.map(one));
}

async function promise(client) {
  await command(client, client.order, { action: 'promise', minutes: 20 + (client.times.length % 2) });
}

async function wholeOrder(client) {
  const order = await place(client);
  const room = `order:${order}`;
  await Promise.all(client.screens.map((screen) => screen.join(room)));
  await command(client, order, { action: 'accept', minutes: 20 });
  await command(client, order, { action: 'ready' });
  await command(client, order, { action: 'serve' });
  await delivered([client]);
  for (const screen of client.screens) screen.leave(room);
}

async function place(client) {
  const basket = { items: [{ menu_item: client.dish, quantity: 2 }], service: 'takeaway' };
  const path = `/api/v1/restaurants/${client.slug}/orders`;
  const body = await timed(client, 201, () => client.http.call('POST', path, basket, `Idempotency-Key: ${randomUUID()}\r\n`));
  return JSON.parse(body).id;
}

async function command(client, order, fields) {
  const path = `/api/v1/orders/${order}/commands`;
  await timed(client, 200, () => client.http.call('POST', path, { id: randomUUID(), ...fields }));
  client.owed += client.screens.length;
}

async function timed(client, expected, call) {
  const begun = performance.now();
  const { status, body } = await call();
  client.times.push(performance.now() - begun);
  client.commands += 1;
  if (status !== expected) throw new Error(`expected ${expected}, got ${status}: ${body}`);
  return body;
}

function heard(client) {
  return client.screens.reduce((sum, screen) => sum + screen.events, 0);
}

/** Waits until each screen has the events of its room, and returns how many are missing. */
async function delivered(clients) {
  const deadline = performance.now() + DELIVERY_MS;
  const missing = () => clients.reduce((sum, client) => sum + client.owed - (heard(client) - client.heard), 0);
  while (missing() > 0 && performance.now() < deadline) await sleep(1);
  const lost = missing();
  for (const client of clients) Object.assign(client, { owed: 0, heard: heard(client) });
  return lost;
}

function figures(clients, took, cpu, lost) {
  const times = clients.flatMap((client) => client.times).sort((a, b) => a - b);
  const commands = clients.reduce((sum, client) => sum + client.commands, 0);
  const each = (seconds) => Math.round((seconds / commands) * 1e6);
  const at = (share) => Number(times[Math.floor((times.length - 1) * share)].toFixed(2));
  return {
    per_s: Math.round(commands / took),
    cpu_us: each(cpu.server),
    database_cpu_us: each(cpu.database),
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    lost,
  };
}

function printMedians(all) {
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const rows = {};
  for (const result of all) (rows[`${result.clients} ${result.restaurants} ${result.server}`] ??= []).push(result);
  console.log('\n| server | clients | restaurants | commands a second | CPU µs | database CPU µs | p50 ms | p99 ms | lost |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const row of Object.values(rows)) {
    const of = (name) => median(row.map((result) => result[name]));
    const names = ['per_s', 'cpu_us', 'database_cpu_us', 'p50_ms', 'p99_ms', 'lost'];
    const { server, clients, restaurants } = row[0];
    console.log(`| ${[server, clients, restaurants, ...names.map(of)].join(' | ')} |`);
  }
}
