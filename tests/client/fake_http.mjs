// The HTTP side of a scripted server: requests wait until the test answers them.


/** A request that the test answers. */
export class FakeRequest {
  aborted = false;
  #settle;
  #stream = null;
  #text = new TextEncoder();

  constructor(url, { method = 'GET', headers = {}, body, signal }, settle) {
    this.url = url;
    this.path = decodeURIComponent(url.pathname);
    this.query = Object.fromEntries(url.searchParams);
    this.method = method;
    this.headers = headers;
    this.body = body === undefined ? undefined : JSON.parse(body);
    this.#settle = settle;
    signal?.addEventListener('abort', () => {
      this.aborted = true;
      settle.reject(new DOMException('aborted', 'AbortError'));
      this.#close((stream) => stream.error(new DOMException('aborted', 'AbortError')));
    });
  }

  json(body, status = 200, headers = {}) {
    this.#settle.resolve(new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } }));
  }

  problem(status, code, { headers = {}, ...more } = {}) {
    this.json({ type: 'about:blank', status, code, detail: code, ...more }, status, { 'content-type': 'application/problem+json', ...headers });
  }

  /** Answers with 204. */
  done() {
    this.#settle.resolve(new Response(null, { status: 204 }));
  }

  /** Answers as a proxy in front of the server. */
  page(status) {
    this.#settle.resolve(new Response('<html>', { status, headers: { 'content-type': 'text/html' } }));
  }

  fail() {
    this.#settle.reject(new TypeError('fetch failed'));
  }

  /** Begins a stream, which `push` continues. */
  stream(...frames) {
    const body = new ReadableStream({ start: (controller) => { this.#stream = controller; } });
    this.#settle.resolve(new Response(body, { status: 200, headers: { 'content-type': 'text/event-stream' } }));
    this.push(...frames);
  }

  push(...frames) {
    for (const frame of frames) this.write(`id: e1.${frame.position ?? 0}\nevent: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`);
  }

  /** @param {string | Uint8Array} what */
  write(what) {
    this.#stream?.enqueue(typeof what === 'string' ? this.#text.encode(what) : what);
  }

  /** Ends the stream, or breaks it. */
  end(broken = false) {
    this.#close((stream) => (broken ? stream.error(new TypeError('terminated')) : stream.close()));
  }

  #close(how) {
    if (this.#stream) how(this.#stream);
    this.#stream = null;
  }
}

/** Answers `/healthz` by itself according to `health`. The test answers all other requests. */
export class FakeHttp {
  requests = [];
  /** @type {'alive' | 'away' | 'portal'} */
  health = 'alive';
  healthAsked = 0;

  fetch = (url, init = {}) => new Promise((resolve, reject) => {
    if (new URL(url).pathname === '/healthz') return this.#healthz(resolve, reject);
    this.requests.push(new FakeRequest(new URL(url), init, { resolve, reject }));
    return undefined;
  });

  #healthz(resolve, reject) {
    this.healthAsked += 1;
    if (this.health === 'away') reject(new TypeError('fetch failed'));
    else if (this.health === 'portal') resolve(new Response('<html>please sign in', { status: 200 }));
    else resolve(Response.json({ status: 'alive' }));
  }

  last() {
    return this.requests.at(-1);
  }

  /** Returns the requests to paths with this ending, oldest first. */
  to(ending) {
    return this.requests.filter(({ path }) => path.endsWith(ending));
  }
}
