import { EventStream } from './event_stream.js';

/** The heartbeat of the server, in ms, until its `welcome` names it. */
const DEFAULT_HEARTBEAT_MS = 25_000;
/**
 * A stream that ends without a frame after this long was cut by the network. It resumes from its
 * cursors at once.
 */
const STEADY_MS = 5_000;
const EVENT_STREAM = 'text/event-stream';

/**
 * Follows rooms by server-sent events, read from a `fetch`: an `EventSource` could not send the
 * token as a header.
 * @type {import('./rooms_reader.js').Follow}
 */
export async function followStream(reader) {
  for (;;) {
    const from = reader.now();
    await readOne(reader);
    if (reader.over) return;
    if (reader.now() - from < STEADY_MS) throw new Error('the stream ended');
  }
}

/** @param {import('./rooms_reader.js').RoomsReader} reader */
async function readOne(reader) {
  const response = await reader.ask('stream', { accept: EVENT_STREAM });
  const isStream = response.headers.get('content-type')?.startsWith(EVENT_STREAM);
  if (!response.body || !isStream) throw new Error('no stream');
  const chunks = response.body.getReader();
  const text = new TextDecoder();
  const events = new EventStream();
  let heartbeatMs = DEFAULT_HEARTBEAT_MS;
  let welcomed = false;
  for (;;) {
    const { done, value } = await chunks.read();
    if (done || reader.over) return;
    for (const data of events.push(text.decode(value, { stream: true }))) {
      const frame = JSON.parse(data);
      welcomed ||= frame.type === 'welcome';
      if (frame.type === 'welcome') heartbeatMs = frame.limits?.heartbeat_ms ?? heartbeatMs;
      reader.take(frame);
    }
    // A proxy that holds streams back may still pass on the head of the answer. Only a `welcome`
    // shows that the stream gets through.
    if (!welcomed) continue;
    reader.expectWithin(2 * heartbeatMs);
    reader.take({ type: 'pong' });
  }
}
