//! What all guests of a restaurant may take in a minute. The last quarter is reserved for tables that have taken less than
//! their fair share, so that a few tables that take all they can leave room for everyone else.
//!
//! Bound: [`Budget::tidy`] drops restaurants and tables that are quiet.

use super::limiter::{Limiter, Scope, at_least_one, per_minute, tidy, wait};
use crate::domain::rules::order_limits::{FAIR_SHARE, reserve_of};
use std::num::NonZeroU32;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The budgets of all restaurants.
pub(super) struct Budget {
    common: Limiter<Scope>,
    /// A small budget has none.
    reserve: Option<Limiter<Scope>>,
    /// The fair share of each table, or of each guest who sits at none.
    shares: Limiter<Scope>,
}

/// A refusal by a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shortage {
    /// The time to wait.
    pub wait: Duration,
    /// Whether the reserve is used up as well, so that nobody else gets anything either.
    pub is_for_all: bool,
}

impl Shortage {
    /// A refusal of a whole scope.
    pub const fn of_all(wait: Duration) -> Self {
        Self { wait, is_for_all: true }
    }

    /// The scope that is refused until the wait is over: the one that was asked, or in it one table alone.
    pub fn shut(&self, scope: &Scope, table: &Scope) -> Scope {
        if self.is_for_all { scope.clone() } else { table.clone() }
    }
}

impl Budget {
    /// Budgets of so many units a minute.
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
    /// The budget has too little left for this table.
    pub fn take(&self, restaurant: &Scope, table: &Scope, units: usize) -> Result<(), Shortage> {
        let units = at_least_one(u32::try_from(units).unwrap_or(u32::MAX));
        // Counted whether it is needed or not: the share is of all that the table takes.
        let is_fair = take(&self.shares, table, units).is_ok();
        let Err(of_common) = take(&self.common, restaurant, units) else { return Ok(()) };
        let Some(reserve) = &self.reserve else { return Err(Shortage::of_all(of_common)) };
        if !is_fair {
            return Err(Shortage { wait: of_common, is_for_all: false });
        }
        take(reserve, restaurant, units).map_err(|of_reserve| Shortage::of_all(of_common.min(of_reserve)))
    }

    /// Forgets who has been quiet for long enough to start afresh.
    pub fn tidy(&self) {
        for limiter in [&self.common, &self.shares].into_iter().chain(&self.reserve) {
            tidy(limiter);
        }
    }
}

/// Takes units of a limiter, or returns the time to wait.
pub(super) fn take(limiter: &Limiter<Scope>, scope: &Scope, units: NonZeroU32) -> Result<(), Duration> {
    match limiter.check_key_n(scope, units) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(until)) => Err(wait(&until)),
        // More than a minute has; they never fit.
        Err(_) => Err(MINUTE),
    }
}
