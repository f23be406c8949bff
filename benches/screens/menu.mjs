// Measures the main thread of a guest's phone, at a quarter of its speed, while it loads a menu of 300 dishes and scrolls
// through it.
//   node benches/screens/menu.mjs [--slow-down 4] [--dishes 300] [--shot FILE]
// Exits with 1 if a task takes longer than the limit. Needs Chromium; all traffic stays on the loopback interface.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, pause, serve, token } from './pages.mjs';

/** The longest task of the main thread, in ms. */
const LONGEST_MS = 100;
const SECTIONS = 20;
const PATIENCE_MS = 60_000;
const PHONE = { width: 390, height: 844, deviceScaleFactor: 3, mobile: true };
/** A flick, and the pixels of all flicks down the page. */
const FLICK = { distance: 2_400, speed: 4_000 };

const { values: options } = parseArgs({
  options: { 'slow-down': { type: 'string', default: '4' }, 'dishes': { type: 'string', default: '300' }, 'shot': { type: 'string' } },
});
const dishes = Number(options.dishes);

/** Answers like a server with one restaurant, without orders. @param {string} path */
function api(path) {
  const ok = (body) => ({ status: 200, body });
  if (path.endsWith('/menu')) return ok(menu());
  if (path.endsWith('/calls')) return ok({ calls: [] });
  if (path.endsWith('/current')) return ok({ orders: [], table: '4' });
  if (path.endsWith('/diner-sessions')) {
    const access = token({ sub: 'd1', role: 'diner', table: '4' });
    return ok({ access_token: access, refresh_token: 'r', expires_in: 36_000, restaurant: { id: 'r1', slug: 'demo', name: 'The Copper Ladle', currency: 'BDT' }, table: '4', diner: 'd1' });
  }
  return { status: 404, body: { code: 'not_found' } };
}

function menu() {
  const price = (amount) => ({ amount, currency: 'BDT' });
  const categories = Object.fromEntries(Array.from({ length: SECTIONS }, (_, at) => [`c${at}`, { name: `Section ${at}`, sort: at }]));
  const items = Object.fromEntries(Array.from({ length: dishes }, (_, at) => [`m${at}`, {
    id: `m${at}`, name: `Dish ${at} of the house`, category: `c${Math.floor(at * SECTIONS / dishes)}`, price: price(12_000 + at * 100), station: 'hot', sort: at,
    description: 'Slow-braised in yoghurt and white spices, with potatoes, prunes, saffron and a lid of dough, for two who are hungry',
    available: at % 17 !== 0, options: {}, ...(at % 3 !== 0 && { photo: `/icons/icon-512.png?${at}` }),
  }]));
  return { restaurant: 'r1', currency: 'BDT', position: 1, paused: false, categories, items };
}

/** Replaces the WebSocket by one that sends `welcome` and the menu. */
const SOCKET = `if (location.protocol === 'http:') window.WebSocket = class {
  readyState = 0;
  constructor() { setTimeout(() => { this.readyState = 1; this.#push({
    type: 'welcome', connection: 'c1', epoch: 'e1', role: 'diner', restaurant: 'r1', feature_level: 2, expires_at: new Date(Date.now() + 3.6e7).toISOString(), server_time: new Date().toISOString(),
    limits: { frame_bytes: 65536, rooms: 16, messages_per_second: 1000, heartbeat_ms: 15000 } }); }); }
  #push(frame) { this.onmessage?.({ data: JSON.stringify(frame) }); }
  send(text) {
    const { type, room } = JSON.parse(text);
    if (type !== 'subscribe') return;
    this.#push({ type: 'snapshot', room, position: 1, documents: [${JSON.stringify(menu())}] });
    this.#push({ type: 'live', room, position: 1 });
  }
  close() {}
};`;

/** Chromium, controlled by the DevTools protocol over two pipes. A zero byte ends each message. */
class Chromium {
  #asked = 0;
  /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */ #open = new Map();
  /** Trace events since the last `traced`. @type {any[]} */ #traced = [];
  #session; #said = ''; #isComplete = () => {};
  #profile = mkdtempSync(join(tmpdir(), 'orderbell-menu.'));
  #child = spawn('chromium', [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });

  async open() {
    this.#child.stdio[4].on('data', (bytes) => this.#hear(String(bytes)));
    const { targetInfos } = await this.call('Target.getTargets');
    const { targetId } = targetInfos.find(({ type }) => type === 'page');
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
    this.#session = sessionId;
  }

