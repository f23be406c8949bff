//! What guests leave, and how it goes: after a while by itself, and at once when a guest asks for it.

use super::Result;
use crate::domain::model::event::Event;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use std::sync::Arc;

/// What a batch of an erasure came to.
#[derive(Debug, Clone)]
pub struct Erased {
    /// Orders that lost words and name.
    pub orders: u64,
    /// What live screens are told: committed, and for the caller to announce.
    pub events: Arc<[Event]>,
}

/// What a batch of a purge came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// Orders that lost words and name.
    pub orders: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// Retention and erasure, in bounded transactions, so that commands pass between two of them.
///
/// Ordering: positions stay without a hole; an event that loses words keeps its position, id, kind and time, and the fold of
/// the patches is still the document.
#[async_trait]
pub trait Privacy: Send + Sync + 'static {
    /// The position before which a cursor is of no use: events up to it have lost words.
    async fn kept_from(&self, restaurant: RestaurantId) -> Result<Position>;

    /// How many orders that closed before a time still have what their guests left.
    async fn orders_to_purge(&self, restaurant: RestaurantId, before: Timestamp) -> Result<u64>;

    /// Takes the words and names of guests out of orders that closed before a time, and out of their events: the oldest
    /// first, at most `limit`, and fewer when they have many events.
    async fn purge_orders(&self, restaurant: RestaurantId, before: Timestamp, at: Timestamp, limit: u32) -> Result<Purged>;

    /// The diner who placed the order with this number.
    async fn diner_of_order(&self, restaurant: RestaurantId, number: u32) -> Result<Option<Key>>;

    /// How many orders of a diner are open.
    async fn open_orders_of(&self, restaurant: RestaurantId, diner: &Key) -> Result<u64>;

    /// Takes words and name out of a diner's closed orders, and appends to each an event that says so; at most `limit`.
    async fn erase_orders(&self, restaurant: RestaurantId, diner: &Key, at: Timestamp, limit: u32) -> Result<Erased>;

    /// Ends a diner's sessions and forgets their push subscriptions and remembered answers; returns the sessions.
    async fn erase_guest(&self, restaurant: RestaurantId, diner: &Key) -> Result<Vec<Key>>;

    /// Forgets remembered answers, anybody's, that have a diner's id in them, as a document of their orders has. Reads all
    /// that are remembered, page by page, without holding the feed.
    async fn forget_answers_about(&self, restaurant: RestaurantId, diner: &Key) -> Result<u64>;

    /// Removes sessions that expired before a time, batch by batch. Returns their number.
    async fn forget_expired_sessions(&self, before: Timestamp) -> Result<u64>;

    /// Removes sessions of guests who have ordered nothing and were last here before a time, batch by batch. Returns their
    /// number.
    async fn forget_idle_guests(&self, before: Timestamp) -> Result<u64>;

    /// Removes what was deleted from the files of the database too, soon, as far as that is the store's to do, and at once a file
    /// that was set aside and last written before a time.
    fn scrub(&self, before: Timestamp) -> Result<()>;

    /// Takes on a periodic task that no node has done since a time; says whether this one has it.
    async fn claim(&self, task: &'static str, since: Timestamp, at: Timestamp) -> Result<bool>;
}
