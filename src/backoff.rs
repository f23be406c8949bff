//! Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter",
//! 2015), so that clients that failed together do not retry together. Pure: randomness is an
//! argument.

use std::time::Duration;

/// The delays after successive failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    tries: u32,
}

impl Backoff {
    /// Makes a backoff whose ceiling is `base` after the first failure and doubles with each further failure, up to `cap`.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, tries: 0 }
    }

    /// Makes a backoff that has already returned the delays of `tries` failures.
    #[must_use]
    pub const fn after(tries: u32, base: Duration, cap: Duration) -> Self {
        Self { base, cap, tries }
    }

    /// Returns the delay after another failure, between zero and the ceiling. `random` is uniform
    /// over `u64`.
    pub fn next(&mut self, random: u64) -> Duration {
        let ceiling = self.base.saturating_mul(1_u32.checked_shl(self.tries).unwrap_or(u32::MAX)).min(self.cap);
        self.tries = self.tries.saturating_add(1);
        let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(((u128::from(nanos) * u128::from(random)) >> 64) as u64)
    }

    /// Starts again after a success.
    pub const fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn delays_stay_under_a_ceiling_that_doubles_up_to_the_cap(randoms in prop::collection::vec(any::<u64>(), 1..80)) {
            let (base, cap) = (Duration::from_millis(100), Duration::from_secs(5));
            let mut backoff = Backoff::new(base, cap);
            let mut ceiling = base;
            for random in randoms {
                prop_assert!(backoff.next(random) <= ceiling);
                ceiling = (ceiling * 2).min(cap);
            }
            backoff.reset();
            prop_assert!(backoff.next(u64::MAX) <= base);
        }
    }

    #[test]
    fn the_jitter_is_full() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(1));
        assert_eq!(backoff.next(0), Duration::ZERO);
        assert!(backoff.next(u64::MAX) > Duration::from_millis(999));
    }
}
