//! The outbox of announcements, pure: a bounded queue, and the heads of restaurants with dropped
//! announcements.

use super::redis_connection::Outgoing;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use std::collections::{HashMap, VecDeque};

/// The most queued messages.
const MESSAGES: usize = 4096;
/// The most queued bytes.
const BYTES: usize = 16 << 20;
/// The most messages of one round trip.
const BATCH: usize = 256;
/// The most restaurants whose heads are remembered. Overflow: the comparison of heads repairs the others.
const MISSED: usize = 4096;

/// A queued message.
#[derive(Debug)]
pub struct Waiting {
    /// The restaurant of the events.
    pub restaurant: RestaurantId,
    /// The position of the last event.
    pub reaches: Position,
    /// The sealed message.
    pub outgoing: Outgoing,
}

/// The queue of messages.
///
/// Bound: messages and bytes. Overflow: the new message is rejected.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    missed: HashMap<RestaurantId, Position>,
}

impl Outbox {
    /// Queues a message. Returns false if there is no space.
    #[must_use]
    pub fn put(&mut self, waiting: Waiting) -> bool {
        let bytes = waiting.outgoing.sealed.len();
        let is_accepted = self.waiting.len() < MESSAGES && self.bytes + bytes <= BYTES;
        if is_accepted {
            self.bytes += bytes;
            self.waiting.push_back(waiting);
        }
        is_accepted
    }

    /// Removes the oldest messages, as many as fit in one round trip. Returns them with their
    /// restaurants and positions.
    pub fn take_batch(&mut self) -> (Vec<(RestaurantId, Position)>, Vec<Outgoing>) {
        let count = self.waiting.len().min(BATCH);
        let taken = self.waiting.drain(..count);
        let (heads, messages): (Vec<_>, Vec<_>) =
            taken.map(|waiting| ((waiting.restaurant, waiting.reaches), waiting.outgoing)).unzip();
        self.bytes -= messages.iter().map(|outgoing| outgoing.sealed.len()).sum::<usize>();
        (heads, messages)
    }

    /// Drops all messages. Returns their restaurants and positions.
    pub fn clear(&mut self) -> Vec<(RestaurantId, Position)> {
        self.bytes = 0;
        self.waiting.drain(..).map(|waiting| (waiting.restaurant, waiting.reaches)).collect()
    }

    /// Remembers that events up to a position were not announced.
    pub fn miss(&mut self, restaurant: RestaurantId, reaches: Position) {
        if self.missed.len() < MISSED || self.missed.contains_key(&restaurant) {
            let known = self.missed.entry(restaurant).or_default();
            *known = reaches.max(*known);
        }
    }

    /// Removes and returns the remembered heads.
    pub fn take_missed(&mut self) -> Vec<(RestaurantId, Position)> {
        self.missed.drain().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn restaurant(number: u128) -> RestaurantId {
        RestaurantId::from_uuid(Uuid::from_u128(number))
    }

    fn waiting(number: u64, size: usize) -> Waiting {
        let outgoing = Outgoing { channel: "c".into(), sealed: vec![0; size] };
        Waiting { restaurant: restaurant(1), reaches: Position::new(number).unwrap(), outgoing }
    }

    proptest! {
        #[test]
        fn accepted_messages_leave_once_in_order_within_the_bounds(sizes in prop::collection::vec(0_usize..2 << 20, 0..80)) {
            let (mut outbox, mut accepted) = (Outbox::default(), Vec::new());
            for (number, size) in (1..).zip(sizes) {
                if outbox.put(waiting(number, size)) {
                    accepted.push(number);
                }
                prop_assert!(outbox.bytes <= BYTES);
            }
            let (heads, messages) = outbox.take_batch();
            prop_assert_eq!(heads.iter().map(|(_, reaches)| reaches.number()).collect::<Vec<_>>(), accepted);
            prop_assert_eq!((messages.len(), outbox.bytes), (heads.len(), 0));
        }
    }

    #[test]
    fn messages_and_round_trips_are_bounded() {
        let mut outbox = Outbox::default();
        let taken = (1..=MESSAGES as u64 + 5).filter(|number| outbox.put(waiting(*number, 1))).count();
        assert_eq!((taken, outbox.take_batch().1.len(), outbox.clear().len()), (MESSAGES, BATCH, MESSAGES - BATCH));
        assert!(outbox.put(waiting(1, BYTES)) && !outbox.put(waiting(2, 1)));
    }

    #[test]
    fn the_highest_missed_position_is_remembered() {
        let mut outbox = Outbox::default();
        for number in [3, 7, 5] {
            outbox.miss(restaurant(1), Position::new(number).unwrap());
        }
        assert_eq!(outbox.take_missed(), [(restaurant(1), Position::new(7).unwrap())]);
        (0..MISSED as u128 + 5).for_each(|number| outbox.miss(restaurant(number), Position::ZERO));
        assert_eq!(outbox.take_missed().len(), MISSED);
        assert_eq!(outbox.take_missed().len(), 0);
    }
}
