//! `orderbell compact`: rewrites a SQLite database to take little space.

use super::tools::print;
use crate::config::Common;
use crate::store::sqlite::SqliteStore;
use anyhow::ensure;
use secrecy::ExposeSecret;

pub(super) async fn compact(common: &Common) -> anyhow::Result<()> {
    ensure!(common.is_sqlite(), "only a SQLite database is compacted; PostgreSQL reuses space by itself (autovacuum)");
    let [before, after] = SqliteStore::compact(common.database_url.expose_secret()).await?;
    Ok(print(&format!("{} before, {} now", megabytes(before), megabytes(after)))?)
}

fn megabytes(bytes: i64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