  /** @param {string} method @param {any} [params] @returns {Promise<any>} */
  call(method, params = {}) {
    this.#asked += 1;
    const id = this.#asked;
    const browserWide = method.startsWith('Target.') || method.startsWith('Tracing.');
    this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, ...(!browserWide && { sessionId: this.#session }) })}\0`);
    return new Promise((resolve, reject) => this.#open.set(id, { resolve, reject }));
  }

  /** @param {string} expression */
  async value(expression) {
    return (await this.call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })).result.value;
  }

  /** @param {string} expression */
  async until(expression) {
    for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await pause(100)) if (await this.value(expression)) return;
    throw new Error(`not within ${PATIENCE_MS} ms: ${expression}; the page says: ${await this.value('document.body.innerText')}`);
  }

  /** Returns the trace of what `act` does. @param {() => Promise<any>} act @returns {Promise<any[]>} */
  async traced(act) {
    this.#traced = [];
    await this.call('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', '__metadata'] } });
    // Starting a trace keeps the page busy, too.
    await pause(1_000);
    await this.value("console.timeStamp('begun')");
    await act();
    const complete = new Promise((resolve) => { this.#isComplete = () => resolve(undefined); });
    await this.call('Tracing.end');
    await complete;
    return this.#traced;
  }

  close() {
    this.#child.kill();
    setTimeout(() => rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }), 500);
  }

  /** @param {string} bytes */
  #hear(bytes) {
    const messages = (this.#said + bytes).split('\0');
    this.#said = messages.pop() ?? '';
    for (const { id, result, error, method, params } of messages.map((text) => JSON.parse(text))) {
      if (method === 'Tracing.dataCollected') this.#traced.push(...params.value);
      if (method === 'Tracing.tracingComplete') this.#isComplete();
      const asked = this.#open.get(id);
      this.#open.delete(id);
      if (error) asked?.reject(new Error(error.message));
      else asked?.resolve(result);
    }
  }
}

const chromium = new Chromium();
const server = await serve(join(ROOT, 'static'), api);
try {
  await chromium.open();
  process.exitCode = await measure(Number(options['slow-down'])) ? 0 : 1;
} finally {
  chromium.close();
  server.close();
}

/** @param {number} slowDown @returns {Promise<boolean>} whether the limit holds */
async function measure(slowDown) {
  await chromium.call('Page.enable');
  await chromium.call('Page.addScriptToEvaluateOnNewDocument', { source: SOCKET });
  await chromium.call('Emulation.setDeviceMetricsOverride', PHONE);

  await chromium.call('Emulation.setCPUThrottlingRate', { rate: slowDown });
  const figures = {};
  figures['load the page'] = longest(await chromium.traced(async () => {
    await chromium.call('Page.navigate', { url: `http://127.0.0.1:${server.address().port}/t/demo-table-4` });
    await chromium.until(`document.querySelectorAll('[data-menu-item]').length === ${dishes} && document.documentElement.dataset.connection === 'live'`);
    await pause(3_000);
  }));
  const height = await chromium.value('document.documentElement.scrollHeight');
  for (const [name, sign] of [['scroll down', -1], ['scroll up', 1]]) {
    figures[name] = longest(await chromium.traced(async () => {
      for (let flick = 0; flick < Math.ceil(height / FLICK.distance); flick += 1) {
        await chromium.call('Input.synthesizeScrollGesture', { x: 180, y: 420, yDistance: sign * FLICK.distance, speed: FLICK.speed, gestureSourceType: 'mouse' });
      }
      await pause(500);
    }));
    figures[name].reached = await chromium.value('Math.round(scrollY)');
  }
  if (options.shot) writeFileSync(options.shot, Buffer.from((await chromium.call('Page.captureScreenshot')).data, 'base64'));
  return print(figures, height, slowDown);
}

/** Returns the longest tasks of the page's main thread, in ms of CPU time, which excludes other processes. @param {any[]} events */
function longest(events) {
  const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}/${tid}`));
  const begun = events.find(({ name, args }) => name === 'TimeStamp' && args?.data?.message === 'begun')?.ts ?? 0;
  const own = events.filter(({ name, pid, tid, ts }) => ts >= begun && name.endsWith('RunTask') && mains.has(`${pid}/${tid}`));
  const times = own.map(({ dur, tdur }) => (tdur ?? dur ?? 0) / 1_000).sort((a, b) => b - a);
  return { tasks: times.length, longest: times.slice(0, 3) };
}

/** @param {any} figures @param {number} height @param {number} slowDown */
function print(figures, height, slowDown) {
  console.log(`${dishes} dishes, ${height} px, a processor at 1/${slowDown} of its speed\n| | tasks | longest, ms | at |\n| --- | --- | --- | --- |`);
  let good = true;
  for (const [name, { tasks, longest: most, reached }] of Object.entries(figures)) {
    console.log(`| ${name} | ${tasks} | ${most.map((time) => time.toFixed(0)).join(', ')} | ${reached ?? ''} |`);
    good &&= tasks > 0 && most[0] <= LONGEST_MS;
  }
  return good;
}
