//! Opens the database that a URL names.

use super::SharedStore;
use super::options::{OpenError, Settings};
use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use std::sync::Arc;

/// Opens the database of a URL by its scheme, brings its schema up to date, makes its epoch, and refuses a configuration
/// that would lose acknowledged commits.
///
/// # Errors
/// See [`OpenError`].
pub async fn open(url: &str, settings: Settings) -> Result<SharedStore, OpenError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Arc::new(SqliteStore::open(url, settings.mode).await?)),
        Some("postgres" | "postgresql") => Ok(Arc::new(PostgresStore::open(url, settings.connections).await?)),
        _ => Err(OpenError::Scheme),
    }
}
