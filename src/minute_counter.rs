//! Counts by key within one minute.

use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// The length of a counted minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// Counts by key. The minute of each key begins with its first count.
///
/// Bound: the number of keys. Overflow: keys whose minute is over are removed; if there are none, a
/// new key is not counted. All times are those of [`crate::clock::uptime`].
#[derive(Debug)]
pub struct MinuteCounter<K> {
    most_keys: usize,
    minutes: Mutex<HashMap<K, Minute>>,
}

#[derive(Debug)]
struct Minute {
    since: Timestamp,
    count: u32,
}

impl Minute {
    const fn is_over(&self, now: Timestamp) -> bool {
        now.millis() - self.since.millis() >= MINUTE_MS
    }
}

/// The counts after [`MinuteCounter::count`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The count of the current minute, including this call.
    pub count: u32,
    /// The count of the previous minute, if this call began a new one.
    pub before: Option<u32>,
}

impl<K: Eq + Hash> MinuteCounter<K> {
    /// Creates a counter for at most `most_keys` keys.
    #[must_use]
    pub fn new(most_keys: usize) -> Self {
        Self { most_keys, minutes: Mutex::default() }
    }

    /// Returns the count of a key's current minute, or `None` if there is no room for a new key.
    pub fn get(&self, key: &K, now: Timestamp) -> Option<u32> {
        let minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        match minutes.get(key) {
            Some(minute) if minute.is_over(now) => Some(0),
            Some(minute) => Some(minute.count),
            None => (minutes.len() < self.most_keys || minutes.values().any(|minute| minute.is_over(now))).then_some(0),
        }
    }

    /// Increments a key's count. Returns `None` if there is no room for a new key.
    pub fn count(&self, key: K, now: Timestamp) -> Option<Counted> {
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(minute) = minutes.get_mut(&key) {
            let before = minute.is_over(now).then_some(minute.count);
            if before.is_some() {
                *minute = Minute { since: now, count: 0 };
            }
            minute.count = minute.count.saturating_add(1);
            return Some(Counted { count: minute.count, before });
        }
        if minutes.len() >= self.most_keys {
            minutes.retain(|_, minute| !minute.is_over(now));
        }
        if minutes.len() >= self.most_keys {
            return None;
        }
        minutes.insert(key, Minute { since: now, count: 1 });
        Some(Counted { count: 1, before: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST_KEYS: usize = 4;

    /// Keys, each with the time until it is counted.
    fn counts() -> impl Strategy<Value = Vec<(u8, i64)>> {
        prop::collection::vec((0..8_u8, prop_oneof![0..20_000_i64, Just(MINUTE_MS)]), 0..200)
    }

    proptest! {
        #[test]
        fn with_room_each_key_has_the_count_of_its_own_minute(counts in counts()) {
            let counter = MinuteCounter::new(8);
            let mut model: HashMap<u8, Vec<i64>> = HashMap::new();
            let mut now = 0;
            for (key, wait) in counts {
                now += wait;
                let times = model.entry(key).or_default();
                let is_over = times.first().is_some_and(|first| now - first >= MINUTE_MS);
                let before = is_over.then_some(times.len() as u32);
                if is_over {
                    times.clear();
                }
                prop_assert_eq!(counter.get(&key, Timestamp::from_millis(now)), Some(times.len() as u32));
                times.push(now);
                let counted = counter.count(key, Timestamp::from_millis(now));
                prop_assert_eq!(counted, Some(Counted { count: times.len() as u32, before }));
            }
        }

        #[test]
        fn without_room_the_keys_are_bounded_and_those_of_the_current_minute_stay(counts in counts()) {
            let counter = MinuteCounter::new(MOST_KEYS);
            let mut now = 0;
            for (key, wait) in counts {
                now += wait;
                let at = Timestamp::from_millis(now);
                let current = |counter: &MinuteCounter<u8>| {
                    let minutes = counter.minutes.lock().unwrap();
                    let current = minutes.iter().filter(|(_, minute)| !minute.is_over(at));
                    current.map(|(key, minute)| (*key, minute.count)).collect::<HashMap<_, _>>()
                };
                let before = current(&counter);
                let could = counter.get(&key, at).is_some();
                let counted = counter.count(key, at);
                prop_assert_eq!(counted.is_some(), could);
                prop_assert_eq!(could, before.contains_key(&key) || before.len() < MOST_KEYS);
                let mut expected = before;
                if let Some(Counted { count, .. }) = counted {
                    *expected.entry(key).or_default() += 1;
                    prop_assert_eq!(expected[&key], count);
                }
                prop_assert_eq!(current(&counter), expected);
                prop_assert!(counter.minutes.lock().unwrap().len() <= MOST_KEYS);
            }
        }
    }
}
