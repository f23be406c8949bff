//! The embedded SQLite store, for one node. One connection writes, and four read.

#[path = "../backend/mod.rs"]
#[allow(clippy::duplicate_mod)] // compiled for both drivers
mod backend;
pub mod backup;
mod connect;
mod content;
mod identity;
mod inspect;
mod layout;
mod leftover;
mod lock;
mod open_error;
mod ownership;
mod queue;
pub mod revived;
mod sidecar;
mod stamp;
mod wal_index;
mod writer;

pub use backend::statements::ALL as STATEMENTS;

use super::error::broken;
use super::log::{Committed, Work};
use super::options::{Mode, OpenError};
use super::{Result, StoreError, WriteFaults, audit, task};
use crate::domain::values::time::Timestamp;
use backend::commit::Frame;
use backend::menu_cache::MenuCache;
use content::Content;
use futures_util::future::BoxFuture;
use identity::Identity;
use lock::Lock;
use sidecar::Sidecar;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqlitePool};
use stamp::Stamp;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;
use uuid::Uuid;
use writer::{CommitGroup, Watch, Writer};

type Backend = SqliteStore;
type Connection = sqlx::SqliteConnection;
type Database = sqlx::Sqlite;

/// Whether [`backend`] uses the statements for SQLite.
const IS_SQLITE: bool = true;

/// A store in one file.
pub struct SqliteStore {
    epoch: String,
    /// The id in this node's row, leases and write probe.
    node: Uuid,
    faults: Arc<WriteFaults>,
    readers: SqlitePool,
    writer: Writer,
    /// The identity of the files when they were opened.
    identity: Identity,
    /// `None` for a tool.
    origin: Option<Origin>,
}

/// The state by which a later start recognizes the file.
struct Origin {
    sidecar: Sidecar,
    recorded: Mutex<Recorded>,
}

/// The last id that this node has recorded.
#[derive(Default)]
struct Recorded {
    /// The id in the file and beside it; `None` while they differ.
    id: Option<String>,
    /// The stamp after the record. Each commit changes the stamp.
    stamp: i32,
}

impl SqliteStore {
    /// Opens the database of a URL, and makes it and its folder if they do not exist.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, mode: Mode) -> std::result::Result<Self, OpenError> {
        let options = connect::options(url)?;
        let path = options.get_filename().to_owned();
        Self::open_file(options, mode).await.map_err(|error| open_error::explain(error, &path))
    }

    /// Rewrites the database of a URL so that it takes as little space as it can. No node may have it open. Returns the bytes
    /// of the file before and after.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn compact(url: &str) -> std::result::Result<[i64; 2], OpenError> {
        let options = connect::options(url)?;
        let path = options.get_filename().to_owned();
        let compact = async {
            // Dropped after the connection, see [`Lock::database`].
            let (path, _lock) = prepare(&options, Mode::Serve).await?;
            let mut connection = connect::writer(&options).await?;
            connect::migrate(&mut connection, &path).await?;
            let pages = connect::compact(&mut connection).await?;
            connection.close().await?;
            Ok(pages)
        };
        compact.await.map_err(|error| open_error::explain(error, &path))
    }

    async fn open_file(options: SqliteConnectOptions, mode: Mode) -> std::result::Result<Self, OpenError> {
        let (path, lock) = prepare(&options, mode).await?;
        let node = crate::clock::new_id();
        // The last bits of an id are random.
        let stamp = lock.map(|lock| Stamp::new(lock, node.as_u128() as u32));
        let mut connection = connect::writer(&options).await?;
        connect::migrate(&mut connection, &path).await?;
        let epoch = backend::epoch::get_or_make(&mut connection).await?;
        if let Some(stamp) = &stamp {
            connect::stamp(&mut connection, stamp).await?;
        }
        let readers = connect::readers(&options);
        let file_error = |cause| OpenError::File { path: path.clone(), cause };
        let identity = Identity::of(&path).map_err(file_error)?;
        if let Some(log) = identity.log_set_aside().filter(|_| stamp.is_some()) {
            log::warn!(path:% = log.display(); "the log of an overwritten database is still there, with changes that were acknowledged");
        }
        let watch = match stamp {
            Some(stamp) => Some(Watch { content: Content::of(&identity.log(), &identity.index()).map_err(file_error)?, stamp }),
            None => None,
        };
        let origin = watch.is_some().then(|| Origin { sidecar: Sidecar::of(&path), recorded: Mutex::default() });
        let faults = Arc::<WriteFaults>::default();
        let writer = Writer::start(options, connection, watch, identity.clone(), faults.clone(), commit_group());
        Ok(Self { epoch, node, faults, readers, writer, identity, origin })
    }

    async fn stamp(&self) -> Result<i32> {
        self.read(|c| Box::pin(async move { Ok(connect::read_stamp(c).await?.0) })).await
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

    /// Runs a unit of work whose reads all see the same state.
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

    /// Runs a unit of work that writes. If it fails, it writes nothing.
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

/// Makes the file if it does not exist, takes the locks of a node, and refuses a file that is not Orderbell's.
async fn prepare(options: &SqliteConnectOptions, mode: Mode) -> std::result::Result<(PathBuf, Option<Lock>), OpenError> {
    let (path, lock) = lock::prepare(options.get_filename(), mode)?;
    let refused = match ownership::refuse_foreign_file(options, &path, &connect::MIGRATOR).await {
        Ok(()) => lock::require_own_log(&path, lock.as_ref()).err(),
        refused => refused.err(),
    };
    match refused {
        None => Ok((path, lock)),
        Some(error) => {
            lock.iter().for_each(Lock::leave_no_trace);
            Err(error)
        }
    }
}

/// Returns how the writer commits a group.
fn commit_group() -> CommitGroup {
    let menus = Arc::new(MenuCache::default());
    Box::new(move |connection, works, is_whole| {
        let menus = menus.clone();
        let frame = if is_whole {
            Frame { begin: Some(connect::BEGIN), end: Some(connect::STAMP), ..Frame::default() }
        } else {
            Frame::default()
        };
        Box::pin(async move {
            let group = backend::commit::commit(connection, &menus, works, frame).await?;
            Ok((group.outcomes, group.end.read()?.pop()))
        })
    })
}

/// Commits a command in a group with the other queued commands.
async fn commit_work(store: &SqliteStore, work: Work) -> Result<Committed> {
    task::in_time(store.writer.commit(work)).await
}

async fn lost(store: &SqliteStore) -> &'static str {
    store.writer.lost().await;
    if let Some(origin) = &store.origin {
        // The file may now be a copy with the id of this one.
        origin.recorded.lock().await.id = None;
        if let Err(cause) = origin.sidecar.write(&[]) {
            log::error!(cause:% = cause; "the file beside the database cannot be written");
        }
    }
    "the database file was removed or replaced, or written to past SQLite, while this server ran; nothing since then was \
     acknowledged (see \"Changes to a SQLite file from outside\" in docs/operations.md)"
}

