//! The PostgreSQL store, which several nodes can share.

#[path = "../backend/mod.rs"]
#[allow(clippy::duplicate_mod)] // compiled for both drivers
mod backend;
mod connect;
mod groups;
mod hosts;
mod inspect;
mod primary;

pub use backend::statements::ALL as STATEMENTS;

use super::log::{Committed, Reads, Work};
use super::options::OpenError;
use super::{Result, StoreError, WriteFaults, audit, task};
use crate::domain::values::time::Timestamp;
use backend::commit::Frame;
use backend::menu_cache::MenuCache;
use futures_util::future::BoxFuture;
use groups::{Groups, Transaction};
use primary::Servers;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgPool, query_scalar};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

type Backend = PostgresStore;
type Connection = sqlx::PgConnection;
type Database = sqlx::Postgres;

/// Whether [`backend`] uses the statements for SQLite.
const IS_SQLITE: bool = false;

/// Begins reads that must all see the same state of the database.
const ONE_POINT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Begins writes. At this isolation level, a statement that has waited for a row lock then reads the row's current state.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// The [`Frame`] of a group that reads its feed without holding it and writes with a single statement.
const UNHELD: Frame = Frame { is_unheld: true, begin: None, end: None };
/// The number of attempts to commit a group without holding its feed. The next attempt may hold it.
const ATTEMPTS: u32 = 3;
/// If the attempts took less than this on average, the node may hold the feed. Over a slower connection, it would keep all
/// other nodes waiting.
const QUICK: Duration = Duration::from_millis(150);
/// The time after which a group fails if other nodes overtake it again and again.
const OVERTAKEN: Duration = Duration::from_secs(6);

/// A store on a server, shared with other nodes. Cheap to clone.
#[derive(Clone)]
pub struct PostgresStore {
    epoch: Arc<str>,
    /// The id of this node. Its row, its leases and its write probes carry it.
    node: Uuid,
    pool: PgPool,
    servers: Arc<Servers>,
    faults: Arc<WriteFaults>,
    groups: Groups,
    menus: Arc<MenuCache>,
    instance: Arc<connect::Instance>,
}

impl PostgresStore {
    /// Opens the database of a URL with at most `connections` connections.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, connections: u32) -> std::result::Result<Self, OpenError> {
        let servers = hosts::options(url)?;
        let at = |error| OpenError::At { place: hosts::place(&servers), error: Box::new(error) };
        let (epoch, primary) = prepare(&servers).await.map_err(at)?;
        let (node, faults) = (crate::clock::new_id(), Arc::default());
        let (groups, instance) = (Groups::default(), Arc::<connect::Instance>::default());
        let pool = connect::pool(servers[primary].clone(), connections, instance.clone());
        let servers = Arc::new(Servers::new(servers, primary));
        Ok(Self { epoch: epoch.into(), node, pool, servers, faults, groups, menus: Arc::default(), instance })
    }

    /// Runs a unit of work without beginning a transaction.
    async fn read<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let (pool, servers) = (self.pool.clone(), self.servers.clone());
        let deadline = Instant::now() + task::DEADLINE;
        task::run(async move {
            let mut connection = servers.acquire(&pool).await?;
            let mut moves = servers.moves();
            tokio::select! {
                outcome = unit(&mut connection) => return outcome,
                () = sleep_until(deadline) => log::warn!(seconds = task::DEADLINE.as_secs(); "the database did not answer in time"),
                Ok(()) = moves.changed() => log::warn!("the database moved to another server before it answered"),
            }
            // Closes the connection instead of returning it to the pool, since the statement may still run on it.
            drop(connection.detach());
            Err(StoreError::Unavailable)
        })
        .await
    }

    /// Runs a unit of work whose reads must all see the same state of the database.
    async fn read_at_one_point<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.transaction(ONE_POINT, unit).await
    }

    /// Runs a unit of work in a transaction: if it fails, none of its writes takes effect.
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
        let faults = self.faults.clone();
        let transaction = self.read(move |c| {
            Box::pin(async move {
                let mut transaction = c.begin_with(begin).await?;
                match unit(&mut transaction).await {
                    Ok(value) => committed(transaction.commit().await, &faults).map(|()| value),
                    Err(error) => {
                        transaction.rollback().await?;
                        Err(error)
                    }
                }
            })
        });
        if begin == WRITE { self.faults.watch(transaction, |_| true).await } else { transaction.await }
    }

    /// Commits members of a group without holding their feed during a round trip to the server. Returns `None` if other nodes
    /// change the feed again and again; the caller then commits while it holds the feed.
    async fn commit_unheld(&self, works: Arc<[Work]>, members: Range<usize>) -> Result<Option<Vec<Result<Committed>>>> {
        let menus = self.menus.clone();
        let attempts = self.read(move |c| {
            Box::pin(async move {
                let (begun, mut attempts) = (Instant::now(), 0);
                loop {
                    attempts += 1;
                    match backend::commit::commit(c, &menus, &works[members.clone()], UNHELD).await {
                        Err(StoreError::Stale) => {}
                        group => return group.map(|group| Some(group.outcomes)),
                    }
                    let taken = begun.elapsed();
                    if taken > OVERTAKEN {
                        log::warn!(attempts; "other nodes overtook a group of commands again and again");
                        return Err(StoreError::Unavailable);
                    }
                    if attempts >= ATTEMPTS && taken < QUICK * attempts {
                        return Ok(None);
                    }
                }
            })
        });
        let has_written = |outcomes: &Option<Vec<Result<Committed>>>| {
            outcomes.iter().flatten().flatten().any(|committed| !committed.events.is_empty())
        };
        self.faults.watch(attempts, has_written).await
    }
}

