//! What waits to be published, and how far the log reaches where something was dropped; pure.

use super::redis_connection::Outgoing;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use std::collections::{HashMap, VecDeque};

/// The most messages that wait.
const MESSAGES: usize = 4096;
/// The most bytes that wait.
const BYTES: usize = 16 << 20;
/// The most messages of one round trip.
const BATCH: usize = 256;
/// The most restaurants whose heads are remembered. Those beyond are repaired by the comparison of heads.
const MISSED: usize = 4096;

/// A message that waits.
#[derive(Debug)]
pub struct Waiting {
    /// Whose events.
    pub restaurant: RestaurantId,
    /// The position of the last of them.
    pub reaches: Position,
    /// The message.
    pub outgoing: Outgoing,
}

/// Bounded in messages and bytes.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    missed: HashMap<RestaurantId, Position>,
}

impl Outbox {
    /// Takes a message; false when there is no space for it.
    #[must_use]
    pub fn put(&mut self, waiting: Waiting) -> bool {
        let bytes = waiting.outgoing.sealed.len();
        let is_taken = self.waiting.len() < MESSAGES && self.bytes + bytes <= BYTES;
        if is_taken {
            self.bytes += bytes;
            self.waiting.push_back(waiting);
        }
        is_taken
    }

    /// The oldest messages, as many as go in one round trip, and whose they are.
    pub fn take_batch(&mut self) -> (Vec<(RestaurantId, Position)>, Vec<Outgoing>) {
        let count = self.waiting.len().min(BATCH);
        let taken = self.waiting.drain(..count);
        let (whose, messages): (Vec<_>, Vec<_>) =
            taken.map(|waiting| ((waiting.restaurant, waiting.reaches), waiting.outgoing)).unzip();
        self.bytes -= messages.iter().map(|outgoing| outgoing.sealed.len()).sum::<usize>();
        (whose, messages)
    }

    /// Lets everything go that waits; says whose it was.
    pub fn clear(&mut self) -> Vec<(RestaurantId, Position)> {
        self.bytes = 0;
        self.waiting.drain(..).map(|waiting| (waiting.restaurant, waiting.reaches)).collect()
    }

    /// Remembers that something up to a position was not told.
    pub fn miss(&mut self, restaurant: RestaurantId, reaches: Position) {
        if self.missed.len() < MISSED || self.missed.contains_key(&restaurant) {
            let known = self.missed.entry(restaurant).or_default();
            *known = reaches.max(*known);
        }
    }

    /// How far the log reaches where something was not told; forgets it.
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
        fn what_is_taken_comes_out_once_in_order_within_the_bounds(sizes in prop::collection::vec(0_usize..2 << 20, 0..80)) {
            let (mut outbox, mut kept) = (Outbox::default(), Vec::new());
            for (number, size) in (1..).zip(sizes) {
                if outbox.put(waiting(number, size)) {
                    kept.push(number);
                }
                prop_assert!(outbox.bytes <= BYTES);
            }
            let (whose, messages) = outbox.take_batch();
            prop_assert_eq!(whose.iter().map(|(_, reaches)| reaches.number()).collect::<Vec<_>>(), kept);
            prop_assert_eq!((messages.len(), outbox.bytes), (whose.len(), 0));
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
    fn of_what_was_missed_the_highest_position_stays() {
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
