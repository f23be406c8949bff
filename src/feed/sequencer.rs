//! The sequencer of a feed, pure: it accepts events in any order and any number of times, and
//! delivers each once, position n + 1 after n.

use crate::domain::model::event::Event;
use crate::domain::values::position::Position;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A range of the log to read: `after < position <= through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The last position delivered.
    pub after: Position,
    /// The last position to read.
    pub through: Position,
}

/// Puts events in order.
///
/// Bound: `capacity` early events. Overflow: the last ones are dropped, and read from the log
/// later, since the sequencer knows the highest position.
#[derive(Debug)]
pub struct Sequencer {
    delivered: Position,
    known: Position,
    early: BTreeMap<Position, Arc<Event>>,
    capacity: usize,
}

impl Sequencer {
    /// Starts after `head`, and holds at most `capacity` early events.
    #[must_use]
    pub const fn new(head: Position, capacity: usize) -> Self {
        Self { delivered: head, known: head, early: BTreeMap::new(), capacity }
    }

    /// Returns the last delivered position.
    #[must_use]
    pub const fn delivered(&self) -> Position {
        self.delivered
    }

    /// Accepts an event. It drops one that was delivered already, and the second of two with the
    /// same position.
    pub fn offer(&mut self, event: Arc<Event>) {
        let position = event.position;
        self.note_head(position);
        if position <= self.delivered {
            return;
        }
        self.early.entry(position).or_insert(event);
        if self.early.len() > self.capacity {
            self.early.pop_last();
        }
    }

    /// Records that the log reaches at least to `head`.
    pub fn note_head(&mut self, head: Position) {
        self.known = self.known.max(head);
    }

    /// Returns the next event in order, without removing it.
    #[must_use]
    pub fn peek(&self) -> Option<&Arc<Event>> {
        self.early.get(&self.delivered.next())
    }

    /// Marks the event of [`Self::peek`] as delivered and removes it.
    pub fn advance(&mut self) {
        let next = self.delivered.next();
        if self.early.remove(&next).is_some() {
            self.delivered = next;
        }
    }

    /// Returns the range to read from the log before the next delivery. `None` if the next event is
    /// here, or nothing is left to deliver.
    #[must_use]
    pub fn missing(&self) -> Option<Missing> {
        if self.peek().is_some() || self.known <= self.delivered {
            return None;
        }
        let before_first = self.early.keys().next().and_then(|first| Position::new(first.number() - 1));
        Some(Missing { after: self.delivered, through: before_first.unwrap_or(self.known) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::event::{By, EventKind};
    use crate::domain::model::principal::Role;
    use crate::domain::values::ids::{EventId, RestaurantId};
    use crate::domain::values::time::Timestamp;
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    fn event(number: u64) -> Arc<Event> {
        Arc::new(Event {
            restaurant: RestaurantId::from_uuid(Uuid::nil()),
            position: Position::new(number).unwrap(),
            id: EventId::from_uuid(Uuid::nil()),
            kind: EventKind::OrderReady,
            order: None,
            at: Timestamp::from_millis(0),
            by: By { role: Role::Kitchen },
            command: None,
            patch: RawValue::from_string("{}".into()).unwrap(),
        })
    }

    /// Acts as a feed: delivers what is next, and reads missing events from the log.
    fn drain(sequencer: &mut Sequencer, log: u64, out: &mut Vec<u64>) {
        loop {
            while let Some(next) = sequencer.peek() {
                out.push(next.position.number());
                sequencer.advance();
            }
            let Some(missing) = sequencer.missing() else { return };
            assert!(missing.through.number() <= log, "only committed positions are read");
            for number in missing.after.number() + 1..=missing.through.number() {
                sequencer.offer(event(number));
            }
        }
    }

    proptest! {
        #[test]
        fn events_are_delivered_once_and_in_order_despite_loss_repeats_and_reordering(
            start in 0_u64..5,
            arrivals in prop::collection::vec(1_u64..60, 0..120),
            capacity in 1_usize..8,
        ) {
            let mut sequencer = Sequencer::new(Position::new(start).unwrap(), capacity);
            let mut out = Vec::new();
            let mut log = start;
            for number in arrivals {
                log = log.max(number);
                sequencer.offer(event(number));
                drain(&mut sequencer, log, &mut out);
            }
            prop_assert_eq!(out, (start + 1..=log).collect::<Vec<_>>());
        }

        #[test]
        fn a_head_suffices_to_find_unannounced_events(start in 0_u64..5, ahead in 0_u64..40) {
            let mut sequencer = Sequencer::new(Position::new(start).unwrap(), 4);
            let mut out = Vec::new();
            sequencer.note_head(Position::new(start + ahead).unwrap());
            drain(&mut sequencer, start + ahead, &mut out);
            prop_assert_eq!(out, (start + 1..=start + ahead).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_old_head_changes_nothing() {
        let mut sequencer = Sequencer::new(Position::new(9).unwrap(), 4);
        sequencer.note_head(Position::new(3).unwrap());
        sequencer.offer(event(9));
        assert_eq!((sequencer.missing(), sequencer.peek().is_none()), (None, true));
    }
}
