//! Guests: their sessions as the restaurant sees and ends them, and the limits they reach.

use super::Result;
use super::sessions::SessionRow;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::limit::Limit;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// A guest's session that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestSession {
    /// The session's id, which opens nothing.
    pub id: Key,
    /// The table the guest sits at.
    pub table: Option<TableLabel>,
    /// When it began.
    pub started_at: Timestamp,
    /// When its token was last renewed: a page that is open renews every few minutes.
    pub seen_at: Timestamp,
    /// Orders of the guest that are open.
    pub open_orders: u32,
}

/// What refusals by a limit are added up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefusalKey {
    /// Whose guests.
    pub restaurant: RestaurantId,
    /// The limit.
    pub limit: Limit,
    /// The table whose guests reached it; none for whoever sits at no table.
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
    /// Begins a guest's session at the table of a key, in one transaction with a look at the key: a table that is removed at
    /// the same time, or gets another key, either ends this session or lets none begin. `Missing` when no table of the
    /// session's restaurant and label has the key.
    async fn begin_guest_session(&self, session: &SessionRow, refresh_hash: [u8; 32], key: &Key, at: Timestamp) -> Result<()>;

    /// Guests' sessions that go on at a time, those that began last first, those after one, at most `limit`; with a table,
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

    /// Adds refusals to those that are known.
    async fn add_limit_refusals(&self, refusals: Vec<(RefusalKey, LimitRefusal)>) -> Result<()>;

    /// Refusals of a restaurant's guests, the latest first, at most `limit`.
    async fn limit_refusals(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<(RefusalKey, LimitRefusal)>>;

    /// Forgets limits that were last reached before a time; says how many rows went.
    async fn forget_limit_refusals(&self, before: Timestamp) -> Result<u64>;
}
