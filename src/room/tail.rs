//! The recent frames of a room, pure: enough to bring somebody who fell a little behind up to date without the log.

use crate::domain::values::position::Position;
use crate::protocol::Frame;
use std::collections::VecDeque;

/// The last events of a room, encoded, in order. It knows every event of the room after its floor: bounded in frames
/// and bytes, the oldest go first and the floor rises over them.
#[derive(Debug)]
pub struct Tail {
    floor: Position,
    frames: VecDeque<Frame>,
    bytes: usize,
    most_frames: usize,
    most_bytes: usize,
}

impl Tail {
    /// Knows nothing up to `floor`, and will know all after it.
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

    /// Whether every event of the room after `cursor` is here.
    #[must_use]
    pub fn covers(&self, cursor: Position) -> bool {
        self.floor <= cursor
    }

    /// How many frames there are after `cursor`; `None` when some of them are gone.
    #[must_use]
    pub fn count_after(&self, cursor: Position) -> Option<usize> {
        self.covers(cursor).then(|| self.frames.len() - self.first_after(cursor))
    }

    fn first_after(&self, cursor: Position) -> usize {
        self.frames.partition_point(|frame| frame.position() <= cursor)
    }

    /// The frames after `cursor`, in order; `None` when some of them are gone.
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
        fn what_it_covers_it_tells_whole_and_what_it_does_not_it_says(
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
