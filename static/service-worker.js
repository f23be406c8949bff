/**
 * Opens pages without a server: the guest's, the kitchen's, the floor's and the manager's. A screen that is turned on before
 * the server is back shows its page and connects by itself. Each kind of page has its own worker, so that no phone stores the
 * files of a kitchen. The guests' worker also shows notifications.
 *
 * The network comes first; a cached copy answers only if the network does not. The worker never touches the API, so no token
 * and no document is ever in a cache. Pages themselves store the orders that they have shown.
 */

/** The global scope, with its type. */
const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {any} */ (self));
/** The page that registers this worker adds its version to the address, and its own name unless it is a guest's page. */
const { searchParams } = new URL(worker.location.href);
/** The only page of this worker; undefined for the guests' worker. */
const HOUSE_PAGE = ['kitchen', 'staff', 'manage'].find((name) => name === searchParams.get('for'));
if (!HOUSE_PAGE) importScripts('/languages/notifications.js');
const FAMILY = `${HOUSE_PAGE ? `${HOUSE_PAGE}-` : ''}orderbell-`;
/** The cache for the pages of one version. */
const CACHE = `${FAMILY}${searchParams.get('version')}`;
/** One address for each page, since the page is the same for every table and every order. */
const PAGES = new Map([['t', '/t/shell'], ['orders', '/orders/shell']]);
/** The start page of the installed app, with the way to the table. */
const START = '/';
/** Files that the client library loads later. The HTML of a page does not list them. */
const LATER = [
  '/client/transport/renewal.js',
  '/client/persistence/persistence.js', '/client/persistence/idb_storage.js',
  '/client/persistence/kept_commands.js', '/client/persistence/kept_rooms.js',
  '/client/transport/fallback.js', '/client/transport/http_link.js',
  '/client/transport/http_commands.js', '/client/transport/http_receipts.js',
  '/client/transport/tabs.js', '/client/transport/follow_poll.js',
  '/client/transport/follow_stream.js', '/client/transport/rooms_reader.js',
  '/client/transport/event_stream.js',
];
/** The guests' texts. The manager's page prints some of them. */
const LANGUAGES = ['/languages/en.js', '/languages/bn.js'];
/** Files that guests' pages load later. */
const DINERS_LATER = [
  ...LANGUAGES, '/guest/upkeep.js', '/shared/new_version.js', '/guest/share.js', '/guest/tell_me.js',
  '/guest/order_sheet.js',
];
/** Matches the files that the HTML of a page loads. */
const LOADS = /(?:<link rel="(?:icon|stylesheet|modulepreload)" href|<script type="module" src)="(\/[^"]+)"/g;
/** The deadline for a page from the network, in ms. After it a cached copy answers. */
const PATIENCE_MS = 5_000;

/** Clients whose page was opened without a network. Their files come from the cache at once. */
const offlinePages = new Set();

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (event) => {
  const answer = answerTo(event);
  if (answer) event.respondWith(answer);
});
worker.addEventListener('message', (event) => {
  if (event.data === 'claim') event.waitUntil(worker.clients.claim());
});
worker.addEventListener('push', (event) => event.waitUntil(notify(event.data)));
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(pathOf(event.notification.data.order)));
});
worker.addEventListener('pushsubscriptionchange', (event) => {
  /** @type {ExtendableEvent} */ (event).waitUntil(tellPages());
});

async function install() {
  const cache = await caches.open(CACHE);
  const pages = HOUSE_PAGE ? [`/${HOUSE_PAGE}`] : [START, ...PAGES.values()];
  const needed = await Promise.all(pages.map((page) => keepPage(cache, page)));
  await cache.addAll([...new Set([...needed.flat(), ...LATER, ...later()])]);
  await worker.skipWaiting();
}

/** @returns {string[]} the files that the modules of this worker's pages load later, besides those of the library */
function later() {
  if (!HOUSE_PAGE) return DINERS_LATER;
  return HOUSE_PAGE === 'manage' ? LANGUAGES : [];
}

/**
 * @param {Cache} cache
 * @param {string} page
 * @returns {Promise<string[]>} the files that its HTML loads
 */
async function keepPage(cache, page) {
  const response = await fetch(page);
  if (!response.ok) throw new TypeError(`${page}: ${response.status}`);
  await cache.put(page, response.clone());
  const html = await response.text();
  return [...html.matchAll(LOADS)].map(([, path]) => path);
}

async function activate() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(FAMILY) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/**
 * @param {any} event
 * @returns {Promise<Response> | null} null for a request that the worker does not handle
 */
function answerTo({ request, clientId, resultingClientId }) {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return null;
  // Such a request asks whether the server has the page, so a copy is no answer.
  if (request.cache === 'no-store') return null;
  // The server must see that the request is for a frame. Sent from here, it would look like any other request.
  if (request.destination === 'iframe') return null;
  if (request.mode === 'navigate') {
    const page = pageFor(url.pathname);
    return page ? openPage(request, page, resultingClientId) : null;
  }
  const [folder] = url.pathname.slice(1).split('/');
  return folder === 'api' || folder === 'ws' ? null : load(request, offlinePages.has(clientId));
}

