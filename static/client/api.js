import { OrderbellError } from './codes.js';

/** The deadline of a call. */
const DEADLINE_MS = 15_000;
/** The deadline of a health check. */
const HEALTH_DEADLINE_MS = 5_000;

/**
 * Makes the contract's HTTP calls: sends and returns JSON, throws problem bodies as `OrderbellError`, and
 * renews the token once after a 401.
 */
export class Api {
  #url; #tokens; #fetch;

  /** @param {{url: string, tokens?: import('./tokens.js').Tokens | null, fetch?: typeof globalThis.fetch}} parts */
  constructor({ url, tokens = null, fetch = globalThis.fetch.bind(globalThis) }) {
    this.#url = url;
    this.#tokens = tokens;
    this.#fetch = fetch;
  }

  /** @param {string} path */
  get(path) {
    return this.request('GET', path);
  }

  /** @param {string} path @param {unknown} body @param {Record<string, string>} [headers] */
  post(path, body, headers) {
    return this.request('POST', path, { body, headers });
  }

  /** @param {string} path @param {unknown} body */
  put(path, body) {
    return this.request('PUT', path, { body });
  }

  /** @param {string} path @param {unknown} body */
  patch(path, body) {
    return this.request('PATCH', path, { body });
  }

  /** @param {string} path @returns {Promise<string>} the text of an answer that is not JSON, such as an SVG picture */
  text(path) {
    return this.request('GET', path, { as: 'text' });
  }

  /** @param {string} path */
  delete(path) {
    return this.request('DELETE', path);
  }

  /**
   * @param {string} method
   * @param {string} path such as `/api/v1/demo`
   * @param {{body?: unknown, headers?: Record<string, string>, as?: 'json' | 'text', deadlineMs?: number}} [options] a body with a
   *   `content-type` in `headers` is sent as it is
   * @returns {Promise<any>} the answer's JSON or text, or null without a body
   * @throws {OrderbellError} with the problem's code; `offline` without an answer
   */
  async request(method, path, options = {}) {
    const token = await this.#tokens?.get();
    let response = await this.#send(method, path, options, token);
    if (response.status === 401 && this.#tokens && this.#tokens.renewable !== false) {
      response = await this.#send(method, path, options, await this.#tokens.refresh());
    }
    if (!response.ok) throw await problem(response);
    return response.status === 204 ? null : response[options.as ?? 'json']();
  }

  /**
   * @param {string} method @param {string} path
   * @param {{body?: unknown, headers?: Record<string, string>, deadlineMs?: number}} options @param {string} [token]
   */
  async #send(method, path, { body, headers = {}, deadlineMs = DEADLINE_MS }, token) {
    /** @type {Record<string, string>} */
    const sent = { accept: 'application/json', ...headers };
    if (token) sent.authorization = `Bearer ${token}`;
    const isJson = body !== undefined && sent['content-type'] === undefined;
    if (isJson) sent['content-type'] = 'application/json';
    try {
      return await this.#fetch(new URL(path, this.#url), {
        method,
        headers: sent,
        body: isJson ? JSON.stringify(body) : /** @type {BodyInit | undefined} */ (body),
        signal: AbortSignal.timeout(deadlineMs),
      });
    } catch (error) {
      throw new OrderbellError({ code: 'offline', message: String(error) });
    }
  }
}

/** @param {Response} response a failed one @returns {Promise<OrderbellError>} */
export async function problem(response) {
  const body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get('retry-after'));
  return new OrderbellError({
    code: body.code ?? (response.status >= 500 ? 'unavailable' : 'invalid'),
    message: body.detail ?? body.title ?? `status ${response.status}`,
    document: body.document,
    totp_required: body.totp_required,
    reason: body.reason,
    status: response.status,
    retry_after_ms: seconds > 0 ? seconds * 1000 : undefined,
  });
}

/**
 * @param {{origin: string, env: {fetch: typeof globalThis.fetch}}} shared
 * @returns {Promise<boolean>} whether the server itself, and not a proxy on the way, answers plain HTTP
 */
export async function isAnswering({ origin, env: { fetch } }) {
  try {
    const signal = AbortSignal.timeout(HEALTH_DEADLINE_MS);
    const response = await fetch(new URL('/healthz', origin), { cache: 'no-store', signal });
    return response.ok && (await response.json()).status === 'alive';
  } catch {
    return false;
  }
}
