//! PostgreSQL: for more than one node.

#[path = "../backend/mod.rs"]
#[allow(clippy::duplicate_mod)] // one text, two drivers: see there
mod backend;
mod connect;

pub use backend::statements::ALL as STATEMENTS;

use super::options::OpenError;
use super::{Result, StoreError, WriteFaults, audit, task};
use crate::domain::values::time::Timestamp;
use futures_util::future::BoxFuture;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgPool};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

type Backend = PostgresStore;
type Connection = sqlx::PgConnection;
type Database = sqlx::Postgres;

/// Which texts [`backend`] takes.
const IS_SQLITE: bool = false;

/// Reads that must all see one point of the database.
const ONE_POINT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Writes: what a row lock has waited for is read as it then is.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// A store on a server, shared with other nodes.
pub struct PostgresStore {
    epoch: String,
    /// What its row, its leases and its probe of writes go by.
    node: Uuid,
    pool: PgPool,
    faults: Arc<WriteFaults>,
}

impl PostgresStore {
    /// Opens the database of a URL with at most so many connections.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, connections: u32) -> std::result::Result<Self, OpenError> {
        let options = connect::options(url)?;
        let at = |error| OpenError::At { place: connect::place(&options), error: Box::new(error) };
        let epoch = prepare(&options).await.map_err(at)?;
        let (node, faults) = (crate::clock::new_id(), Arc::default());
        Ok(Self { epoch, node, pool: connect::pool(options, connections), faults })
    }

    /// Runs a unit of work that is one statement.
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
            // What the server is doing on this connection is not known: it is given up, not given back.
            log::warn!(seconds = task::DEADLINE.as_secs(); "the database did not answer in time");
            drop(connection.detach());
            Err(StoreError::Unavailable)
        })
        .await
    }

    /// Runs a unit of work that reads more than once, of which all must see the same.
    async fn read_at_one_point<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.transaction(ONE_POINT, unit).await
    }

    /// Runs a unit of work that writes: all of it or, when it fails, nothing.
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
                        // A full disk shows at the statement that needs place.
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

/// A commit that fails, for whatever reason, leaves open whether it happened.
fn committed(outcome: sqlx::Result<()>, faults: Option<&WriteFaults>) -> Result<()> {
    if let Some(faults) = faults {
        faults.record(&outcome);
    }
    outcome.map_err(|cause| {
        log::error!(cause:% = cause; "a unit of work was not committed");
        StoreError::Unavailable
    })
}

/// A server that is not the one it was is a matter of epochs, not of this node's life.
async fn lost(_: &PostgresStore) -> &'static str {
    std::future::pending().await
}

/// The server's own VACUUM takes up what was deleted (docs/privacy.md).
#[expect(clippy::unnecessary_wraps)] // SQLite can fail
const fn scrub(_: &PostgresStore, _: Timestamp) -> Result<()> {
    Ok(())
}

async fn close_store(store: &PostgresStore) {
    store.pool.close().await;
}

#[allow(clippy::unnecessary_wraps)] // SQLite's can fail
fn id_list(ids: Vec<Uuid>) -> Result<Vec<Uuid>> {
    Ok(ids)
}
