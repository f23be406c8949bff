//! The delays between connection attempts, pure.

use crate::backoff::Backoff;
use crate::domain::values::time::Timestamp;
use std::time::Duration;

/// The longest first wait.
const BASE: Duration = Duration::from_millis(100);
/// The longest later wait.
const CAP: Duration = Duration::from_secs(3);
/// The shortest lifetime of a connection whose end resets the backoff. A Redis that accepts and drops connections does not
/// reset it.
const STABLE: Duration = Duration::from_secs(10);

/// The delays before connecting: none the first time, then with full jitter.
#[derive(Debug)]
pub struct Retry {
    backoff: Backoff,
    is_first: bool,
    connected: Option<Timestamp>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { backoff: Backoff::new(BASE, CAP), is_first: true, connected: None }
    }
}

impl Retry {
    /// Returns the delay before the next attempt. `random` is uniform over `u64`.
    pub fn wait(&mut self, now: Timestamp, random: u64) -> Duration {
        if self.connected.take().is_some_and(|connected| now.since(connected) >= STABLE) {
            self.backoff.reset();
        }
        if std::mem::take(&mut self.is_first) { Duration::ZERO } else { self.backoff.next(random) }
    }

    /// Records that a connection works.
    pub fn connected(&mut self, now: Timestamp) {
        self.connected.get_or_insert(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn the_first_attempt_is_immediate_and_only_a_stable_connection_resets_the_backoff() {
        let mut retry = Retry::default();
        assert_eq!(retry.wait(at(0), u64::MAX), Duration::ZERO);
        let nearly = |wait: Duration| wait.as_millis() + 1;
        assert_eq!([100, 200, 400].map(|_| nearly(retry.wait(at(1), u64::MAX))), [100, 200, 400]);
        retry.connected(at(10));
        assert_eq!(nearly(retry.wait(at(19), u64::MAX)), 800, "it was not stable");
        retry.connected(at(30));
        retry.connected(at(39));
        assert_eq!(nearly(retry.wait(at(40), u64::MAX)), 100, "it was stable");
    }
}
