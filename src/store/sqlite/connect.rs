//! Connections to a file, and the settings that they must have.

use super::identity;
use super::layout::{self, Layout};
use super::ownership;
use super::stamp::Stamp;
use crate::store::migrations::expand;
use crate::store::options::OpenError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool, query, query_as, query_scalar, raw_sql,
};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

pub static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");
pub static EXPAND: LazyLock<Migrator> = LazyLock::new(|| expand(sqlx::migrate!("migrations/sqlite/expand")));

/// Begins a transaction that writes. It holds the lock of all writers.
pub const BEGIN: &str = "BEGIN IMMEDIATE";
/// Reads the values that [`read_stamp`] returns.
pub const STAMP: &str = "SELECT user_version, total_changes() FROM pragma_user_version";

/// Temporary data stays in memory.
const IN_MEMORY: &str = "MEMORY";
/// Temporary data goes to a file when it is large, as that of a new index or of a rewritten table.
const IN_FILES: &str = "FILE";

/// How long to wait for a tool that is writing to the same file.
const BUSY: Duration = Duration::from_secs(5);
/// The number of statements that a writer keeps prepared: enough for each statement of a group of
/// commands in each of its sizes, and for all others.
const STATEMENTS: usize = 300;
/// The number of connections that read.
const READERS: u32 = 4;

/// Returns the options that read a file and change nothing beside it, unless it has a log.
pub fn reader(path: &Path) -> SqliteConnectOptions {
    let has_log = identity::log(path).metadata().is_ok_and(|log| log.len() > 0);
    SqliteConnectOptions::new().filename(path).read_only(true).immutable(!has_log).disable_statement_logging()
}

/// Returns the options that all connections share.
pub fn options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    let path = url.strip_prefix("sqlite://").ok_or(OpenError::Url)?;
    if path.is_empty() || path.contains('?') || path.contains(":memory:") {
        return Err(OpenError::Url);
    }
    let options: SqliteConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
    Ok(options.foreign_keys(true).busy_timeout(BUSY).disable_statement_logging())
}

/// Opens the connection that writes. Fails if its commits would not be durable.
pub async fn writer(options: &SqliteConnectOptions) -> Result<SqliteConnection, OpenError> {
    let options = options.clone().create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    // SQLite overwrites deleted data with zeros, also in free pages: guests' words must not stay in
    // the file.
    let options = options.pragma("secure_delete", "ON").statement_cache_capacity(STATEMENTS);
    // A write of several rows keeps the pages that it changes, to undo itself. Beyond 64 KiB they
    // would go to a file, made for each commit.
    let options = options.pragma("temp_store", IN_MEMORY);
    let mut connection = options.connect().await?;
    let journal: String = query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await?;
    let synchronous: i64 = query_scalar("PRAGMA synchronous").fetch_one(&mut connection).await?;
    let foreign_keys: i64 = query_scalar("PRAGMA foreign_keys").fetch_one(&mut connection).await?;
    if (journal.as_str(), synchronous, foreign_keys) == ("wal", 2, 1) {
        return Ok(connection);
    }
    let found = format!("journal_mode={journal}, synchronous={synchronous}, foreign_keys={foreign_keys}");
    Err(OpenError::NotDurable(format!("SQLite must run with journal_mode=wal, synchronous=2, foreign_keys=1; it has {found}")))
}

/// Opens the pool of connections that read.
pub fn readers(options: &SqliteConnectOptions) -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(BUSY).test_before_acquire(false);
    pool.connect_lazy_with(options.clone().read_only(true))
}

/// Upgrades the schema in one transaction, so that a tool that does the same waits.
pub async fn migrate(connection: &mut SqliteConnection, database: &Path) -> Result<(), OpenError> {
    keep_temporary(connection, IN_FILES).await?;
    let mut transaction = connection.begin_with(BEGIN).await?;
    ownership::require_own(&mut transaction, database, &MIGRATOR).await?;
    MIGRATOR.run(&mut *transaction).await?;
    EXPAND.run(&mut *transaction).await?;
    ownership::mark(&mut transaction).await?;
    let layout = layout::renew_if_small(&mut transaction).await?;
    transaction.commit().await?;
    keep_temporary(connection, IN_MEMORY).await?;
    if layout == Layout::Old {
        log::info!(
            "the events of this database take more than twice the space that they need; `orderbell compact` rewrites them \
             (see \"Compacting\" in docs/operations.md)"
        );
    }
    Ok(())
}

