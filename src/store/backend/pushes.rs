//! [`Pushes`]: push subscriptions of diners.

use super::{Backend, Connection, Database};
use crate::domain::model::push::{Endpoint, Subscription};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::push_rows::SubscriptionRow;
use crate::store::pushes::{MOST_OF_A_DINER, PushRow, Pushes};
use crate::store::{Result, sql};
use async_trait::async_trait;
use sqlx::{query, query_as};

#[async_trait]
impl Pushes for Backend {
    async fn add_push(&self, row: &PushRow, at: Timestamp) -> Result<()> {
        let row = row.clone();
        self.write(move |c| Box::pin(async move { add(c, &row, at).await })).await
    }

    async fn remove_push(&self, restaurant: RestaurantId, diner: &Key, endpoint: &Endpoint) -> Result<()> {
        let query = query::<Database>(sql::pushes::REMOVE_PUSH).bind(restaurant.uuid()).bind(diner.as_str().to_owned());
        self.execute(query.bind(endpoint.as_str().to_owned())).await.map(|_| ())
    }

    async fn remove_endpoint(&self, restaurant: RestaurantId, endpoint: &Endpoint) -> Result<()> {
        let query = query::<Database>(sql::pushes::REMOVE_ENDPOINT).bind(restaurant.uuid());
        self.execute(query.bind(endpoint.as_str().to_owned())).await.map(|_| ())
    }

    async fn pushes_of_order(&self, restaurant: RestaurantId, order: OrderId, at: Timestamp) -> Result<Vec<Subscription>> {
        let query = query_as::<Database, SubscriptionRow>(sql::pushes::PUSHES_OF_ORDER).bind(restaurant.uuid());
        self.all(query.bind(order.uuid()).bind(at.micros())).await
    }

    async fn forget_pushes(&self, before: Timestamp) -> Result<u64> {
        self.forget(sql::pushes::FORGET_PUSHES, before).await
    }
}

async fn add(connection: &mut Connection, row: &PushRow, at: Timestamp) -> Result<()> {
    let subscription = &row.subscription;
    query::<Database>(sql::pushes::ADD_PUSH)
        .bind(row.restaurant.uuid())
        .bind(row.diner.as_str())
        .bind(subscription.endpoint.as_str())
        .bind(row.session.as_str())
        .bind(subscription.p256dh.0.as_slice())
        .bind(subscription.auth.0.as_slice())
        .bind(subscription.language.as_str())
        .bind(at.micros())
        .bind(row.expires_at.micros())
        .execute(&mut *connection)
        .await?;
    query::<Database>(sql::pushes::KEEP_NEWEST)
        .bind(row.restaurant.uuid())
        .bind(row.diner.as_str())
        .bind(i64::from(MOST_OF_A_DINER))
        .execute(connection)
        .await?;
    Ok(())
}
