//! Removal of guests' data: after a retention period, and at once when a guest asks for it.

use super::Result;
use crate::domain::model::event::Event;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use std::sync::Arc;

/// The result of a batch of an erasure.
#[derive(Debug, Clone)]
pub struct Erased {
    /// Orders that lost words and name.
    pub orders: u64,
    /// The committed events for live screens, which the caller announces.
    pub events: Arc<[Event]>,
}

/// The result of a batch of a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// Orders that lost words and name.
    pub orders: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// Retention and erasure, in bounded transactions, between which commands proceed.
///
/// Ordering: positions stay without a hole; an event that loses words keeps its position, id, kind and time, and the fold of
/// the patches is still the document.
#[async_trait]
pub trait Privacy: Send + Sync + 'static {
    /// Returns the position up to which events have lost words. Cursors before it are unusable.
    async fn kept_from(&self, restaurant: RestaurantId) -> Result<Position>;

    /// Returns the number of orders that closed before a time and still have guests' words or
    /// names.
    async fn orders_to_purge(&self, restaurant: RestaurantId, before: Timestamp) -> Result<u64>;

    /// Removes the words and names of guests from orders that closed before a time, and from their events: the oldest first, at
    /// most `limit`, and fewer if they have many events.
    async fn purge_orders(&self, restaurant: RestaurantId, before: Timestamp, at: Timestamp, limit: u32) -> Result<Purged>;

    /// Returns the diner who placed the order with this number.
    async fn diner_of_order(&self, restaurant: RestaurantId, number: u32) -> Result<Option<Key>>;

    /// Returns the number of a diner's open orders.
    async fn open_orders_of(&self, restaurant: RestaurantId, diner: &Key) -> Result<u64>;

    /// Removes words and name from at most `limit` closed orders of a diner, and appends an event about that to each.
    async fn erase_orders(&self, restaurant: RestaurantId, diner: &Key, at: Timestamp, limit: u32) -> Result<Erased>;

    /// Ends a diner's sessions and forgets their push subscriptions and remembered answers; returns the sessions.
    async fn erase_guest(&self, restaurant: RestaurantId, diner: &Key) -> Result<Vec<Key>>;

    /// Removes all remembered answers that contain a diner's id, such as documents of their orders. Reads all answers page by
    /// page, without holding the feed.
    async fn forget_answers_about(&self, restaurant: RestaurantId, diner: &Key) -> Result<u64>;

    /// Removes sessions that expired before a time, batch by batch. Returns their number.
    async fn forget_expired_sessions(&self, before: Timestamp) -> Result<u64>;

    /// Removes sessions of guests who have ordered nothing and were last here before a time, batch by batch. Returns their
    /// number.
    async fn forget_idle_guests(&self, before: Timestamp) -> Result<u64>;

    /// Removes deleted data from the database's files soon, where the store has to. Removes at once a log that was set aside
    /// and last written before a time.
    fn scrub(&self, before: Timestamp) -> Result<()>;

    /// Claims a periodic task that no node has done since a time. Returns whether this node has it.
    async fn claim(&self, task: &'static str, since: Timestamp, at: Timestamp) -> Result<bool>;
}
