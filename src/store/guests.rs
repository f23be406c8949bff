//! Guests: their sessions as the restaurant lists and ends them, and the limits they reach.

use super::Result;
use super::sessions::SessionRow;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::limit::Limit;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// A guest's session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestSession {
    /// The session's id. It grants no access.
    pub id: Key,
    /// The table the guest sits at.
    pub table: Option<TableLabel>,
    /// When it began.
    pub started_at: Timestamp,
    /// When its token was last renewed. An open page renews it every few minutes.
    pub seen_at: Timestamp,
    /// Orders of the guest that are open.
    pub open_orders: u32,
}

/// The key under which refusals by a limit are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefusalKey {
    /// The guests' restaurant.
    pub restaurant: RestaurantId,
    /// The limit.
    pub limit: Limit,
    /// The table whose guests reached it; `None` for guests without a table.
    pub table: Option<TableLabel>,
}

/// Refusals by one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitRefusal {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first_at: Timestamp,
    /// The last of them.
    pub last_at: Timestamp,
}

/// Guests' sessions and the limits they reach.
#[async_trait]
pub trait Guests: Send + Sync + 'static {
    /// Begins a guest's session at the table of a key, and checks the key in the same transaction: a removal of the table or
    /// a change of its key at the same time either ends this session or keeps it from beginning. `Missing` when no table of the
    /// session's restaurant and label has the key.
    async fn begin_guest_session(&self, session: &SessionRow, refresh_hash: [u8; 32], key: &Key, at: Timestamp) -> Result<()>;

    /// Returns at most `limit` sessions of guests that have not ended at a time, newest first, after one; with a table, only
    /// those of its guests.
    async fn guest_sessions(
        &self,
        restaurant: RestaurantId,
        table: Option<&TableLabel>,
        after: Option<&Key>,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<GuestSession>>;

    /// Ends a guest's session. `Missing` when the restaurant has no such session of a guest.
    async fn end_guest_session(&self, restaurant: RestaurantId, session: &Key) -> Result<()>;

    /// Returns the table that a session is at, which its token may not name yet.
    async fn seat(&self, restaurant: RestaurantId, session: &Key) -> Result<Option<TableLabel>>;

    /// Adds refusals to the recorded ones.
    async fn add_limit_refusals(&self, refusals: Vec<(RefusalKey, LimitRefusal)>) -> Result<()>;

    /// Returns at most `limit` refusals of a restaurant's guests, latest first.
    async fn limit_refusals(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<(RefusalKey, LimitRefusal)>>;

    /// Removes limits that were last reached before a time; returns the number of rows.
    async fn forget_limit_refusals(&self, before: Timestamp) -> Result<u64>;
}
