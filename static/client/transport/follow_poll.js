/** How long the server may hold a poll, in s. Each answer is a sign of life, so this is less than the silence after which
 * the client asks for one. */
const WAIT_S = 8;
/** The pause between polls of a hidden page, in ms. */
const RESTING_MS = 20_000;

/** Follows rooms by long poll, or by a look now and then. @type {import('./rooms_reader.js').Follow} */
export async function followPoll(reader) {
  while (!reader.over) {
    const isHeld = reader.held && !reader.resting && !reader.fresh;
    const response = await reader.ask('events', { accept: 'application/json', wait: isHeld ? WAIT_S : 0 });
    takeAnswer(reader, await reader.json(response), serverTime(response));
    if (reader.over) return;
    const pace = reader.held ? 0 : reader.pace;
    if (reader.resting) await reader.pause(RESTING_MS);
    else if (!reader.held) await reader.pause(pace);
  }
}

/**
 * @param {import('./rooms_reader.js').RoomsReader} reader
 * @param {{room?: string, epoch: string, version?: string, position: number, frames: any[]}} answer to a poll of one room
 *   names it; of several each frame names its own
 * @param {string | undefined} server_time
 */
function takeAnswer(reader, { room, epoch, version, position, frames }, server_time) {
  // What an answer says of a cursor beyond its frames, in the words of the other transports: a room goes live once.
  const words = (/** @type {any} */ frame) => {
    const cursor = frame.type === 'live' ? reader.cursors.get(frame.room) : undefined;
    return !cursor || live.has(cursor) ? frame : { ...frame, type: 'sync', prev: cursor.since ?? frame.position, server_time };
  };
  const live = new Set([...reader.cursors.values()].filter(({ fresh }) => fresh));
  reader.take({ type: 'welcome', epoch, version, server_time });
  for (const frame of frames) reader.take(words(frame));
  if (room) reader.take(words({ type: 'live', room, position, server_time }));
}

/** To the second, and late rather than early, which is all that a clock needs of a sample. @param {Response} response */
function serverTime(response) {
  const date = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : new Date(date).toISOString();
}
