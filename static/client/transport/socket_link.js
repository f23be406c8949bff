/** How long `close` may be behind `error`. */
const SILENT_END_MS = 100;

/** A link over a WebSocket. @type {import('../types.js').Opener} */
export function openSocket({ origin, token, around, on }) {
  const socket = new around.WebSocket(socketUrl(origin), ['orderbell.v1', `bearer.${token}`]);
  socket.onclose = on.closed;
  // A browser's `error` is always followed by `close`, which says more. Node's is not, where a handshake was refused.
  socket.onerror = () => around.setTimeout(() => on.closed({ code: 1006 }), SILENT_END_MS);
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
    /** A browser's `close()` on a dead link waits for an answer that will not come: the socket is let go of first. */
    close: (code) => {
      socket.onmessage = null;
      socket.onclose = null;
      if (socket.readyState < 2) socket.close(code === 4408 ? 4408 : 1000);
    },
  };
}

/** @param {string} origin @returns {string} */
function socketUrl(origin) {
  const url = new URL('/ws', origin);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** @param {unknown} data @returns {any} the frame, or null for what is none */
function parse(data) {
  try {
    const frame = JSON.parse(/** @type {string} */ (data));
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}
