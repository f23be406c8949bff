// The cost of idle connections: memory and CPU of a server with joined screens, three for each order.
//   taskset -c 1 node idle.mjs --binary target/release/orderbell [--servers plain,orderbell] [--orders 3000] [--screens 3]
//     [--seconds 60] [--core 0] [--database sqlite]
// Memory is the growth of the process's own memory (Pss), and of the kernel's memory for both ends of all sockets, divided by
// the number of connections.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient, Screen, token } from './clients.mjs';
import { readOptions } from './options.mjs';
import { SECRET, difference, start } from './servers.mjs';

const options = readOptions({
  binary: 'target/release/orderbell',
  database: 'sqlite',
  servers: 'plain,orderbell',
  orders: '3000',
  screens: '3',
  seconds: '60',
  core: '0',
});
const SETTLE_MS = 3000;
const AT_ONCE = 50;

for (const kind of options.servers.split(',')) console.log(JSON.stringify({ server: kind, ...(await measure(kind)) }));

async function measure(kind) {
  const server = await start(kind, { binary: options.binary, database: options.database, restaurants: 1, core: options.core });
  const screens = [];
  try {
    const orders = await placeOrders(server);
    await sleep(SETTLE_MS);
    const base = { own: ownKb(server.pid), kernel: kernelKb(), cpu: server.spent() };
    while (screens.length < orders.length * Number(options.screens)) {
      screens.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, next) => join(server, orders, screens.length + next)))));
    }
    const opened = server.spent();
    await sleep(SETTLE_MS);
    const before = server.spent();
    const full = { own: ownKb(server.pid), kernel: kernelKb() };
    await sleep(Number(options.seconds) * 1000);
    const idle = difference(before, server.spent()).server;
    const each = (value) => Number((value / screens.length).toFixed(2));
    return {
      connections: screens.length,
      own_kb: each(full.own - base.own),
      kernel_kb: each(full.kernel - base.kernel),
      join_cpu_us: each(difference(base.cpu, opened).server * 1e6),
      idle_cpu_us_per_minute: each(((idle * 60) / Number(options.seconds)) * 1e6),
    };
  } finally {
    for (const screen of screens) screen.close();
    await server.stop();
  }
}

async function placeOrders(server) {
  const [{ slug, restaurant, dish }] = server.menus;
  const http = await HttpClient.open(server.port, token(SECRET, restaurant, 'load'));
  const orders = [];
  for (let number = 0; number < Number(options.orders); number += 1) {
    const basket = { items: [{ menu_item: dish, quantity: 2 }], service: 'takeaway' };
    const { body } = await http.call('POST', `/api/v1/restaurants/${slug}/orders`, basket, `Idempotency-Key: ${randomUUID()}\r\n`);
    orders.push(JSON.parse(body).id);
  }
  http.close();
  return orders;
}

async function join(server, orders, number) {
  const screen = await Screen.open(server.kind, server.port, token(SECRET, server.menus[0].restaurant, `screen-${number}`));
  await screen.join(`order:${orders[number % orders.length]}`);
  return screen;
}

function ownKb(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
}

/** Returns the size of TCP's buffers and of the kernel's slabs, which hold the sockets themselves. */
function kernelKb() {
  const [, pages] = /^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'));
  const [, slab] = /^Slab:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return Number(pages) * 4 + Number(slab);
}
