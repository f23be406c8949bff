//! The frames that answer a long poll of several rooms, pure: frames in, one JSON document out.

use super::answer;
use crate::domain::model::room_id::RoomId;
use crate::protocol::{Frame, FrameKind};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fmt::Display;

/// The frames of several rooms, in the order they came. The frames of one room are in feed order, without a gap. A client moves
/// the cursor of each room as it does with any other transport.
///
/// Bound: `most` bytes of events, and one snapshot of each room, whose bytes are shared.
#[derive(Debug)]
pub struct RoomsBatch {
    frames: Vec<Frame>,
    bytes: usize,
    most: usize,
    /// Rooms that are neither live yet nor refused.
    unanswered: BTreeSet<RoomId>,
    /// Rooms in the middle of their snapshot.
    partial: BTreeSet<RoomId>,
    /// Whether there is anything to send besides the positions of the rooms.
    has_news: bool,
    /// Whether an event did not fit. It and all later ones are for the next poll.
    is_full: bool,
}

impl RoomsBatch {
    /// Returns an empty batch; these rooms have yet to answer.
    #[must_use]
    pub fn new(rooms: &[RoomId], most: usize) -> Self {
        let unanswered = rooms.iter().copied().collect();
        Self { frames: Vec::new(), bytes: 0, most, unanswered, partial: BTreeSet::new(), has_news: false, is_full: false }
    }

    /// Takes a frame of one of the rooms.
    pub fn take(&mut self, frame: &Frame) {
        let Some((room, _)) = frame.origin() else { return };
        match frame.kind() {
            FrameKind::Snapshot => {
                if frame.has_more() {
                    self.partial.insert(room)
                } else {
                    self.partial.remove(&room)
                };
                self.has_news = true;
                self.frames.push(frame.clone());
            }
            kind => {
                self.has_news |= kind == FrameKind::Event;
                if kind == FrameKind::Live {
                    self.unanswered.remove(&room);
                }
                self.append(frame);
            }
        }
    }

    /// Keeps a frame if it fits. One that does not fit is the end of the answer, since a cursor
    /// must not move past it.
    fn append(&mut self, frame: &Frame) {
        let bytes = self.bytes + frame.wire().len();
        self.is_full |= bytes > self.most && self.bytes > 0;
        if !self.is_full {
            self.bytes = bytes;
            self.frames.push(frame.clone());
        }
    }

    /// Takes the error frame of a room that cannot be followed.
    pub fn refuse(&mut self, room: Option<RoomId>, error: Frame) {
        if let Some(room) = room {
            self.unanswered.remove(&room);
            self.partial.remove(&room);
        }
        self.has_news = true;
        self.frames.push(error);
    }

