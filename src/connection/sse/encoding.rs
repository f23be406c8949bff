//! The encoding of frames in `text/event-stream` (WHATWG HTML, "Server-sent events"), pure.

use crate::domain::values::position::Position;
use crate::protocol::{Frame, FrameKind, Snapshot};
use bytes::Bytes;
use std::fmt::Display;

/// The media type.
pub const EVENT_STREAM: &str = "text/event-stream";
/// A comment, which readers skip: it shows that the stream is alive.
pub const HEARTBEAT: Bytes = Bytes::from_static(b": hb\n\n");

/// Returns the field that sets how long a reader waits before it connects again.
#[must_use]
pub fn retry(milliseconds: u64) -> Bytes {
    format!("retry: {milliseconds}\n\n").into()
}

/// Encodes a frame as a message: its beginning, the JSON text (shared, not copied), and its end. The text is one line, since
/// the JSON encoder escapes control characters. `cursor` is the reader's cursor after this frame; it is `None` in a stream of
/// several rooms, whose messages have no ids, since one id cannot hold several cursors. All parts of a snapshot but the last
/// have an empty id: a reader that loses its connection between two parts reconnects with an empty `Last-Event-ID` or none, and
/// gets all parts again.
#[must_use]
pub fn message(frame: &Frame, epoch: impl Display, cursor: Option<Position>) -> [Bytes; 3] {
    let head = match cursor {
        None => format!("event: {}\ndata: ", frame.kind().as_str()),
        Some(_) if frame.has_more() => head(frame.kind(), ""),
        Some(cursor) => head(frame.kind(), &format!("{epoch}.{cursor}")),
    };
    [head.into(), frame.text().into_bytes(), Bytes::from_static(b"\n\n")]
}

fn head(kind: FrameKind, id: &str) -> String {
    format!("id: {id}\nevent: {}\ndata: ", kind.as_str())
}

/// Encodes a whole snapshot as one message, with a line of data for each part of the snapshot. The reader joins the lines.
pub fn whole(snapshot: &Snapshot, epoch: impl Display) -> Vec<Bytes> {
    let mut out = Vec::with_capacity(snapshot.parts() * 2 + 2);
    let mut line = head(FrameKind::Snapshot, &format!("{epoch}.{}", snapshot.position()));
    for [glue, body] in snapshot.whole() {
        line.push_str(std::str::from_utf8(&glue).unwrap_or_default());
        out.extend([Bytes::from(line), body]);
        line = "\ndata: ".to_owned();
    }
    out.push(Bytes::from_static(b"\n\n"));
    out
}

