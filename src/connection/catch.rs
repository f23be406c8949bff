//! What a long poll answers with, pure: frames of one room in, one JSON document and a cursor out.

use crate::domain::position::Position;
use crate::domain::room_id::RoomId;
use crate::protocol::{Frame, FrameKind};
use bytes::{BufMut, Bytes, BytesMut};

/// What a poll has got so far.
#[derive(Debug)]
pub struct Catch {
    position: Position,
    frames: Vec<Frame>,
    bytes: usize,
    most: usize,
    /// A frame did not fit; it and all after it are for the next poll.
    is_full: bool,
}

impl Catch {
    /// Nothing yet, at a cursor; at most `most` bytes, but always one frame.
    #[must_use]
    pub const fn new(position: Position, most: usize) -> Self {
        Self { position, frames: Vec::new(), bytes: 0, most, is_full: false }
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Takes the room's next frame. Events and snapshots are told; `sync` and `live` only move the cursor.
    pub fn take(&mut self, frame: &Frame) {
        match frame.kind() {
            FrameKind::Event | FrameKind::Snapshot => {}
            FrameKind::Sync | FrameKind::Live if !self.is_full => {
                self.position = self.position.max(frame.position());
                return;
            }
            _ => return,
        }
        let bytes = self.bytes + frame.wire().len();
        self.is_full |= bytes > self.most && !self.frames.is_empty();
        if !self.is_full {
            self.bytes = bytes;
            self.position = frame.position();
            self.frames.push(frame.clone());
        }
    }

    /// What it comes to; nothing is left of it here.
    pub fn answer(&mut self, room: RoomId, epoch: &str, version: &'static str) -> Answer {
        let frames = std::mem::take(&mut self.frames);
        Answer { room, epoch: epoch.to_owned(), version, position: self.position, frames }
    }
}

/// The answer to a poll.
#[derive(Debug)]
pub struct Answer {
    room: RoomId,
    epoch: String,
    version: &'static str,
    position: Position,
    frames: Vec<Frame>,
}

impl Answer {
    /// `{"room","epoch","version","position","frames":[…]}`; the frames are the very bytes that other transports carry.
    #[must_use]
    pub fn parts(&self) -> Vec<Bytes> {
        let Self { room, epoch, version, position, frames } = self;
        // An epoch is hexadecimal, and a version that and numbers; what they hold needs no escape.
        let head = format!(r#"{{"room":"{room}","epoch":"{epoch}","version":"{version}","position":{position},"frames":["#);
        let mut parts = Vec::with_capacity(2 * frames.len() + 2);
        parts.push(head.into());
        for (number, frame) in frames.iter().enumerate() {
            if number > 0 {
                parts.push(Bytes::from_static(b","));
            }
            parts.push(frame.text().into_bytes());
        }
        parts.push(Bytes::from_static(b"]}"));
        parts
    }

    /// The same in one piece.
    #[must_use]
    pub fn json(&self) -> Bytes {
        let parts = self.parts();
        let mut out = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
        parts.iter().for_each(|part| out.put_slice(part));
        out.freeze()
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
        let value: Value = serde_json::from_slice(&answer.json()).unwrap();
        let frames = value["frames"].as_array().unwrap().iter().map(|frame| frame["position"].as_u64().unwrap());
        (value["position"].as_u64().unwrap(), frames.collect())
    }

    fn room() -> RoomId {
        "menu:0193a5f0-7c1e-7000-8000-000000000001".parse().unwrap()
    }

    #[test]
    fn an_answer_says_what_the_contract_says() {
        let mut catch = Catch::new(position(3), 10_000);
        [frame(FrameKind::Event, 5, 0), frame(FrameKind::Event, 7, 0), frame(FrameKind::Live, 9, 0)]
            .iter()
            .for_each(|frame| catch.take(frame));
        let value: Value = serde_json::from_slice(&catch.answer(room(), "e1", "1.2.3+abc").json()).unwrap();
        let expected = serde_json::json!({"room": room(), "epoch": "e1", "version": "1.2.3+abc", "position": 9,
            "frames": [{"type": "event", "position": 5, "x": ""}, {"type": "event", "position": 7, "x": ""}]});
        assert_eq!(value, expected);
    }

    #[test]
    fn a_snapshot_moves_a_cursor_back_that_was_ahead_of_the_log() {
        let mut catch = Catch::new(position(90), 10);
        catch.take(&frame(FrameKind::Snapshot, 4, 5000));
        assert_eq!(read(&catch.answer(room(), "e1", "1")), (4, vec![4]));
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
                let mut catch = Catch::new(position(cursor), most);
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
