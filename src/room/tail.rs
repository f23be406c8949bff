//! The tail of a room, pure: its recent frames, which catch up members a little behind without a
//! read of the log.

use crate::domain::values::position::Position;
use crate::protocol::Frame;
use std::collections::VecDeque;

/// The last events of a room, encoded, in order. It has each event of the room after `floor`.
///
/// Bound: frames and bytes. Overflow: the oldest frames go, and `floor` rises.
#[derive(Debug)]
pub struct Tail {
    floor: Position,
    frames: VecDeque<Frame>,
    bytes: usize,
    most_frames: usize,
    most_bytes: usize,
}

impl Tail {
    /// Makes an empty tail, for events after `floor`.
    #[must_use]
    pub const fn new(floor: Position, most_frames: usize, most_bytes: usize) -> Self {
        Self { floor, frames: VecDeque::new(), bytes: 0, most_frames, most_bytes }
    }

    /// Appends the room's next event.
    pub fn push(&mut self, frame: Frame) {
        self.bytes += frame.wire().len();
        self.frames.push_back(frame);
        while self.frames.len() > self.most_frames || self.bytes > self.most_bytes {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes -= oldest.wire().len();
            self.floor = oldest.position();
        }
    }

    /// Whether the tail has each event of the room after `cursor`.
    #[must_use]
    pub fn covers(&self, cursor: Position) -> bool {
        self.floor <= cursor
    }

    /// Returns the number of frames after `cursor`; `None` if some of them are gone.
    #[must_use]
    pub fn count_after(&self, cursor: Position) -> Option<usize> {
        self.covers(cursor).then(|| self.frames.len() - self.first_after(cursor))
    }

    fn first_after(&self, cursor: Position) -> usize {
        self.frames.partition_point(|frame| frame.position() <= cursor)
    }

    /// Returns the frames after `cursor`, in order; `None` if some of them are gone.
    #[must_use]
    pub fn after(&self, cursor: Position) -> Option<Vec<Frame>> {
        self.covers(cursor).then(|| self.frames.range(self.first_after(cursor)..).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::FrameKind;
    use proptest::prelude::*;

    fn position(number: u64) -> Position {
        Position::new(number).unwrap()
    }

    proptest! {
        #[test]
        fn the_tail_returns_all_events_after_a_covered_cursor_and_none_otherwise(
            floor in 0_u64..20,
            steps in prop::collection::vec((1_u64..5, 0_usize..300), 0..60),
            cursor in 0_u64..200,
            most in 1_usize..20,
        ) {
            let mut tail = Tail::new(position(floor), most, 2000);
            let mut all = Vec::new();
            let mut at = floor;
            for (step, size) in steps {
                at += step;
                all.push(at);
                tail.push(Frame::new(FrameKind::Event, position(at), &vec![b'x'; size]));
            }
            let expected: Vec<u64> = all.iter().copied().filter(|&number| number > cursor).collect();
            match tail.after(position(cursor)) {
                Some(frames) => {
                    prop_assert!(cursor >= floor);
                    let got: Vec<u64> = frames.iter().map(|frame| frame.position().number()).collect();
                    prop_assert_eq!(tail.count_after(position(cursor)), Some(got.len()));
                    prop_assert_eq!(got, expected);
                }
                None => prop_assert!(cursor < floor || expected.len() > tail.frames.len()),
            }
            prop_assert!(tail.frames.len() <= most && tail.bytes <= 2000 + 310);
        }
    }
}
