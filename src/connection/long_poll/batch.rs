//! What a long poll answers with, pure: frames of one room in, one JSON document and a cursor out.

use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use crate::protocol::{Frame, FrameKind, Snapshot};
use bytes::Bytes;

/// What a poll has got so far.
#[derive(Debug)]
pub struct PollBatch {
    position: Position,
    caught: Vec<Caught>,
    bytes: usize,
    most: usize,
    /// A frame did not fit; it and all after it are for the next poll.
    is_full: bool,
    /// More parts of a snapshot are to come, without which those that are here mean nothing.
    is_partial: bool,
}

/// What is told.
#[derive(Debug)]
enum Caught {
    Frame(Frame),
    Whole(Snapshot),
}

impl PollBatch {
    /// Nothing yet, at a cursor; at most `most` bytes, but always one frame.
    #[must_use]
    pub const fn new(position: Position, most: usize) -> Self {
        Self { position, caught: Vec::new(), bytes: 0, most, is_full: false, is_partial: false }
    }

    /// Whether a part of a snapshot is here and another has yet to come.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.caught.is_empty()
    }

    /// Takes the room's next frame. Events and snapshots are told; `sync` and `live` only move the cursor.
    pub fn take(&mut self, frame: &Frame) {
        match frame.kind() {
            // All parts of a snapshot belong together, however many there are; they are shared.
            FrameKind::Snapshot if frame.has_more() || self.is_partial => {
                self.is_partial = frame.has_more();
                self.caught.push(Caught::Frame(frame.clone()));
                self.position = if self.is_partial { self.position } else { frame.position() };
                return;
            }
            FrameKind::Event | FrameKind::Snapshot => {}
            FrameKind::Sync | FrameKind::Live if !self.is_full => {
                self.position = self.position.max(frame.position());
                return;
            }
            _ => return,
        }
        let bytes = self.bytes + frame.wire().len();
        self.is_full |= bytes > self.most && !self.caught.is_empty();
        if !self.is_full {
            self.bytes = bytes;
            self.position = frame.position();
            self.caught.push(Caught::Frame(frame.clone()));
        }
    }

    /// Takes a snapshot without paging, whatever its size.
    pub fn take_whole(&mut self, snapshot: Snapshot) {
        self.position = snapshot.position();
        self.caught.push(Caught::Whole(snapshot));
    }

    /// What it comes to; nothing is left of it here.
    pub fn answer(&mut self, room: RoomId, epoch: &str, version: &'static str) -> Answer {
        let caught = std::mem::take(&mut self.caught);
        Answer { room, epoch: epoch.to_owned(), version, position: self.position, caught }
    }
}

/// The answer to a poll.
#[derive(Debug)]
pub struct Answer {
    room: RoomId,
    epoch: String,
    version: &'static str,
    position: Position,
    caught: Vec<Caught>,
}

impl Answer {
    /// `{"room","epoch","version","position","frames":[…]}`, in pieces; the frames are the very texts that other transports
    /// carry, shared.
    #[must_use]
    pub fn pieces(&self) -> Vec<Bytes> {
        let Self { room, epoch, version, position, caught } = self;
        // An epoch is hexadecimal, and a version that and numbers; what they hold needs no escape.
        let head = format!(r#"{{"room":"{room}","epoch":"{epoch}","version":"{version}","position":{position},"frames":["#);
        let mut pieces = vec![Bytes::from(head)];
        for (number, caught) in caught.iter().enumerate() {
            if number > 0 {
                pieces.push(Bytes::from_static(b","));
            }
            match caught {
                Caught::Frame(frame) => pieces.push(frame.text().into_bytes()),
                Caught::Whole(snapshot) => pieces.extend(snapshot.whole().into_iter().flatten()),
            }
        }
        pieces.push(Bytes::from_static(b"]}"));
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn position(number: u64) -> Position {
        Position::new(number).unwrap()
    }

    fn frame(kind: FrameKind, number: u64, padding: usize) -> Frame {
        let text = format!(r#"{{"type":"{}","position":{number},"x":"{}"}}"#, kind.as_str(), "x".repeat(padding));
        Frame::new(kind, position(number), text.as_bytes())
    }

    fn read(answer: &Answer) -> (u64, Vec<u64>) {
        let value: Value = serde_json::from_slice(&answer.pieces().concat()).unwrap();
        let frames = value["frames"].as_array().unwrap().iter().map(|frame| frame["position"].as_u64().unwrap());
        (value["position"].as_u64().unwrap(), frames.collect())
    }

    fn room() -> RoomId {
        "menu:0193a5f0-7c1e-7000-8000-000000000001".parse().unwrap()
    }

    #[test]
    fn an_answer_says_what_the_contract_says() {
        let mut catch = PollBatch::new(position(3), 10_000);
        [frame(FrameKind::Event, 5, 0), frame(FrameKind::Event, 7, 0), frame(FrameKind::Live, 9, 0)]
            .iter()
            .for_each(|frame| catch.take(frame));
        let value: Value = serde_json::from_slice(&catch.answer(room(), "e1", "1.2.3+abc").pieces().concat()).unwrap();
        let expected = serde_json::json!({"room": room(), "epoch": "e1", "version": "1.2.3+abc", "position": 9,
            "frames": [{"type": "event", "position": 5, "x": ""}, {"type": "event", "position": 7, "x": ""}]});
        assert_eq!(value, expected);
    }

    #[test]
    fn a_snapshot_moves_a_cursor_back_that_was_ahead_of_the_log() {
        let mut catch = PollBatch::new(position(90), 10);
        catch.take(&frame(FrameKind::Snapshot, 4, 5000));
        assert_eq!(read(&catch.answer(room(), "e1", "1")), (4, vec![4]));
    }

    #[test]
    fn the_parts_of_a_snapshot_stay_together_whatever_they_weigh() {
        let mut catch = PollBatch::new(position(3), 10);
        for more in [true, true, false] {
            catch.take(&frame(FrameKind::Snapshot, 4, 5000).with_more(more));
            assert_eq!((catch.is_partial(), catch.position), (more, position(if more { 3 } else { 4 })));
        }
        assert_eq!(read(&catch.answer(room(), "e1", "1")), (4, vec![4, 4, 4]));
    }

    proptest! {
        #[test]
        fn poll_after_poll_nothing_is_lost_and_nothing_comes_twice(
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
                let mut catch = PollBatch::new(position(cursor), most);
                frames.iter().filter(|frame| frame.position().number() > cursor).for_each(|frame| catch.take(frame));
                let (next, got) = read(&catch.answer(room(), "e1", "1"));
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
