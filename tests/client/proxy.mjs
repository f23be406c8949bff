// An HTTP proxy between a page and its server that blocks what a test tells it to.
import http from 'node:http';
import { connect } from 'node:net';

/** Hop-by-hop headers (RFC 9110, section 7.6.1), which a proxy must not forward. */
const HOP = ['connection', 'keep-alive', 'transfer-encoding'];

export class Proxy {
  #server = http.createServer((request, response) => this.#pass(request, response));
  /** All open sockets, on both sides. */ #sockets = new Set();
  #to;
  /** What is blocked: WebSockets are refused; streams are refused, or held back as by a proxy that buffers whole answers. */
  blocked = { websocket: false, stream: /** @type {false | 'refused' | 'held'} */ (false) };
  /** Drops one in this many plain answers, after the server has carried the request out. 0 drops none. */ losesEvery = 0;
  /** The paths of the lost answers. @type {string[]} */ lost = [];
  #answers = 0;
  /** Received requests and handshakes by kind. */ came = { websocket: 0, stream: 0, events: 0, other: 0 };

  /** @param {string} to a server's origin @returns {Promise<Proxy>} one that listens */
  static async before(to) {
    const proxy = new Proxy();
    proxy.aim(to);
    proxy.#server.on('upgrade', (request, socket, head) => proxy.#upgrade(request, socket, head));
    proxy.#server.on('connection', (socket) => proxy.#keep(socket));
    await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    return proxy;
  }

  get base() {
    return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.#server.address()).port}`;
  }

  /** Sends connections to another address from now on, such as that of a restarted server. @param {string} to */
  aim(to) {
    this.#to = new URL(to);
  }

  /** Closes all connections. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  end() {
    this.#server.close();
    this.cut();
  }

  #keep(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    return socket;
  }

  #upgrade({ method, url, rawHeaders }, socket, head) {
    this.came.websocket += 1;
    this.#keep(socket);
    if (this.blocked.websocket) return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    const upstream = this.#keep(connect(Number(this.#to.port), this.#to.hostname));
    const lines = Array.from({ length: rawHeaders.length / 2 }, (_, at) => `${rawHeaders[2 * at]}: ${rawHeaders[2 * at + 1]}\r\n`);
    upstream.write(`${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
    for (const [one, other] of [[socket, upstream], [upstream, socket]]) one.on('close', () => other.destroy());
  }

  #pass(request, response) {
    const kind = new URL(request.url, this.#to).pathname.match(/^\/api\/v1\/rooms\/[^/]+\/(stream|events)$/)?.[1] ?? 'other';
    this.came[kind] += 1;
    const blocked = kind === 'stream' && this.blocked.stream;
    if (blocked === 'refused') return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502</h1>');
    const { hostname, port } = this.#to;
    const upstream = http.request({ hostname, port, method: request.method, path: request.url, headers: request.headers, agent: false });
    upstream.on('socket', (socket) => this.#keep(socket));
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    upstream.on('response', (answer) => {
      if (kind === 'other' && this.losesEvery > 0 && (this.#answers += 1) % this.losesEvery === 0) {
        this.lost.push(request.url);
        return void response.destroy();
      }
      const headers = Object.entries(answer.headers).filter(([name]) => !HOP.includes(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
      response.flushHeaders();
      if (blocked !== 'held') answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    return void request.pipe(upstream);
  }
}
