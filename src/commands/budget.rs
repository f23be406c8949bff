//! Budgets per minute for all guests of a restaurant. The last quarter is reserved for tables below
//! their fair share, so that a few greedy tables leave room for all others.
//!
//! Bound: [`Budget::prune`] drops quiet restaurants and tables.

use super::limiter::{Limiter, Scope, at_least_one, per_minute, prune, wait};
use crate::domain::rules::order_limits::{FAIR_SHARE, reserve_of};
use std::num::NonZeroU32;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The budgets of all restaurants.
pub(super) struct Budget {
    common: Limiter<Scope>,
    /// The reserve; a small budget has none.
    reserve: Option<Limiter<Scope>>,
    /// The fair share of each table, or of each guest without a table.
    shares: Limiter<Scope>,
}

/// A refusal by a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shortage {
    /// The time to wait.
    pub wait: Duration,
    /// Whether the reserve is used up too, so that all tables are refused.
    pub is_for_all: bool,
}

impl Shortage {
    /// Returns a refusal of a whole scope.
    pub const fn of_all(wait: Duration) -> Self {
        Self { wait, is_for_all: true }
    }

    /// Returns the scope to refuse until the wait is over: the whole scope, or only one table in
    /// it.
    pub fn blocked_scope(&self, scope: &Scope, table: &Scope) -> Scope {
        if self.is_for_all { scope.clone() } else { table.clone() }
    }
}

impl Budget {
    /// Makes budgets of `rate` units a minute.
    pub fn new(rate: u32) -> Self {
        let reserve = reserve_of(rate);
        Self {
            common: Limiter::dashmap(per_minute(rate - reserve)),
            reserve: (reserve > 0).then(|| Limiter::dashmap(per_minute(reserve))),
            shares: Limiter::dashmap(per_minute(rate / FAIR_SHARE)),
        }
    }

    /// Takes units of a restaurant's budget for a table.
    ///
    /// # Errors
    /// [`Shortage`] if too little is left for this table.
    pub fn take(&self, restaurant: &Scope, table: &Scope, units: usize) -> Result<(), Shortage> {
        let units = at_least_one(u32::try_from(units).unwrap_or(u32::MAX));
        // The share counts all units of the table. So take them from it even if the common part suffices.
        let is_fair = take(&self.shares, table, units).is_ok();
        let Err(of_common) = take(&self.common, restaurant, units) else { return Ok(()) };
        let Some(reserve) = &self.reserve else { return Err(Shortage::of_all(of_common)) };
        if !is_fair {
            return Err(Shortage { wait: of_common, is_for_all: false });
        }
        take(reserve, restaurant, units).map_err(|of_reserve| Shortage::of_all(of_common.min(of_reserve)))
    }

    /// Drops restaurants and tables whose budgets are full again.
    pub fn prune(&self) {
        for limiter in [&self.common, &self.shares].into_iter().chain(&self.reserve) {
            prune(limiter);
        }
    }
}

/// Takes units of a limiter, or returns the time to wait.
pub(super) fn take(limiter: &Limiter<Scope>, scope: &Scope, units: NonZeroU32) -> Result<(), Duration> {
    match limiter.check_key_n(scope, units) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(until)) => Err(wait(&until)),
        // More units than the burst allows never fit.
        Err(_) => Err(MINUTE),
    }
}
