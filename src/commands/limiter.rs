//! Rate limiters, shared by the limits on commands and the budgets of restaurants.

use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::limit::Limit;
use crate::domain::values::text::{Key, TableLabel};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

/// The burst of commands, in seconds of the rate.
pub(super) const BURST: u32 = 5;

pub(super) type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// The scope that an order counts in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    Diner(RestaurantId, Key),
    Table(RestaurantId, TableLabel),
    Restaurant(RestaurantId),
    Staff(RestaurantId, Key),
}

impl Scope {
    /// Returns the scopes of a principal, the narrowest first, so that a refusal uses up nothing of
    /// the wider ones.
    pub(super) fn all(who: &Principal) -> Vec<(Self, Limit)> {
        let restaurant = who.restaurant;
        if who.role != Role::Diner {
            return vec![(Self::Staff(restaurant, who.sub.clone()), Limit::OrdersByPrincipal)];
        }
        let table = who.table.clone().map(|table| (Self::Table(restaurant, table), Limit::OrdersByTable));
        let mut scopes = vec![(Self::Diner(restaurant, who.sub.clone()), Limit::OrdersByDiner)];
        scopes.extend(table);
        scopes.push((Self::Restaurant(restaurant), Limit::OrdersByRestaurant));
        scopes
    }
}

pub(super) fn prune<K: Hash + Eq + Clone>(limiter: &Limiter<K>) {
    limiter.retain_recent();
    limiter.shrink_to_fit();
}

pub(super) fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

pub(super) fn per_second(rate: u32) -> Quota {
    Quota::per_second(at_least_one(rate)).allow_burst(at_least_one(rate.saturating_mul(BURST)))
}

pub(super) fn per_minute(rate: u32) -> Quota {
    Quota::per_minute(at_least_one(rate))
}

pub(super) fn wait(until: &NotUntil<<DefaultClock as Clock>::Instant>) -> Duration {
    until.wait_time_from(DefaultClock::default().now())
}
