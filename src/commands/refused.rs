//! Refusals by limits, added up for the manager's page.
//!
//! Bound: [`MOST`] pairs of table and limit between two flushes. Overflow: only the metric counts
//! the refusal.

use crate::clock;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::limit::Limit;
use crate::domain::values::text::TableLabel;
use crate::store::guests::{LimitRefusal, RefusalKey};
use crate::store::{Guests, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The most pairs of table and limit between two flushes.
const MOST: usize = 4096;

/// Refusals since the last flush.
#[derive(Debug, Default)]
pub struct RefusedLog(Mutex<HashMap<RefusalKey, LimitRefusal>>);

impl RefusedLog {
    /// Counts a refusal.
    pub fn note(&self, restaurant: RestaurantId, limit: Limit, table: Option<&TableLabel>) {
        let (key, now) = (RefusalKey { restaurant, limit, table: table.cloned() }, clock::now());
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = pending.get_mut(&key) {
            known.count += 1;
            known.last_at = now;
        } else if pending.len() < MOST {
            pending.insert(key, LimitRefusal { count: 1, first_at: now, last_at: now });
        }
    }

    /// Adds the counts to the database in one transaction.
    ///
    /// Loss: the counts since the last flush if the process ends, and those of this flush if the
    /// store fails.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn flush<S: Guests + ?Sized>(&self, store: &S) -> Result<(), StoreError> {
        let pending = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if pending.is_empty() {
            return Ok(());
        }
        store.add_limit_refusals(pending.into_iter().collect()).await
    }
}
