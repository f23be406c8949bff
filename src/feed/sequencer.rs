//! The sequencer of a feed, pure: it accepts events in any order and any number of times, and
//! delivers each once, position n + 1 after n.

use crate::domain::model::event::Event;
use crate::domain::model::history::Mark;
use crate::domain::values::ids::EventId;
use crate::domain::values::position::Position;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A range of the log to read: `after < position <= through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The last event delivered.
    pub after: Mark,
    /// The last position to read.
    pub through: Position,
}

/// An event that is not delivered yet.
#[derive(Debug)]
struct Early {
    /// The event before it.
    after: Option<EventId>,
    event: Arc<Event>,
}

/// Puts events in order. Each names the event before it, so that no event of another history
/// follows those that were delivered.
///
/// Bound: `capacity` early events. Overflow: the last ones are dropped, and read from the log
/// later, since the sequencer knows the highest position.
#[derive(Debug)]
pub struct Sequencer {
    delivered: Mark,
    known: Position,
    early: BTreeMap<Position, Early>,
    capacity: usize,
}

impl Sequencer {
    /// Starts after `head`, and holds at most `capacity` early events.
    #[must_use]
    pub const fn new(head: Mark, capacity: usize) -> Self {
        Self { delivered: head, known: head.position, early: BTreeMap::new(), capacity }
    }

    /// Returns the last event delivered.
    #[must_use]
    pub const fn delivered(&self) -> Mark {
        self.delivered
    }

    /// Accepts events that follow each other, the first of them after `after`. It drops those that
    /// were delivered already, and the second of two with the same position.
    pub fn offer(&mut self, after: Option<EventId>, events: impl IntoIterator<Item = Arc<Event>>) {
        let mut after = after;
        for event in events {
            let (position, id) = (event.position, event.id);
            self.note_head(position);
            if position > self.delivered.position {
                self.early.entry(position).or_insert(Early { after, event });
                if self.early.len() > self.capacity {
                    self.early.pop_last();
                }
            }
            after = Some(id);
        }
    }

    /// Records that the log reaches at least to `head`.
    pub fn note_head(&mut self, head: Position) {
        self.known = self.known.max(head);
    }

    fn next(&self) -> Option<&Early> {
        self.early.get(&self.delivered.position.next())
    }

    /// Returns the next event in order, without removing it.
    #[must_use]
    pub fn peek(&self) -> Option<&Arc<Event>> {
        self.next().filter(|next| next.after == self.delivered.event).map(|next| &next.event)
    }

    /// Whether the next event follows a different event than the last one delivered. It is then of another history.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.next().is_some_and(|next| next.after != self.delivered.event)
    }

    /// Drops what is not delivered, and forgets how far the log reaches.
    pub fn start_over(&mut self) {
        self.early.clear();
        self.known = self.delivered.position;
    }

    /// Marks the event of [`Self::peek`] as delivered and removes it.
    pub fn advance(&mut self) {
        if let Some(next) = self.early.remove(&self.delivered.position.next()) {
            self.delivered = next.event.mark();
        }
    }

    /// Returns the range to read from the log before the next delivery. `None` if the next event is
    /// here, or nothing is left to deliver.
    #[must_use]
    pub fn missing(&self) -> Option<Missing> {
        if self.next().is_some() || self.known <= self.delivered.position {
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
    use crate::domain::values::ids::RestaurantId;
    use crate::domain::values::time::Timestamp;
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    /// Two histories have the same events up to this position.
    const COMMON: u64 = 20;

    fn id(history: u128, number: u64) -> Option<EventId> {
        let history = if number > COMMON { history } else { 0 };
        (number > 0).then(|| EventId::from_uuid(Uuid::from_u128(history << 64 | u128::from(number))))
    }

    fn mark(history: u128, number: u64) -> Mark {
        Mark { position: Position::new(number).unwrap(), event: id(history, number) }
    }

    fn event(history: u128, number: u64) -> Arc<Event> {
        Arc::new(Event {
            restaurant: RestaurantId::from_uuid(Uuid::nil()),
            position: Position::new(number).unwrap(),
            id: id(history, number).unwrap(),
            kind: EventKind::OrderReady,
            order: None,
            at: Timestamp::from_millis(0),
            by: By::role(Role::Kitchen),
            command: None,
            patch: RawValue::from_string("{}".into()).unwrap(),
        })
    }

    fn offer(sequencer: &mut Sequencer, history: u128, number: u64) {
        sequencer.offer(id(history, number - 1), [event(history, number)]);
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
            let read = missing.after.position.number() + 1..=missing.through.number();
            sequencer.offer(missing.after.event, read.map(|number| event(0, number)));
        }
    }

    proptest! {
        #[test]
        fn events_are_delivered_once_and_in_order_despite_loss_repeats_and_reordering(
            start in 0_u64..5,
            arrivals in prop::collection::vec(1_u64..60, 0..120),
            capacity in 1_usize..8,
        ) {
            let mut sequencer = Sequencer::new(mark(0, start), capacity);
            let mut out = Vec::new();
            let mut log = start;
            for number in arrivals {
                log = log.max(number);
                offer(&mut sequencer, 0, number);
                drain(&mut sequencer, log, &mut out);
            }
            prop_assert_eq!(out, (start + 1..=log).collect::<Vec<_>>());
        }

        #[test]
        fn a_head_suffices_to_find_unannounced_events(start in 0_u64..5, ahead in 0_u64..40) {
            let mut sequencer = Sequencer::new(mark(0, start), 4);
            let mut out = Vec::new();
            sequencer.note_head(Position::new(start + ahead).unwrap());
            drain(&mut sequencer, start + ahead, &mut out);
            prop_assert_eq!(out, (start + 1..=start + ahead).collect::<Vec<_>>());
        }

        #[test]
        fn no_event_of_another_history_follows_a_lost_one(
            start in 0_u64..60,
            arrivals in prop::collection::vec((1_u128..3, 1_u64..60), 0..200),
        ) {
            let mut sequencer = Sequencer::new(mark(1, start), 100);
            let mut out = Vec::new();
            for (history, number) in arrivals {
                offer(&mut sequencer, history, number);
                while let Some(next) = sequencer.peek() {
                    out.push(next.mark());
                    sequencer.advance();
                }
                if sequencer.is_torn() {
                    sequencer.start_over();
                }
            }
            let of = |history| move |mark: &Mark| mark.event == id(history, mark.position.number());
            let one = |history| start <= COMMON && out.iter().all(of(history));
            prop_assert!(out.iter().all(of(1)) || one(2), "{:?}", out);
        }
    }

    #[test]
    fn an_old_head_changes_nothing() {
        let mut sequencer = Sequencer::new(mark(0, 9), 4);
        sequencer.note_head(Position::new(3).unwrap());
        offer(&mut sequencer, 0, 9);
        assert_eq!((sequencer.missing(), sequencer.peek().is_none()), (None, true));
    }

    #[test]
    fn an_event_with_another_predecessor_tears_the_feed_until_the_sequencer_starts_over() {
        let mut sequencer = Sequencer::new(mark(1, COMMON + 1), 4);
        offer(&mut sequencer, 2, COMMON + 2);
        assert!(sequencer.is_torn() && sequencer.peek().is_none() && sequencer.missing().is_none());
        sequencer.start_over();
        offer(&mut sequencer, 1, COMMON + 2);
        assert!(!sequencer.is_torn() && sequencer.peek().is_some());
    }
}
