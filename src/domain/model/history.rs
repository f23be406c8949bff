//! The history of a feed. A database that comes back with less than it had (from a backup, or as a
//! standby that missed the last commits) begins another history of the same feed. A node notices by
//! comparing its own last event with the database's at that position.

use crate::domain::values::ids::{EventId, Generation};
use crate::domain::values::position::Position;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

impl Generation {
    /// Makes a generation from a new UUIDv7. It comes after `latest` even if that was made by a
    /// node whose clock was ahead.
    #[must_use]
    pub fn after(latest: Option<Self>, fresh: Uuid) -> Self {
        let Some(latest) = latest.map(Self::uuid).filter(|latest| *latest >= fresh) else { return Self::from_uuid(fresh) };
        let millis = (latest.as_u128() >> 80) + 1;
        Self::from_uuid(Uuid::from_u128(millis << 80 | fresh.as_u128() & ((1 << 80) - 1)))
    }
}

/// A point in a history: a position and the event there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mark {
    /// The position.
    pub position: Position,
    /// The event at it; `None` before the first.
    pub event: Option<EventId>,
}

/// The point of a history that the events of a commit continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The generation of the feed at the commit.
    pub generation: Option<Generation>,
    /// The last event before them.
    pub after: Mark,
}

/// What a node knows of a feed's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The generation.
    pub generation: Option<Generation>,
    /// The furthest event that the node has delivered or read.
    pub mark: Mark,
}

/// A feed as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The generation.
    pub generation: Option<Generation>,
    /// The last event.
    pub last: Mark,
    /// The event at the position that the reader asked for, if the log has one.
    pub asked: Option<EventId>,
}

/// How a feed in the database compares with what a node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The database continues the history that the node knows.
    Same,
    /// Another node has found that the history was rewritten.
    Renewed,
    /// The database lost events that the node knows, or has others in their place.
    Rewritten,
}

impl Known {
    /// Compares with a head that was read together with the event at the position of
    /// [`Self::mark`]. An earlier generation means that the database went back to it.
    #[must_use]
    pub fn compare(&self, head: &Head) -> Comparison {
        let continues = self.mark.position <= head.last.position && self.mark.event == head.asked;
        match head.generation.cmp(&self.generation) {
            std::cmp::Ordering::Greater => Comparison::Renewed,
            std::cmp::Ordering::Equal if continues => Comparison::Same,
            std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Comparison::Rewritten,
        }
    }
}

/// The epoch of a feed's cursors on the wire: the database's, and the feed's generation.
#[derive(Debug, Clone, Copy)]
pub struct Epoch<'a> {
    /// The epoch of the database.
    pub database: &'a str,
    /// The generation.
    pub generation: Option<Generation>,
}

impl fmt::Display for Epoch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            None => f.write_str(self.database),
            Some(generation) => write!(f, "{}-{}", self.database, generation.uuid().simple()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A log: the ids of its events, from position 1 on.
    type Log = Vec<u128>;

    fn mark(log: &Log, number: usize) -> Mark {
        let event = number.checked_sub(1).and_then(|index| log.get(index)).map(|id| EventId::from_uuid(Uuid::from_u128(*id)));
        Mark { position: Position::new(number as u64).unwrap(), event }
    }

    fn head(log: &Log, generation: Option<Generation>, asked: Mark) -> Head {
        let asked = mark(log, usize::try_from(asked.position.number()).unwrap()).event;
        Head { generation, last: mark(log, log.len()), asked }
    }

    proptest! {
        #[test]
        fn a_lost_event_that_a_node_knows_is_noticed_wherever_the_new_head_is(
            kept in 0_usize..30,
            lost in 0_usize..30,
            added in 0_usize..60,
            known in 0.0_f64..=1.0,
        ) {
            let before: Log = (1..=(kept + lost) as u128).collect();
            let after: Log = before[..kept].iter().copied().chain((0..added as u128).map(|number| 1000 + number)).collect();
            let delivered = (before.len() as f64 * known) as usize;
            let node = Known { generation: None, mark: mark(&before, delivered) };
            let found = node.compare(&head(&after, None, node.mark));
            prop_assert_eq!(found, if delivered > kept { Comparison::Rewritten } else { Comparison::Same });
        }

        #[test]
        fn generations_ascend_whatever_the_clocks(ids in prop::collection::vec(any::<u128>(), 1..20)) {
            let mut latest = None;
            for id in ids {
                // Below the last millisecond of the format.
                let next = Generation::after(latest, Uuid::from_u128(id >> 1));
                prop_assert!(Some(next) > latest);
                latest = Some(next);
            }
        }
    }

    #[test]
    fn a_later_generation_is_adopted_and_an_earlier_one_is_a_history_that_came_back() {
        let [first, second] = [1, 2].map(|id| Some(Generation::from_uuid(Uuid::from_u128(id))));
        let log: Log = vec![7, 8];
        let at = |generation| Known { generation, mark: mark(&log, 2) };
        let compare = |known: Known, generation| known.compare(&head(&log, generation, known.mark));
        assert_eq!(compare(at(first), first), Comparison::Same);
        assert_eq!(compare(at(first), second), Comparison::Renewed);
        assert_eq!(compare(at(None), first), Comparison::Renewed);
        assert_eq!(compare(at(second), first), Comparison::Rewritten);
        assert_eq!(compare(at(first), None), Comparison::Rewritten);
    }

    #[test]
    fn the_epoch_of_a_feed_that_was_never_rewritten_is_the_databases() {
        let generation = Some(Generation::from_uuid(Uuid::from_u128(0xabc)));
        assert_eq!(Epoch { database: "e1", generation: None }.to_string(), "e1");
        let renewed = Epoch { database: "e1", generation }.to_string();
        assert_eq!(renewed, "e1-00000000000000000000000000000abc");
    }
}
