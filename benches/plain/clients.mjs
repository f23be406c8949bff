// Clients that use little CPU: HTTP with one request at a time, and screens that count received events.
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

const PATIENCE_MS = 10_000;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Returns a signed access token for a member of staff. */
export function token(secret, restaurant, sub, role = 'staff') {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'orderbell', aud: 'orderbell', sub, role, restaurant, sid: sub, iat: now, exp: now + 3600, jti: sub };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT', kid: 'bench' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** A persistent HTTP connection with one request at a time. */
export class HttpClient {
  #socket;
  #bytes = Buffer.alloc(0);
  #answer;

  static async open(port, bearer) {
    const client = new HttpClient();
    client.bearer = bearer;
    client.port = port;
    client.#socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(client.#socket, 'connect');
    client.#socket.on('data', (bytes) => client.#receive(bytes));
    client.#socket.on('close', () => client.#answer?.reject(new Error('the server closed a connection')));
    client.#socket.on('error', () => {}); // 'close' follows
    return client;
  }

  /** Returns the status and the body's bytes. */
  call(method, path, body, headers = '') {
    const text = body === undefined ? '' : JSON.stringify(body);
    const head =
      `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\nAuthorization: Bearer ${this.bearer}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${headers}\r\n`;
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#socket.write(head + text);
    });
  }

  close() {
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #receive(bytes) {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#bytes.latin1Slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const whole = end + 4 + length;
    if (this.#bytes.length < whole) return;
    const answer = this.#answer;
    const body = this.#bytes.subarray(end + 4, whole);
    this.#bytes = this.#bytes.subarray(whole);
    this.#answer = undefined;
    answer?.resolve({ status: Number(head.slice(9, 12)), body });
  }
}

/** How a screen of each server joins a room, and how its messages begin. */
export const PROTOCOLS = {
  orderbell: {
    path: '/ws',
    headers: (bearer) => `Sec-WebSocket-Protocol: orderbell.v1, bearer.${bearer}\r\n`,
    hello: () => [],
    welcome: '{"type":"welcome"',
    refused: '{"type":"error"',
    subscribe: (room) => JSON.stringify({ type: 'subscribe', room }),
    unsubscribe: (room) => JSON.stringify({ type: 'unsubscribe', room }),
    joined: '{"type":"live"',
    event: '{"type":"event"',
  },
  plain: {
    path: '/socket.io/?EIO=4&transport=websocket',
    headers: () => '',
    hello: (bearer) => [`40${JSON.stringify({ token: bearer })}`],
    welcome: '40{',
    refused: '44{',
    subscribe: (room) => `420${JSON.stringify(['subscribe', room])}`,
    unsubscribe: (room) => `42${JSON.stringify(['unsubscribe', room])}`,
    joined: '430[{"room"',
    event: '42["event"',
    ping: '2',
    pong: '3',
  },
};

/** A screen: a WebSocket that joins rooms and counts events. */
export class Screen {
  events = 0;
  #socket;
  #protocol;
  #bytes = Buffer.alloc(0);
  #awaited;

  static async open(server, port, bearer) {
    const screen = new Screen();
    const protocol = PROTOCOLS[server];
    screen.#protocol = protocol;
    screen.#socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(screen.#socket, 'connect');
    screen.#socket.on('error', () => {});
    screen.#socket.write(
      `GET ${protocol.path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${protocol.headers(bearer)}\r\n`,
    );
    const welcomed = screen.#wait(protocol.welcome);
    await screen.#upgraded();
    screen.#socket.on('data', (bytes) => screen.#receive(bytes));
    screen.#receive(Buffer.alloc(0));
    for (const text of protocol.hello(bearer)) screen.#send(text);
    await welcomed;
    return screen;
  }

  join(room) {
    const joined = this.#wait(this.#protocol.joined);
    this.#send(this.#protocol.subscribe(room));
    return joined;
  }

  leave(room) {
    this.#send(this.#protocol.unsubscribe(room));
  }

  close() {
    this.#socket.destroy();
  }

  async #upgraded() {
    for (;;) {
      const end = this.#bytes.indexOf(HEAD_END);
      if (end >= 0) {
        const status = this.#bytes.latin1Slice(9, 12);
        if (status !== '101') throw new Error(`the server refused a screen with ${status}`);
        this.#bytes = this.#bytes.subarray(end + 4);
        return;
      }
      const [bytes] = await once(this.#socket, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) });
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
    }
  }

  #wait(prefix) {
    return new Promise((resolve, reject) => {
      const fail = (reason) => {
        this.close();
        reject(new Error(reason));
      };
      const timer = setTimeout(fail, PATIENCE_MS, `no ${prefix} came`);
      this.#awaited = (begin) => {
        const isRefused = begin.startsWith(this.#protocol.refused);
        if (!isRefused && !begin.startsWith(prefix)) return;
        clearTimeout(timer);
        this.#awaited = undefined;
        if (isRefused) fail('the server refused a screen');
        else resolve();
      };
    });
  }

  /** Sends one frame, masked with zeros: masks protect proxies, and there are none here. */
  #send(text, opcode = 1) {
    const payload = Buffer.from(text);
    const isLong = payload.length > 125;
    const head = Buffer.alloc(isLong ? 8 : 6);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (isLong ? 126 : payload.length);
    if (isLong) head.writeUInt16BE(payload.length, 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  #receive(bytes) {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    let at = 0;
    for (;;) {
      if (this.#bytes.length < at + 2) break;
      const short = this.#bytes[at + 1];
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      if (this.#bytes.length < start) break;
      const length = short < 126 ? short : short === 126 ? this.#bytes.readUInt16BE(at + 2) : Number(this.#bytes.readBigUInt64BE(at + 2));
      if (this.#bytes.length < start + length) break;
      this.#read(this.#bytes[at] & 15, start, length);
      at = start + length;
    }
    this.#bytes = this.#bytes.subarray(at);
  }

  #read(opcode, start, length) {
    if (opcode === 9) return this.#send(this.#bytes.subarray(start, start + length), 10);
    const { event, ping, pong } = this.#protocol;
    const begin = this.#bytes.latin1Slice(start, start + Math.min(length, 20));
    if (begin.startsWith(event)) this.events += 1;
    else if (begin === ping) this.#send(pong);
    else this.#awaited?.(begin);
  }
}
