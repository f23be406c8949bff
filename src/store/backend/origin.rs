//! The origin of the database: a text that is another one once another server or file has taken the database's place.

use super::{Connection, Database};
use crate::clock;
use crate::domain::values::ids::Generation;
use crate::store::Result;
use sqlx::{query, query_scalar};
use uuid::Uuid;

statements! {
    RECORDED = "SELECT value FROM meta WHERE name = 'origin'";
    /// Changes no row if the same origin is recorded.
    RECORD = "INSERT INTO meta (name, value) VALUES ('origin', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
        WHERE meta.value <> excluded.value";
    LATEST = by_database! {
        sqlite: "SELECT max(generation) FROM feeds",
        postgres: "SELECT max(generation::text)::uuid FROM feeds",
    };
    BEGIN_GENERATIONS = "UPDATE feeds SET generation = $1";
}

pub async fn recorded(connection: &mut Connection) -> Result<Option<String>> {
    Ok(query_scalar::<Database, String>(RECORDED).fetch_optional(connection).await?)
}

/// Records the origin. With `renew`, begins a generation of every feed if another origin was
/// recorded.
pub async fn record(connection: &mut Connection, origin: String, renew: bool) -> Result<()> {
    let recorded = query::<Database>(RECORD).bind(origin).execute(&mut *connection).await?;
    if renew && recorded.rows_affected() > 0 {
        let latest = query_scalar::<Database, Option<Uuid>>(LATEST).fetch_one(&mut *connection).await?;
        let next = Generation::after(latest.map(Generation::from_uuid), clock::new_id());
        query::<Database>(BEGIN_GENERATIONS).bind(next.uuid()).execute(connection).await?;
    }
    Ok(())
}
