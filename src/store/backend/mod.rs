//! The implementation of the contract, written once and compiled for each database: this file is a module of both `sqlite`
//! and `postgres`. A file has the statements, the rows and the code of an aggregate. `super` provides the driver's types and
//! what differs between the databases:
//!
//! - `Backend` with `read`, `read_at_one_point` and `write`, which run a unit of work on a connection,
//! - `IS_SQLITE`, which chooses the text of a statement that must differ,
//! - `commit_work`, which groups commands,
//! - `lost`, since a file can be removed, `reconnected`, `is_moved`, `record_origin` and `renew_origin`, `scrub` and
//!   `close_store`.

use super::{
    Backend, Connection, Database, IS_SQLITE, close_store, commit_work, is_moved, lost, reconnected, record_origin, renew_origin,
    scrub,
};
use crate::domain::values::time::Timestamp;
use crate::store::{Result, StoreError, batches};
use sqlx::FromRow;
use sqlx::query::{Query, QueryAs};

/// Names the statements of a file and lists them, for [`statements`].
macro_rules! statements {
    ($($(#[$doc:meta])* $vis:vis $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* $vis const $name: &str = $sql;)*
        /// Every statement of this file with its name.
        pub const STATEMENTS: &[(&str, &str)] = &[$((concat!(module_path!(), "::", stringify!($name)), $name),)*];
    };
}

/// Chooses the text of a statement that differs between the databases.
macro_rules! by_database {
    (sqlite: $sqlite:expr, postgres: $postgres:expr $(,)?) => {
        if super::IS_SQLITE { $sqlite } else { $postgres }
    };
}

/// A query of `events` by an index that SQLite must use. Without statistics, or with old ones, its planner prefers the primary
/// key, by which it reads the whole feed.
macro_rules! events_by {
    ($index:literal: $columns:literal, $($rest:literal),+) => {
        by_database! {
            sqlite: concat!("SELECT ", $columns, " FROM events INDEXED BY ", $index, " ", $($rest),+),
            postgres: concat!("SELECT ", $columns, " FROM events ", $($rest),+),
        }
    };
}

/// A statement on the rows of `VALUES`, with their types for PostgreSQL, which cannot infer them.
macro_rules! on_rows {
    ($head:expr, ($first:literal $first_type:literal $(, $next:literal $next_type:literal)*), $tail:expr) => {
        by_database! {
            sqlite: concat!($head, "(VALUES (", $first $(, ", ", $next)*, "))", $tail),
            postgres: concat!($head, "(VALUES (", $first, "::", $first_type $(, ", ", $next, "::", $next_type)*, "))", $tail),
        }
    };
}

mod accounts;
pub(super) mod audit;
pub(super) mod commit;
mod credentials;
mod deliveries;
mod devices;
mod documents;
pub mod epoch;
mod external_orders;
mod feeds;
mod guests;
mod log;
pub(super) mod menu_cache;
mod nodes;
pub(super) mod origin;
mod pictures;
mod privacy;
mod pushes;
mod screens;
mod script;
mod sessions;
mod shifts;
mod snapshot;
pub mod statements;
mod tickets;
mod visit_guests;
mod visits;
mod webhooks;

type Arguments = <Database as sqlx::Database>::Arguments;
type Row = <Database as sqlx::Database>::Row;

/// Calls of one statement.
impl Backend {
    async fn one<R, T>(&self, query: QueryAs<'static, Database, R, Arguments>) -> Result<Option<T>>
    where
        R: for<'r> FromRow<'r, Row> + Send + Unpin + 'static,
        T: TryFrom<R, Error = StoreError>,
    {
        let row = self.read(move |c| Box::pin(async move { Ok(query.fetch_optional(c).await?) })).await?;
        row.map(T::try_from).transpose()
    }

    async fn all<R, T>(&self, query: QueryAs<'static, Database, R, Arguments>) -> Result<Vec<T>>
    where
        R: for<'r> FromRow<'r, Row> + Send + Unpin + 'static,
        T: TryFrom<R, Error = StoreError>,
    {
        let rows = self.read(move |c| Box::pin(async move { Ok(query.fetch_all(c).await?) })).await?;
        rows.into_iter().map(T::try_from).collect()
    }

    /// Repeats a statement that removes at most `$2` old rows until none is left, each time in a transaction of its own, so
    /// that commands run in between.
    async fn forget(&self, text: &'static str, before: Timestamp) -> Result<u64> {
        batches::run(|| {
            let query = sqlx::query::<Database>(text).bind(before.micros());
            self.execute(query.bind(i64::from(batches::ROWS)))
        })
        .await
    }

    async fn execute(&self, query: Query<'static, Database, Arguments>) -> Result<u64> {
        self.write(move |c| Box::pin(async move { Ok(query.execute(c).await?.rows_affected()) })).await
    }
}

/// Fails with `Missing` if a statement about one row has changed none.
const fn found(rows: u64) -> Result<()> {
    if rows == 0 { Err(StoreError::Missing) } else { Ok(()) }
}
