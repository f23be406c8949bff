import { EventStream } from './event_stream.js';

/** Beats of the server, in ms, until its `welcome` names its own. */
const DEFAULT_HEARTBEAT_MS = 25_000;
/** A stream that held this long and ends without a word was cut on the way: it goes on from its cursor, at once. */
const STEADY_MS = 5_000;
const EVENT_STREAM = 'text/event-stream';

/**
 * Follows rooms by server-sent events, read from a `fetch`: an `EventSource` could not send the token as a header.
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
  if (!response.body || !response.headers.get('content-type')?.startsWith(EVENT_STREAM)) throw new Error('no stream');
  const [chunks, text, events] = [response.body.getReader(), new TextDecoder(), new EventStream()];
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
    // What holds streams back lets their beginning through at times: only a `welcome` shows that this is none.
    if (!welcomed) continue;
    reader.expectWithin(2 * heartbeatMs);
    reader.take({ type: 'pong' });
  }
}
