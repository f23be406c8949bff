// Clients that each break one rule of the transports over plain HTTP: the JavaScript client with a part of its sources
// replaced, under its adapter.
//
//     node broken_javascript.mjs NAME
//     node broken_javascript.mjs --list
//
// `--list` prints for each client the cases of the kit that must detect it, as JSON.
import { register } from 'node:module';

/** For each client, its cases and its parts: a file of `static/client`, a text in that file, and what replaces it. */
const BROKEN = {
  applies_repeats: {
    cases: ['repeats_over_stream', 'repeats_over_poll', 'event_by_both'],
    parts: [['cursor.js', "if (position <= cursor) return 'drop';", '']],
  },
  skips_gaps: {
    cases: ['gap_over_stream', 'gap_over_poll', 'reordered_over_stream', 'two_rooms_over_stream', 'two_rooms_over_poll'],
    parts: [['cursor.js', "return prev <= cursor ? 'apply' : 'gap';", "return 'apply';"]],
  },
  trusts_each_sync: {
    cases: ['gap_before_a_sync_over_stream'],
    parts: [['room.js', "case 'sync': return this.#advance(frame,", "case 'sync': return this.#advance({ ...frame, prev: 0 },"]],
  },
  ignores_a_position_without_an_event: {
    cases: ['sync_moves_the_cursor_over_stream', 'sync_moves_the_cursor_over_poll'],
    parts: [['room.js', "case 'sync':", "case 'never':"]],
  },
  leaves_its_cursor_behind_live: {
    cases: ['live_moves_the_cursor_over_stream'],
    parts: [['room.js', 'this.cursor = Math.max(this.cursor, frame.position);', '']],
  },
  applies_only_snapshots: {
    cases: ['snapshot_then_events_over_stream', 'snapshot_then_events_over_poll'],
    parts: [['room.js', 'const after = mergePatch(before ?? {}, event.patch);', 'const after = before ?? event.patch;']],
  },
  comes_back_without_its_cursor: {
    cases: [
      'resumes_from_its_cursor_over_stream', 'resumes_from_its_cursor_over_poll', 'several_answers', 'blocked_websocket',
      'blocked_stream',
    ],
    parts: [['transport/rooms_reader.js', "url.searchParams.set('since', cursors.map(({ since }) => since).join());", '']],
  },
  sends_its_cursor_without_its_epoch: {
    cases: ['rewritten_history_over_stream', 'rewritten_history_over_poll'],
    parts: [['transport/rooms_reader.js', "url.searchParams.set('epoch', other ? cursors.map((cursor) => cursor.epoch).join() : epoch);", '{}']],
  },
  names_another_event: {
    cases: ['lost_event_over_stream', 'lost_event_over_poll'],
    parts: [['cursor.js', 'return tag ?? event?.id.slice(24);', "return '000000000000';"]],
  },
  keeps_what_a_snapshot_lacks: {
    cases: [
      'snapshot_replaces_the_state_over_stream', 'snapshot_replaces_the_state_over_poll', 'snapshot_amid_a_stream',
      'snapshot_amid_events_over_stream', 'snapshot_amid_events_over_poll',
    ],
    parts: [
      ['room.js', 'this.documents = new Map(frame.documents.map(', 'this.documents = new Map([...replaced].concat(frame.documents.map('],
      ['room.js', '=> [order.id, order]));', '=> [order.id, order])));'],
    ],
  },
  takes_each_part_for_a_snapshot: {
    cases: ['snapshot_in_parts_over_stream', 'cut_between_parts_over_stream'],
    parts: [['room.js', 'incoming.parts.push(frame);', 'this.#snapshot(frame, epoch);\n    if (more) this.#incoming = incoming;\n    incoming.parts.push(frame);']],
  },
  ends_a_message_after_a_line_of_data: {
    cases: ['large_snapshot_over_stream', 'lines_of_a_message'],
    parts: [['transport/event_stream.js', "if (line.startsWith('data:')) this.#data.push(", "if (line.startsWith('data:')) return ("]],
  },
  decodes_each_piece_by_itself: {
    cases: ['split_anywhere'],
    parts: [['transport/follow_stream.js', 'text.decode(value, { stream: true })', 'text.decode(value)']],
  },
  takes_an_unfinished_message: {
    cases: ['cut_in_an_event'],
    parts: [
      ['transport/follow_stream.js', 'let welcomed = false;', 'let welcomed = false;\n  let last;'],
      ['transport/follow_stream.js', 'if (done || reader.over) return;', `if (done && last) reader.take(JSON.parse(last[1]));
    if (done || reader.over) return;
    last = /data: ({.*})\\s*$/.exec(new TextDecoder().decode(value));`],
    ],
  },
  takes_comments_for_silence: {
    cases: ['heartbeats'],
    parts: [[
      'transport/follow_stream.js', 'reader.expectWithin(2 * heartbeatMs);',
      "if (new TextDecoder().decode(value).trim() !== ': hb') reader.expectWithin(2 * heartbeatMs);",
    ]],
  },
  waits_for_a_silent_stream_forever: {
    cases: ['silent_server_over_stream'],
    parts: [
      ['transport/follow_stream.js', 'reader.expectWithin(2 * heartbeatMs);', 'reader.expectWithin(3_600_000);'],
      ['transport/connection.js', 'const missed = this.#heartbeatMs * MISSED_BEATS;', 'return 3_600_000;'],
      ['transport/connection.js', 'return this.#resting ? missed : Math.min(missed, QUIET_MS);', ''],
    ],
  },
  ignores_its_slot: {
    cases: ['going_away_over_stream'],
    parts: [['transport/connection.js', 'this.#leaveBy(frame.reconnect_in_ms);', 'this.#lost({ code: 1006 });']],
  },
  ignores_the_time_of_a_refusal: {
    cases: [
      'full_node_over_stream', 'full_node_over_poll', 'room_that_is_unavailable_over_stream',
      'room_that_is_unavailable_over_poll', 'command_that_is_over_a_limit_over_stream', 'room_that_cannot_be_read_on',
    ],
    parts: [
      ['api.js', 'retry_after_ms: seconds > 0 ? seconds * 1000 : undefined', 'retry_after_ms: 1'],
      ['subscriptions.js', 'return this.#retry(room, frame.retry_after_ms);', 'return this.#retry(room, 1);'],
    ],
  },
  reconnects_without_a_pause: {
    cases: ['backoff_over_stream', 'backoff_over_poll'],
    parts: [['backoff.js', 'return Math.floor(random() * ceiling);', 'return 0;']],
  },
  comes_back_with_the_old_token: {
    cases: [
      'expired_token_over_stream', 'expired_token_over_poll', 'token_refused_at_the_handshake_over_stream',
      'token_refused_at_the_handshake_over_poll', 'token_that_expires_soon_over_stream',
    ],
    parts: [
      ['transport/connection.js', "if (rule === 'token') this.#newToken = 'refused';", ''],
      ['transport/connection.js', "this.#newToken = 'suspected';", '{}'],
      ['tokens.js', 'if (kept.renew_at > this.#now() || !kept.refresh_token) return kept.access_token;', 'return kept.access_token;'],
      ['orderbell.js', 'if (this.#renewal || this.#tokens.renewable === false) return;', 'return;'],
    ],
  },
  takes_a_late_answer_for_the_end_of_the_session: {
    cases: ['lost_renewal_over_stream', 'slow_renewal_over_poll'],
    parts: [
      ['tokens.js', 'AbortSignal.timeout(DEADLINE_MS)', 'AbortSignal.timeout(1_000)'],
      ['tokens.js', "code: 'offline'", "code: 'unauthorized'"],
    ],
  },
  asks_for_a_refused_room_again: {
    cases: ['refused_room_over_stream', 'refused_room_over_poll'],
    parts: [
      ['codes.js', "forbidden: 'final'", "forbidden: 'later'"],
      ['subscriptions.js', 'return this.#retry(room, frame.retry_after_ms);', 'return this.#retry(room, 1);'],
    ],
  },
  applies_the_whole_part_of_a_cut_answer: {
    cases: ['cut_in_an_answer'],
    parts: [
      ['transport/rooms_reader.js', '{ done, value } = await chunks.read();', '{ done, value } = await chunks.read().catch(() => ({ done: true }));'],
      ['transport/rooms_reader.js', "return JSON.parse(texts.join(''));", `{
        const text = texts.join('');
        const end = text.lastIndexOf('}, {"type"');
        return JSON.parse(text.endsWith(']}') ? text : text.slice(0, end) + '}]}');
      }`],
    ],
  },
  stays_with_a_blocked_transport: {
    cases: ['blocked_stream'],
    parts: [['transport/fallback.js', 'else if (before) return this.#stepDown();', '']],
  },
  listens_to_a_transport_that_it_has_left: {
    cases: ['late_answer'],
    parts: [
      ['transport/connection.js', 'frame: (frame) => turn === this.#turn && this.#receive(frame)', 'frame: (frame) => this.#receive(frame)'],
      ['transport/http_link.js', '  close() {\n', '  close() {\n    if (this.#epoch) return;\n'],
    ],
  },
  loses_a_field_of_a_command: {
    cases: ['acknowledged_over_stream'],
    parts: [['transport/http_commands.js', 'this.#api.post(path, command)', 'this.#api.post(path, { ...command, minutes: undefined })']],
  },
  sends_a_command_again_under_another_id: {
    cases: ['lost_answer_over_stream', 'lost_answer_to_an_order_over_stream'],
    parts: [
      ['transport/http_commands.js', 'this.#api.post(path, command)', 'this.#api.post(path, { ...command, id: crypto.randomUUID() })'],
      ['transport/http_commands.js', "'idempotency-key': id,", "'idempotency-key': crypto.randomUUID(),"],
    ],
  },
  repeats_a_refused_command: {
    cases: ['refused_command_over_stream'],
    parts: [['codes.js', "invalid_transition: 'final'", "invalid_transition: 'later'"]],
  },
  gives_up_a_command_whose_token_was_refused: {
    cases: ['token_refused_for_a_command_over_stream'],
    parts: [
      ['transport/http_commands.js', "else if (code === 'unauthorized') this.#failed({ code: 4401, reason: message });", ''],
      ['codes.js', "unauthorized: 'token'", "unauthorized: 'final'"],
    ],
  },
};

const [name] = process.argv.splice(2, 1); // The adapter reads the rest.
if (name === '--list') {
  process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(BROKEN).map(([each, { cases }]) => [each, cases]))));
} else {
  register('./patched_sources.mjs', import.meta.url, { data: BROKEN[name].parts });
  await import('../adapters/javascript_client.mjs');
}
