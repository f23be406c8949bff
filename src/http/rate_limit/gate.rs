//! A rate limiter by subject, in bounded memory. A caller can give back the token of an attempt,
//! which then does not count.

use crate::auth::device_mark::MarkId;
use crate::connection::client_address::rate_limit_key;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{OrderId, RestaurantId, UserId};
use crate::domain::values::text::{Key, TableLabel};
use governor::clock::{Clock, DefaultClock};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most subjects that one limiter tracks: about 10 MB. Overflow: further subjects share one
/// bucket until [`KeyedLimiter::tidy`] makes room.
const MOST_KEYS: usize = 100_000;

/// A digest of a restaurant and a username. Neither has to exist.
pub type Account = [u8; 32];

/// A subject, whose attempts count together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An address ([`rate_limit_key`]).
    Address(IpAddr),
    /// A session of staff, of a screen or of a POS.
    Session(Key),
    /// The guests at one table, since anyone with its code can begin any number of sessions.
    Table(RestaurantId, TableLabel),
    /// The holders of the link to an order.
    Link(OrderId),
    /// Sign-ins to one account from unknown devices at unknown addresses.
    Account(Account),
    /// Sign-ins to one account from an address that is known for it.
    AccountAt(Account, IpAddr),
    /// Sign-ins on one marked device.
    Mark(MarkId),
    /// Sign-ins from devices that carry a mark of one person.
    MarkedFor(UserId),
    /// All subjects beyond [`MOST_KEYS`].
    Others,
}

impl Subject {
    /// Returns the subject of an address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(rate_limit_key(address))
    }

    /// Returns the subject of a principal with a valid token.
    #[must_use]
    pub fn holder(who: &Principal) -> Self {
        match (who.share, &who.table) {
            (Some(order), _) => Self::Link(order),
            (None, Some(table)) => Self::Table(who.restaurant, table.clone()),
            (None, None) => Self::Session(who.session.clone()),
        }
    }
}

/// A limiter with the same quota for each subject.
pub struct KeyedLimiter {
    /// Its name in metrics.
    pub name: &'static str,
    limiter: RateLimiter<Subject, States, DefaultClock>,
    states: States,
    /// The cost of one attempt, in nanoseconds.
    cost: u64,
}

impl KeyedLimiter {
    /// Makes a limiter in which each subject has this quota.
    #[must_use]
    pub fn new(name: &'static str, quota: Quota) -> Self {
        let states = States::default();
        let limiter = RateLimiter::new(quota, states.clone(), DefaultClock::default());
        let cost = u64::try_from(quota.replenish_interval().as_nanos()).unwrap_or(u64::MAX);
        Self { name, limiter, states, cost }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// The time to wait.
    pub fn take(&self, subject: &Subject) -> Result<(), Duration> {
        self.limiter.check_key(subject).map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }

    /// Gives back the token of an attempt, which then does not count.
    pub fn give_back(&self, subject: &Subject) {
        let mut states = self.states.lock();
        let is_full = states.len() >= MOST_KEYS;
        let state = match states.get_mut(subject) {
            None if is_full => states.get_mut(&Subject::Others),
            found => found,
        };
        if let Some(state) = state {
            *state = Nanos::new(state.as_u64().saturating_sub(self.cost));
        }
    }

    /// Drops subjects whose limits have recovered.
    pub fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    /// Returns the number of tracked subjects.
    #[cfg(test)]
    pub fn subjects(&self) -> usize {
        self.limiter.len()
    }
}

/// The time at which each subject's limit will have recovered.
#[derive(Clone, Default)]
struct States(Arc<Mutex<HashMap<Subject, Nanos>>>);

impl States {
    fn lock(&self) -> MutexGuard<'_, HashMap<Subject, Nanos>> {
        // A panic cannot leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for States {
    type Key = Subject;

    fn measure_and_replace<T, F, E>(&self, subject: &Subject, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut states = self.lock();
        let is_full = states.len() >= MOST_KEYS && !states.contains_key(subject);
        let subject = if is_full { &Subject::Others } else { subject };
        let (outcome, state) = decide(states.get(subject).copied())?;
        match states.get_mut(subject) {
            Some(old) => *old = state,
            None => drop(states.insert(subject.clone(), state)),
        }
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Subject> for States {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, state| *state > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.lock().shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// A quota: a burst, and a period after which another attempt is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub(super) burst: NonZeroU32,
    pub(super) pace: Duration,
}

impl Rate {
    /// Allows `burst` attempts at once, and `per_second` in the long run. Zeros count as one, since a
    /// limit of zero would refuse everything.
    #[must_use]
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: at_least_one(burst), pace: Duration::from_secs(1) / at_least_one(per_second).get() }
    }

    /// Allows `count` attempts at once, and `count` per minute in the long run.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        let burst = at_least_one(count);
        Self { burst, pace: Duration::from_secs(60) / burst.get() }
    }

    /// Allows `count` attempts at once, and `count` per hour in the long run.
    #[must_use]
    pub fn per_hour(count: u32) -> Self {
        let burst = at_least_one(count);
        Self { burst, pace: Duration::from_secs(3600) / burst.get() }
    }

    pub(super) fn quota(self) -> Quota {
        // The period rounds to zero above a billion attempts a second. Then the burst refills in one
        // second.
        Quota::with_period(self.pace).unwrap_or(Quota::per_second(self.burst)).allow_burst(self.burst)
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn gate(burst: u32) -> KeyedLimiter {
        KeyedLimiter::new("test", Quota::per_hour(NonZeroU32::new(burst).unwrap()))
    }

    fn from(at: u32) -> Subject {
        Subject::address(IpAddr::from(at.to_be_bytes()))
    }

    #[test]
    fn a_token_that_is_given_back_does_not_count() {
        let gate = gate(3);
        for _ in 0..20 {
            assert!(gate.take(&from(1)).is_ok());
            gate.give_back(&from(1));
        }
        for _ in 0..3 {
            assert!(gate.take(&from(1)).is_ok());
        }
        assert!(gate.take(&from(1)).is_err());
        gate.give_back(&from(2));
        assert!(gate.take(&from(1)).is_err(), "another subject cannot give back this one's token");
        gate.give_back(&from(1));
        assert!(gate.take(&from(1)).is_ok() && gate.take(&from(1)).is_err());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_limit() {
        let address = |text: &str| Subject::address(text.parse().unwrap());
        assert_eq!(address("2001:db8:0:1::1"), address("2001:db8:0:1:ffff::2"));
        assert_ne!(address("2001:db8:0:1::1"), address("2001:db8:0:2::1"));
        assert_eq!(address("203.0.113.1"), address("::ffff:203.0.113.1"));
    }

    #[test]
    fn memory_is_bounded_and_earlier_keys_stay_distinct() {
        let gate = gate(2);
        for at in 0..u32::try_from(MOST_KEYS).unwrap() {
            assert!(gate.take(&from(at)).is_ok());
        }
        let strangers = u32::MAX - 1000..u32::MAX;
        let taken = strangers.filter(|at| gate.take(&from(*at)).is_ok()).count();
        assert_eq!((taken, gate.subjects()), (2, MOST_KEYS + 1), "strangers share one bucket");
        assert!(gate.take(&from(7)).is_ok());
        gate.give_back(&from(u32::MAX));
        assert!(gate.take(&from(u32::MAX)).is_ok() && gate.take(&from(u32::MAX)).is_err());
    }
}
