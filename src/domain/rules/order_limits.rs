//! Limits on what one guest, one table and one restaurant's guests may order.
//!
//! Orders by the restaurant itself (staff, managers, a POS) never count against its guests' limits.

use crate::domain::model::basket::{Basket, MAX_LINES};
use crate::domain::model::order::Order;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::status::ItemStatus;
use crate::domain::values::limit::Limit;
use crate::domain::values::text::{Key, TableLabel};
use std::time::Duration;

/// A table that uses less than 1/`FAIR_SHARE` of the limit of all guests may use the reserve.
pub const FAIR_SHARE: u32 = 100;
/// The reserve is 1/`RESERVED` of the limit of all guests.
const RESERVED: u32 = 4;

/// A guest's, and a table's, orders for later are at most 1/`FOR_LATER` of the limit on open orders.
const FOR_LATER: u32 = 4;

/// Returns the reserve within `total`, the limit of all guests. A total too small for fair shares
/// has none.
#[must_use]
pub const fn reserve_of(total: u32) -> u32 {
    if total < FAIR_SHARE { 0 } else { total / RESERVED }
}

/// A guest whose open orders are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guest {
    /// The diner.
    pub diner: Key,
    /// The table that their token names.
    pub table: Option<TableLabel>,
    /// The session. After a move it has the new table at once; the token has it after its renewal.
    pub session: Key,
}

impl Guest {
    /// Returns the principal as a guest, or `None` for staff, screens and services.
    #[must_use]
    pub fn of(who: &Principal) -> Option<Self> {
        (who.role == Role::Diner).then(|| Self { diner: who.sub.clone(), table: who.table.clone(), session: who.session.clone() })
    }
}

/// The wait before a refused guest tries again. Nobody knows when an order will close.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Counts of guests' open orders, or the limits on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenOrders {
    /// Open orders of one guest.
    pub by_diner: u32,
    /// Open orders of all guests at one table.
    pub by_table: u32,
    /// Open orders of all guests of the restaurant.
    pub by_restaurant: u32,
    /// Orders for later of one guest that still wait.
    pub later_by_diner: u32,
    /// Those of all guests at one table.
    pub later_by_table: u32,
}

impl OpenOrders {
    /// Returns limits on open orders, with those on orders for later.
    #[must_use]
    pub const fn limits(by_diner: u32, by_table: u32, by_restaurant: u32) -> Self {
        let (later_by_diner, later_by_table) = (by_diner.div_ceil(FOR_LATER), by_table.div_ceil(FOR_LATER));
        Self { by_diner, by_table, by_restaurant, later_by_diner, later_by_table }
    }

    /// Checks that one more order fits under the limits `most`.
    ///
    /// # Errors
    /// `rate_limited`, with the narrowest limit that is reached and [`RETRY_AFTER`].
    pub fn check(&self, most: &Self, is_for_later: bool) -> Result<(), Refusal> {
        let (limit, message) = if self.by_diner >= most.by_diner {
            (Limit::OpenOrdersByDiner, "too many of your orders are still open; ask a waiter for more")
        } else if is_for_later && self.later_by_diner >= most.later_by_diner {
            (Limit::OpenOrdersByDiner, "too many of your orders for later still wait; ask a waiter for more")
        } else if self.by_table >= most.by_table {
            (Limit::OpenOrdersByTable, "too many orders of this table are still open; ask a waiter for more")
        } else if is_for_later && self.later_by_table >= most.later_by_table {
            (Limit::OpenOrdersByTable, "too many orders for later of this table still wait; ask a waiter for more")
        } else if self.by_restaurant >= self.limit_for_table(most) {
            (Limit::OpenOrdersByRestaurant, "the restaurant has more open orders than it can take from phones; ask a waiter")
        } else {
            return Ok(());
        };
        Err(Refusal::new(RefusalKind::RateLimited, message).by(limit).after(RETRY_AFTER))
    }
}

impl OpenOrders {
    /// Returns the limit on the restaurant's open orders as it applies to this table. Only tables
    /// with few open orders may use the reserve.
    const fn limit_for_table(&self, most: &Self) -> u32 {
        // A guest at no table has no others to share with.
        let own = if self.by_table > self.by_diner { self.by_table } else { self.by_diner };
        let is_fair = own == 0 || own < most.by_restaurant / FAIR_SHARE;
        if is_fair { most.by_restaurant } else { most.by_restaurant - reserve_of(most.by_restaurant) }
    }
}

