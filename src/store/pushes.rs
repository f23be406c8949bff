//! Push subscriptions of diners.

use super::Result;
use crate::domain::model::push::{Endpoint, Subscription};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// The most subscriptions of one diner. A new one replaces the oldest.
pub const MOST_OF_A_DINER: u32 = 5;

/// A subscription and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRow {
    /// The restaurant of the diner.
    pub restaurant: RestaurantId,
    /// The diner's `sub`.
    pub diner: Key,
    /// The session with which the subscription ends.
    pub session: Key,
    /// The address and the keys to send with.
    pub subscription: Subscription,
    /// The time after which the server sends nothing to the subscription.
    pub expires_at: Timestamp,
}

/// Subscriptions by diner and endpoint. One ends with its session.
#[async_trait]
pub trait Pushes: Send + Sync + 'static {
    /// Stores a subscription. It replaces the diner's subscription at the same endpoint, or the oldest beyond
    /// [`MOST_OF_A_DINER`].
    async fn add_push(&self, row: &PushRow, at: Timestamp) -> Result<()>;

    /// Removes a diner's subscription. Does nothing if it does not exist.
    async fn remove_push(&self, restaurant: RestaurantId, diner: &Key, endpoint: &Endpoint) -> Result<()>;

    /// Removes an endpoint that its push service no longer knows, whichever diner of the restaurant it belongs to.
    async fn remove_endpoint(&self, restaurant: RestaurantId, endpoint: &Endpoint) -> Result<()>;

    /// Returns the push subscriptions of the diner of an order. They must not have expired at a time, and their session must
    /// not have ended.
    async fn pushes_of_order(&self, restaurant: RestaurantId, order: OrderId, at: Timestamp) -> Result<Vec<Subscription>>;

    /// Removes subscriptions that expired before a time, and returns their number.
    async fn forget_pushes(&self, before: Timestamp) -> Result<u64>;
}
