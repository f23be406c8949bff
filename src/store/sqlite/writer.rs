//! The one task that writes. It commits in groups: what is queued when a commit ends goes into the next one, so that
//! under load one write to disk carries many units of work, and alone nobody waits for company.

use super::{Connection, Result, StoreError, broken, connect};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;
use std::fs::File;
use std::panic::AssertUnwindSafe;
use tokio::sync::{mpsc, oneshot};

/// How many units may wait; one more is told `Unavailable`.
const QUEUE: usize = 1024;
/// How many units one commit carries at most.
const GROUP: usize = 64;

/// A unit of work, its type erased: runs, then says what came of it.
type Job = Box<dyn for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Done> + Send>;

/// What came of a unit. Dropped without being told, its caller hears `Unavailable`.
struct Done {
    /// Whether what it wrote stays.
    keep: bool,
    /// Tells the caller, once the group is committed.
    tell: Box<dyn FnOnce() + Send>,
}

/// The way to the task that writes. The task ends, and gives the lock back, when this is dropped.
pub struct Writer(mpsc::Sender<Job>);

impl Writer {
    /// Starts the task on a connection; the lock is held as long as it lives.
    pub fn start(options: SqliteConnectOptions, connection: Connection, lock: Option<File>) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(run(options, connection, jobs, lock));
        Self(sender)
    }

    /// Queues a unit of work and waits for its group to be committed. Once queued it runs, whether or not the caller waits.
    pub async fn write<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        self.0.try_send(job(unit, reply)).map_err(|error| {
            log::warn!(cause:% = error; "no unit of work can be queued");
            StoreError::Unavailable
        })?;
        outcome.await.unwrap_or(Err(StoreError::Unavailable))
    }
}

fn job<T, F>(unit: F, reply: oneshot::Sender<Result<T>>) -> Job
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    Box::new(move |connection| {
        Box::pin(async move {
            let outcome = AssertUnwindSafe(async { unit(connection).await }).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(broken("a unit of work has panicked")));
            let keep = outcome.is_ok();
            // A caller that has stopped waiting is no error.
            Done { keep, tell: Box::new(move || drop(reply.send(outcome))) }
        })
    })
}

/// Commits groups until every sender is gone. After a failed commit nothing is known of the connection: it is made anew.
async fn run(options: SqliteConnectOptions, first: Connection, mut jobs: mpsc::Receiver<Job>, lock: Option<File>) {
    let mut connection = Some(first);
    let mut group = Vec::with_capacity(GROUP);
    while jobs.recv_many(&mut group, GROUP).await > 0 {
        let Some(current) = usable(&mut connection, &options).await else {
            group.clear();
            continue;
        };
        match commit(current, group.drain(..)).await {
            Ok(done) => done.into_iter().for_each(|done| (done.tell)()),
            Err(cause) => {
                log::error!(cause:% = cause; "a group of units was not committed");
                connection = None;
            }
        }
    }
    drop(connection);
    drop(lock);
}

async fn usable<'a>(connection: &'a mut Option<Connection>, options: &SqliteConnectOptions) -> Option<&'a mut Connection> {
    if connection.is_none() {
        let opened = connect::writer(options).await;
        *connection = opened.inspect_err(|cause| log::error!(cause:% = cause; "the database cannot be reopened")).ok();
    }
    connection.as_mut()
}

/// One transaction. Each unit stands behind a savepoint, so that one that fails undoes only itself.
async fn commit(connection: &mut Connection, group: impl Iterator<Item = Job>) -> sqlx::Result<Vec<Done>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut units = Vec::with_capacity(GROUP);
    for job in group {
        let mut savepoint = transaction.begin().await?;
        let done = job(&mut savepoint).await;
        if done.keep {
            savepoint.commit().await?
        } else {
            savepoint.rollback().await?
        }
        units.push(done);
    }
    transaction.commit().await?;
    Ok(units)
}
