//! Webhooks of restaurants. Nodes take turns by compare-and-set on a row's version.

use super::Result;
use crate::domain::model::webhook::{Webhook, WebhookCount};
use crate::domain::values::ids::{RestaurantId, WebhookId};
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;

/// The webhooks of restaurants.
///
/// Ordering: each change of a row is based on the version before, so of two nodes that change a row at the same time one fails.
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// Adds a webhook. Returns false if the restaurant already has `most`. `Missing` if there is no such restaurant.
    async fn add_webhook(&self, webhook: &Webhook, most: u32) -> Result<bool>;

    /// Returns a webhook; `None` if the restaurant does not have it.
    async fn webhook(&self, restaurant: RestaurantId, id: WebhookId) -> Result<Option<Webhook>>;

    /// Returns the webhooks of a restaurant by id.
    async fn webhooks(&self, restaurant: RestaurantId) -> Result<Vec<Webhook>>;

    /// Writes a changed webhook and increases its version, unless the row has another version or is gone. Returns whether it was
    /// written.
    async fn save_webhook(&self, webhook: &mut Webhook) -> Result<bool>;

    /// Removes a webhook. `Missing` if the restaurant does not have it.
    async fn remove_webhook(&self, restaurant: RestaurantId, id: WebhookId) -> Result<()>;

    /// Returns at most `limit` active webhooks that are due and have events to get, those first that are due longest.
    async fn due_webhooks(&self, now: Timestamp, limit: u32) -> Result<Vec<(RestaurantId, WebhookId)>>;

    /// Counts the webhooks of all restaurants by state.
    async fn count_webhooks(&self) -> Result<Vec<WebhookCount>>;
}