/// Returns the reader's cursor after a frame.
#[must_use]
pub fn cursor_after(frame: &Frame, before: Position) -> Position {
    match frame.kind() {
        FrameKind::Snapshot if frame.has_more() => before,
        FrameKind::Snapshot | FrameKind::Event | FrameKind::Sync | FrameKind::Live => frame.position(),
        _ => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::snapshot::{Contents, Document};
    use crate::protocol::{ErrorCode, Failure};
    use proptest::prelude::*;

    /// Reads a stream as the specification says: `(id, event, data)` of each message.
    fn read(text: &str) -> Vec<(Option<String>, String, String)> {
        let mut messages = Vec::new();
        for block in text.split_terminator("\n\n") {
            let (mut id, mut event, mut data) = (None, "message".to_owned(), None);
            for line in block.split(['\n', '\r']) {
                match line.split_once(": ").unwrap() {
                    ("", "hb") | ("retry", _) => {}
                    ("id", value) => id = Some(value.to_owned()),
                    ("event", value) => event = value.to_owned(),
                    ("data", value) => assert!(data.replace(value.to_owned()).is_none(), "one line of data"),
                    (field, _) => panic!("no such field: {field}"),
                }
            }
            messages.extend(data.map(|data| (id, event, data)));
        }
        messages
    }

    fn written(frames: &[Frame]) -> String {
        let mut out = String::from_utf8(retry(1500).to_vec()).unwrap();
        let mut cursor = Position::new(2).unwrap();
        for frame in frames {
            cursor = cursor_after(frame, cursor);
            message(frame, "e1", Some(cursor)).iter().for_each(|part| out.push_str(std::str::from_utf8(part).unwrap()));
            out.push_str(": hb\n\n");
        }
        out
    }

    #[test]
    fn every_message_has_the_cursor_of_its_reader() {
        let of = |kind, number| Frame::new(kind, Position::new(number).unwrap(), b"{}");
        let frames = [
            of(FrameKind::Welcome, 0),
            of(FrameKind::Snapshot, 0),
            of(FrameKind::Event, 3),
            of(FrameKind::Live, 3),
            of(FrameKind::Sync, 9),
            of(FrameKind::Error, 0),
            of(FrameKind::GoingAway, 0),
        ];
        let seen: Vec<_> = read(&written(&frames)).into_iter().map(|(id, event, _)| (id, event)).collect();
        let expected = [
            ("e1.2", "welcome"),
            ("e1.0", "snapshot"),
            ("e1.3", "event"),
            ("e1.3", "live"),
            ("e1.9", "sync"),
            ("e1.9", "error"),
            ("e1.9", "going_away"),
        ];
        assert_eq!(seen, expected.map(|(id, event)| (Some(id.to_owned()), event.to_owned())));
    }

    #[test]
    fn a_part_before_the_last_has_an_empty_id_and_does_not_move_the_cursor() {
        let part = |more| Frame::new(FrameKind::Snapshot, Position::new(9).unwrap(), b"{}").with_more(more);
        let text = written(&[part(true), part(false)]);
        let ids: Vec<_> = read(&text).into_iter().map(|(id, ..)| id.unwrap()).collect();
        assert_eq!(ids, ["", "e1.9"]);
        assert_eq!(cursor_after(&part(true), Position::ZERO), Position::ZERO);
    }

    #[test]
    fn a_message_in_a_stream_of_several_rooms_has_no_id() {
        let part = Frame::new(FrameKind::Snapshot, Position::new(9).unwrap(), b"{}").with_more(true);
        assert_eq!(message(&part, "e1", None).concat(), b"event: snapshot\ndata: {}\n\n");
    }

    #[test]
    fn a_whole_snapshot_is_lines_of_data_that_a_reader_joins() {
        let document = format!("{{\"note\":\"{}\"}}", "n".repeat(50_000));
        let documents = vec![serde_json::value::RawValue::from_string(document).unwrap(); 3];
        let room = "kitchen:0193a5f0-7c1e-7000-8000-000000000001".parse().unwrap();
        let documents = documents.into_iter().map(Document::from).collect();
        let contents = Contents { documents, calls: None, displays: None };
        let snapshot = Snapshot::encode(room, Position::new(9).unwrap(), contents, Bytes::from);
        let text = String::from_utf8(whole(&snapshot, "e1").concat()).unwrap();
        let lines: Vec<_> = text.strip_suffix("\n\n").unwrap().split('\n').collect();
        assert_eq!(lines[..2], ["id: e1.9", "event: snapshot"]);
        let data: Vec<_> = lines[2..].iter().map(|line| line.strip_prefix("data: ").unwrap()).collect();
        assert_eq!(data.len(), 4, "one for each part, and the end");
        let read: serde_json::Value = serde_json::from_str(&data.join("\n")).unwrap();
        assert_eq!(read["documents"].as_array().unwrap().len(), 3);
    }

    proptest! {
        #[test]
        fn a_message_is_one_line_of_data_for_any_text(texts in prop::collection::vec(any::<String>(), 0..8)) {
            let frames: Vec<_> = texts.iter().map(|text| Failure::new(ErrorCode::Internal, text.clone()).frame()).collect();
            let read = read(&written(&frames));
            prop_assert_eq!(read.len(), frames.len());
            for ((_, event, data), text) in read.iter().zip(&texts) {
                let data: serde_json::Value = serde_json::from_str(data).unwrap();
                prop_assert_eq!((event.as_str(), data["message"].as_str()), ("error", Some(text.as_str())));
            }
        }
    }
}
