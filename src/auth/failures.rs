//! Budgets for failed attempts in the audit. Guesses must not fill the database, and guesses at
//! made-up names must not hide those at a real one. So each person has a budget of entries, and all
//! unknown names of a restaurant share one. Attempts beyond a budget are only counted; the next
//! entry states their number.

use crate::domain::values::ids::{RestaurantId, UserId};
use crate::domain::values::time::Timestamp;
use crate::minute_counter::{Counted, MinuteCounter};

/// The most entries a minute about one person, on one node.
const MOST_OF_A_PERSON: u32 = 10;
/// The most entries a minute about unknown names of one restaurant, on one node.
const MOST_UNKNOWN: u32 = 30;
/// The most subjects with a budget. Overflow: further subjects' attempts are not listed.
const MOST_SUBJECTS: usize = 10_000;

/// The owner of a budget: one person, or all unknown names of a restaurant.
type Subject = (RestaurantId, Option<UserId>);

/// Counts failed attempts.
#[derive(Debug)]
pub struct Failures(MinuteCounter<Subject>);

impl Default for Failures {
    fn default() -> Self {
        Self(MinuteCounter::new(MOST_SUBJECTS))
    }
}

/// How to record a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// List it.
    List,
    /// List it with the number of unlisted attempts before it.
    ListAfter(u32),
    /// Do not list it.
    Count,
}

impl Failures {
    /// Counts an attempt at a time of [`crate::clock::uptime`].
    pub fn count(&self, restaurant: RestaurantId, person: Option<UserId>, now: Timestamp) -> Listing {
        let most = if person.is_some() { MOST_OF_A_PERSON } else { MOST_UNKNOWN };
        match self.0.count((restaurant, person), now) {
            Some(Counted { before: Some(before), .. }) if before > most => Listing::ListAfter(before - most),
            Some(Counted { count, .. }) if count <= most => Listing::List,
            Some(_) | None => Listing::Count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_guesses_uses_up_only_the_budget_of_its_restaurant() {
        let (failures, at) = (Failures::default(), Timestamp::from_millis);
        let id = |number| RestaurantId::from_uuid(uuid::Uuid::from_u128(number));
        let listed = (0..100).filter(|_| failures.count(id(1), None, at(5)) == Listing::List).count();
        assert_eq!(listed, MOST_UNKNOWN as usize);
        assert_eq!(failures.count(id(2), None, at(6)), Listing::List);
        assert_eq!(failures.count(id(1), None, at(60_004)), Listing::Count);
        assert_eq!(failures.count(id(1), None, at(60_005)), Listing::ListAfter(71));
        assert_eq!(failures.count(id(1), None, at(120_005)), Listing::List);
    }

    #[test]
    fn made_up_names_do_not_use_up_the_budget_of_a_real_one() {
        let (failures, at) = (Failures::default(), Timestamp::from_millis(5));
        let restaurant = RestaurantId::from_uuid(uuid::Uuid::from_u128(1));
        let person = |number| Some(UserId::from_uuid(uuid::Uuid::from_u128(number)));
        for _ in 0..=MOST_UNKNOWN {
            failures.count(restaurant, None, at);
        }
        let listed = (0..20).filter(|_| failures.count(restaurant, person(2), at) == Listing::List).count();
        assert_eq!(listed, MOST_OF_A_PERSON as usize);
        assert_eq!(failures.count(restaurant, person(3), at), Listing::List);
    }
}
