//! Riders' data: rows beside the orders, only for those who deliver.

use super::Result;
use crate::domain::model::delivery::Delivery;
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// The details of deliveries.
///
/// Atomicity: those that come with an order are committed with it, by [`Log::commit`](super::log::Log::commit).
#[async_trait]
pub trait Deliveries: Send + Sync + 'static {
    /// Returns the details of an order's delivery, unless there are none or they were removed.
    async fn delivery(&self, restaurant: RestaurantId, order: OrderId) -> Result<Option<Delivery>>;

    /// Sets the details of an order's delivery.
    async fn set_delivery(&self, restaurant: RestaurantId, order: OrderId, delivery: &Delivery, at: Timestamp) -> Result<()>;

    /// Removes the details of an order's delivery. Returns whether there were any.
    async fn remove_delivery(&self, restaurant: RestaurantId, order: OrderId) -> Result<bool>;

    /// Removes details that were set before a time, at most `limit`, except those of open orders. Returns how many.
    async fn purge_deliveries(&self, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64>;
}