/// Sets where the connection keeps temporary data. `PRAGMA` accepts no parameters.
async fn keep_temporary(connection: &mut SqliteConnection, place: &str) -> sqlx::Result<()> {
    raw_sql(AssertSqlSafe(format!("PRAGMA temp_store = {place}"))).execute(connection).await.map(drop)
}

/// Writes a node's first stamp into the file itself.
pub async fn stamp(connection: &mut SqliteConnection, stamp: &Stamp) -> Result<(), OpenError> {
    // The first number in a new log is the file's, which shows that the log belongs to the file.
    let (before, _) = read_stamp(connection).await?;
    write_stamp(connection, before).await?;
    write_stamp(connection, stamp.current()).await?;
    // While a tool reads, the stamp stays in the log, and the next checkpoint moves it into the
    // file.
    query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await?;
    Ok(())
}

/// Writes the number of a stamp. `PRAGMA` accepts no parameters.
pub async fn write_stamp(connection: &mut SqliteConnection, number: i32) -> sqlx::Result<()> {
    let text = format!("PRAGMA user_version = {number}");
    raw_sql(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

/// Rewrites a table of events that an older version made, gives the space of removed rows back, and empties the log. Returns
/// the bytes of the file before and after.
pub async fn compact(connection: &mut SqliteConnection) -> sqlx::Result<[i64; 2]> {
    let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let before = query_scalar(size).fetch_one(&mut *connection).await?;
    keep_temporary(connection, IN_FILES).await?;
    let mut transaction = connection.begin_with(BEGIN).await?;
    layout::renew(&mut transaction).await?;
    transaction.commit().await?;
    query("VACUUM").execute(&mut *connection).await?;
    query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await?;
    Ok([before, query_scalar(size).fetch_one(connection).await?])
}

/// Returns the stamp's number in the database as SQLite reads it, and how many rows this connection
/// has changed so far.
pub async fn read_stamp(connection: &mut SqliteConnection) -> sqlx::Result<(i32, i64)> {
    query_as(STAMP).fetch_one(connection).await
}

/// Runs statements without parameters.
pub async fn run(connection: &mut SqliteConnection, text: &'static str) -> sqlx::Result<()> {
    raw_sql(text).execute(connection).await.map(drop)
}

/// Commits. If the transaction has changed rows, `stamp` is the number that it leaves.
pub async fn commit(connection: &mut SqliteConnection, stamp: Option<i32>) -> sqlx::Result<()> {
    let Some(number) = stamp else { return run(connection, "COMMIT").await };
    raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {number}; COMMIT"))).execute(connection).await.map(drop)
}

/// Merges the write-ahead log into the file and empties it, since deleted data is still in it.
/// Returns false if a reader prevented that.
pub async fn empty_log(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    // Commits wait for this call, so it does not wait for a slow reader.
    raw_sql("PRAGMA busy_timeout = 100").execute(&mut *connection).await?;
    let emptied = query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
    raw_sql(AssertSqlSafe(format!("PRAGMA busy_timeout = {}", BUSY.as_millis()))).execute(connection).await?;
    Ok(emptied? == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn place(connection: &mut SqliteConnection) -> i64 {
        query_scalar("PRAGMA temp_store").fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn temporary_data_is_in_memory_for_commits_and_in_files_for_rewrites() {
        const FILES: i64 = 1;
        const MEMORY: i64 = 2;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orderbell.db");
        let options = options(&format!("sqlite://{}", path.display())).unwrap();
        let mut connection = writer(&options).await.unwrap();
        migrate(&mut connection, &path).await.unwrap();
        assert_eq!(place(&mut connection).await, MEMORY);
        compact(&mut connection).await.unwrap();
        assert_eq!(place(&mut connection).await, FILES);
    }
}
