//! Failed sign-ins, as far as the audit has them: some a minute for each restaurant, and of the rest how many there were.
//! Whoever guesses passwords must not fill the database.

use crate::domain::ids::RestaurantId;
use crate::domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Entries a minute and restaurant, on one node.
const MOST: u32 = 30;
const MINUTE_MS: i64 = 60_000;

/// Counts failed sign-ins by restaurant. Bound: one small row for each restaurant that exists.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<RestaurantId, Window>>);

#[derive(Debug)]
struct Window {
    since: Timestamp,
    count: u32,
}

/// What to do about one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// List it.
    List,
    /// List it, and how many were not listed before it.
    ListAfter(u32),
    /// Do not list it.
    Count,
}

impl Failures {
    /// Counts one more, at a time of [`crate::clock::uptime`].
    pub fn count(&self, restaurant: RestaurantId, now: Timestamp) -> Listing {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(restaurant).or_insert(Window { since: now, count: 0 });
        if now.millis() - window.since.millis() >= MINUTE_MS {
            let hidden = window.count.saturating_sub(MOST);
            *window = Window { since: now, count: 1 };
            return if hidden > 0 { Listing::ListAfter(hidden) } else { Listing::List };
        }
        window.count = window.count.saturating_add(1);
        if window.count > MOST { Listing::Count } else { Listing::List }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_guesses_is_counted_and_one_restaurants_leaves_the_other_alone() {
        let (failures, at) = (Failures::default(), Timestamp::from_millis);
        let id = |number| RestaurantId::from_uuid(uuid::Uuid::from_u128(number));
        let listed = (0..100).filter(|_| failures.count(id(1), at(5)) == Listing::List).count();
        assert_eq!(listed, MOST as usize);
        assert_eq!(failures.count(id(2), at(6)), Listing::List);
        assert_eq!(failures.count(id(1), at(60_004)), Listing::Count);
        assert_eq!(failures.count(id(1), at(60_005)), Listing::ListAfter(71));
        assert_eq!(failures.count(id(1), at(120_005)), Listing::List);
    }
}