    /// Whether no room is in the middle of its snapshot.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.partial.is_empty()
    }

    /// Whether this answer takes no more frames of a room.
    #[must_use]
    pub fn is_done_with(&self, room: Option<RoomId>) -> bool {
        self.is_full && room.is_none_or(|room| !self.partial.contains(&room))
    }

    /// Whether the poll can be answered now: each room has had its turn, so a busy room does not starve another.
    #[must_use]
    pub fn is_ready(&self, is_time_over: bool) -> bool {
        let everybody_answered = self.unanswered.is_empty() || self.is_full;
        self.is_whole() && everybody_answered && (self.has_news || is_time_over)
    }

    /// Returns `{"epoch","version","frames":[…]}`, in pieces.
    #[must_use]
    pub fn pieces(&self, epoch: impl Display, version: &str) -> Vec<Bytes> {
        // An epoch is hexadecimal with hyphens, and a version is numbers and hexadecimal: neither needs an escape.
        let head = format!(r#"{{"epoch":"{epoch}","version":"{version}","frames":["#);
        answer::document(head, self.frames.iter().map(|frame| vec![frame.text().into_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::position::Position;
    use proptest::prelude::*;
    use serde_json::Value;

    fn room(number: u128) -> RoomId {
        format!("order:{}", uuid::Uuid::from_u128(number)).parse().unwrap()
    }

    fn frame(kind: FrameKind, room: RoomId, position: u64, padding: usize) -> Frame {
        let text = format!(r#"{{"room":"{room}","position":{position},"x":"{}"}}"#, "x".repeat(padding));
        let position = Position::new(position).unwrap();
        Frame::new(kind, position, text.as_bytes()).in_room(room, Position::ZERO)
    }

    fn told(batch: &RoomsBatch) -> Vec<(String, u64)> {
        let answer: Value = serde_json::from_slice(&batch.pieces("e1", "1").concat()).unwrap();
        let frames = answer["frames"].as_array().unwrap().iter();
        frames.map(|frame| (frame["room"].as_str().unwrap().to_owned(), frame["position"].as_u64().unwrap())).collect()
    }

    #[test]
    fn an_answer_waits_for_each_room_and_for_the_last_part_of_each_snapshot() {
        let (one, two) = (room(1), room(2));
        let mut batch = RoomsBatch::new(&[one, two], 1000);
        batch.take(&frame(FrameKind::Event, one, 5, 0));
        batch.take(&frame(FrameKind::Live, one, 5, 0));
        assert!(!batch.is_ready(false) && !batch.is_ready(true), "the other room has not answered");
        batch.take(&frame(FrameKind::Snapshot, two, 6, 5000).with_more(true));
        batch.take(&frame(FrameKind::Live, two, 6, 0));
        assert!(!batch.is_ready(true), "half a snapshot is nothing");
        batch.take(&frame(FrameKind::Snapshot, two, 6, 5000).with_more(false));
        assert!(batch.is_ready(false) && told(&batch).len() == 5);
    }

    #[test]
    fn a_silent_poll_is_answered_at_its_end_and_a_refused_one_at_once() {
        let mut batch = RoomsBatch::new(&[room(1), room(2)], 1000);
        batch.take(&frame(FrameKind::Live, room(1), 5, 0));
        batch.take(&frame(FrameKind::Live, room(2), 5, 0));
        assert!(!batch.is_ready(false) && batch.is_ready(true));
        batch.refuse(Some(room(2)), frame(FrameKind::Error, room(2), 0, 0));
        assert!(batch.is_ready(false));
    }

    proptest! {
        #[test]
        fn over_many_polls_no_room_loses_or_repeats_an_event(
            steps in prop::collection::vec((0_u128..3, any::<bool>(), 0_usize..200), 0..60),
            most in 1_usize..800,
        ) {
            let rooms = [room(0), room(1), room(2)];
            let at = |number: usize| u64::try_from(number).unwrap() + 1;
            let frames: Vec<Frame> = steps.iter().enumerate().map(|(number, (of, is_event, padding))| {
                let kind = if *is_event { FrameKind::Event } else { FrameKind::Sync };
                frame(kind, rooms[usize::try_from(*of).unwrap()], at(number), *padding)
            }).collect();
            let mut cursors = std::collections::BTreeMap::new();
            let mut got = Vec::new();
            loop {
                let mut batch = RoomsBatch::new(&[], most);
                let missed = |frame: &&Frame| {
                    let (room, _) = frame.origin().unwrap();
                    cursors.get(&room.to_string()).is_none_or(|cursor| frame.position().number() > *cursor)
                };
                frames.iter().filter(missed).for_each(|frame| batch.take(frame));
                let answer = told(&batch);
                if answer.is_empty() {
                    break;
                }
                for (room, position) in answer {
                    let before = cursors.insert(room.clone(), position);
                    prop_assert!(before.is_none_or(|before| before < position));
                    got.push((room, position));
                }
            }
            let mut all: Vec<_> =
                frames.iter().map(|frame| (frame.origin().unwrap().0.to_string(), frame.position().number())).collect();
            all.sort();
            got.sort();
            prop_assert_eq!(got, all);
        }
    }
}
