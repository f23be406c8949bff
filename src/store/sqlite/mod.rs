//! SQLite: embedded, one node. One connection writes; four read beside it.

#[path = "../backend/mod.rs"]
#[allow(clippy::duplicate_mod)] // one text, two drivers: see there
mod backend;
mod connect;
mod identity;
mod lock;
mod stamp;
mod writer;

pub use backend::statements::ALL as STATEMENTS;

use super::error::broken;
use super::options::{Mode, OpenError};
use super::{Result, WriteFaults, audit, task};
use futures_util::future::BoxFuture;
use identity::Identity;
use sqlx::{Connection as _, SqlitePool};
use stamp::Stamp;
use std::sync::Arc;
use uuid::Uuid;
use writer::Writer;

type Backend = SqliteStore;
type Connection = sqlx::SqliteConnection;
type Database = sqlx::Sqlite;

/// Which texts [`backend`] takes.
const IS_SQLITE: bool = true;

/// A store in one file.
pub struct SqliteStore {
    epoch: String,
    /// What its row, its leases and its probe of writes go by.
    node: Uuid,
    faults: Arc<WriteFaults>,
    readers: SqlitePool,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database of a URL, and makes it (with its folder) where there is none.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, mode: Mode) -> std::result::Result<Self, OpenError> {
        let options = connect::options(url)?;
        let (path, lock) = lock::prepare(options.get_filename(), mode)?;
        let node = crate::clock::new_id();
        // The last bits of an id are random.
        let stamp = lock.map(|lock| Stamp::new(lock, node.as_u128() as u32));
        let mut connection = connect::writer(&options).await?;
        connect::migrate(&mut connection).await?;
        let epoch = backend::epoch::get_or_make(&mut connection).await?;
        if let Some(stamp) = &stamp {
            connect::stamp(&mut connection, stamp).await?;
        }
        let readers = connect::readers(&options);
        let identity = Identity::of(&path).map_err(|cause| OpenError::File { path, cause })?;
        let faults = Arc::<WriteFaults>::default();
        let writer = Writer::start(options, connection, stamp, identity, faults.clone());
        Ok(Self { epoch, node, faults, readers, writer })
    }

    /// Runs a unit of work that reads.
    async fn read<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let readers = self.readers.clone();
        task::run(task::in_time(async move { unit(&mut *readers.acquire().await?).await })).await
    }

    /// Runs a unit of work that reads more than once, of which all must see the same.
    async fn read_at_one_point<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let one_point = self.read(move |c| {
            Box::pin(async move {
                let mut transaction = c.begin().await?;
                let read = unit(&mut transaction).await;
                transaction.rollback().await?;
                read
            })
        });
        one_point.await
    }

    /// Runs a unit of work that writes: all of it or, when it fails, nothing.
    async fn write<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        match audit::take() {
            None => task::in_time(self.writer.write(unit)).await,
            Some(note) => task::in_time(self.writer.write(|c| Box::pin(backend::audit::noted(c, note, unit)))).await,
        }
    }
}

async fn lost(store: &SqliteStore) -> &'static str {
    store.writer.lost().await;
    "the database file was removed or replaced while this server ran; nothing since then was acknowledged"
}

fn scrub(store: &SqliteStore) {
    store.writer.scrub();
}

/// The readers go first: the last connection to close merges the write-ahead log into the file.
async fn close_store(store: &SqliteStore) {
    store.readers.close().await;
    store.writer.close().await;
}

/// A JSON array of hexadecimal texts.
fn id_list(ids: Vec<Uuid>) -> Result<String> {
    let ids: Vec<_> = ids.iter().map(|id| id.simple().to_string()).collect();
    serde_json::to_string(&ids).map_err(broken)
}
