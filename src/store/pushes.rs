//! Push subscriptions of diners.

use super::Result;
use crate::domain::model::push::{Endpoint, Subscription};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// The most subscriptions of one diner; the oldest gives way to another.
pub const MOST_OF_A_DINER: u32 = 5;

/// A subscription and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRow {
    /// Where the diner is.
    pub restaurant: RestaurantId,
    /// The diner's `sub`.
    pub diner: Key,
    /// The session it goes with.
    pub session: Key,
    /// Where to send.
    pub subscription: Subscription,
    /// After this nothing is sent there.
    pub expires_at: Timestamp,
}

/// Subscriptions by diner and endpoint. One ends with its session.
#[async_trait]
pub trait Pushes: Send + Sync + 'static {
    /// Keeps a subscription in place of the diner's one at the same endpoint. Of more than [`MOST_OF_A_DINER`] the oldest go.
    async fn add_push(&self, row: &PushRow, at: Timestamp) -> Result<()>;

    /// Lets a diner's subscription go; one that is not there is gone already.
    async fn remove_push(&self, restaurant: RestaurantId, diner: &Key, endpoint: &Endpoint) -> Result<()>;

    /// Lets an endpoint go that its push service does not know any more, whosoever it was in this restaurant.
    async fn remove_endpoint(&self, restaurant: RestaurantId, endpoint: &Endpoint) -> Result<()>;

    /// Where the diner of an order is to be told at a time: neither expired nor of an ended session.
    async fn pushes_of_order(&self, restaurant: RestaurantId, order: OrderId, at: Timestamp) -> Result<Vec<Subscription>>;

    /// Forgets those that expired before a time; says how many rows went.
    async fn forget_pushes(&self, before: Timestamp) -> Result<u64>;
}
