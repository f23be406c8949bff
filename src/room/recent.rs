//! The last events that a feed has delivered, pure: they show whether a cursor names one of them.

use crate::domain::model::history::{Mark, Point};
use std::collections::VecDeque;

/// The events up to the one delivered last, at positions without a gap.
///
/// Bound: `capacity` events. Overflow: the oldest go, and the log decides on cursors of theirs.
#[derive(Debug)]
pub struct Recent {
    points: VecDeque<Point>,
    capacity: usize,
}

impl Recent {
    /// Begins at the head of a feed.
    #[must_use]
    pub fn new(head: Mark, capacity: usize) -> Self {
        Self { points: VecDeque::from([head.into()]), capacity }
    }

    /// Appends the next event.
    pub fn push(&mut self, mark: Mark) {
        self.points.push_back(mark.into());
        if self.points.len() > self.capacity {
            self.points.pop_front();
        }
    }

    /// Whether a cursor names the event at its position; `None` if that one is not known. A cursor without a tag is believed.
    #[must_use]
    pub fn has(&self, point: Point) -> Option<bool> {
        if point.tag.is_none() {
            return Some(true);
        }
        let known = self.points.binary_search_by_key(&point.position, |known| known.position).ok();
        known.and_then(|at| self.points.get(at)).map(|known| *known == point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::ids::EventId;
    use crate::domain::values::position::Position;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn mark(history: u128, number: u64) -> Mark {
        let id = EventId::from_uuid(Uuid::from_u128(history << 16 | u128::from(number)));
        Mark { position: Position::new(number).unwrap(), event: (number > 0).then_some(id) }
    }

    proptest! {
        #[test]
        fn a_cursor_of_another_history_is_known_while_its_position_is(
            head in 0_u64..20,
            count in 0_u64..40,
            capacity in 1_usize..20,
            at in 1_u64..70,
        ) {
            let mut recent = Recent::new(mark(1, head), capacity);
            (1..=count).for_each(|step| recent.push(mark(1, head + step)));
            let is_known = (head..=head + count).rev().take(capacity).any(|known| known == at);
            prop_assert_eq!(recent.has(mark(1, at).into()), is_known.then_some(true));
            prop_assert_eq!(recent.has(mark(2, at).into()), is_known.then_some(false));
            prop_assert_eq!(recent.has(mark(2, at).position.into()), Some(true));
        }
    }
}
