//! The frames that answer a long poll of one room, pure: frames in, one JSON document and a cursor out.

use super::answer;
use crate::domain::model::history::Point;
use crate::domain::model::room_id::RoomId;
use crate::protocol::{Frame, FrameKind, Snapshot};
use bytes::Bytes;
use std::fmt::Display;

/// The frames of one room, and the cursor of a client that has read them.
///
/// Bound: `most` bytes of events, except that one always fits, and one snapshot, whose bytes are shared.
#[derive(Debug)]
pub struct RoomBatch {
    room: RoomId,
    cursor: Point,
    frames: Vec<Entry>,
    bytes: usize,
    most: usize,
    /// The room has answered.
    is_joined: bool,
    /// Whether a frame did not fit. It and all later ones are for the next poll.
    is_full: bool,
    /// Whether parts of a snapshot are still missing. The other parts are useless without them.
    is_partial: bool,
}

#[derive(Debug)]
enum Entry {
    Frame(Frame),
    Whole(Snapshot),
}

impl RoomBatch {
    /// Returns an empty batch at a client's cursor.
    #[must_use]
    pub const fn new(room: RoomId, cursor: Point, most: usize) -> Self {
        let frames = Vec::new();
        Self { room, cursor, frames, bytes: 0, most, is_joined: false, is_full: false, is_partial: false }
    }

    /// Takes the room's next frame. Events and snapshots are kept; `sync` and `live` only move the cursor.
    pub fn take(&mut self, frame: &Frame) {
        self.is_joined = true;
        match frame.kind() {
            // All parts of a snapshot belong together, however many there are; they are shared.
            FrameKind::Snapshot if frame.has_more() || self.is_partial => {
                self.is_partial = frame.has_more();
                self.frames.push(Entry::Frame(frame.clone()));
                self.cursor = if self.is_partial { self.cursor } else { frame.point() };
                return;
            }
            FrameKind::Event | FrameKind::Snapshot => {}
            FrameKind::Sync | FrameKind::Live if !self.is_full => {
                self.cursor = self.cursor.or_later(frame.point());
                return;
            }
            _ => return,
        }
        let bytes = self.bytes + frame.wire().len();
        self.is_full |= bytes > self.most && !self.frames.is_empty();
        if !self.is_full {
            self.bytes = bytes;
            self.cursor = frame.point();
            self.frames.push(Entry::Frame(frame.clone()));
        }
    }

    /// Takes a snapshot without parts, whatever its size.
    pub fn take_whole(&mut self, snapshot: Snapshot) {
        self.is_joined = true;
        self.cursor = snapshot.point();
        self.frames.push(Entry::Whole(snapshot));
    }

