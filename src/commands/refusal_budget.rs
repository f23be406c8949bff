//! The audit's budget for refused commands. Each principal has one, so that no staff member and no
//! stolen session can fill the audit with refused commands. Accepted ones are always recorded.

use crate::domain::model::principal::Principal;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::minute_counter::MinuteCounter;

/// The most entries a minute for refused commands of one principal, on one node.
const MOST: u32 = 60;
/// The most counted principals. Refusals of others are not recorded.
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
    /// Returns whether the budget has room for one more refusal of a principal. `now` is a time of
    /// [`crate::clock::uptime`].
    pub fn has_room(&self, who: &Principal, now: Timestamp) -> bool {
        self.0.get(&(who.restaurant, who.sub.clone()), now).is_some_and(|count| count < MOST)
    }

    /// Counts a refusal of a principal.
    pub fn count(&self, who: &Principal, now: Timestamp) {
        // A full counter refuses new principals; `has_room` reports them as without room.
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
            name: None,
        }
    }

    #[test]
    fn each_principal_has_its_own_budget_for_one_minute() {
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
