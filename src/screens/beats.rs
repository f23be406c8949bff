//! Expiry of rows that their owner renews by incrementing a counter, pure. A row whose counter has
//! not advanced for long enough, measured on the watcher's monotonic clock, has expired. Wall
//! clocks of nodes are never compared.

use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// The last counter of each row, and when this node first saw it.
#[derive(Debug)]
pub struct Beats<K>(HashMap<K, (i64, Timestamp)>);

impl<K> Default for Beats<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Beats<K> {
    /// Records the counters of all rows. Rows that are absent are dropped, and start again if they
    /// return.
    pub fn record(&mut self, rows: impl IntoIterator<Item = (K, i64)>, now: Timestamp) {
        let before = std::mem::take(&mut self.0);
        let since = |key: &K, beat| before.get(key).filter(|(old, _)| *old == beat).map_or(now, |(_, since)| *since);
        self.0 = rows.into_iter().map(|(key, beat)| (key.clone(), (beat, since(&key, beat)))).collect();
    }

    /// Whether a row's counter has not advanced for `patience`.
    pub fn is_expired(&self, key: &K, now: Timestamp, patience: Duration) -> bool {
        self.0.get(key).is_some_and(|(_, since)| now.since(*since) >= patience)
    }

    /// Returns the rows whose counters have not advanced for `patience`.
    pub fn expired(&self, now: Timestamp, patience: Duration) -> Vec<(K, i64)> {
        let expired = self.0.iter().filter(|(_, (_, since))| now.since(*since) >= patience);
        expired.map(|(key, (beat, _))| (key.clone(), *beat)).collect()
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
    fn a_row_expires_when_its_counter_stops() {
        let mut beats = Beats::default();
        let mut record_and_find = |alive, second| {
            beats.record([("a", alive), ("b", 7)], at(second));
            beats.expired(at(second), PATIENCE)
        };
        assert_eq!(record_and_find(1, 0), []);
        assert_eq!(record_and_find(2, 29), []);
        assert_eq!(record_and_find(3, 30), [("b", 7)]);
        assert_eq!(record_and_find(3, 59), [("b", 7)], "until the row is removed");
        assert_eq!(record_and_find(3, 60).len(), 2);
        assert_eq!(record_and_find(4, 61), [("b", 7)], "a node that resumes");
    }

    #[test]
    fn an_absent_row_is_dropped_and_starts_again() {
        let mut beats = Beats::default();
        beats.record([("a", 1)], at(0));
        beats.record([], at(10));
        assert!(beats.0.is_empty());
        beats.record([("a", 1)], at(60));
        assert!(!beats.is_expired(&"a", at(60), PATIENCE) && beats.is_expired(&"a", at(90), PATIENCE));
    }
}
