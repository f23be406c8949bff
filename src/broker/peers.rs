//! Which other nodes publish, pure. A node that was heard of and is silent is dead, or cut off from Redis while it goes on
//! committing: what it commits is then found by comparing heads, and that more often.

use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// How long a node may be silent: two of its beats, and a fifth of one for the way. What a node has committed when it dies,
/// and told nobody, is found then, and has to be within three seconds; a node that was only slow costs a few queries.
const SILENCE: Duration = Duration::from_millis(2200);
/// How long a silent node is remembered. It costs a query every two seconds.
const MEMORY: Duration = Duration::from_secs(3600);
/// The most that are remembered.
const MOST: usize = 4096;

/// Other nodes, each by part of the channels.
#[derive(Debug, Default)]
pub struct Peers(HashMap<(Uuid, u8), (u64, Timestamp)>);

impl Peers {
    /// A node has been heard in a part. Its beats count up; an old one, heard again, is no sign of life.
    pub fn hear(&mut self, node: Uuid, part: u8, number: u64, now: Timestamp) {
        if self.0.len() < MOST || self.0.contains_key(&(node, part)) {
            let last = self.0.entry((node, part)).or_insert((0, now));
            if number > last.0 {
                *last = (number, now);
            }
        }
    }

    /// Nobody could be heard up to now: everybody gets the time anew.
    pub fn begin(&mut self, now: Timestamp) {
        self.0.values_mut().for_each(|(_, heard)| *heard = now);
    }

    /// Whether some node is silent that has been heard before.
    pub fn is_any_silent(&mut self, now: Timestamp) -> bool {
        self.0.retain(|_, (_, heard)| now.since(*heard) <= MEMORY);
        self.0.values().any(|(_, heard)| now.since(*heard) > SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_node_that_falls_silent_is_found_remembered_and_in_the_end_forgotten() {
        let (mut peers, node) = (Peers::default(), Uuid::from_u128(1));
        assert!(!peers.is_any_silent(at(0)));
        peers.hear(node, 0, 1, at(0));
        peers.hear(node, 0, 2, at(1000));
        assert!(!peers.is_any_silent(at(3200)) && peers.is_any_silent(at(3201)));
        peers.hear(node, 0, 2, at(3202));
        assert!(peers.is_any_silent(at(3203)), "a beat heard again is no sign of life");
        peers.begin(at(7000));
        assert!(!peers.is_any_silent(at(9200)) && peers.is_any_silent(at(9201)));
        assert!(!peers.is_any_silent(at(7001 + 3_600_000)));
    }

    #[test]
    fn each_part_has_to_be_heard() {
        let (mut peers, node) = (Peers::default(), Uuid::from_u128(1));
        peers.hear(node, 0, 1, at(0));
        peers.hear(node, 1, 1, at(0));
        peers.hear(node, 0, 2, at(2000));
        assert!(!peers.is_any_silent(at(2200)) && peers.is_any_silent(at(2201)));
    }
}
