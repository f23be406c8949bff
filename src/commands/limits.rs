//! Limits on commands, the same for every transport.
//!
//! Each node counts rates in its own memory, so a client that spreads over several nodes gets the
//! rate of each. The database counts open orders, inside the transaction that places an order, so
//! that all nodes agree on them.
//!
//! Bound: [`CommandLimits::prune`] drops quiet principals, tables and restaurants; at most
//! [`MOST_BLOCKED`] blocked scopes are remembered. Overflow: a scope that is not remembered is
//! refused inside the transaction.

use super::budget::{Budget, Shortage, take};
use super::limiter::{BURST, Limiter, Scope, at_least_one, per_minute, per_second, prune};
use super::refused::RefusedLog;
use super::standing::{self, Standing};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::rules::order_limits::{OpenOrders, OrderSize};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::limit::Limit;
use crate::domain::values::text::Key;
use crate::telemetry::Metrics;
use governor::RateLimiter;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most blocked scopes, whose next order is refused without a transaction.
const MOST_BLOCKED: usize = 4096;
/// The longest time for which an order with too many lines blocks shorter orders of its scope.
const BLOCKED_BY_LINES: Duration = Duration::from_secs(1);

/// The settings of [`CommandLimits`]. A zero counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandRates {
    /// Commands a second of one guest. A burst may have five times as many.
    pub diner_commands: u32,
    /// Commands a second of one staff member, screen or service. A burst may have five times as
    /// many.
    pub staff_commands: u32,
    /// Orders a minute of one guest.
    pub diner_orders: u32,
    /// Orders a minute of the guests of one table.
    pub table_orders: u32,
    /// Orders a minute of all guests of one restaurant. The last quarter is for tables that ordered
    /// little.
    pub restaurant_orders: u32,
    /// Orders a minute of one staff member, screen or service.
    pub staff_orders: u32,
    /// Lines a minute of one guest's orders.
    pub diner_lines: u32,
    /// Lines a minute of the orders of one table's guests.
    pub table_lines: u32,
    /// Lines a minute of the orders of all guests of one restaurant.
    pub restaurant_lines: u32,
    /// Open orders of guests.
    pub open: OpenOrders,
    /// The size of one order.
    pub size: OrderSize,
}

/// The limits of one guest suffice for twelve people who share a phone and order each dish by
/// itself: ten orders each within a minute, five lines each, and fifteen open orders each. A table
/// has twice that, since its guests may have phones of their own. The limits of a restaurant's
/// guests are the load at which its screens are measured.
impl Default for CommandRates {
    fn default() -> Self {
        Self {
            diner_commands: 30,
            staff_commands: 500,
            diner_orders: 120,
            table_orders: 240,
            restaurant_orders: 1200,
            staff_orders: 3000,
            diner_lines: 600,
            table_lines: 1200,
            restaurant_lines: 12_000,
            open: OpenOrders::limits(200, 400, 2000),
            size: OrderSize::DEFAULT,
        }
    }
}

/// A limiter that also says what is left.
type CommandLimiter =
    RateLimiter<(RestaurantId, Key), DashMapStateStore<(RestaurantId, Key)>, DefaultClock, StateInformationMiddleware>;

fn command_limiter(rate: u32) -> CommandLimiter {
    RateLimiter::dashmap(per_second(rate)).with_middleware()
}

/// The limits of a node, shared by all connections.
pub struct CommandLimits {
    diner_commands: CommandLimiter,
    staff_commands: CommandLimiter,
    diner_orders: Limiter<Scope>,
    table_orders: Limiter<Scope>,
    restaurant_orders: Budget,
    staff_orders: Limiter<Scope>,
    diner_lines: Limiter<Scope>,
    table_lines: Limiter<Scope>,
    restaurant_lines: Budget,
    open: OpenOrders,
    size: OrderSize,
    blocked: Mutex<HashMap<Scope, (Limit, Instant)>>,
    refused: RefusedLog,
    metrics: Metrics,
}

impl CommandLimits {
    /// Makes limiters with these rates, which count refusals in `metrics`.
    #[must_use]
    pub fn new(rates: CommandRates, metrics: Metrics) -> Self {
        Self {
            diner_commands: command_limiter(rates.diner_commands),
            staff_commands: command_limiter(rates.staff_commands),
            diner_orders: RateLimiter::dashmap(per_minute(rates.diner_orders)),
            table_orders: RateLimiter::dashmap(per_minute(rates.table_orders)),
            restaurant_orders: Budget::new(rates.restaurant_orders),
            staff_orders: RateLimiter::dashmap(per_minute(rates.staff_orders)),
            diner_lines: RateLimiter::dashmap(per_minute(rates.diner_lines)),
            table_lines: RateLimiter::dashmap(per_minute(rates.table_lines)),
            restaurant_lines: Budget::new(rates.restaurant_lines),
            open: rates.open,
            size: rates.size,
            blocked: Mutex::default(),
            refused: RefusedLog::default(),
            metrics,
        }
    }

    /// Returns the limits on the size of an order.
    #[must_use]
    pub const fn size(&self) -> &OrderSize {
        &self.size
    }

    /// Returns the limits on guests' open orders.
    #[must_use]
    pub const fn open(&self) -> &OpenOrders {
        &self.open
    }

    /// Returns the refusals that are not in the database yet.
    #[must_use]
    pub const fn refused(&self) -> &RefusedLog {
        &self.refused
    }

