//! [`Guests`]: guests' sessions and the limits they reach.

use super::{Backend, Connection, Database, HOLD_TABLE, found, sessions};
use crate::domain::rules::order_limits::{Guest, OpenOrders};
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::store::guest_rows::{GuestSessionRow, RefusalRow};
use crate::store::guests::{GuestSession, Guests, LimitRefusal, RefusalKey};
use crate::store::sessions::SessionRow;
use crate::store::{Result, StoreError, rows, sql};
use async_trait::async_trait;
use sqlx::{query, query_as, query_scalar};

#[async_trait]
impl Guests for Backend {
    async fn begin_guest_session(&self, session: &SessionRow, refresh_hash: [u8; 32], key: &Key, at: Timestamp) -> Result<()> {
        let (session, key) = (session.clone(), key.clone());
        self.write(move |c| Box::pin(async move { begin(c, &session, refresh_hash, &key, at).await })).await
    }

    async fn guest_sessions(
        &self,
        restaurant: RestaurantId,
        table: Option<&TableLabel>,
        after: Option<&Key>,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<GuestSession>> {
        let of = |text| {
            let query = query_as::<Database, GuestSessionRow>(text).bind(restaurant.uuid()).bind(at.micros());
            query.bind(i64::from(limit)).bind(after.map(|id| id.as_str().to_owned()))
        };
        let query = match table {
            None => of(sql::guests::GUEST_SESSIONS),
            Some(table) => of(sql::guests::GUEST_SESSIONS_OF_TABLE).bind(table.as_str().to_owned()),
        };
        self.all(query).await
    }

    async fn end_guest_session(&self, restaurant: RestaurantId, session: &Key) -> Result<()> {
        let session = session.clone();
        self.write(move |c| Box::pin(async move { end_one(c, restaurant, &session).await })).await
    }

    async fn add_limit_refusals(&self, refusals: Vec<(RefusalKey, LimitRefusal)>) -> Result<()> {
        self.write(move |c| Box::pin(add_refusals(c, refusals))).await
    }

    async fn limit_refusals(&self, restaurant: RestaurantId, limit: u32) -> Result<Vec<(RefusalKey, LimitRefusal)>> {
        let query = query_as::<Database, RefusalRow>(sql::guests::REFUSALS).bind(restaurant.uuid()).bind(i64::from(limit));
        let rows: Vec<Option<_>> = self.all(query).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    async fn forget_limit_refusals(&self, before: Timestamp) -> Result<u64> {
        self.execute(query::<Database>(sql::guests::FORGET_REFUSALS).bind(before.micros())).await
    }
}

async fn begin(connection: &mut Connection, session: &SessionRow, hash: [u8; 32], key: &Key, at: Timestamp) -> Result<()> {
    let who = &session.principal;
    let table = query_scalar::<Database, String>(HOLD_TABLE).bind(who.restaurant.uuid()).bind(key.as_str());
    let table = table.fetch_optional(&mut *connection).await?;
    if table.as_deref() != who.table.as_ref().map(|label| label.as_str()) || table.is_none() {
        return Err(StoreError::Missing);
    }
    sessions::add_session(connection, session, hash, None, at).await
}

async fn end_one(connection: &mut Connection, restaurant: RestaurantId, session: &Key) -> Result<()> {
    let query = query_scalar::<Database, String>(sql::guests::GUEST_SESSION).bind(restaurant.uuid());
    let found = query.bind(session.as_str()).fetch_optional(&mut *connection).await?;
    end(connection, vec![found.ok_or(StoreError::Missing)?]).await.map(|_| ())
}

/// Ends guests' sessions for the restaurant; their phones hear so when they renew.
async fn end(connection: &mut Connection, ids: Vec<String>) -> Result<Vec<Key>> {
    for id in &ids {
        query::<Database>(sql::guests::HOLD_SESSION).bind(id.as_str()).execute(&mut *connection).await?;
        let last = query_scalar::<Database, Vec<u8>>(sql::guests::LAST_REFRESHES).bind(id.as_str());
        let last = last.fetch_all(&mut *connection).await?;
        sessions::end(connection, id).await?;
        for hash in last {
            let keep = query::<Database>(sql::guests::KEEP_ENDED_REFRESH).bind(hash).bind(id.as_str());
            keep.execute(&mut *connection).await?;
        }
    }
    ids.iter().map(|id| rows::text("session", id)).collect()
}

/// Ends the sessions of a table's guests.
pub async fn end_table(connection: &mut Connection, restaurant: RestaurantId, label: &str) -> Result<Vec<Key>> {
    let query = query_scalar::<Database, String>(sql::guests::SESSIONS_OF_TABLE).bind(restaurant.uuid());
    let ids = query.bind(label).fetch_all(&mut *connection).await?;
    end(connection, ids).await
}

/// Counts the open orders of a guest, of their table and of all guests.
pub async fn open_orders(connection: &mut Connection, restaurant: RestaurantId, guest: &Guest) -> Result<OpenOrders> {
    let table = guest.table.as_ref().map_or("", |label| label.as_str());
    let query = query_as::<Database, (i64, i64, i64)>(sql::guests::OPEN_ORDERS).bind(restaurant.uuid());
    let counts = query.bind(table).bind(guest.diner.as_str()).fetch_one(connection).await?;
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    // Guests at no table are no table.
    let by_table = if guest.table.is_some() { count(counts.1) } else { 0 };
    Ok(OpenOrders { by_diner: count(counts.0), by_table, by_restaurant: count(counts.2) })
}

async fn add_refusals(connection: &mut Connection, mut refusals: Vec<(RefusalKey, LimitRefusal)>) -> Result<()> {
    // In one order on every node, so that two of them cannot deadlock.
    refusals.sort_by_cached_key(|(key, _)| (key.restaurant.uuid(), key.limit.as_str(), label(key).to_owned()));
    for (key, refusal) in refusals {
        let added = query::<Database>(sql::guests::ADD_REFUSALS)
            .bind(key.restaurant.uuid())
            .bind(key.limit.as_str())
            .bind(label(&key))
            .bind(i64::try_from(refusal.count).unwrap_or(i64::MAX))
            .bind(refusal.first_at.micros())
            .bind(refusal.last_at.micros())
            .execute(&mut *connection)
            .await?;
        found(added.rows_affected())?;
    }
    Ok(())
}

fn label(key: &RefusalKey) -> &str {
    key.table.as_ref().map_or("", |label| label.as_str())
}
