//! Decides whether a file is a database of Orderbell before anything is written to it.
//!
//! A database of Orderbell has [`MARK`] in its header. One of a version that set no mark has the first migration among its
//! recorded ones, and gets the mark. A file without tables becomes a new database, unless its log has another program's.

use super::identity;
use super::leftover::{self, Schema};
use super::open_error::is_incomplete;
use crate::store::migrations::{FOREIGN_MIGRATIONS, FOREIGN_TABLES, is_first};
use crate::store::options::OpenError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection, query_scalar, raw_sql};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// SQLite's `application_id`, the letters `OBEL` (<https://www.sqlite.org/fileformat2.html#application_id>).
const MARK: i32 = 0x4f42_454c;

/// Refuses the file of another program without opening it for writing, so that it and the files beside it stay unchanged.
///
/// # Errors
/// [`OpenError::Foreign`]. Other faults of the file show when it is opened for use.
pub async fn refuse_foreign_file(options: &SqliteConnectOptions, database: &Path, migrator: &Migrator) -> Result<(), OpenError> {
    // SQLite then makes no file beside the database, takes no lock, and sees nothing of a write-ahead log.
    let options = options.clone().filename(database).read_only(true).immutable(true);
    let mut connection = options.connect().await?;
    let outcome = require_own(&mut connection, database, migrator).await;
    connection.close().await?;
    match outcome {
        // Without its log the file may be incomplete. It is checked again when it is opened with the log.
        Err(error) if is_incomplete(&error) => Ok(()),
        Ok(Found::Nothing) => refuse_foreign_log(database, migrator),
        outcome => outcome.map(|_| ()),
    }
}

/// Refuses a database whose log alone has tables, of another program.
fn refuse_foreign_log(database: &Path, migrator: &Migrator) -> Result<(), OpenError> {
    let path = identity::log(database);
    let first = migrator.iter().next().map(|first| &*first.checksum).unwrap_or_default();
    let schema = match File::open(&path) {
        Ok(log) => leftover::schema(&log, first),
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
        Err(cause) => Err(cause),
    };
    match schema.map_err(|cause| OpenError::File { path, cause })? {
        None | Some(Schema { application: MARK, .. } | Schema { application: 0, has_tables: false, .. }) => Ok(()),
        // A version that set no mark recorded its first migration.
        Some(Schema { application: 0, holds: true, .. }) => Ok(()),
        Some(Schema { application: 0, .. }) => Err(foreign(database, FOREIGN_TABLES.to_owned())),
        Some(Schema { application, .. }) => Err(foreign(database, of_another_program(application))),
    }
}

fn foreign(database: &Path, why: String) -> OpenError {
    OpenError::Foreign { database: database.display().to_string(), why }
}

fn of_another_program(application: i32) -> String {
    format!("it is the database of another program (application_id {application})")
}

/// The content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Neither a mark nor a table.
    Nothing,
    /// A database of Orderbell.
    Own,
}

/// Refuses the database of another program, and marks one of Orderbell.
///
/// # Errors
/// [`OpenError::Foreign`].
pub async fn require_own(connection: &mut SqliteConnection, database: &Path, migrator: &Migrator) -> Result<Found, OpenError> {
    let foreign = |why: String| foreign(database, why);
    match query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await? {
        MARK => return Ok(Found::Own),
        0 => {}
        other => return Err(foreign(of_another_program(other))),
    }
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let tables: i64 = query_scalar(tables).fetch_one(&mut *connection).await?;
    if tables == 0 {
        return Ok(Found::Nothing);
    }
    let recorded = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    if query_scalar::<_, i64>(recorded).fetch_one(&mut *connection).await? == 0 {
        return Err(foreign(FOREIGN_TABLES.to_owned()));
    }
    let named = "SELECT count(*) FROM pragma_table_info('_sqlx_migrations') WHERE name IN ('version', 'checksum')";
    if query_scalar::<_, i64>(named).fetch_one(&mut *connection).await? < 2 {
        return Err(foreign(FOREIGN_MIGRATIONS.to_owned()));
    }
    let first: Option<Vec<u8>> =
        query_scalar("SELECT checksum FROM _sqlx_migrations WHERE version = 1").fetch_optional(connection).await?;
    if is_first(migrator, first.as_deref()) { Ok(Found::Own) } else { Err(foreign(FOREIGN_MIGRATIONS.to_owned())) }
}

/// Marks a database as one of Orderbell.
///
/// # Errors
/// Those of SQLite.
pub async fn mark(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let marked: i32 = query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if marked != MARK {
        let text = format!("PRAGMA application_id = {MARK}");
        raw_sql(AssertSqlSafe(text)).execute(connection).await?;
    }
    Ok(())
}