    /// Whether the room is not in the middle of its snapshot.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        !self.is_partial
    }

    /// Whether the poll can be answered now. Without frames, it is answered only when the time is over and the room has
    /// answered.
    #[must_use]
    pub const fn is_ready(&self, is_time_over: bool) -> bool {
        self.is_whole() && self.is_joined && (is_time_over || !self.frames.is_empty())
    }

    /// Whether the poll can be answered with these frames when the room fails.
    #[must_use]
    pub const fn can_answer_early(&self) -> bool {
        self.is_whole() && !self.frames.is_empty()
    }

    /// Returns `{"room","epoch","version","position","tag"?,"frames":[…]}`, in pieces.
    #[must_use]
    pub fn pieces(&self, epoch: impl Display, version: &str) -> Vec<Bytes> {
        let Self { room, cursor: Point { position, tag }, .. } = self;
        let tag = tag.map(|tag| format!(r#""tag":"{tag}","#)).unwrap_or_default();
        // An epoch is hexadecimal with hyphens, and a version is numbers and hexadecimal: neither needs an escape.
        let head = format!(r#"{{"room":"{room}","epoch":"{epoch}","version":"{version}","position":{position},{tag}"frames":["#);
        let frames = self.frames.iter().map(|entry| match entry {
            Entry::Frame(frame) => vec![frame.text().into_bytes()],
            Entry::Whole(snapshot) => snapshot.whole().into_iter().flatten().collect(),
        });
        answer::document(head, frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::position::Position;
    use proptest::prelude::*;
    use serde_json::Value;

    fn position(number: u64) -> Position {
        Position::new(number).unwrap()
    }

    fn frame(kind: FrameKind, number: u64, padding: usize) -> Frame {
        let text = format!(r#"{{"type":"{}","position":{number},"x":"{}"}}"#, kind.as_str(), "x".repeat(padding));
        Frame::new(kind, position(number), text.as_bytes())
    }

    fn read(batch: &RoomBatch) -> (u64, Vec<u64>) {
        let value: Value = serde_json::from_slice(&batch.pieces("e1", "1").concat()).unwrap();
        let frames = value["frames"].as_array().unwrap().iter().map(|frame| frame["position"].as_u64().unwrap());
        (value["position"].as_u64().unwrap(), frames.collect())
    }

    fn room() -> RoomId {
        "menu:0193a5f0-7c1e-7000-8000-000000000001".parse().unwrap()
    }

    #[test]
    fn an_answer_has_the_form_of_the_contract() {
        let mut batch = RoomBatch::new(room(), position(3).into(), 10_000);
        [frame(FrameKind::Event, 5, 0), frame(FrameKind::Event, 7, 0), frame(FrameKind::Live, 9, 0)]
            .iter()
            .for_each(|frame| batch.take(frame));
        let value: Value = serde_json::from_slice(&batch.pieces("e1", "1.2.3+abc").concat()).unwrap();
        let expected = serde_json::json!({"room": room(), "epoch": "e1", "version": "1.2.3+abc", "position": 9,
            "frames": [{"type": "event", "position": 5, "x": ""}, {"type": "event", "position": 7, "x": ""}]});
        assert_eq!(value, expected);
    }

    #[test]
    fn a_snapshot_moves_back_a_cursor_that_was_ahead_of_the_log() {
        let mut batch = RoomBatch::new(room(), position(90).into(), 10);
        batch.take(&frame(FrameKind::Snapshot, 4, 5000));
        assert_eq!(read(&batch), (4, vec![4]));
    }

    #[test]
    fn the_parts_of_a_snapshot_stay_together_at_any_size() {
        let mut batch = RoomBatch::new(room(), position(3).into(), 10);
        for more in [true, true, false] {
            batch.take(&frame(FrameKind::Snapshot, 4, 5000).with_more(more));
            assert_eq!((batch.is_partial, batch.cursor.position), (more, position(if more { 3 } else { 4 })));
        }
        assert_eq!(read(&batch), (4, vec![4, 4, 4]));
    }

    #[test]
    fn an_empty_answer_comes_when_the_time_is_over_and_the_room_has_answered() {
        let mut batch = RoomBatch::new(room(), position(3).into(), 100);
        assert!(!batch.is_ready(true) && !batch.can_answer_early());
        batch.take(&frame(FrameKind::Live, 5, 0));
        assert!(!batch.is_ready(false) && batch.is_ready(true) && !batch.can_answer_early());
        batch.take(&frame(FrameKind::Event, 6, 0));
        assert!(batch.is_ready(false) && batch.can_answer_early());
        batch.take(&frame(FrameKind::Snapshot, 7, 0).with_more(true));
        assert!(!batch.is_ready(true) && !batch.can_answer_early(), "half a snapshot is nothing");
    }

    proptest! {
        #[test]
        fn over_many_polls_no_event_is_lost_or_repeated(
            steps in prop::collection::vec((0_u8..3, 1_u64..4, 0_usize..200), 0..60),
            most in 1_usize..600,
        ) {
            // Events at rising positions; between them syncs, which never go back behind an event.
            let mut at = 0;
            let frames: Vec<Frame> = steps.iter().map(|(kind, step, padding)| {
                at += step;
                frame(if *kind == 0 { FrameKind::Sync } else { FrameKind::Event }, at, *padding)
            }).collect();
            let events: Vec<u64> =
                frames.iter().filter(|frame| frame.kind() == FrameKind::Event).map(|frame| frame.position().number()).collect();
            let (mut cursor, mut told) = (0, Vec::new());
            loop {
                let mut batch = RoomBatch::new(room(), position(cursor).into(), most);
                frames.iter().filter(|frame| frame.position().number() > cursor).for_each(|frame| batch.take(frame));
                let (next, got) = read(&batch);
                prop_assert!(next >= cursor && got.iter().all(|number| *number > cursor && *number <= next));
                told.extend(got);
                if next == cursor {
                    break;
                }
                cursor = next;
            }
            prop_assert_eq!((told, cursor), (events, at));
        }
    }
}
