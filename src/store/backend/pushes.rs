//! [`Pushes`]: push subscriptions of diners.

use super::{Backend, Connection, Database};
use crate::domain::model::push::{Endpoint, KeyBytes, Subscription};
use crate::domain::values::ids::{OrderId, RestaurantId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use crate::store::columns::text;
use crate::store::error::broken;
use crate::store::pushes::{MOST_OF_A_DINER, PushRow, Pushes};
use crate::store::{Result, StoreError};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as};

statements! {
    ADD_PUSH = "INSERT INTO push_subscriptions \
        (restaurant, diner, endpoint, session, p256dh, auth, language, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
        ON CONFLICT (restaurant, diner, endpoint) DO UPDATE SET session = excluded.session, p256dh = excluded.p256dh, \
        auth = excluded.auth, language = excluded.language, created_at = excluded.created_at, \
        expires_at = excluded.expires_at";
    KEEP_NEWEST = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND diner = $2 AND endpoint NOT IN (\
        SELECT endpoint FROM push_subscriptions WHERE restaurant = $1 AND diner = $2 \
        ORDER BY created_at DESC, endpoint LIMIT $3)";
    REMOVE_PUSH = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND diner = $2 AND endpoint = $3";
    REMOVE_ENDPOINT = "DELETE FROM push_subscriptions WHERE restaurant = $1 AND endpoint = $2";
    REMOVE_PUSHES_OF_SESSION = "DELETE FROM push_subscriptions WHERE session = $1";
    /// Skips a subscription that was added while its session ended; its row stays until it expires.
    PUSHES_OF_ORDER = "SELECT p.endpoint, p.p256dh, p.auth, p.language FROM orders o \
        JOIN push_subscriptions p ON p.restaurant = o.restaurant AND p.diner = o.diner \
        WHERE o.restaurant = $1 AND o.id = $2 AND p.expires_at > $3 \
        AND NOT EXISTS (SELECT 1 FROM ended_sessions e WHERE e.session = p.session) ORDER BY p.endpoint";
    FORGET_PUSHES = "DELETE FROM push_subscriptions WHERE (restaurant, diner, endpoint) IN (\
        SELECT restaurant, diner, endpoint FROM push_subscriptions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
}

#[derive(FromRow)]
struct SubscriptionRow {
    endpoint: String,
    p256dh: Vec<u8>,
    auth: Vec<u8>,
    language: String,
}

impl TryFrom<SubscriptionRow> for Subscription {
    type Error = StoreError;
    fn try_from(row: SubscriptionRow) -> Result<Self> {
        Ok(Self {
            endpoint: text("endpoint", &row.endpoint)?,
            p256dh: key_bytes("p256dh", row.p256dh)?,
            auth: key_bytes("auth", row.auth)?,
            language: text("language", &row.language)?,
        })
    }
}

fn key_bytes<const N: usize>(column: &'static str, bytes: Vec<u8>) -> Result<KeyBytes<N>> {
    bytes.try_into().map(KeyBytes).map_err(|_| broken(format_args!("the column {column} has another length")))
}

#[async_trait]
impl Pushes for Backend {
    async fn add_push(&self, row: &PushRow, at: Timestamp) -> Result<()> {
        let row = row.clone();
        self.write(move |c| Box::pin(async move { add(c, &row, at).await })).await
    }

    async fn remove_push(&self, restaurant: RestaurantId, diner: &Key, endpoint: &Endpoint) -> Result<()> {
        let query = query::<Database>(REMOVE_PUSH).bind(restaurant.uuid()).bind(diner.as_str().to_owned());
        self.execute(query.bind(endpoint.as_str().to_owned())).await.map(|_| ())
    }

    async fn remove_endpoint(&self, restaurant: RestaurantId, endpoint: &Endpoint) -> Result<()> {
        let query = query::<Database>(REMOVE_ENDPOINT).bind(restaurant.uuid());
        self.execute(query.bind(endpoint.as_str().to_owned())).await.map(|_| ())
    }

    async fn pushes_of_order(&self, restaurant: RestaurantId, order: OrderId, at: Timestamp) -> Result<Vec<Subscription>> {
        let query = query_as::<Database, SubscriptionRow>(PUSHES_OF_ORDER).bind(restaurant.uuid());
        self.all(query.bind(order.uuid()).bind(at.micros())).await
    }

    async fn forget_pushes(&self, before: Timestamp) -> Result<u64> {
        self.forget(FORGET_PUSHES, before).await
    }
}

/// Removes the subscriptions of a session that ends.
pub async fn remove_of_session(connection: &mut Connection, session: &str) -> Result<()> {
    query::<Database>(REMOVE_PUSHES_OF_SESSION).bind(session).execute(connection).await?;
    Ok(())
}

async fn add(connection: &mut Connection, row: &PushRow, at: Timestamp) -> Result<()> {
    let subscription = &row.subscription;
    query::<Database>(ADD_PUSH)
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
    query::<Database>(KEEP_NEWEST)
        .bind(row.restaurant.uuid())
        .bind(row.diner.as_str())
        .bind(i64::from(MOST_OF_A_DINER))
        .execute(connection)
        .await?;
    Ok(())
}
