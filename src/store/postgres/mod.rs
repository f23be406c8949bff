//! PostgreSQL: for more than one node.

#[path = "../backend/mod.rs"]
#[allow(clippy::duplicate_mod)] // compiled for both drivers
mod backend;
mod connect;
mod groups;

pub use backend::statements::ALL as STATEMENTS;

use super::log::{Committed, Work};
use super::options::OpenError;
use super::{Result, StoreError, WriteFaults, audit, task};
use crate::domain::values::time::Timestamp;
use backend::commit::Frame;
use backend::menu_cache::MenuCache;
use futures_util::future::BoxFuture;
use groups::{Groups, Transaction};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgPool};
use std::ops::Range;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

type Backend = PostgresStore;
type Connection = sqlx::PgConnection;
type Database = sqlx::Postgres;

/// Whether [`backend`] uses the statements for SQLite.
const IS_SQLITE: bool = false;

/// Begins reads that must all see one point of the database.
const ONE_POINT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Begins writes. A statement that has waited for a row lock reads the row as it is then.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// A store on a server, shared with other nodes. Cheap to clone.
#[derive(Clone)]
pub struct PostgresStore {
    epoch: Arc<str>,
    /// The id that the row, the leases and the write probe of this node carry.
    node: Uuid,
    pool: PgPool,
    faults: Arc<WriteFaults>,
    groups: Groups,
    menus: Arc<MenuCache>,
}

impl PostgresStore {
    /// Opens the database of a URL with at most `connections` connections.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, connections: u32) -> std::result::Result<Self, OpenError> {
        let options = connect::options(url)?;
        let at = |error| OpenError::At { place: connect::place(&options), error: Box::new(error) };
        let epoch = prepare(&options).await.map_err(at)?;
        let (node, faults) = (crate::clock::new_id(), Arc::default());
        let (pool, groups) = (connect::pool(options, connections), Groups::default());
        Ok(Self { epoch: epoch.into(), node, pool, faults, groups, menus: Arc::default() })
    }

    /// Runs a unit of work of one statement.
    async fn read<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let pool = self.pool.clone();
        let deadline = Instant::now() + task::DEADLINE;
        task::run(async move {
            let mut connection = pool.acquire().await?;
            if let Ok(outcome) = timeout_at(deadline, unit(&mut connection)).await {
                return outcome;
            }
            // The statement may still run on this connection, so it is closed and not returned to the pool.
            log::warn!(seconds = task::DEADLINE.as_secs(); "the database did not answer in time");
            drop(connection.detach());
            Err(StoreError::Unavailable)
        })
        .await
    }

    /// Runs a unit of work whose reads must all see the same point of the database.
    async fn read_at_one_point<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.transaction(ONE_POINT, unit).await
    }

    /// Runs a unit of work that writes everything or, when it fails, nothing.
    async fn write<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        match audit::take() {
            None => self.transaction(WRITE, unit).await,
            Some(note) => self.transaction(WRITE, |c| Box::pin(backend::audit::noted(c, note, unit))).await,
        }
    }

    async fn transaction<T, F>(&self, begin: &'static str, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let faults = (begin == WRITE).then(|| self.faults.clone());
        let transaction = self.read(move |c| {
            Box::pin(async move {
                let mut transaction = c.begin_with(begin).await?;
                match unit(&mut transaction).await {
                    Ok(value) => committed(transaction.commit().await, faults.as_deref()).map(|()| value),
                    Err(error) => {
                        // A full disk fails the statement that needs space.
                        faults.iter().filter(|_| error == StoreError::Unavailable).for_each(|faults| faults.suspect());
                        transaction.rollback().await?;
                        Err(error)
                    }
                }
            })
        });
        transaction.await
    }
}

/// Brings the schema up to date and returns the epoch.
async fn prepare(options: &PgConnectOptions) -> std::result::Result<String, OpenError> {
    let mut connection = connect::prepare(options).await?;
    let epoch = backend::epoch::get_or_make(&mut connection).await?;
    connection.close().await?;
    Ok(epoch)
}

/// Maps the result of a commit. Whether a failed commit took effect is unknown.
fn committed(outcome: sqlx::Result<()>, faults: Option<&WriteFaults>) -> Result<()> {
    if let Some(faults) = faults {
        faults.record(&outcome);
    }
    outcome.map_err(|cause| {
        log::error!(cause:% = cause; "a unit of work was not committed");
        StoreError::Unavailable
    })
}

/// Commits a command in a group with those of its restaurant that are queued beside it.
async fn commit_work(store: &PostgresStore, work: Work) -> Result<Committed> {
    let own = store.clone();
    let transaction: Transaction = Box::new(move |works, members| Box::pin(commit_members(own.clone(), works, members)));
    task::in_time(store.groups.commit(work, transaction)).await
}

async fn commit_members(store: PostgresStore, works: Arc<[Work]>, members: Range<usize>) -> Result<Vec<Result<Committed>>> {
    let menus = store.menus.clone();
    let commit = store.transaction(WRITE, move |c| {
        Box::pin(async move { backend::commit::commit(c, &menus, &works[members], Frame::default()).await })
    });
    Ok(commit.await?.outcomes)
}

/// Never resolves: a replaced server differs by its epoch.
async fn lost(_: &PostgresStore) -> &'static str {
    std::future::pending().await
}

/// Does nothing: the server's VACUUM reclaims deleted rows (docs/privacy.md).
#[expect(clippy::unnecessary_wraps)] // SQLite can fail
const fn scrub(_: &PostgresStore, _: Timestamp) -> Result<()> {
    Ok(())
}

async fn close_store(store: &PostgresStore) {
    store.pool.close().await;
}

#[expect(clippy::unnecessary_wraps)] // SQLite's can fail
fn id_list(ids: Vec<Uuid>) -> Result<Vec<Uuid>> {
    Ok(ids)
}
