// The adapter of the JavaScript client: reads JSON lines from the kit, and writes what the client does. An argument such as
// `poll` or `stream,poll` names the transports that the kit tests, instead of all. Node before version
// 22 has no WebSocket, so scripts/test installs the package undici in target/client-tools, or in the folder
// ORDERBELL_TEST_TOOLS.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Orderbell, TokenSource } from '../../../static/client/orderbell.js';

const tools = process.env.ORDERBELL_TEST_TOOLS ?? fileURLToPath(new URL('../../../target/client-tools', import.meta.url));
const WebSocket = globalThis.WebSocket ?? createRequire(join(tools, 'package.json'))('undici').WebSocket;

/** The part of a browser's storage that the library uses. */
class Memory {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, value);
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

const tell = (what, fields = {}) => process.stdout.write(`${JSON.stringify({ tell: what, ...fields })}\n`);
const rooms = new Map();
let bell = null;

/** Returns what a browser tab stores about the transport that got through before. */
function sessionOf(transport) {
  const session = new Memory();
  session.setItem('orderbell.seen.transport', transport);
  return session;
}

function connect({ url, slug, transport, rooms: names, ...pair }) {
  const tokens = new TokenSource({ url, store: new Memory(), key: 'kit', locks: null });
  tokens.save(pair);
  bell = new Orderbell({ url, slug, tokens, WebSocket, locks: null, session: sessionOf(transport) });
  bell.on('state', ({ state, reason }) => state === 'stopped' && tell('stopped', { reason }));
  for (const name of names) follow(bell.room(name));
  bell.start();
}

function follow(room) {
  rooms.set(room.name, room);
  room.on('change', ({ kind, event }) => {
    if (kind === 'snapshot') tell('snapshot', { room: room.name });
    else tell('applied', { room: room.name, event: event.id });
  });
}

const answer = (id, sent) => sent.then(
  (ack) => tell('answer', { id, ack }),
  ({ code, document }) => tell('answer', { id, error: { code, document } }),
);

const report = ({ cursor, live, documents, calls, displays, menu }) => (
  { cursor, live, documents: Object.fromEntries(documents), calls, displays, menu }
);

const deeds = {
  connect,
  command: ({ command }) => answer(command.id, bell.command(command)),
  place: ({ id, order }) => answer(id, bell.place(order, id)),
  report: ({ number }) => {
    const all = [...rooms].map(([name, room]) => [name, report(room)]);
    tell('report', { number, rooms: Object.fromEntries(all) });
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { do: deed, ...fields } = JSON.parse(line);
  deeds[deed]?.(fields);
}).on('close', () => process.exit(0));
const [transports = 'websocket,stream,poll'] = process.argv.slice(2);
tell('ready', { client: '@orderbell/client for JavaScript', transports: transports.split(',') });
