//! [`Webhooks`]: servers of integrators, a row for each.

use super::{Backend, Connection, Database, feeds, found};
use crate::domain::model::webhook::{SigningKeys, Webhook, WebhookCount, WebhookState};
use crate::domain::values::ids::{RestaurantId, WebhookId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::store::columns::{document, number, text, write};
use crate::store::error::broken;
use crate::store::webhooks::Webhooks;
use crate::store::{Result, StoreError, audit};
use async_trait::async_trait;
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

macro_rules! webhooks {
    ($rest:literal) => {
        concat!("SELECT restaurant, id, version, state, due_at, position, keys, former_keys, document FROM webhooks ", $rest)
    };
}

statements! {
    ADD = "INSERT INTO webhooks (restaurant, id, version, state, due_at, position, keys, former_keys, document) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    COUNT = "SELECT count(*) FROM webhooks WHERE restaurant = $1";
    WEBHOOK = webhooks!("WHERE restaurant = $1 AND id = $2");
    WEBHOOKS = webhooks!("WHERE restaurant = $1 ORDER BY id");
    SAVE = "UPDATE webhooks SET version = $3 + 1, state = $4, due_at = $5, position = $6, keys = $7, former_keys = $8, \
        document = $9 WHERE restaurant = $1 AND id = $2 AND version = $3";
    REMOVE = "DELETE FROM webhooks WHERE restaurant = $1 AND id = $2";
    /// A head before the position is that of a database that came back with less.
    DUE = "SELECT w.restaurant, w.id FROM webhooks w CROSS JOIN feeds f WHERE w.state = 'active' AND w.due_at <= $1 \
        AND f.restaurant = w.restaurant AND f.head <> w.position ORDER BY w.due_at LIMIT $2";
    COUNT_OF_STATE = "SELECT count(*), coalesce(max(f.head - w.position), 0) FROM webhooks w CROSS JOIN feeds f \
        WHERE w.state = $1 AND f.restaurant = w.restaurant";
}

#[derive(FromRow)]
struct Row {
    restaurant: Uuid,
    id: Uuid,
    version: i64,
    state: String,
    due_at: i64,
    position: i64,
    keys: Vec<u8>,
    former_keys: Option<Vec<u8>>,
    document: String,
}

impl TryFrom<Row> for Webhook {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            restaurant: RestaurantId::from_uuid(row.restaurant),
            id: WebhookId::from_uuid(row.id),
            version: number("version", row.version)?,
            state: text("state", &row.state)?,
            due_at: Timestamp::from_micros(row.due_at),
            position: Position::from_column(row.position),
            keys: keys(&row.keys)?,
            former_keys: row.former_keys.as_deref().map(keys).transpose()?,
            details: document(&row.document)?,
        })
    }
}

fn keys(bytes: &[u8]) -> Result<SigningKeys> {
    SigningKeys::read(bytes).ok_or_else(|| broken("the keys of a webhook have another length"))
}

#[async_trait]
impl Webhooks for Backend {
    async fn add_webhook(&self, webhook: &Webhook, most: u32) -> Result<bool> {
        let webhook = webhook.clone();
        self.write(move |c| Box::pin(async move { add(c, &webhook, most).await })).await
    }

    async fn webhook(&self, restaurant: RestaurantId, id: WebhookId) -> Result<Option<Webhook>> {
        self.one(query_as::<Database, Row>(WEBHOOK).bind(restaurant.uuid()).bind(id.uuid())).await
    }

    async fn webhooks(&self, restaurant: RestaurantId) -> Result<Vec<Webhook>> {
        self.all(query_as::<Database, Row>(WEBHOOKS).bind(restaurant.uuid())).await
    }

    async fn save_webhook(&self, webhook: &mut Webhook) -> Result<bool> {
        let changed = webhook.clone();
        // An error, so that nothing is recorded in the audit.
        match self.write(move |c| Box::pin(async move { save(c, &changed).await })).await {
            Ok(()) => {
                webhook.version += 1;
                Ok(true)
            }
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn remove_webhook(&self, restaurant: RestaurantId, id: WebhookId) -> Result<()> {
        let remove = query::<Database>(REMOVE).bind(restaurant.uuid()).bind(id.uuid());
        self.write(move |c| Box::pin(async move { found(remove.execute(c).await?.rows_affected()) })).await
    }

    async fn due_webhooks(&self, now: Timestamp, limit: u32) -> Result<Vec<(RestaurantId, WebhookId)>> {
        let query = query_as::<Database, (Uuid, Uuid)>(DUE).bind(now.micros()).bind(i64::from(limit));
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        Ok(rows.into_iter().map(|(restaurant, id)| (RestaurantId::from_uuid(restaurant), WebhookId::from_uuid(id))).collect())
    }

    async fn count_webhooks(&self) -> Result<Vec<WebhookCount>> {
        self.read(|c| Box::pin(count(c))).await
    }
}

async fn add(connection: &mut Connection, webhook: &Webhook, most: u32) -> Result<bool> {
    // Two additions at the same time must not both take the last place.
    feeds::hold(connection, webhook.restaurant).await?;
    let count = query_scalar::<Database, i64>(COUNT).bind(webhook.restaurant.uuid());
    if count.fetch_one(&mut *connection).await? >= i64::from(most) {
        audit::set_outcome("full");
        return Ok(false);
    }
    Ok(put(connection, ADD, webhook).await? > 0)
}

/// Writes all columns. Returns the number of written rows.
async fn put(connection: &mut Connection, statement: &'static str, webhook: &Webhook) -> Result<u64> {
    let query = query::<Database>(statement)
        .bind(webhook.restaurant.uuid())
        .bind(webhook.id.uuid())
        .bind(i64::try_from(webhook.version).map_err(broken)?)
        .bind(webhook.state.as_str())
        .bind(webhook.due_at.micros())
        .bind(webhook.position.column())
        .bind(webhook.keys.bytes())
        .bind(webhook.former_keys.map(|keys| keys.bytes()))
        .bind(write(&webhook.details)?);
    Ok(query.execute(connection).await?.rows_affected())
}

async fn save(connection: &mut Connection, webhook: &Webhook) -> Result<()> {
    if put(connection, SAVE, webhook).await? == 0 { Err(StoreError::Stale) } else { Ok(()) }
}

async fn count(connection: &mut Connection) -> Result<Vec<WebhookCount>> {
    let mut counts = Vec::new();
    for state in WebhookState::ALL {
        let row = query_as::<Database, (i64, i64)>(COUNT_OF_STATE).bind(state.as_str()).fetch_one(&mut *connection).await?;
        counts.push(WebhookCount { state, count: number("count", row.0)?, lag: number("lag", row.1.max(0))? });
    }
    Ok(counts)
}
