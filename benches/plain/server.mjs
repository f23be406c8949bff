// The plain way: Express for commands, Socket.IO for screens, one transaction a command.
//   PORT=8080 DATABASE_URL=sqlite://plain.db|postgres://… JWT_SECRET=… RESTAURANTS=1 node server.mjs
import express from 'express';
import jwt from 'jsonwebtoken';
import { createHash, createSecretKey, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { Refusal, act, mayPlace, owns, place } from './orders.mjs';
import { openPostgres } from './postgres.mjs';
import { openSqlite } from './sqlite.mjs';

const { PORT = '8080', DATABASE_URL = 'sqlite://plain.db', JWT_SECRET, RESTAURANTS = '1' } = process.env;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TOKEN = { algorithms: ['HS256'], issuer: 'orderbell', audience: 'orderbell' };

if (!JWT_SECRET) throw new Error('set JWT_SECRET');
// Use a key object, since jsonwebtoken first tries to read a text as a public key, which takes longer than the rest of a
// command.
const KEY = createSecretKey(Buffer.from(JWT_SECRET));
const isSqlite = DATABASE_URL.startsWith('sqlite://');
const store = isSqlite
  ? openSqlite(DATABASE_URL.slice('sqlite://'.length), Number(RESTAURANTS))
  : await openPostgres(DATABASE_URL, Number(RESTAURANTS));

const app = express();
app.disable('x-powered-by');
app.disable('etag'); // no client of these measurements requests an answer twice
app.get('/api/v1/restaurants/:slug/menu', readMenu);
app.use(authenticate, express.json({ limit: '256kb' }));
app.post('/api/v1/restaurants/:slug/orders', placeOrder);
app.post('/api/v1/orders/:id/commands', carryOut);
app.use(answerError);

const server = createServer(app);
const io = new Server(server, { transports: ['websocket'], serveClient: false });
io.use((socket, next) => {
  try {
    socket.data.who = jwt.verify(socket.handshake.auth.token, KEY, TOKEN);
    next();
  } catch {
    next(new Error('unauthorized'));
  }
});
io.on('connection', (socket) => {
  socket.on('subscribe', (room, answer) => join(socket, String(room)).then(answer, () => answer({ code: 'unavailable' })));
  socket.on('unsubscribe', (room) => socket.leave(String(room)));
});

server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.once('SIGTERM', () => {
  io.close(() => store.close());
  server.closeAllConnections();
});

async function readMenu(request, response) {
  const found = await store.menu(request.params.slug);
  if (!found) throw new Refusal(404, 'not_found', 'no such restaurant');
  response.type('json').send(found.menu);
}

function authenticate(request, response, next) {
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  try {
    request.who = jwt.verify(token, KEY, TOKEN);
  } catch {
    throw new Refusal(401, 'unauthorized', 'no valid token');
  }
  next();
}

async function placeOrder(request, response) {
  const { who, body: basket } = request;
  if (!mayPlace(who)) throw new Refusal(403, 'forbidden', 'your role may not do this');
  if (!Array.isArray(basket?.items) || basket.items.length === 0) throw new Refusal(422, 'invalid', 'items: expected a list');
  const work = workOf(who, request.headers['idempotency-key'], undefined, basket, (menu, at) => place(JSON.parse(menu), basket, who, at));
  const { answer, event } = await commit(work);
  if (event) response.location(`/api/v1/orders/${event.order}`);
  response.status(201).type('json').send(answer);
}

async function carryOut(request, response) {
  const { who, body: command } = request;
  const decide = (text, at) => act(text && JSON.parse(text), command, who, at);
  const work = workOf(who, command?.id, request.params.id, command, decide);
  const { answer } = await commit(work);
  response.type('json').send(answer);
}

/** Returns the work of one transaction: look up the answer, decide, write. */
function workOf(who, id, order, body, decide) {
  if (!UUID.test(id ?? '')) throw new Refusal(422, 'invalid', 'id: expected a UUID');
  const fingerprint = createHash('sha256').update(JSON.stringify([order, body])).digest('base64');
  return {
    restaurant: who.restaurant,
    sub: who.sub,
    id,
    order,
    fingerprint,
    repeat: (known) => {
      if (known.fingerprint !== fingerprint) throw new Refusal(409, 'conflict', 'this id was used for something else');
      return { answer: known.answer };
    },
    decide: (state, { position, number }) => {
      const now = new Date();
      const { kind, document, patch } = decide(state, { position, number, now });
      const text = JSON.stringify(document);
      const answer = order === undefined ? text : `{"id":"${id}","position":${position},"changed":true,"document":${text}}`;
      const event = { id: randomUUID(), kind, order: document.id, at: now.toISOString(), by: { role: who.role }, command: id, patch };
      return { position, event, status: document.status, document: text, answer };
    },
  };
}

/** Commits, and then notifies the order's room and the restaurant's kitchen. */
async function commit(work) {
  const done = await store.commit(work);
  if (done.event) {
    const rooms = [`order:${done.event.order}`, `kitchen:${work.restaurant}`];
    io.to(rooms).emit('event', { position: done.position, event: done.event });
  }
  return done;
}

async function join(socket, room) {
  const { who } = socket.data;
  const [kind, id] = room.split(':');
  if (kind === 'kitchen' && id === who.restaurant && who.role !== 'diner') {
    socket.join(room);
    return { room };
  }
  const row = kind === 'order' && (await store.order(who.restaurant, id));
  const document = row && JSON.parse(row.document);
  if (!document || !owns(who, document)) return { code: 'not_found' };
  socket.join(room);
  return { room, document };
}

// Express recognizes an error handler by its four parameters.
function answerError(error, request, response, next) {
  if (response.headersSent) return next(error);
  const { status = 500, code = 'internal' } = error;
  if (status >= 500) console.error(error);
  response.status(status).json({ status, code, detail: status < 500 ? error.message : 'a fault of the server' });
}
