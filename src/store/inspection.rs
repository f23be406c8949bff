//! Inspects a database without changing it.

use super::options::OpenError;
use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use crate::domain::values::time::Timestamp;
use sqlx::migrate::Migrator;

/// The migrations that a database has, compared with those of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// There is no schema yet.
    Absent,
    /// It has the same ones.
    Current,
    /// It lacks this number of them.
    Older(usize),
    /// It has this number of others, of a newer version.
    Newer(usize),
}

impl Schema {
    /// Compares the recorded migrations with those of this version.
    pub(super) fn of(recorded: &[i64], known: [&Migrator; 2]) -> Self {
        let known: Vec<i64> = known.iter().flat_map(|migrator| migrator.iter()).map(|migration| migration.version).collect();
        let missing = known.iter().filter(|version| !recorded.contains(version)).count();
        let more = recorded.iter().filter(|version| !known.contains(version)).count();
        match (recorded.len(), missing, more) {
            (0, ..) => Self::Absent,
            (_, 0, 0) => Self::Current,
            (_, 0, more) => Self::Newer(more),
            (_, missing, _) => Self::Older(missing),
        }
    }
}

/// The findings about a database.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The kind of the database, and where it is, without a password.
    pub name: String,
    /// The state of its schema.
    pub schema: Schema,
    /// The clock of its server.
    pub clock: Option<Timestamp>,
    /// The time of the last command that it has recorded.
    pub last_command: Option<Timestamp>,
    /// Faults that a node tolerates, each with what to do.
    pub faults: Vec<(&'static str, &'static str)>,
}

/// Inspects the database of a URL. Does not create or migrate it.
///
/// # Errors
/// See [`OpenError`].
pub async fn inspect(url: &str) -> Result<Inspection, OpenError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => SqliteStore::inspect(url).await,
        Some("postgres" | "postgresql") => PostgresStore::inspect(url).await,
        _ => Err(OpenError::Scheme),
    }
}
