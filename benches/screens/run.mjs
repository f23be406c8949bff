// Measures the time from a tap to the painted frame, and the cost of an event, in a rush: 100 tickets, 300 served orders.
//   node benches/screens/run.mjs [--before REVISION] [--touches N]
// With `--before`, first measures the pages of that revision, and prints the ratio. Needs Chromium and chromedriver; all
// traffic stays on the loopback interface.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HERE, ROOT, pause, serve, token } from './pages.mjs';

/** The token of a kitchen screen. */
const KITCHEN = token({ sub: 'screen', role: 'kitchen' });
const RUSH = { OPEN: 100, READY: 10, DONE: 300 };
/** The slow-downs of the processor, each with the longest allowed median time of a tap in ms. */
const SPEEDS = [[1, 50], [4, 150]];
/** The pause between two taps, in which all work of the first one ends. */
const PAUSE_MS = 250;
const PATIENCE_MS = 60_000;

// A message posted during a frame is delivered once the frame is painted.
const FRAME = `const done = arguments[arguments.length - 1];
  const painted = (task) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = task; port2.postMessage(0); };`;

/** The time from the tap on a ticket's or an order's button until the frame with the result is painted. */
const TOUCH = `${FRAME}
  const [button] = [...document.querySelectorAll('[data-action="ready"]')].filter((one) => one.checkVisibility());
  const thing = button.closest('[data-order]');
  const id = thing.dataset.order;
  const shown = () => document.querySelector('[data-order="' + id + '"]')?.dataset.status === 'ready';
  requestAnimationFrame(() => setTimeout(() => {
    const began = performance.now();
    button.click();
    const look = () => (shown() ? painted(() => done(performance.now() - began)) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  }));`;

/** The main thread's time for one event of another screen, from its arrival to the end of the frame, without idle time. */
const EVENT = `${FRAME}
  const things = [...document.querySelectorAll('[data-order][data-status="accepted"]')]
    .filter((one) => one.querySelectorAll('[data-item][data-status="queued"]').length > 1);
  const order = things[Math.floor(things.length / 2)];
  const item = order.querySelector('[data-item][data-status="queued"]').dataset.item;
  const shown = () => document.querySelector('[data-item="' + item + '"]').dataset.status === 'done';
  requestAnimationFrame(() => setTimeout(() => {
    const began = performance.now();
    window.restaurant.change(order.dataset.order, { items: { [item]: { status: 'done' } } });
    const busy = performance.now() - began;
    const look = (begin) => (shown() ? painted(() => done(busy + performance.now() - begin)) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  }));`;

const { values: options } = parseArgs({ options: { before: { type: 'string' }, touches: { type: 'string', default: '25' } } });
const touches = Number(options.touches);
const scratch = mkdtempSync(join(tmpdir(), 'orderbell-screens.'));
const driver = spawn('chromedriver', ['--port=0'], { stdio: ['ignore', 'pipe', 'ignore'] });
try {
  const session = await openSession(await portOf(driver));
  const before = options.before && await measure(session, pagesOf(options.before));
  const after = await measure(session, join(ROOT, 'static'));
  await session.end();
  process.exitCode = print(before, after) ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  // The browser has a pipe to its driver, and exits with it.
  driver.kill();
  await pause(500);
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 });
}

/** Extracts the pages of a revision. @param {string} revision */
function pagesOf(revision) {
  execFileSync('sh', ['-c', 'git archive "$1" static | tar -x -C "$2"', 'sh', revision, scratch], { cwd: ROOT });
  return join(scratch, 'static');
}

