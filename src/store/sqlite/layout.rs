//! The layout of the table of events.
//!
//! Older versions made it `WITHOUT ROWID`. SQLite then keeps at most a quarter of a page of each row in the tree. So the rest
//! of an event of more than about 1,000 bytes takes an overflow page of its own, and more than half of a large table is unused.
//! A table with row ids has the same columns and constraints, and every version works on both.

use sqlx::{AssertSqlSafe, SqliteConnection, query_scalar, raw_sql};

/// The most events that a start rewrites, which takes less than a second.
const FEW: i64 = 20_000;

/// The outcome of [`renew_if_small`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The table has row ids.
    Current,
    /// The table is too large for a rewrite at the start.
    Old,
}

/// Gives a table of the old layout the current one, if it has at most [`FEW`] events. Call it in a transaction.
pub async fn renew_if_small(connection: &mut SqliteConnection) -> sqlx::Result<Layout> {
    let Some(definition) = old_definition(connection).await? else { return Ok(Layout::Current) };
    let count = "SELECT count(*) FROM (SELECT 1 FROM events LIMIT $1)";
    let count: i64 = query_scalar(count).bind(FEW + 1).fetch_one(&mut *connection).await?;
    if count > FEW {
        return Ok(Layout::Old);
    }
    rewrite(connection, &definition).await?;
    Ok(Layout::Current)
}

/// Rewrites a table of the old layout. Returns whether it was one. Call it in a transaction.
pub async fn renew(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    let Some(definition) = old_definition(connection).await? else { return Ok(false) };
    rewrite(connection, &definition).await?;
    Ok(true)
}

/// Returns the definition of the table if it has the old layout.
async fn old_definition(connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    let definition = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'events' AND sql LIKE '%WITHOUT ROWID'";
    query_scalar(definition).fetch_optional(connection).await
}

async fn rewrite(connection: &mut SqliteConnection, definition: &str) -> sqlx::Result<()> {
    let indexes = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL";
    let indexes: Vec<String> = query_scalar(indexes).fetch_all(&mut *connection).await?;
    // The text is SQLite's copy of this program's own migrations.
    let table = definition.replacen("events", "events_renewed", 1).replace(", WITHOUT ROWID", "");
    let copy = "INSERT INTO events_renewed SELECT * FROM events; DROP TABLE events; ALTER TABLE events_renewed RENAME TO events";
    let text = format!("{table}; {copy}; {}", indexes.join("; "));
    raw_sql(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}
