/**
 * The client's reaction to a close.
 * `stop`: do not reconnect · `token`: get a new token, then reconnect at once · `at-once`: reconnect from the cursors ·
 * `slot`: after the `reconnect_in_ms` of the last `going_away`, or after backoff without one · `backoff`.
 *
 * @typedef {'stop' | 'token' | 'at-once' | 'slot' | 'backoff'} CloseRule
 */

/** @type {Readonly<Record<number, {name: string, rule: CloseRule}>>} */
export const CLOSE_CODES = Object.freeze({
  1000: { name: 'normal', rule: 'stop' },
  1009: { name: 'frame too large', rule: 'stop' },
  1012: { name: 'restarting', rule: 'slot' },
  4400: { name: 'protocol violation', rule: 'stop' },
  4401: { name: 'token expired or revoked', rule: 'token' },
  4403: { name: 'not allowed any more', rule: 'stop' },
  4408: { name: 'heartbeat lost', rule: 'backoff' },
  4409: { name: 'too slow', rule: 'at-once' },
  4429: { name: 'rate limited', rule: 'backoff' },
});

/**
 * @param {number} code a WebSocket close code; one that is not in the table is a lost connection
 * @returns {{name: string, rule: CloseRule}}
 */
export function closeRule(code) {
  return CLOSE_CODES[code] ?? { name: 'connection lost', rule: 'backoff' };
}

/**
 * The client's reaction to an error that answers a command or a subscription.
 * `final`: the answer stands · `later`: send the same one again after `retry_after_ms` or backoff ·
 * `token`: after a new token.
 *
 * @typedef {'final' | 'later' | 'token'} ErrorRule
 */

/** @type {Readonly<Record<string, ErrorRule>>} */
export const ERROR_CODES = Object.freeze({
  bad_frame: 'final',
  unauthorized: 'token',
  forbidden: 'final',
  confirm_password: 'final',
  not_found: 'final',
  invalid: 'final',
  invalid_transition: 'final',
  stale: 'final',
  conflict: 'final',
  rate_limited: 'later',
  too_many_rooms: 'final',
  too_large: 'final',
  paused: 'final',
  price_changed: 'final',
  unavailable: 'later',
  internal: 'later',
});

/**
 * @param {string} code
 * @param {string} [reason] the limit that was reached; a full table is `final`, since nobody knows when an order will close
 * @returns {ErrorRule}
 */
export function errorRule(code, reason) {
  if (reason?.startsWith('open_orders')) return 'final';
  return ERROR_CODES[code] ?? 'final';
}

/**
 * A refusal, by the server (a code of the contract) or by this library: `queue_full`, `expired`, `closed`,
 * and `offline` for an HTTP call that found no network.
 */
export class OrderbellError extends Error {
  /**
   * @param {{code: string, message?: string, document?: any, reason?: string, retry_after_ms?: number, status?: number, totp_required?: boolean}} fields
   */
  constructor({ code, message, document, reason, retry_after_ms, status, totp_required }) {
    super(message ?? code);
    this.name = 'OrderbellError';
    this.code = code;
    /** With `stale`: the current order document. With `price_changed`: the price of the order. */
    this.document = document;
    /** A word for the limit that was reached, or for why a session has ended. @type {string | undefined} */
    this.reason = reason;
    /** @type {number | undefined} */
    this.retryAfterMs = retry_after_ms;
    /** The HTTP status of a refusal over HTTP. @type {number | undefined} */
    this.status = status;
    /** Whether the password was right, but signing in requires a code, too. @type {boolean | undefined} */
    this.totpRequired = totp_required;
  }
}