    /// Counts a command.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn admit(&self, who: &Principal) -> Result<(), Refusal> {
        let (limiter, limit) = match who.role {
            Role::Diner => (&self.diner_commands, Limit::CommandsByDiner),
            _ => (&self.staff_commands, Limit::CommandsByPrincipal),
        };
        let checked = limiter.check_key(&(who.restaurant, who.sub.clone()));
        // The quota of a burst is there again after a window without commands.
        let standing = |quota, left| Standing { limit, quota, window: BURST, left };
        match checked {
            Ok(snapshot) => {
                standing::note(standing(snapshot.quota().burst_size().get(), snapshot.remaining_burst_capacity()));
                Ok(())
            }
            Err(until) => {
                standing::note(standing(until.quota().burst_size().get(), 0));
                Err(too_fast(limit, until.wait_time_from(DefaultClock::default().now())))
            }
        }
    }

    /// Checks that none of a principal's scopes is blocked. Counts nothing.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check_not_blocked(&self, who: &Principal) -> Result<(), Refusal> {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        if blocked.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        for (scope, _) in Scope::all(who) {
            if let Some((limit, until)) = blocked.get(&scope)
                && let Some(left) = until.checked_duration_since(now)
            {
                return Err(too_fast(*limit, left));
            }
        }
        Ok(())
    }

    /// Counts an order and its lines. Called inside the transaction, after the check that the id
    /// has no answer yet; it does not block.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn count_order(&self, who: &Principal, lines: usize) -> Result<(), Refusal> {
        let mut narrower = None;
        for (scope, limit) in Scope::all(who) {
            let table = narrower.as_ref().unwrap_or(&scope);
            if let Err((limit, shortage)) = self.count_lines(&scope, table, lines) {
                // A shorter order may fit earlier.
                let wait = shortage.wait.min(BLOCKED_BY_LINES);
                self.block(shortage.blocked_scope(&scope, table), limit, wait);
                return Err(too_fast(limit, shortage.wait));
            }
            if let Err(shortage) = self.count_one(&scope, table) {
                self.block(shortage.blocked_scope(&scope, table), limit, shortage.wait);
                return Err(too_fast(limit, shortage.wait));
            }
            narrower = Some(scope);
        }
        Ok(())
    }

    fn count_one(&self, scope: &Scope, table: &Scope) -> Result<(), Shortage> {
        let limiter = match scope {
            Scope::Diner(..) => &self.diner_orders,
            Scope::Table(..) => &self.table_orders,
            Scope::Restaurant(..) => return self.restaurant_orders.take(scope, table, 1),
            Scope::Staff(..) => &self.staff_orders,
        };
        take(limiter, scope, NonZeroU32::MIN).map_err(Shortage::of_all)
    }

    fn count_lines(&self, scope: &Scope, table: &Scope, lines: usize) -> Result<(), (Limit, Shortage)> {
        let (limiter, limit) = match scope {
            Scope::Diner(..) => (&self.diner_lines, Limit::LinesByDiner),
            Scope::Table(..) => (&self.table_lines, Limit::LinesByTable),
            Scope::Restaurant(..) => {
                let taken = self.restaurant_lines.take(scope, table, lines);
                return taken.map_err(|shortage| (Limit::LinesByRestaurant, shortage));
            }
            Scope::Staff(..) => return Ok(()),
        };
        let lines = at_least_one(u32::try_from(lines).unwrap_or(u32::MAX));
        take(limiter, scope, lines).map_err(|wait| (limit, Shortage::of_all(wait)))
    }

    fn block(&self, scope: Scope, limit: Limit, wait: Duration) {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if blocked.len() >= MOST_BLOCKED {
            blocked.retain(|_, (_, until)| *until > now);
        }
        if blocked.len() < MOST_BLOCKED {
            blocked.insert(scope, (limit, now + wait));
        }
    }

    /// Counts a refusal by a limit, for the metrics and for the manager's page.
    pub fn note(&self, who: &Principal, refusal: &Refusal) {
        if let Some(limit) = refusal.limit {
            self.metrics.hit(limit.as_str());
            self.refused.note(who.restaurant, limit, who.table.as_ref());
        }
    }

    /// Drops principals, tables and restaurants whose limits are full again. Call it about once a
    /// minute.
    pub fn prune(&self) {
        for limiter in [&self.diner_commands, &self.staff_commands] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        for limiter in [&self.diner_orders, &self.table_orders, &self.staff_orders, &self.diner_lines, &self.table_lines] {
            prune(limiter);
        }
        self.restaurant_orders.prune();
        self.restaurant_lines.prune();
        let now = Instant::now();
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (_, until)| *until > now);
    }
}

fn too_fast(limit: Limit, wait: Duration) -> Refusal {
    let message = match limit {
        Limit::OrdersByDiner | Limit::OrdersByTable => "too many orders at once; wait a little, or ask a waiter",
        Limit::LinesByDiner | Limit::LinesByTable => "too many dishes at once; wait a little, or ask a waiter",
        Limit::OrdersByRestaurant | Limit::LinesByRestaurant => {
            "the restaurant receives more orders than it can take right now; wait a little, or ask a waiter"
        }
        _ => "too much at once; wait a little and send it again under the same id",
    };
    // One millisecond more than the limiter says, so that rounding does not refuse a client that
    // waits as told.
    Refusal::new(RefusalKind::RateLimited, message).by(limit).after(wait + Duration::from_millis(1))
}

#[cfg(test)]
#[path = "tests/limits.rs"]
mod tests;
