/** How long the server may hold a poll, in s: less than what gives up silent connections on the way. */
const WAIT_S = 20;
/** Between two looks at a room whose request may not be held, as too many are. */
const LOOK_MS = 3_000;
/** And while nobody looks at the page. */
const RESTING_MS = 20_000;

/** Follows a room by long poll. @type {import('./room_reader.js').Follow} */
export async function followPoll(reader) {
  while (!reader.over) {
    const first = reader.fresh;
    const isHeld = reader.held && !reader.resting && !first;
    const response = await reader.ask('events', { accept: 'application/json', wait: isHeld ? WAIT_S : 0 });
    takeAnswer(reader, await reader.json(response), serverTime(response));
    if (reader.resting) await reader.pause(RESTING_MS);
    else if (!reader.held) await reader.pause(LOOK_MS);
  }
}

/**
 * @param {import('./room_reader.js').RoomReader} reader @param {{room: string, epoch: string, version?: string, position: number, frames: any[]}} answer
 * @param {string | undefined} server_time
 */
function takeAnswer(reader, { room, epoch, version, position, frames }, server_time) {
  const type = reader.fresh ? 'live' : 'sync';
  reader.take({ type: 'welcome', epoch, version, server_time });
  for (const frame of frames) reader.take(frame);
  // What an answer says of the cursor beyond its frames, in the words of the other transports.
  reader.take({ type, room, prev: reader.since ?? position, position, server_time });
}

/** To the second, and late rather than early, which is all that a clock needs of a sample. @param {Response} response */
function serverTime(response) {
  const date = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : new Date(date).toISOString();
}
