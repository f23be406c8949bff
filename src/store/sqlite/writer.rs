//! The one task that writes. It commits in groups: what is queued when a commit ends goes into the next one, so that
//! under load one write to disk carries many units of work, and alone nobody waits for company.

use super::connect;
use super::content::Content;
use super::identity::Identity;
use super::leftover::{Fit, fit};
use super::stamp::Stamp;
use crate::clock;
use crate::domain::values::time::Timestamp;
use crate::store::error::broken;
use crate::store::options::OpenError;
use crate::store::{Result, StoreError, WriteFaults};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

/// How many units may wait; one more is told `Unavailable`.
const QUEUE: usize = 1024;
/// How many units one commit carries at most.
const GROUP: usize = 64;

/// How often a writer with nothing to do looks whether the database's files are in place.
const LOOK: Duration = Duration::from_secs(1);

/// A unit of work, its type erased: runs, then says what came of it.
type Job = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Done> + Send>;

/// What came of a unit. Dropped without being told, its caller hears `Unavailable`.
struct Done {
    /// Whether what it wrote stays.
    keep: bool,
    /// Whether the database may be what stood in its way.
    is_suspicious: bool,
    /// Tells the caller, once the group is committed.
    tell: Box<dyn FnOnce() + Send>,
}

/// The way to the task that writes. The task ends, and gives the lock back, when this is dropped.
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    lost: watch::Receiver<bool>,
    scrub: Arc<Notify>,
    end: Arc<Notify>,
}

impl Writer {
    /// Starts the task on a connection. What a node's files are watched by has its locks, which are held as long as the task
    /// lives.
    pub fn start(
        options: SqliteConnectOptions,
        connection: SqliteConnection,
        watch: Option<Watch>,
        identity: Identity,
        faults: Arc<WriteFaults>,
    ) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let (tell_lost, lost) = watch::channel(false);
        let (connection, scrub, end) = (Some(connection), Arc::<Notify>::default(), Arc::<Notify>::default());
        let task = Task { options, connection, identity, watch, faults, lost: tell_lost, scrub_at: None };
        tokio::spawn(task.run(jobs, scrub.clone(), end.clone()));
        Self { jobs: sender, lost, scrub, end }
    }

    /// Empties the write-ahead log soon: what was deleted is still in it. While somebody reads from it, it is tried again each
    /// second.
    pub fn scrub(&self) {
        self.scrub.notify_one();
    }

    /// Ends the task and closes its connection.
    pub async fn close(&self) {
        self.end.notify_one();
        // The task holds the other end until it is done.
        let mut lost = self.lost.clone();
        while lost.changed().await.is_ok() {}
    }

    /// Resolves when the database's files are no longer those that were opened.
    pub async fn lost(&self) {
        if self.lost.clone().wait_for(|is_lost| *is_lost).await.is_err() {
            // The task has ended in order: nothing is lost.
            std::future::pending().await
        }
    }

    /// Queues a unit of work and waits for its group to be committed. Once queued it runs, whether or not the caller waits.
    pub async fn write<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        self.jobs.try_send(job(unit, reply)).map_err(|error| {
            log::warn!(cause:% = error; "no unit of work can be queued");
            StoreError::Unavailable
        })?;
        outcome.await.unwrap_or(Err(StoreError::Unavailable))
    }
}

fn job<T, F>(unit: F, reply: oneshot::Sender<Result<T>>) -> Job
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    Box::new(move |connection| {
        Box::pin(async move {
            let outcome = AssertUnwindSafe(async { unit(connection).await }).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(broken("a unit of work has panicked")));
            let keep = outcome.is_ok();
            let is_suspicious = matches!(outcome, Err(StoreError::Unavailable | StoreError::Internal));
            // A caller that has stopped waiting is no error.
            Done { keep, is_suspicious, tell: Box::new(move || drop(reply.send(outcome))) }
        })
    })
}

/// What a node knows its files by.
pub struct Watch {
    pub content: Content,
    pub stamp: Stamp,
}

impl Watch {
    /// Whether the files have the content that this node, and others through SQLite, have written.
    fn is_own(&mut self) -> bool {
        self.stamp.is_on_file() && self.content.is_untouched(self.stamp.database())
    }
}

/// What the task does next.
enum Next {
    Commit,
    Scrub,
    End,
}

impl Next {
    /// No job comes when every sender is gone.
    const fn of(jobs: usize) -> Self {
        if jobs == 0 { Self::End } else { Self::Commit }
    }
}

/// What the task that writes has.
struct Task {
    options: SqliteConnectOptions,
    /// `None` after a failed commit: nothing is known of the connection then, so it is made anew.
    connection: Option<SqliteConnection>,
    identity: Identity,
    /// A tool has none. Dropped after the connection, see [`super::lock::Lock::database`].
    watch: Option<Watch>,
    faults: Arc<WriteFaults>,
    lost: watch::Sender<bool>,
    /// When to empty the write-ahead log, if that is wanted.
    scrub_at: Option<Timestamp>,
}

