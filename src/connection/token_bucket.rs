//! A token bucket, pure: a number of messages a second, after a burst.

use crate::domain::values::time::Timestamp;
use std::time::Duration;

/// One message, in the unit of the bucket. At one message a second, a bucket regains one unit each millisecond.
const MESSAGE: u32 = 1000;

/// The messages that one connection may still send. 12 bytes, since each connection has one.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    level: u32,
    filled: Timestamp,
}

/// The rate at which buckets fill, and their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages per second in the long run.
    pub per_second: u32,
    /// Messages at once.
    pub burst: u32,
}

impl Bucket {
    /// Returns a full bucket.
    #[must_use]
    pub const fn full(rate: Rate, now: Timestamp) -> Self {
        Self { level: rate.burst.saturating_mul(MESSAGE), filled: now }
    }

    /// Takes one message.
    ///
    /// # Errors
    /// The wait until there is one, when it is empty.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let millis = u32::try_from(now.since(self.filled).as_millis()).unwrap_or(u32::MAX);
        let gained = millis.saturating_mul(rate.per_second);
        self.level = self.level.saturating_add(gained).min(rate.burst.saturating_mul(MESSAGE));
        self.filled = self.filled.max(now);
        if self.level >= MESSAGE {
            self.level -= MESSAGE;
            return Ok(());
        }
        let missing = MESSAGE - self.level;
        Err(Duration::from_millis(missing.div_ceil(rate.per_second.max(1)).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: Rate = Rate { per_second: 10, burst: 5 };

    proptest! {
        #[test]
        fn in_any_period_the_limit_admits_at_most_its_rate_and_one_burst(gaps in prop::collection::vec(0_i64..400, 1..200)) {
            let (mut now, mut passed) = (0, 0_i64);
            let mut bucket = Bucket::full(RATE, Timestamp::from_millis(0));
            for gap in gaps {
                now += gap;
                passed += i64::from(bucket.take(RATE, Timestamp::from_millis(now)).is_ok());
                prop_assert!(passed <= 5 + now * 10 / 1000 + 1);
            }
        }

        #[test]
        fn a_client_that_waits_the_requested_time_is_admitted(spent in 5_usize..20) {
            let mut bucket = Bucket::full(RATE, Timestamp::from_millis(0));
            let mut wait = Duration::ZERO;
            for _ in 0..spent {
                wait = bucket.take(RATE, Timestamp::from_millis(0)).err().unwrap_or_default();
            }
            let later = Timestamp::from_millis(0).plus(wait);
            prop_assert!(bucket.take(RATE, later).is_ok() || spent == 5);
        }
    }

    #[test]
    fn a_clock_that_steps_back_adds_no_messages() {
        let mut bucket = Bucket::full(RATE, Timestamp::from_millis(10_000));
        while bucket.take(RATE, Timestamp::from_millis(10_000)).is_ok() {}
        assert!(bucket.take(RATE, Timestamp::from_millis(0)).is_err());
        assert!(bucket.take(RATE, Timestamp::from_millis(10_000)).is_err());
    }
}