/// Brings the schema up to date. Returns the epoch, and the index of the primary among the servers.
async fn prepare(servers: &[PgConnectOptions]) -> std::result::Result<(String, usize), OpenError> {
    let (mut connection, primary) = connect::prepare(servers).await?;
    let epoch = backend::epoch::get_or_make(&mut connection).await?;
    connection.close().await?;
    Ok((epoch, primary))
}

/// Maps the result of a commit. Whether a failed commit took effect is unknown.
fn committed(outcome: sqlx::Result<()>, faults: &WriteFaults) -> Result<()> {
    outcome.map_err(|cause| {
        faults.blame(&cause);
        log::error!(cause:% = cause; "the commit of a unit of work failed");
        StoreError::Unavailable
    })
}

/// Commits a command in a group with the other queued commands of its restaurant.
async fn commit_work(store: &PostgresStore, work: Work) -> Result<Committed> {
    let own = store.clone();
    let transaction: Transaction = Box::new(move |works, members| Box::pin(commit_members(own.clone(), works, members)));
    task::in_time(store.groups.commit(work, transaction)).await
}

async fn commit_members(store: PostgresStore, works: Arc<[Work]>, members: Range<usize>) -> Result<Vec<Result<Committed>>> {
    if can_be_unheld(&works[members.clone()])
        && let Some(outcomes) = store.commit_unheld(works.clone(), members.clone()).await?
    {
        return Ok(outcomes);
    }
    let menus = store.menus.clone();
    let commit = store.transaction(WRITE, move |c| {
        Box::pin(async move { backend::commit::commit(c, &menus, &works[members], Frame::default()).await })
    });
    Ok(commit.await?.outcomes)
}

/// Returns whether a single statement can write all decisions of a group.
fn can_be_unheld(works: &[Work]) -> bool {
    works.iter().all(|work| work.reads.is_shared()) || matches!(works, [Work { reads: Reads::Menu, .. }])
}

/// Never resolves: the node keeps running if a server with another history takes over. It then begins a new generation of the
/// feeds.
async fn lost(_: &PostgresStore) -> &'static str {
    std::future::pending().await
}

async fn reconnected(store: &PostgresStore) {
    store.instance.changed().await;
}

/// The SQLSTATE of the error when the database user may not call a function.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// Returns the server's system identifier and timeline, the id of the database, and the id of a table. Restoring a dump creates
/// the table again, with another id.
const ORIGIN: &str = "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' \
    || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' \
    || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || 'feeds'::regclass::oid";

async fn is_moved(store: &PostgresStore) -> Result<bool> {
    let is_moved = store.read(|c| {
        Box::pin(async move {
            let recorded = backend::origin::recorded(&mut *c).await?;
            let origin = origin(c).await?;
            Ok(origin.is_some_and(|origin| recorded.is_some_and(|recorded| recorded != origin)))
        })
    });
    is_moved.await
}

async fn record_origin(store: &PostgresStore, renew: bool) -> Result<()> {
    let origin = store.read(|c| Box::pin(origin(c))).await?;
    let Some(origin) = origin else { return Ok(()) };
    store.write(move |c| Box::pin(backend::origin::record(c, origin, renew))).await
}

/// Returns the origin of the database; `None` if an administrator has revoked the right to read it.
async fn origin(connection: &mut Connection) -> Result<Option<String>> {
    match query_scalar(ORIGIN).fetch_one(connection).await {
        Ok(origin) => Ok(Some(origin)),
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == INSUFFICIENT_PRIVILEGE) => {
            log::warn!(cause:% = error; "cannot read the database's origin; a failover while no node runs will go unnoticed");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Does nothing: a database restored from a dump differs in its [`ORIGIN`] anyway.
async fn renew_origin(_: &PostgresStore) -> Result<()> {
    Ok(())
}

/// Does nothing: the server's VACUUM reclaims deleted rows (docs/privacy.md).
#[expect(clippy::unnecessary_wraps)] // the SQLite store's function can fail
const fn scrub(_: &PostgresStore, _: Timestamp) -> Result<()> {
    Ok(())
}

async fn close_store(store: &PostgresStore) {
    store.pool.close().await;
}