/** @param {any} session @param {string} folder */
async function measure(session, folder) {
  const server = await serve(folder, (path) => ({ status: path.endsWith('/orders') ? 200 : 404, body: { orders: [], code: 'not_found' } }));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const figures = {};
  for (const page of ['kitchen', 'staff']) {
    for (const [speed] of SPEEDS) {
      await session.devtools('Emulation.setCPUThrottlingRate', { rate: 1 });
      await session.open(`${origin}/${page}${page === 'kitchen' ? `#token=${KITCHEN}` : ''}`);
      await session.until(`return document.querySelectorAll('[data-order]').length >= ${RUSH.OPEN}`);
      await session.devtools('Emulation.setCPUThrottlingRate', { rate: speed });
      await pause(1_500);
      figures[`${page} ${speed}`] = {
        nodes: await session.run('return document.getElementsByTagName("*").length'),
        touch: median(await repeat(() => session.later(TOUCH))),
        event: median(await repeat(() => session.later(EVENT))),
      };
    }
  }
  server.close();
  return figures;
}

/** @param {() => Promise<number>} once */
async function repeat(once) {
  const times = [];
  for (let number = 0; number < touches; number += 1) {
    times.push(await once());
    await pause(PAUSE_MS);
  }
  return times;
}

/** @param {number[]} times */
function median(times) {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

/** @param {any} before @param {any} after @returns {boolean} whether the limits hold */
function print(before, after) {
  let good = true;
  console.log(`${RUSH.OPEN} tickets to cook, ${RUSH.READY} ready orders, ${RUSH.DONE} served orders; medians of ${touches}`);
  console.log('| page | slow-down | touch to frame, ms | main thread of an event, ms | nodes |\n| --- | --- | --- | --- | --- |');
  for (const [name, { touch, event, nodes }] of Object.entries(after)) {
    const [page, speed] = name.split(' ');
    const old = before?.[name];
    const cell = (now, then) => (then === undefined ? now.toFixed(0) : `${then.toFixed(0)} → ${now.toFixed(0)} (${(then / now).toFixed(1)}×)`);
    console.log(`| ${page} | ${speed}× | ${cell(touch, old?.touch)} | ${cell(event, old?.event)} | ${cell(nodes, old?.nodes)} |`);
    const [, most] = SPEEDS.find(([each]) => String(each) === speed);
    if (touch > most) {
      good = false;
      console.log(`  ${name}×: more than ${most} ms`);
    }
  }
  return good;
}

/** Returns the script that runs before the page's own modules. */
function firstScript() {
  const kept = {
    'orderbell.staff': { access_token: KITCHEN, renew_at: 9e15, expires_at: 9e15 },
    'orderbell.staff.session': { restaurant: { id: 'r1', slug: 'demo', name: 'The Copper Ladle', currency: 'BDT' }, role: 'staff', username: 'staff' },
  };
  const entries = Object.entries(kept).map(([key, value]) => `localStorage.setItem(${JSON.stringify(key)}, ${JSON.stringify(JSON.stringify(value))});`);
  return `if (location.protocol === 'http:') {\nwindow.RUSH = ${JSON.stringify(RUSH)};\n${entries.join('\n')}\n${readFileSync(join(HERE, 'restaurant.js'), 'utf8')}\n}`;
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<string>} where it listens */
function portOf(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    child.on('error', reject);
    child.stdout.on('data', (text) => {
      said += text;
      const [, port] = /started successfully on port (\d+)/.exec(said) ?? [];
      if (port) resolve(`http://127.0.0.1:${port}`);
    });
  });
}

/** @param {string} url of chromedriver */
async function openSession(url) {
  const call = async (method, path, body) => {
    const response = await fetch(`${url}/session${path}`, {
      method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(2 * PATIENCE_MS),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${value.message}`);
    return value;
  };
  const args = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--remote-debugging-pipe', '--window-size=1920,1080', `--user-data-dir=${join(scratch, 'profile')}`,
  ];
  const { sessionId } = await call('POST', '', { capabilities: { alwaysMatch: { 'goog:chromeOptions': { args } } } });
  const at = (path) => `/${sessionId}${path}`;
  await call('POST', at('/timeouts'), { script: PATIENCE_MS });
  const devtools = (cmd, params) => call('POST', at('/goog/cdp/execute'), { cmd, params });
  await devtools('Page.addScriptToEvaluateOnNewDocument', { source: firstScript() });
  const run = (script) => call('POST', at('/execute/sync'), { script, args: [] });
  return {
    devtools, run,
    // Load a blank page first, since the same address with another fragment would not reload the page.
    open: async (address) => { await call('POST', at('/url'), { url: 'about:blank' }); await call('POST', at('/url'), { url: address }); },
    later: (script) => call('POST', at('/execute/async'), { script, args: [] }),
    until: async (script) => {
      for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await pause(50)) if (await run(script)) return;
      throw new Error(`not within ${PATIENCE_MS} ms: ${script}; the page says: ${await run('return document.body.innerText')}`);
    },
    end: () => call('DELETE', at('')),
  };
}
