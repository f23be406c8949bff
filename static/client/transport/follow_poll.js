/**
 * How long the server may hold a poll, in s. Each answer is a sign of life, so this is shorter than
 * the silence after which the client pings.
 */
const WAIT_S = 8;
/** The pause between polls of a hidden page, in ms. */
const RESTING_MS = 20_000;

/**
 * Follows rooms by long polls, or by short ones at intervals.
 * @type {import('./rooms_reader.js').Follow}
 */
export async function followPoll(reader) {
  while (!reader.over) {
    const isHeld = reader.held && !reader.resting && !reader.fresh;
    const wait = isHeld ? WAIT_S : 0;
    const response = await reader.ask('events', { accept: 'application/json', wait });
    takeAnswer(reader, await reader.json(response), serverTime(response));
    if (reader.over) return;
    const pace = reader.held ? 0 : reader.pace;
    if (reader.resting) await reader.pause(RESTING_MS);
    else if (!reader.held) await reader.pause(pace);
  }
}

/**
 * @param {import('./rooms_reader.js').RoomsReader} reader
 * @param {{room?: string, epoch: string, version?: string, position: number, tag?: string, frames: any[]}} answer
 *   `room` is set in a poll of one room; in a poll of several, each frame names its room
 * @param {string | undefined} server_time
 */
function takeAnswer(reader, { epoch, version, frames, ...at }, server_time) {
  // Other transports send `live` once for each room. Here a later one becomes a `sync`, which moves
  // the cursor.
  const asSent = (/** @type {any} */ frame) => {
    const cursor = frame.type === 'live' ? reader.cursors.get(frame.room) : undefined;
    if (!cursor || live.has(cursor)) return frame;
    return { ...frame, type: 'sync', prev: cursor.since ?? frame.position, server_time };
  };
  const live = new Set([...reader.cursors.values()].filter(({ fresh }) => fresh));
  reader.take({ type: 'welcome', epoch, version, server_time });
  for (const frame of frames) reader.take(asSent(frame));
  if (at.room) reader.take(asSent({ type: 'live', ...at, server_time }));
}

/**
 * Returns the time of an answer, to the second, rounded so that it is never early: the estimate of
 * the clock relies on that.
 * @param {Response} response
 */
function serverTime(response) {
  const date = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : new Date(date).toISOString();
}
