//! Budgets for refused commands in the audit: a staff member, or a stolen staff session, cannot
//! fill the audit with commands that have no effect. Commands with an effect are always listed.

use crate::domain::model::principal::Principal;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Entries a minute for refused commands of one principal on one node.
const MOST: u32 = 60;
/// The most principals with a counter. Overflow: counters whose minute is over are dropped; without
/// any, refusals of the new principal are not listed.
const MOST_PRINCIPALS: usize = 10_000;
const MINUTE_MS: i64 = 60_000;

/// Counters of refused commands by principal.
#[derive(Debug, Default)]
pub struct RefusalBudget(Mutex<HashMap<(RestaurantId, Key), Window>>);

#[derive(Debug)]
struct Window {
    since: Timestamp,
    count: u32,
}

impl Window {
    const fn is_over(&self, now: Timestamp) -> bool {
        now.millis() - self.since.millis() >= MINUTE_MS
    }
}

impl RefusalBudget {
    /// Whether the audit would list one more refusal of a principal. `now` is of
    /// [`crate::clock::uptime`].
    pub fn has_room(&self, who: &Principal, now: Timestamp) -> bool {
        let windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match windows.get(&(who.restaurant, who.sub.clone())) {
            Some(window) => window.is_over(now) || window.count < MOST,
            None => windows.len() < MOST_PRINCIPALS || windows.values().any(|window| window.is_over(now)),
        }
    }

    /// Counts a refusal of a principal.
    pub fn count(&self, who: &Principal, now: Timestamp) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST_PRINCIPALS {
            windows.retain(|_, window| !window.is_over(now));
            if windows.len() >= MOST_PRINCIPALS {
                return;
            }
        }
        let window = windows.entry((who.restaurant, who.sub.clone())).or_insert(Window { since: now, count: 0 });
        if window.is_over(now) {
            *window = Window { since: now, count: 0 };
        }
        window.count = window.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::principal::Role;
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
    fn each_principal_has_a_budget_that_renews_each_minute() {
        let (budget, at) = (RefusalBudget::default(), Timestamp::from_millis);
        for _ in 0..MOST {
            assert!(budget.has_room(&waiter("mina"), at(0)));
            budget.count(&waiter("mina"), at(0));
        }
        assert!(!budget.has_room(&waiter("mina"), at(MINUTE_MS - 1)));
        assert!(budget.has_room(&waiter("omar"), at(MINUTE_MS - 1)));
        assert!(budget.has_room(&waiter("mina"), at(MINUTE_MS)));
    }

    #[test]
    fn a_flood_of_principals_is_bounded() {
        let (budget, at) = (RefusalBudget::default(), Timestamp::from_millis);
        for number in 0..MOST_PRINCIPALS + 10 {
            budget.count(&waiter(&format!("w{number}")), at(0));
        }
        assert!(!budget.has_room(&waiter("new"), at(1)));
        assert!(budget.has_room(&waiter("new"), at(MINUTE_MS)));
        budget.count(&waiter("new"), at(MINUTE_MS));
        assert_eq!(budget.0.lock().unwrap().len(), 1);
    }
}
