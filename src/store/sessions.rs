//! Sessions: what a refresh token belongs to, and what ends every token under it.

use super::Result;
use crate::domain::ids::RestaurantId;
use crate::domain::principal::Principal;
use crate::domain::text::Key;
use crate::domain::time::Timestamp;
use async_trait::async_trait;

/// A session that can be refreshed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Whom it speaks for; `principal.session` is its id.
    pub principal: Principal,
    /// After this it cannot be refreshed any more.
    pub expires_at: Timestamp,
}

/// What presenting a refresh token comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was good; it is spent now, and the new one stands in its place.
    Rotated(SessionRow),
    /// It had been spent before: somebody has a copy. The session is ended.
    Reused(Key),
    /// Unknown, expired, or of an ended session.
    Unknown,
}

/// A session that was ended, for as long as a token of it could still be presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The session's id (a token's `sid`).
    pub session: Key,
    /// When it was ended, by the database's clock.
    pub at: Timestamp,
}

/// Sessions and their refresh tokens. Only SHA-256 hashes of refresh tokens are kept. A token that this node's keyring
/// has signed needs no row here (`orderbell token`): a session counts as alive until it is listed as ended.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// Begins a session with its first refresh token.
    async fn add_session(&self, session: &SessionRow, refresh_hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// Spends a refresh token and puts another in its place, in one transaction; a spent one ends its session.
    async fn rotate_refresh(&self, presented: [u8; 32], next: [u8; 32], at: Timestamp) -> Result<Rotation>;

    /// When a session ends by itself; none for one without a row.
    async fn session_end(&self, restaurant: RestaurantId, session: &Key) -> Result<Option<Timestamp>>;

    /// Ends a session; ending one twice, or one without a row, is fine (the end is recorded either way).
    async fn end_session(&self, session: &Key) -> Result<()>;

    /// Sessions ended at or after a time of the database's clock, oldest first. One that is recorded later than another is
    /// never of an earlier time, whatever the clocks do; two that are recorded at once may be, by as long as that takes.
    async fn ended_since(&self, since: Timestamp) -> Result<Vec<Ended>>;

    /// Forgets sessions that expired, and ends recorded, before a time; says how many rows went.
    async fn forget_sessions(&self, before: Timestamp) -> Result<u64>;
}
