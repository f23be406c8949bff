//! Turns SQLite's result codes on opening a file into errors that name the cause.

use super::identity;
use crate::store::options::OpenError;
use std::io::ErrorKind;
use std::path::Path;

/// The least number of bytes that a start writes: the log's index, the schema, a stamp, and a lock.
const LEAST: u64 = 1 << 20;

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NOT_A_DATABASE: i32 = 26;

/// Replaces an error that only shows a symptom by one that names the full disk or the damaged file.
pub fn explain(error: OpenError, database: &Path) -> OpenError {
    if let OpenError::File { cause, .. } = &error {
        return match cause.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => full(database),
            _ => error,
        };
    }
    match code(&error) {
        Some(FULL) => full(database),
        // The disk is the cause only if it has no space, so that a log or an index cannot grow.
        Some(IO_ERROR | CANNOT_OPEN) if free(database).is_some_and(|free| free < needed(database)) => full(database),
        Some(NOT_A_DATABASE) => {
            let why = "it is another kind of file, or its beginning was overwritten (then restore a backup in its place)";
            OpenError::Foreign { database: database.display().to_string(), why: why.to_owned() }
        }
        Some(CORRUPT) => OpenError::Damaged { path: database.to_owned() },
        _ => error,
    }
}

/// Whether the file contradicts itself, as one does whose log is missing.
pub fn is_incomplete(error: &OpenError) -> bool {
    code(error) == Some(CORRUPT)
}

/// Returns the primary result code.
fn code(error: &OpenError) -> Option<i32> {
    let cause = match error {
        OpenError::Connect(cause) | OpenError::Migrate(sqlx::migrate::MigrateError::Execute(cause)) => cause,
        OpenError::Migrate(sqlx::migrate::MigrateError::ExecuteMigration(cause, _)) => cause,
        _ => return None,
    };
    Some(cause.as_database_error()?.code()?.parse::<i32>().ok()? & 0xff)
}

fn full(database: &Path) -> OpenError {
    OpenError::Full {
        folder: identity::folder(database).to_owned(),
        free: free(database).unwrap_or(0) >> 10,
        needed: needed(database) >> 10,
    }
}

/// Returns the bytes that a start needs: it may write all of an existing log into the database.
fn needed(database: &Path) -> u64 {
    LEAST + std::fs::metadata(identity::log(database)).map_or(0, |data| data.len())
}

/// Returns the free bytes on the disk, for a user other than root.
fn free(database: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(identity::folder(database)).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