/// Limits on the size of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderSize {
    /// The most lines.
    pub lines: u32,
    /// The most portions of a guest's order, over all lines.
    pub portions: u32,
    /// The most portions of an order by staff or a service, over all lines.
    pub staff_portions: u32,
}

impl OrderSize {
    /// The limits unless the operator sets others.
    pub const DEFAULT: Self = Self { lines: MAX_LINES as u32, portions: 200, staff_portions: 2000 };

    /// Checks the lines and the portions of a basket.
    ///
    /// # Errors
    /// `invalid`, with the limit.
    pub fn check(&self, basket: &Basket, who: &Principal) -> Result<(), Refusal> {
        let portions = basket.items.iter().map(|line| u64::from(line.quantity)).sum();
        self.check_counts(basket.items.len(), portions, who)
    }

    /// Checks the lines and the portions of an order that a principal has added to, without those
    /// that are voided.
    ///
    /// # Errors
    /// `invalid`, with the limit.
    pub fn check_order(&self, order: &Order, who: &Principal) -> Result<(), Refusal> {
        let live = || order.items.values().filter(|item| item.status != ItemStatus::Voided);
        let portions = live().map(|item| u64::from(item.quantity)).sum();
        self.check_counts(live().count(), portions, who)
    }

    fn check_counts(&self, lines: usize, portions: u64, who: &Principal) -> Result<(), Refusal> {
        if lines > self.lines as usize {
            let message = format!("an order has at most {} lines; split it", self.lines);
            return Err(Refusal::new(RefusalKind::Invalid, message).by(Limit::OrderLines));
        }
        let is_guest = who.role == Role::Diner;
        let most = if is_guest { self.portions } else { self.staff_portions };
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

    /// Returns counts or limits of a guest, a table and a restaurant, without orders for later.
    fn open(by_diner: u32, by_table: u32, by_restaurant: u32) -> OpenOrders {
        OpenOrders { by_diner, by_table, by_restaurant, ..OpenOrders::default() }
    }

    #[test]
    fn the_narrowest_limit_that_is_reached_is_named() {
        let limit = |by_diner, by_table, by_restaurant| {
            let counts = open(by_diner, by_table, by_restaurant);
            counts.check(&OpenOrders::limits(2, 4, 8), false).err().and_then(|refusal| refusal.limit)
        };
        assert_eq!(limit(1, 3, 7), None);
        assert_eq!(limit(2, 4, 8), Some(Limit::OpenOrdersByDiner));
        assert_eq!(limit(1, 4, 8), Some(Limit::OpenOrdersByTable));
        assert_eq!(limit(1, 3, 8), Some(Limit::OpenOrdersByRestaurant));
    }

    #[test]
    fn the_last_quarter_of_the_open_orders_is_for_tables_that_have_few() {
        let most = OpenOrders::limits(200, 400, 2000);
        let fits = |by_diner, by_table, by_restaurant| open(by_diner, by_table, by_restaurant).check(&most, false).is_ok();
        assert!(fits(100, 399, 1499) && !fits(100, 399, 1500) && !fits(20, 0, 1500), "a table with many open orders");
        assert!(fits(5, 19, 1999) && fits(0, 0, 1999) && !fits(5, 20, 1999) && !fits(0, 0, 2000), "a table with few");
    }

    #[test]
    fn orders_for_later_leave_three_quarters_to_orders_for_now() {
        let most = OpenOrders::limits(200, 400, 2000);
        let fits = |later_by_diner, later_by_table| {
            let counts = OpenOrders { later_by_diner, later_by_table, ..open(later_by_diner, later_by_table, later_by_table) };
            assert!(counts.check(&most, false).is_ok(), "orders for now are not affected");
            counts.check(&most, true).err().and_then(|refusal| refusal.limit)
        };
        assert_eq!(fits(49, 99), None);
        assert_eq!(fits(50, 99), Some(Limit::OpenOrdersByDiner));
        assert_eq!(fits(49, 100), Some(Limit::OpenOrdersByTable));
    }
}
