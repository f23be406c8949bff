/** The longest time between `error` and `close`, in ms. */
const SILENT_END_MS = 100;

/** Opens a link over a WebSocket. @type {import('../types.js').Opener} */
export function openSocket({ origin, token, env, on }) {
  const socket = tryWebSocket(env, socketUrl(origin), ['orderbell.v1', `bearer.${token}`]);
  if (!socket) {
    const told = env.setTimeout(() => on.closed({ code: 1006 }), 0);
    return { send: () => false, wake: () => {}, rest: () => {}, keep: () => {}, close: () => env.clearTimeout(told) };
  }
  socket.onclose = on.closed;
  // In a browser `close` always follows `error`, and says more. In Node it does not after a refused
  // handshake.
  socket.onerror = () => env.setTimeout(() => on.closed({ code: 1006 }), SILENT_END_MS);
  socket.onmessage = (/** @type {{data: string}} */ { data }) => {
    const frame = parse(data);
    if (frame) on.frame(frame);
  };
  const send = (/** @type {any} */ frame) => {
    if (socket.readyState !== 1) return false;
    socket.send(JSON.stringify(frame));
    return true;
  };
  return {
    send,
    wake: () => void send({ type: 'ping' }),
    rest: () => {},
    keep: () => {},
    /**
     * Detaches the socket first, since `close()` on a dead link waits for an answer that will not
     * come.
     */
    close: (code) => {
      socket.onmessage = null;
      socket.onclose = null;
      if (socket.readyState < 2) socket.close(code === 4408 ? 4408 : 1000);
    },
  };
}

/**
 * A browser without WebSockets, or one that forbids them, is like a network that refuses them.
 * @param {any} env @param {string} url @param {string[]} protocols @returns {any} the socket, or null
 */
function tryWebSocket(env, url, protocols) {
  try {
    return new env.WebSocket(url, protocols);
  } catch {
    return null;
  }
}

/** @param {string} origin @returns {string} */
function socketUrl(origin) {
  const url = new URL('/ws', origin);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** @param {unknown} data @returns {any} the frame, or null if the data is not a frame */
function parse(data) {
  try {
    const frame = JSON.parse(/** @type {string} */ (data));
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}
