//! [`Audit`]: entries, and how a transaction takes one with it.

use super::{Backend, Connection, Database};
use crate::clock;
use crate::domain::values::ids::{AuditId, RestaurantId};
use crate::domain::values::time::Timestamp;
use crate::store::audit::{self, Audit, Entry, Kind, Note};
use crate::store::rows::EntryRow;
use crate::store::{Result, sql};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

#[async_trait]
impl Audit for Backend {
    async fn record(&self, note: Note) -> Result<()> {
        self.write(move |c| Box::pin(async move { add(c, &note, None).await })).await
    }

    async fn audit(
        &self,
        restaurant: RestaurantId,
        kind: Option<Kind>,
        before: Option<AuditId>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let text = match kind {
            None => sql::audit::ENTRIES,
            Some(Kind::Orders) => sql::audit::ENTRIES_OF_ORDERS,
            Some(_) => sql::audit::ENTRIES_OF_KIND,
        };
        let before = before.map_or(Uuid::max(), AuditId::uuid);
        let query = query_as::<Database, EntryRow>(text).bind(restaurant.uuid()).bind(before).bind(i64::from(limit));
        let other = kind.filter(|kind| *kind != Kind::Orders);
        self.all(match other {
            Some(kind) => query.bind(kind.as_str()),
            None => query,
        })
        .await
    }

    async fn forget_audit(&self, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64> {
        let query = query::<Database>(sql::audit::FORGET_ENTRIES).bind(restaurant.uuid());
        self.execute(query.bind(AuditId::earliest(before).uuid()).bind(i64::from(limit))).await
    }
}

/// Runs a unit of work and writes the note, in one transaction. The actor's name is read first: the unit may remove them.
pub async fn noted<T, F>(connection: &mut Connection, note: Note, unit: F) -> Result<T>
where
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>>,
{
    let name = actor_name(connection, &note).await?;
    let (value, note) = audit::holding(note, unit(connection)).await?;
    if let Some(note) = note {
        add(connection, &note, name).await?;
    }
    Ok(value)
}

async fn actor_name(connection: &mut Connection, note: &Note) -> Result<Option<String>> {
    let Some(sub) = &note.actor.sub else { return Ok(None) };
    let query = query_scalar::<Database, Option<String>>(sql::audit::ACTOR_NAME).bind(note.restaurant.uuid());
    let name = query.bind(Uuid::try_parse(sub.as_str()).ok()).bind(sub.as_str()).fetch_optional(connection).await?;
    Ok(name.flatten())
}

/// Writes an entry.
pub async fn add(connection: &mut Connection, note: &Note, name: Option<String>) -> Result<()> {
    let sub = note.actor.sub.as_ref();
    query::<Database>(sql::audit::ADD_ENTRY)
        .bind(note.restaurant.uuid())
        .bind(clock::new_id())
        .bind(clock::now().micros())
        .bind(note.kind.as_str())
        .bind(note.action)
        .bind(note.actor.role.map(|role| role.as_str()))
        .bind(sub.map(|sub| sub.as_str()))
        .bind(note.actor.address.map(|address| address.to_string()))
        .bind(note.subject.as_deref())
        .bind(note.part.as_deref())
        .bind(note.label.as_deref())
        .bind(note.value.as_deref())
        .bind(note.reason)
        .bind(note.outcome)
        .bind(name)
        .bind(sub.and_then(|sub| Uuid::try_parse(sub.as_str()).ok()))
        .execute(connection)
        .await?;
    Ok(())
}