async fn is_moved(store: &SqliteStore) -> Result<bool> {
    let Some(origin) = &store.origin else { return Ok(false) };
    let Some(id) = store.read(|c| Box::pin(backend::origin::recorded(c))).await? else {
        // The file has no id: it is a backup by an older version if there is a sidecar, and otherwise the last node was of an
        // older version.
        return Ok(origin.sidecar.exists());
    };
    let is_named = origin.sidecar.names(&id).map_err(broken)?;
    if is_named {
        origin.recorded.lock().await.id = Some(id);
    }
    Ok(!is_named)
}

/// Gives the file a new id. Until it is certain that the file has it, the sidecar names both ids.
async fn record_origin(store: &SqliteStore, renew: bool) -> Result<()> {
    let Some(origin) = &store.origin else { return Ok(()) };
    let mut recorded = origin.recorded.lock().await;
    let id = crate::clock::new_id().simple().to_string();
    write(&origin.sidecar, recorded.id.clone().into_iter().chain([id.clone()]).collect()).await?;
    let written = id.clone();
    store.write(move |c| Box::pin(backend::origin::record(c, written, renew))).await?;
    write(&origin.sidecar, vec![id.clone()]).await?;
    *recorded = Recorded { id: Some(id), stamp: store.stamp().await? };
    Ok(())
}

/// Writes the file beside the database, on a thread that may wait for the disk.
async fn write(sidecar: &Sidecar, ids: Vec<String>) -> Result<()> {
    let sidecar = sidecar.clone();
    let written = tokio::task::spawn_blocking(move || sidecar.write(&ids)).await;
    written.map_err(broken)?.map_err(broken)
}

/// Gives the file a new id if this node has committed since the last one.
async fn renew_origin(store: &SqliteStore) -> Result<()> {
    let Some(origin) = &store.origin else { return Ok(()) };
    let (is_recorded, stamp) = {
        let recorded = origin.recorded.lock().await;
        (recorded.id.is_some(), recorded.stamp)
    };
    if is_recorded && store.stamp().await? != stamp { record_origin(store, false).await } else { Ok(()) }
}

/// Never resolves, since a replaced file ends the node.
async fn reconnected(_: &SqliteStore) {
    std::future::pending().await
}

/// Empties the log, and removes a log that was set aside: it has guests' words from before its last
/// write.
fn scrub(store: &SqliteStore, before: Timestamp) -> Result<()> {
    store.writer.scrub();
    match store.identity.remove_set_aside(before) {
        Ok(true) => log::info!("the log of an overwritten database that was set aside is removed"),
        Ok(false) => {}
        Err(cause) => {
            log::error!(cause:% = cause; "the log that was set aside cannot be removed");
            return Err(StoreError::Unavailable);
        }
    }
    Ok(())
}

/// Closes the readers first, since the last connection to close merges the write-ahead log into the
/// file.
async fn close_store(store: &SqliteStore) {
    if let Err(error) = renew_origin(store).await {
        log::warn!(error:%; "the state of the database cannot be recorded; all screens will start over");
    }
    store.readers.close().await;
    store.writer.close().await;
}
