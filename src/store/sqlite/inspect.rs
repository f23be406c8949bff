//! Inspects a file without changing it.

use super::connect::reader;
use super::{SqliteStore, connect, identity, lock, open_error, ownership};
use crate::domain::values::time::Timestamp;
use crate::store::inspection::{Inspection, Schema};
use crate::store::options::{Mode, OpenError};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, query_scalar};
use std::path::{Path, PathBuf};

/// The disk of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// The folder of the database.
    pub folder: PathBuf,
    /// The free bytes, for a user other than root.
    pub free: u64,
    /// The bytes of the database and its log.
    pub database: u64,
}

impl SqliteStore {
    /// Inspects the database of a URL.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn inspect(url: &str) -> Result<Inspection, OpenError> {
        let options = connect::options(url)?;
        let path = options.get_filename().to_owned();
        let name = format!("SQLite file {}", path.display());
        // As a node does. SQLite would make an index for a foreign log.
        lock::refuse_log_alone(&path, Mode::Serve)?;
        if !path.exists() {
            return Ok(Inspection { name, schema: Schema::Absent, clock: None, last_command: None, faults: Vec::new() });
        }
        lock::require_own_log(&path.canonicalize().unwrap_or_else(|_| path.clone()), None)?;
        let look = async {
            let mut connection = reader(&path).connect().await?;
            let outcome = look(&mut connection, &path).await;
            connection.close().await?;
            outcome
        };
        let (schema, last_command) = look.await.map_err(|error| open_error::explain(error, &path))?;
        Ok(Inspection { name, schema, clock: None, last_command, faults: Vec::new() })
    }

    /// Measures the disk of the database of a URL.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn space(url: &str) -> Result<Space, OpenError> {
        let options = connect::options(url)?;
        let path = options.get_filename();
        // The folder may be made by the first start.
        let folder = identity::folder(path).ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        let disk =
            rustix::fs::statvfs(folder).map_err(|cause| OpenError::File { path: folder.to_owned(), cause: cause.into() })?;
        let length = |path: &Path| path.metadata().map_or(0, |data| data.len());
        let database = length(path) + length(&identity::log(path));
        Ok(Space { folder: folder.to_owned(), free: disk.f_bavail.saturating_mul(disk.f_frsize), database })
    }
}

async fn look(connection: &mut SqliteConnection, path: &Path) -> Result<(Schema, Option<Timestamp>), OpenError> {
    if ownership::require_own(connection, path, &connect::MIGRATOR).await? == ownership::Found::Nothing {
        return Ok((Schema::Absent, None));
    }
    let mut recorded: Vec<i64> = query_scalar("SELECT version FROM _sqlx_migrations").fetch_all(&mut *connection).await?;
    let expand = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations_expand'";
    if query_scalar::<_, i64>(expand).fetch_one(&mut *connection).await? > 0 {
        let more: Vec<i64> = query_scalar("SELECT version FROM _sqlx_migrations_expand").fetch_all(&mut *connection).await?;
        recorded.extend(more);
    }
    let last: Option<i64> = query_scalar("SELECT max(at) FROM commands").fetch_one(connection).await?;
    Ok((Schema::of(&recorded, [&connect::MIGRATOR, &connect::EXPAND]), last.map(Timestamp::from_micros)))
}
