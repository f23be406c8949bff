//! [`Deliveries`]: riders' data, a row beside the order.

use super::script::Script;
use super::{Backend, Connection, Database};
use crate::domain::model::delivery::Delivery;
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::time::Timestamp;
use crate::store::deliveries::Deliveries;
use crate::store::order_write::OrderWrite;
use crate::store::{Result, audit, columns};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use uuid::Uuid;

statements! {
    ADD = "INSERT INTO deliveries (restaurant, order_id, at, document) VALUES ($1, $2, $3, $4)";
    DELIVERY = "SELECT document FROM deliveries WHERE restaurant = $1 AND order_id = $2";
    SET = "INSERT INTO deliveries (restaurant, order_id, at, document) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (restaurant, order_id) DO UPDATE SET at = excluded.at, document = excluded.document";
    REMOVE = "DELETE FROM deliveries WHERE restaurant = $1 AND order_id = $2";
    PURGE = "DELETE FROM deliveries WHERE restaurant = $1 AND order_id IN (\
        SELECT d.order_id FROM deliveries d WHERE d.restaurant = $1 AND d.at < $2 AND NOT EXISTS (\
        SELECT 1 FROM orders o WHERE o.restaurant = d.restaurant AND o.id = d.order_id AND o.is_open) \
        ORDER BY d.at LIMIT $3)";
}

/// Adds the details that came with new orders.
pub fn add<'a>(script: &mut Script, orders: impl Iterator<Item = &'a OrderWrite>) -> Result<()> {
    let mut rows = Vec::new();
    for write in orders {
        let Some(delivery) = &write.delivery else { continue };
        let (restaurant, order) = (write.order.restaurant.uuid(), write.order.id.uuid());
        rows.push([restaurant.into(), order.into(), write.order.placed_at.micros().into(), columns::write(delivery)?.into()]);
    }
    script.write(ADD, rows);
    Ok(())
}

/// Removes the details of an order's delivery. Returns whether there were any.
pub async fn remove(connection: &mut Connection, restaurant: RestaurantId, order: Uuid) -> Result<bool> {
    let remove = query::<Database>(REMOVE).bind(restaurant.uuid()).bind(order);
    Ok(remove.execute(connection).await?.rows_affected() > 0)
}

#[async_trait]
impl Deliveries for Backend {
    async fn delivery(&self, restaurant: RestaurantId, order: OrderId) -> Result<Option<Delivery>> {
        let query = query_scalar::<Database, String>(DELIVERY).bind(restaurant.uuid()).bind(order.uuid());
        let found = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        found.map(|json| columns::document(&json)).transpose()
    }

    async fn set_delivery(&self, restaurant: RestaurantId, order: OrderId, delivery: &Delivery, at: Timestamp) -> Result<()> {
        let document = columns::write(delivery)?;
        self.write(move |c| {
            let query = query::<Database>(SET).bind(restaurant.uuid()).bind(order.uuid()).bind(at.micros());
            let query = query.bind(document.clone());
            Box::pin(async move {
                query.execute(c).await?;
                Ok(())
            })
        })
        .await
    }

    async fn remove_delivery(&self, restaurant: RestaurantId, order: OrderId) -> Result<bool> {
        self.write(move |c| {
            Box::pin(async move {
                let is_removed = remove(c, restaurant, order.uuid()).await?;
                if !is_removed {
                    audit::set_outcome("not_found");
                }
                Ok(is_removed)
            })
        })
        .await
    }

    async fn purge_deliveries(&self, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |c| {
            let query = query::<Database>(PURGE).bind(restaurant.uuid()).bind(before.micros()).bind(i64::from(limit));
            Box::pin(async move { Ok(query.execute(c).await?.rows_affected()) })
        })
        .await
    }
}