impl Task {
    /// Commits groups until every sender is gone, or the database's files are.
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, scrub: Arc<Notify>, end: Arc<Notify>) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let queued = async {
                tokio::select! {
                    biased;
                    count = jobs.recv_many(&mut group, GROUP) => Next::of(count),
                    () = scrub.notified() => Next::Scrub,
                    () = end.notified() => Next::End,
                }
            };
            match timeout(LOOK, queued).await {
                Ok(Next::End) => break,
                Ok(Next::Commit) => self.commit(&mut group).await,
                Ok(Next::Scrub) => self.scrub_at = Some(clock::uptime()),
                Err(_) => {}
            }
            if self.connection.is_some() && !self.is_in_place() {
                self.lose();
            } else if self.scrub_at.is_some_and(|at| at <= clock::uptime()) {
                self.scrub().await;
            }
            if *self.lost.borrow() {
                break;
            }
        }
        let is_lost = *self.lost.borrow();
        match self.connection.take() {
            // To close it would merge the log into what lies there now. The process ends soon.
            Some(connection) if is_lost => std::mem::forget(connection),
            Some(connection) => {
                if let Err(cause) = connection.close().await {
                    log::warn!(cause:% = cause; "the database was not closed in order");
                }
            }
            None => {}
        }
    }

    async fn scrub(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        self.scrub_at = match connect::empty_log(connection).await {
            Ok(true) => None,
            Ok(false) => Some(clock::uptime().plus(LOOK)),
            Err(cause) => {
                log::warn!(cause:% = cause; "the write-ahead log cannot be emptied, will try again");
                Some(clock::uptime().plus(LOOK))
            }
        };
    }

    /// Whether the paths lead to the files that were opened, with the content that was written through SQLite.
    fn is_in_place(&mut self) -> bool {
        self.identity.is_in_place() && self.has_own_content()
    }

    fn has_own_content(&mut self) -> bool {
        self.watch.as_mut().is_none_or(Watch::is_own)
    }

    /// Commits a group, and tells its callers if the files that took it are still the database. Whoever is not told hears
    /// `Unavailable`.
    async fn commit(&mut self, group: &mut Vec<Job>) {
        if !self.make_usable().await {
            group.clear();
            return;
        }
        let Some(connection) = self.connection.as_mut() else { return };
        match commit(connection, self.watch.as_mut().map(|watch| &mut watch.stamp), group.drain(..)).await {
            Ok(Some(done)) if self.is_in_place() => {
                self.faults.record(&Ok(()));
                if done.iter().any(|done| done.is_suspicious) {
                    self.faults.suspect();
                }
                done.into_iter().for_each(|done| (done.tell)());
            }
            Ok(_) => self.lose(),
            Err(cause) => {
                log::error!(cause:% = cause; "a group of units was not committed");
                self.faults.record(&Err(cause));
                self.connection = None;
            }
        }
    }

    /// Makes sure of a connection to the file that was opened first. One that is not there any longer is not made again, and
    /// another, or other content, is not written to. Returns whether there is one.
    async fn make_usable(&mut self) -> bool {
        if !self.identity.is_same_file() || !self.has_own_content() {
            self.lose();
            return false;
        }
        if self.connection.is_none() {
            match self.reopen().await {
                Ok(connection) => self.connection = Some(connection),
                Err(cause) => log::error!(cause:% = cause; "the database cannot be reopened"),
            }
        }
        self.connection.is_some()
    }

    async fn reopen(&mut self) -> std::result::Result<SqliteConnection, OpenError> {
        let connection = connect::writer(&self.options).await?;
        // The last connection to close takes the log away, so it may be another one now.
        let mut followed = self.identity.follow_log();
        if let Some(watch) = &mut self.watch {
            followed = followed.and_then(|()| watch.content.follow(&self.identity.log(), &self.identity.index()));
        }
        followed.map_err(|cause| OpenError::File { path: self.options.get_filename().to_owned(), cause })?;
        Ok(connection)
    }

    fn lose(&self) {
        let path = self.options.get_filename().display();
        log::error!(path:%; "the database file was removed or replaced, or written to past SQLite: nothing more is acknowledged");
        if self.is_overwritten()
            && let Err(cause) = self.identity.set_log_aside()
        {
            log::error!(cause:% = cause; "the log of the overwritten database is still beside the new one");
        }
        self.lost.send_replace(true);
    }

    /// Whether the file has another content than the log beside it was written over. One that is only cut short, or touched,
    /// keeps its log, which has what was acknowledged.
    fn is_overwritten(&self) -> bool {
        let Some(watch) = self.watch.as_ref().filter(|_| self.identity.is_same_file()) else { return false };
        let log = std::fs::File::open(self.identity.log());
        log.and_then(|log| fit(watch.stamp.database(), &log)).is_ok_and(|fit| fit == Fit::Foreign)
    }
}

/// One transaction. Each unit stands behind a savepoint, so that one that fails undoes only itself. `None` when the database
/// is another than this node wrote: somebody has restored another one through SQLite.
async fn commit(
    connection: &mut SqliteConnection,
    stamp: Option<&mut Stamp>,
    group: impl Iterator<Item = Job>,
) -> sqlx::Result<Option<Vec<Done>>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let (number, rows) = connect::read_stamp(&mut transaction).await?;
    if stamp.as_ref().is_some_and(|stamp| !stamp.is_own(number)) {
        transaction.rollback().await?;
        return Ok(None);
    }
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
    if connect::read_stamp(&mut transaction).await?.1 != rows {
        // A tool writes the number that is there, so that its commits too have the header in the log.
        let next = stamp.map_or(number, |stamp| stamp.advance(number));
        connect::write_stamp(&mut transaction, next).await?;
    }
    transaction.commit().await?;
    Ok(Some(units))
}
