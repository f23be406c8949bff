//! The order of a feed, pure: events come in from anywhere, in any order, any number of times, and go out once each,
//! position n+1 after n.

use crate::domain::model::event::Event;
use crate::domain::values::position::Position;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stretch of the log to be read: `after < position <= through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The last position delivered.
    pub after: Position,
    /// The last position wanted.
    pub through: Position,
}

/// Puts events in order. Early arrivals wait in a bounded store; what does not fit is not lost but read from the log
/// when its turn comes, since the highest position ever heard of is remembered.
#[derive(Debug)]
pub struct Sequencer {
    delivered: Position,
    known: Position,
    early: BTreeMap<Position, Arc<Event>>,
    capacity: usize,
}

impl Sequencer {
    /// Starts after `head`, holding at most `capacity` early arrivals.
    #[must_use]
    pub const fn new(head: Position, capacity: usize) -> Self {
        Self { delivered: head, known: head, early: BTreeMap::new(), capacity }
    }

    /// The last position that went out.
    #[must_use]
    pub const fn delivered(&self) -> Position {
        self.delivered
    }

    /// Takes an event. One that went out already is dropped; of two with one position the first stays.
    pub fn offer(&mut self, event: Arc<Event>) {
        let position = event.position;
        self.hear_of(position);
        if position <= self.delivered {
            return;
        }
        self.early.entry(position).or_insert(event);
        if self.early.len() > self.capacity {
            self.early.pop_last();
        }
    }

    /// Learns that the log reaches at least to here.
    pub fn hear_of(&mut self, head: Position) {
        self.known = self.known.max(head);
    }

    /// The next event in order, without taking it.
    #[must_use]
    pub fn peek(&self) -> Option<&Arc<Event>> {
        self.early.get(&self.delivered.next())
    }

    /// Takes the event that [`Self::peek`] shows: it went out.
    pub fn advance(&mut self) {
        let next = self.delivered.next();
        if self.early.remove(&next).is_some() {
            self.delivered = next;
        }
    }

    /// What has to be read from the log before anything more can go out. `None` while the next event is here, and
    /// when there is none.
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

    /// What a feed does: let out what is ready, read the log where something is missing.
    fn drain(sequencer: &mut Sequencer, log: u64, out: &mut Vec<u64>) {
        loop {
            while let Some(next) = sequencer.peek() {
                out.push(next.position.number());
                sequencer.advance();
            }
            let Some(missing) = sequencer.missing() else { return };
            assert!(missing.through.number() <= log, "only what is committed is asked for");
            for number in missing.after.number() + 1..=missing.through.number() {
                sequencer.offer(event(number));
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_lost_doubled_or_reordered_each_goes_out_once_in_order(
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
        fn a_head_alone_is_enough_to_find_what_nobody_announced(start in 0_u64..5, ahead in 0_u64..40) {
            let mut sequencer = Sequencer::new(Position::new(start).unwrap(), 4);
            let mut out = Vec::new();
            sequencer.hear_of(Position::new(start + ahead).unwrap());
            drain(&mut sequencer, start + ahead, &mut out);
            prop_assert_eq!(out, (start + 1..=start + ahead).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_old_head_changes_nothing() {
        let mut sequencer = Sequencer::new(Position::new(9).unwrap(), 4);
        sequencer.hear_of(Position::new(3).unwrap());
        sequencer.offer(event(9));
        assert_eq!((sequencer.missing(), sequencer.peek().is_none()), (None, true));
    }
}
