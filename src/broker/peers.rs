//! Other nodes that publish, pure. A known node that falls silent is dead, or cut off from Redis
//! while it continues to commit. Heads are then compared more often, to find its commits.

use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// The time after which a node counts as silent: two of its beats, and some latency. The last commits of a dead node must be
/// found within three seconds. If a node is only slow, this costs a few queries.
const SILENCE: Duration = Duration::from_millis(2200);
/// The time for which a silent node is remembered. It costs a query every two seconds.
const MEMORY: Duration = Duration::from_secs(3600);
/// The most pairs of node and part. Overflow: further ones are not tracked.
const MOST: usize = 4096;

/// The last beat of each other node in each part of the channels.
#[derive(Debug, Default)]
pub struct Peers(HashMap<(Uuid, u8), (u64, Timestamp)>);

impl Peers {
    /// Records a beat of a node in a part. An old number, received again, is not a sign of life.
    pub fn record(&mut self, node: Uuid, part: u8, number: u64, now: Timestamp) {
        if self.0.len() < MOST || self.0.contains_key(&(node, part)) {
            let last = self.0.entry((node, part)).or_insert((0, now));
            if number > last.0 {
                *last = (number, now);
            }
        }
    }

    /// Restarts all timers, after a time without a connection.
    pub fn restart(&mut self, now: Timestamp) {
        self.0.values_mut().for_each(|(_, heard)| *heard = now);
    }

    /// Whether any known node is silent.
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
    fn a_silent_node_is_detected_remembered_and_finally_forgotten() {
        let (mut peers, node) = (Peers::default(), Uuid::from_u128(1));
        assert!(!peers.is_any_silent(at(0)));
        peers.record(node, 0, 1, at(0));
        peers.record(node, 0, 2, at(1000));
        assert!(!peers.is_any_silent(at(3200)) && peers.is_any_silent(at(3201)));
        peers.record(node, 0, 2, at(3202));
        assert!(peers.is_any_silent(at(3203)), "a repeated beat is not a sign of life");
        peers.restart(at(7000));
        assert!(!peers.is_any_silent(at(9200)) && peers.is_any_silent(at(9201)));
        assert!(!peers.is_any_silent(at(7001 + 3_600_000)));
    }

    #[test]
    fn each_part_needs_beats() {
        let (mut peers, node) = (Peers::default(), Uuid::from_u128(1));
        peers.record(node, 0, 1, at(0));
        peers.record(node, 1, 1, at(0));
        peers.record(node, 0, 2, at(2000));
        assert!(!peers.is_any_silent(at(2200)) && peers.is_any_silent(at(2201)));
    }
}
