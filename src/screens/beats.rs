//! Rows that somebody renews by counting a beat up, pure. A beat that stands still for long enough, on the watcher's own
//! monotonic clock, is a row of nobody. Wall clocks of nodes are never compared.

use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// The beat that was last seen of each row, and since when it has been that.
#[derive(Debug)]
pub struct Beats<K>(HashMap<K, (i64, Timestamp)>);

impl<K> Default for Beats<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Beats<K> {
    /// Takes all rows as they stand. A row that was away begins anew.
    pub fn take(&mut self, rows: impl IntoIterator<Item = (K, i64)>, now: Timestamp) {
        let before = std::mem::take(&mut self.0);
        let since = |key: &K, beat| before.get(key).filter(|(old, _)| *old == beat).map_or(now, |(_, since)| *since);
        self.0 = rows.into_iter().map(|(key, beat)| (key.clone(), (beat, since(&key, beat)))).collect();
    }

    /// Returns whether a row has stood still for as long as `patience`.
    pub fn is_still(&self, key: &K, now: Timestamp, patience: Duration) -> bool {
        self.0.get(key).is_some_and(|(_, since)| now.since(*since) >= patience)
    }

    /// The rows that have stood still for as long as `patience`.
    pub fn still(&self, now: Timestamp, patience: Duration) -> Vec<(K, i64)> {
        let still = self.0.iter().filter(|(_, (_, since))| now.since(*since) >= patience);
        still.map(|(key, (beat, _))| (key.clone(), *beat)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn a_beat_that_goes_on_is_alive_and_one_that_stands_still_is_not() {
        let mut beats = Beats::default();
        let mut look = |alive, second| {
            beats.take([("a", alive), ("b", 7)], at(second));
            beats.still(at(second), PATIENCE)
        };
        assert_eq!(look(1, 0), []);
        assert_eq!(look(2, 29), []);
        assert_eq!(look(3, 30), [("b", 7)]);
        assert_eq!(look(3, 59), [("b", 7)], "until it is taken away");
        assert_eq!(look(3, 60).len(), 2);
        assert_eq!(look(4, 61), [("b", 7)], "a node that comes to itself again");
    }

    #[test]
    fn what_was_away_begins_anew_and_nothing_is_kept_of_it() {
        let mut beats = Beats::default();
        beats.take([("a", 1)], at(0));
        beats.take([], at(10));
        assert!(beats.0.is_empty());
        beats.take([("a", 1)], at(60));
        assert!(!beats.is_still(&"a", at(60), PATIENCE) && beats.is_still(&"a", at(90), PATIENCE));
    }
}