/** @param {string} path @returns {string | undefined} the address of its page in the cache */
function pageFor(path) {
  if (path === (HOUSE_PAGE ? `/${HOUSE_PAGE}` : START)) return path;
  const [folder, name, ...rest] = path.slice(1).split('/');
  return !HOUSE_PAGE && name && rest.length === 0 ? PAGES.get(folder) : undefined;
}

/**
 * @param {Request} request
 * @param {string} page its address in the cache
 * @param {string} client the id of the client that will show it
 */
async function openPage(request, page, client) {
  const answer = fetch(request);
  // If the cache answers first, nothing else handles a failure of this request.
  answer.catch(() => {});
  try {
    const response = await Promise.race([answer, silence()]);
    // A failing server cannot deliver the page, but the cached one reconnects by itself.
    if (response.status < 500) return response;
  } catch {
    // No network.
  }
  const kept = await keptFor(page);
  if (kept) offlinePages.add(client);
  return kept ?? answer;
}

/** @param {Request} request @param {boolean} isOffline */
async function load(request, isOffline) {
  if (isOffline) return await keptFor(request) ?? fetch(request);
  try {
    const response = await fetch(request);
    // A proxy responds with such a status while its server starts.
    if (response.status < 500) return response;
    return await keptFor(request) ?? response;
  } catch (error) {
    const kept = await keptFor(request);
    if (!kept) throw error;
    return kept;
  }
}

/** @param {Request | string} request */
async function keptFor(request) {
  return (await caches.open(CACHE)).match(request);
}

function silence() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no answer in time')), PATIENCE_MS);
  });
}

/**
 * @param {PushMessageData | null} data `{order, number, ticket?, status, service?, promised_at?, language}`; the texts are in
 * this worker
 */
async function notify(data) {
  const { order, number, ticket, status, service, promised_at: promised, language } = read(data);
  const known = Object.hasOwn(NOTIFICATIONS, language) ? language : 'en';
  const words = NOTIFICATIONS[known];
  const digits = new Intl.NumberFormat(words.locale, { useGrouping: false });
  const isKnown = Object.hasOwn(words.told, status) && Number.isInteger(number);
  const say = isKnown ? words.told[status] : words.other;
  const name = String(ticket ?? number).replace(/[0-9]/g, (digit) => digits.format(Number(digit)));
  const { title, body } = say(name, timeIn(words, Date.parse(promised)), service);
  const pages = await windows();
  const visible = pages.filter(({ visibilityState }) => visibilityState === 'visible');
  const isLookedAt = visible.some(({ url }) => new URL(url).pathname === pathOf(order));
  /** @type {NotificationOptions & {renotify: boolean}} */
  const options = {
    body, lang: known, icon: '/icons/icon-192.png', badge: '/icons/badge-96.png', data: { order },
    // One for each order: a newer one replaces it, and makes a sound unless the order is in view.
    tag: order ?? 'orderbell', renotify: true, silent: isLookedAt,
  };
  await worker.registration.showNotification(title, options);
}

/**
 * @param {Words} words
 * @param {number} time ms
 * @returns {string | undefined} undefined without a time
 */
function timeIn({ locale, clock }, time) {
  if (Number.isNaN(time)) return undefined;
  // As on the pages, uses the phone's own variant of the language.
  const language = `${locale.split('-')[0]}-`;
  const own = worker.navigator?.languages?.find((tag) => tag.startsWith(language)) ?? locale;
  const parts = new Intl.DateTimeFormat(own, clock).formatToParts(time);
  const period = parts.find(({ type }) => type === 'dayPeriod')?.value;
  const hour = parts.map(({ value }) => value).join('');
  return clock.dayPeriod && period ? `${period} ${hour.replace(period, '').trim()}` : hour;
}

/**
 * Reads the data of a push. Returns an empty object for invalid data, since each push has to show something.
 * @param {PushMessageData | null} data
 * @returns {any}
 */
function read(data) {
  try {
    return data?.json() ?? {};
  } catch {
    return {};
  }
}

/** @param {string} [order] */
function pathOf(order) {
  return order ? `/orders/${encodeURIComponent(order)}` : START;
}

/** @param {string} path */
async function open(path) {
  const there = (await windows()).find(({ url }) => new URL(url).pathname === path);
  await (there ? there.focus() : worker.clients.openWindow(path));
}

/**
 * Tells the open pages that the browser has replaced or dropped its subscription: only a page has the token to report that. A
 * page that is opened later reports it by itself.
 */
async function tellPages() {
  for (const page of await windows()) page.postMessage('pushsubscriptionchange');
}

function windows() {
  return worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
}
