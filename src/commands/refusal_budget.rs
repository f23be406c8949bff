//! Refused commands in the audit. Each principal has a budget of entries, so that nobody of the house, and no stolen session
//! of staff, fills the audit with commands that come to nothing. What was done is always listed.

use crate::domain::model::principal::Principal;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::minute_counter::MinuteCounter;

/// Entries a minute of refused commands of one principal, on one node.
const MOST: u32 = 60;
/// Principals that are told apart. Overflow: the refusals of others are not listed.
const MOST_PRINCIPALS: usize = 10_000;

/// Counts refused commands by principal.
#[derive(Debug)]
pub struct RefusalBudget(MinuteCounter<(RestaurantId, Key)>);

impl Default for RefusalBudget {
    fn default() -> Self {
        Self(MinuteCounter::new(MOST_PRINCIPALS))
    }
}

impl RefusalBudget {
    /// Whether one more refusal of a principal would be listed, at a time of [`crate::clock::uptime`].
    pub fn has_room(&self, who: &Principal, now: Timestamp) -> bool {
        self.0.get(&(who.restaurant, who.sub.clone()), now).is_some_and(|count| count < MOST)
    }

    /// Counts a refusal of a principal.
    pub fn count(&self, who: &Principal, now: Timestamp) {
        // Without room for another principal there is nothing to count: `has_room` says so.
        let _ = self.0.count((who.restaurant, who.sub.clone()), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::principal::Role;
    use crate::minute_counter::MINUTE_MS;
    use uuid::Uuid;

    fn waiter(name: &str) -> Principal {
        Principal {
            sub: name.parse().unwrap(),
            role: Role::Staff,
            restaurant: RestaurantId::from_uuid(Uuid::from_u128(1)),
            session: "s".parse().unwrap(),
            station: None,
            table: None,
            device: None,
            share: None,
        }
    }

    #[test]
    fn one_principals_refusals_use_up_nobody_elses_budget_and_it_comes_back() {
        let (budget, at) = (RefusalBudget::default(), Timestamp::from_millis);
        for _ in 0..MOST {
            assert!(budget.has_room(&waiter("mina"), at(0)));
            budget.count(&waiter("mina"), at(0));
        }
        assert!(!budget.has_room(&waiter("mina"), at(MINUTE_MS - 1)));
        assert!(budget.has_room(&waiter("omar"), at(MINUTE_MS - 1)));
        assert!(budget.has_room(&waiter("mina"), at(MINUTE_MS)));
    }
}
