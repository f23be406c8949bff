//! Limits on what one guest, one table and one restaurant's guests may order.
//!
//! The house itself (staff, managers, a POS) is never counted against a limit of its guests.

use crate::domain::model::basket::Basket;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::values::limit::Limit;
use crate::domain::values::text::{Key, TableLabel};
use std::time::Duration;

/// What a table may take and still have a claim to the reserve: one in so many of what the restaurant's guests may take.
pub const FAIR_SHARE: u32 = 100;
/// The part that is reserved for tables that took less than that: one in so many.
const RESERVED: u32 = 4;

/// Returns what is reserved of all that a restaurant's guests may take. A total too small for fair shares has no reserve.
#[must_use]
pub const fn reserve_of(total: u32) -> u32 {
    if total < FAIR_SHARE { 0 } else { total / RESERVED }
}

/// A guest whose open orders are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The diner.
    pub diner: Key,
    /// The table they sit at.
    pub table: Option<TableLabel>,
}

impl Guest {
    /// The guest that a principal is, if it is one.
    #[must_use]
    pub fn of(who: &Principal) -> Option<Self> {
        (who.role == Role::Diner).then(|| Self { diner: who.sub.clone(), table: who.table.clone() })
    }
}

/// When to look again whether an order has closed meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Open orders of guests: how many there are, or how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenOrders {
    /// Of one guest.
    pub by_diner: u32,
    /// Of all guests of one table.
    pub by_table: u32,
    /// Of all guests of the restaurant.
    pub by_restaurant: u32,
}

impl OpenOrders {
    /// Returns whether one more order fits under `most`.
    ///
    /// # Errors
    /// `rate_limited` with the narrowest limit that is reached, and a short time to wait: nobody knows when an order closes.
    pub fn check(&self, most: &Self) -> Result<(), Refusal> {
        let (limit, message) = if self.by_diner >= most.by_diner {
            (Limit::OpenOrdersByDiner, "too many of your orders are still open; ask a waiter for more")
        } else if self.by_table >= most.by_table {
            (Limit::OpenOrdersByTable, "too many orders of this table are still open; ask a waiter for more")
        } else if self.by_restaurant >= self.room_for_table(most) {
            (Limit::OpenOrdersByRestaurant, "the restaurant has more open orders than it can take from phones; ask a waiter")
        } else {
            return Ok(());
        };
        Err(Refusal::new(RefusalKind::RateLimited, message).by(limit).after(LOOK_AGAIN))
    }
}

impl OpenOrders {
    /// How many open orders the restaurant's guests may have for this table to get one more. The last ones are for tables
    /// that have few.
    const fn room_for_table(&self, most: &Self) -> u32 {
        // A guest at no table has no others to share with.
        let own = if self.by_table > self.by_diner { self.by_table } else { self.by_diner };
        let is_fair = own == 0 || own < most.by_restaurant / FAIR_SHARE;
        if is_fair { most.by_restaurant } else { most.by_restaurant - reserve_of(most.by_restaurant) }
    }
}

/// How large one order may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderSize {
    /// Lines.
    pub lines: u32,
    /// Portions of a guest's order, over all lines.
    pub portions: u32,
    /// Portions of an order that the house places, over all lines.
    pub house_portions: u32,
}

impl OrderSize {
    /// Checks the lines and the portions of a basket.
    ///
    /// # Errors
    /// `invalid` with the limit.
    pub fn check(&self, basket: &Basket, who: &Principal) -> Result<(), Refusal> {
        if basket.items.len() > self.lines as usize {
            let message = format!("an order has at most {} lines; split it", self.lines);
            return Err(Refusal::new(RefusalKind::Invalid, message).by(Limit::OrderLines));
        }
        let is_guest = who.role == Role::Diner;
        let most = if is_guest { self.portions } else { self.house_portions };
        let portions: u64 = basket.items.iter().map(|line| u64::from(line.quantity)).sum();
        if portions > u64::from(most) {
            let advice = if is_guest { "ask a waiter for more" } else { "split it" };
            let message = format!("an order has at most {most} portions; {advice}");
            return Err(Refusal::new(RefusalKind::Invalid, message).by(Limit::OrderPortions));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: OpenOrders = OpenOrders { by_diner: 2, by_table: 4, by_restaurant: 8 };

    #[test]
    fn the_narrowest_limit_that_is_reached_is_named() {
        let limit = |by_diner, by_table, by_restaurant| {
            OpenOrders { by_diner, by_table, by_restaurant }.check(&MOST).err().and_then(|refusal| refusal.limit)
        };
        assert_eq!(limit(1, 3, 7), None);
        assert_eq!(limit(2, 4, 8), Some(Limit::OpenOrdersByDiner));
        assert_eq!(limit(1, 4, 8), Some(Limit::OpenOrdersByTable));
        assert_eq!(limit(1, 3, 8), Some(Limit::OpenOrdersByRestaurant));
    }

    #[test]
    fn the_last_quarter_of_the_open_orders_is_for_tables_that_have_few() {
        let most = OpenOrders { by_diner: 200, by_table: 400, by_restaurant: 2000 };
        let fits = |by_diner, by_table, by_restaurant| OpenOrders { by_diner, by_table, by_restaurant }.check(&most).is_ok();
        assert!(fits(100, 399, 1499) && !fits(100, 399, 1500) && !fits(20, 0, 1500), "who has many");
        assert!(fits(5, 19, 1999) && fits(0, 0, 1999) && !fits(5, 20, 1999) && !fits(0, 0, 2000), "who has few");
    }
}
