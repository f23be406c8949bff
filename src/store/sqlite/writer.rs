//! The only task that writes. It commits in groups: all units queued when a commit ends go into the
//! next one. Under load, one write to disk carries many units of work; a lone unit does not wait
//! for others.

use super::connect;
use super::content::Content;
use super::identity::Identity;
use super::leftover::{Fit, fit};
use super::queue::Groups;
use super::stamp::Stamp;
use crate::clock;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use crate::store::error::broken;
use crate::store::log::{Committed, Work};
use crate::store::options::OpenError;
use crate::store::{Result, StoreError, WriteFaults};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

/// The most units that may wait for the task. It may have taken as many more. A further one gets `Unavailable`.
const QUEUE: usize = 512;
/// How often an idle writer checks that the database's files are in place.
const LOOK: Duration = Duration::from_secs(1);

/// Begins a unit of work that can be undone by itself.
const SAVE: &str = "SAVEPOINT unit";

/// A unit of work with its type erased. Returns its outcome.
type Unit = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Done> + Send>;

/// Does a group of commands, and returns an outcome for each. After an error, no change of the group may be kept. With `true`, it
/// begins the transaction with [`connect::BEGIN`] and ends with [`connect::STAMP`], in the same calls as its own statements,
/// and returns the rows of the latter. Otherwise it does neither.
pub type CommitGroup =
    Box<dyn for<'c> Fn(&'c mut SqliteConnection, &'c [Work], bool) -> BoxFuture<'c, Result<Group>> + Send + Sync>;

/// The outcomes of a group, and the rows of [`connect::STAMP`].
pub type Group = (Vec<Result<Committed>>, Option<(i32, i64)>);

/// Work in the queue.
enum Job {
    /// A command. The commands of a group share statements.
    Command(Box<Work>, oneshot::Sender<Result<Committed>>),
    /// Any other unit of work.
    Unit(Unit),
}

impl Job {
    fn restaurant(&self) -> Option<RestaurantId> {
        match self {
            Self::Command(work, _) => Some(work.restaurant),
            Self::Unit(_) => None,
        }
    }
}

/// The outcome of a unit. If it is dropped before `tell`, the caller gets `Unavailable`.
struct Done {
    /// Whether to keep the unit's writes.
    keep: bool,
    /// Whether the database may be the cause of the failure.
    is_suspicious: bool,
    /// Answers the caller, once the group is committed.
    tell: Box<dyn FnOnce() + Send>,
}

/// The handle of the task that writes. Dropping it ends the task, which releases the lock.
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    lost: watch::Receiver<bool>,
    scrub: Arc<Notify>,
    end: Arc<Notify>,
}

impl Writer {
    /// Starts the task on a connection. `watch` has a node's locks, which the task holds while it
    /// lives.
    pub fn start(
        options: SqliteConnectOptions,
        connection: SqliteConnection,
        watch: Option<Watch>,
        identity: Identity,
        faults: Arc<WriteFaults>,
        commit_group: CommitGroup,
    ) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let (tell_lost, lost) = watch::channel(false);
        let (connection, scrub, end) = (Some(connection), Arc::<Notify>::default(), Arc::<Notify>::default());
        let task =
            Task { options, connection, identity, watch, faults, commit_group, lost: tell_lost, rows: None, scrub_at: None };
        tokio::spawn(task.run(jobs, scrub.clone(), end.clone()));
        Self { jobs: sender, lost, scrub, end }
    }

    /// Empties the write-ahead log soon, since deleted data is still in it. Retries each second
    /// while a reader prevents it.
    pub fn scrub(&self) {
        self.scrub.notify_one();
    }

    /// Ends the task and closes its connection.
    pub async fn close(&self) {
        self.end.notify_one();
        // The task holds the other end until it ends.
        let mut lost = self.lost.clone();
        while lost.changed().await.is_ok() {}
    }

    /// Resolves once the database's files are no longer the opened ones.
    pub async fn lost(&self) {
        if self.lost.clone().wait_for(|is_lost| *is_lost).await.is_err() {
            // The task ended regularly: nothing is lost.
            std::future::pending().await
        }
    }

    /// Queues a unit of work and waits until its group is committed.
    ///
    /// Cancel safety: a queued unit runs even if its caller stops waiting.
    pub async fn write<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.queue(|reply| Job::Unit(erased(unit, reply))).await
    }

    /// Queues a command and waits until its group is committed.
    ///
    /// Cancel safety: as for [`Writer::write`].
    pub async fn commit(&self, work: Work) -> Result<Committed> {
        self.queue(|reply| Job::Command(Box::new(work), reply)).await
    }

    async fn queue<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T>>) -> Job) -> Result<T> {
        let (reply, outcome) = oneshot::channel();
        self.jobs.try_send(job(reply)).map_err(|error| {
            log::warn!(cause:% = error; "a unit of work cannot be queued");
            StoreError::Unavailable
        })?;
        outcome.await.unwrap_or(Err(StoreError::Unavailable))
    }
}

fn erased<T, F>(unit: F, reply: oneshot::Sender<Result<T>>) -> Unit
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    Box::new(move |connection| {
        Box::pin(async move {
            let outcome = AssertUnwindSafe(async { unit(connection).await }).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(broken("a unit of work has panicked")));
            Done::of(outcome, reply)
        })
    })
}

impl Done {
    fn of<T: Send + 'static>(outcome: Result<T>, reply: oneshot::Sender<Result<T>>) -> Self {
        let keep = outcome.is_ok();
        let is_suspicious = matches!(outcome, Err(StoreError::Unavailable | StoreError::Internal));
        // The caller may have stopped waiting.
        Self { keep, is_suspicious, tell: Box::new(move || drop(reply.send(outcome))) }
    }
}

/// The checks by which a node recognizes its files.
pub struct Watch {
    pub content: Content,
    pub stamp: Stamp,
}

impl Watch {
    /// Returns whether the files have only content written through SQLite, by this node or a tool.
    fn is_own(&mut self) -> bool {
        self.stamp.is_on_file() && self.content.is_untouched(self.stamp.database())
    }
}

/// The task's next step.
enum Next {
    Commit,
    Scrub,
    End,
}

impl Next {
    /// Returns `End` for a count of 0, which means that all senders are gone.
    const fn of(jobs: usize) -> Self {
        if jobs == 0 { Self::End } else { Self::Commit }
    }
}

/// The state of the task that writes.
struct Task {
    options: SqliteConnectOptions,
    /// `None` after a failed commit, which leaves the connection in an unknown state: it is
    /// reopened.
    connection: Option<SqliteConnection>,
    identity: Identity,
    /// `None` for a tool. Dropped after the connection, see [`super::lock::Lock::database`].
    watch: Option<Watch>,
    faults: Arc<WriteFaults>,
    commit_group: CommitGroup,
    lost: watch::Sender<bool>,
    /// How many rows the connection had changed at the last commit, if it has committed.
    rows: Option<i64>,
    /// When to empty the write-ahead log, if requested.
    scrub_at: Option<Timestamp>,
}

impl Task {
    /// Commits groups until all senders, or the database's files, are gone.
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, scrub: Arc<Notify>, end: Arc<Notify>) {
        let (mut waiting, mut taken, mut groups) = (VecDeque::new(), Vec::new(), Groups::default());
        loop {
            let is_waiting = !waiting.is_empty();
            let queued = async {
                if is_waiting {
                    return Next::Commit;
                }
                tokio::select! {
                    biased;
                    count = jobs.recv_many(&mut taken, QUEUE) => Next::of(count),
                    () = scrub.notified() => Next::Scrub,
                    () = end.notified() => Next::End,
                }
            };
            let next = timeout(LOOK, queued).await;
            match next {
                Ok(Next::End) => break,
                Ok(Next::Commit) => {
                    waiting.extend(taken.drain(..));
                    while waiting.len() < QUEUE
                        && let Ok(job) = jobs.try_recv()
                    {
                        waiting.push_back(job);
                    }
                    self.commit(groups.take(&mut waiting, clock::uptime(), Job::restaurant)).await;
                }
                Ok(Next::Scrub) => self.scrub_at = Some(clock::uptime()),
                Err(_) => {}
            }
            // A commit has looked already.
            if !matches!(next, Ok(Next::Commit)) && self.connection.is_some() && !self.is_in_place() {
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
            // Closing it would merge the log into the foreign content. The process ends soon.
            Some(connection) if is_lost => std::mem::forget(connection),
            Some(connection) => {
                if let Err(cause) = connection.close().await {
                    log::warn!(cause:% = cause; "the database was not closed cleanly");
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

    /// Returns whether the paths lead to the opened files, and these have only content written
    /// through SQLite.
    fn is_in_place(&mut self) -> bool {
        self.identity.is_in_place() && self.has_own_content()
    }

    fn has_own_content(&mut self) -> bool {
        self.watch.as_mut().is_none_or(Watch::is_own)
    }

    /// Commits a group, and answers its callers if the files are still the database. Otherwise the
    /// callers get `Unavailable`.
    async fn commit(&mut self, group: Vec<Job>) {
        if !self.make_usable().await {
            return;
        }
        let Some(connection) = self.connection.as_mut() else { return };
        let stamp = self.watch.as_mut().map(|watch| &mut watch.stamp);
        match commit(connection, &self.commit_group, stamp, &mut self.rows, group).await {
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

    /// Reopens the connection to the original file if necessary. Never makes a removed file again,
    /// and never writes to another file or to foreign content. Returns whether a connection is
    /// open.
    async fn make_usable(&mut self) -> bool {
        if !self.identity.is_same_file() || !self.has_own_content() {
            self.lose();
            return false;
        }
        if self.connection.is_none() {
            match self.reopen().await {
                // It has changed nothing yet, and work that changes nothing must not write to a full disk.
                Ok(connection) => (self.connection, self.rows) = (Some(connection), Some(0)),
                Err(cause) => log::error!(cause:% = cause; "the database cannot be reopened"),
            }
        }
        self.connection.is_some()
    }

    async fn reopen(&mut self) -> std::result::Result<SqliteConnection, OpenError> {
        let connection = connect::writer(&self.options).await?;
        // The last connection to close removes the log, so the current log may be a new one.
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

    /// Returns whether the file's content is foreign to the log beside it. A file that was only cut
    /// short or touched keeps its log, which has acknowledged changes.
    fn is_overwritten(&self) -> bool {
        let Some(watch) = self.watch.as_ref().filter(|_| self.identity.is_same_file()) else { return false };
        let log = std::fs::File::open(self.identity.log());
        log.and_then(|log| fit(watch.stamp.database(), &log)).is_ok_and(|fit| fit == Fit::Foreign)
    }
}

/// Commits a group in one transaction: its commands first, then its other units. Returns `None` if
/// this node did not write the database's content: somebody restored another database through
/// SQLite. After an error the connection is in an unknown state.
async fn commit(
    connection: &mut SqliteConnection,
    commit_group: &CommitGroup,
    stamp: Option<&mut Stamp>,
    rows: &mut Option<i64>,
    group: Vec<Job>,
) -> sqlx::Result<Option<Vec<Done>>> {
    let (mut works, mut replies, mut units) = (Vec::new(), Vec::new(), Vec::new());
    for job in group {
        match job {
            Job::Command(work, reply) => {
                works.push(*work);
                replies.push(reply);
            }
            Job::Unit(unit) => units.push(unit),
        }
    }
    let (outcomes, mut found) = begin(connection, commit_group, &works).await?;
    let mut done: Vec<_> = outcomes.into_iter().zip(replies).map(|(outcome, reply)| Done::of(outcome, reply)).collect();
    for unit in units {
        connect::run(connection, SAVE).await?;
        let unit = unit(connection).await;
        end(connection, unit.keep).await?;
        done.push(unit);
        found = None;
    }
    let (number, changed) = match found {
        Some(found) => found,
        None => connect::read_stamp(connection).await?,
    };
    if stamp.as_ref().is_some_and(|stamp| !stamp.is_own(number)) {
        connect::run(connection, "ROLLBACK").await?;
        return Ok(None);
    }
    // A tool writes the existing number, so that each of its commits also logs the header.
    let next = (*rows != Some(changed)).then(|| stamp.map_or(number, |stamp| stamp.advance(number)));
    *rows = Some(changed);
    connect::commit(connection, next).await?;
    Ok(Some(done))
}

/// Begins a transaction and does the commands of a group in it. Returns their outcomes and, unless it did the commands one by
/// one, the result of [`connect::read_stamp`] after them.
async fn begin(connection: &mut SqliteConnection, commit_group: &CommitGroup, works: &[Work]) -> sqlx::Result<Group> {
    if works.is_empty() {
        connect::run(connection, connect::BEGIN).await?;
        return Ok((Vec::new(), None));
    }
    if let Ok(group) = commit_group(connection, works, true).await {
        return Ok(group);
    }
    // This fails if the transaction did not begin, or has ended by the failure.
    connect::run(connection, "ROLLBACK").await?;
    connect::run(connection, connect::BEGIN).await?;
    Ok((commit_each(connection, commit_group, works).await?, None))
}

/// Does commands one by one, each behind a savepoint, so that one that fails undoes only itself.
async fn commit_each(
    connection: &mut SqliteConnection,
    commit_group: &CommitGroup,
    works: &[Work],
) -> sqlx::Result<Vec<Result<Committed>>> {
    let mut outcomes = Vec::with_capacity(works.len());
    for work in works {
        connect::run(connection, SAVE).await?;
        let group = commit_group(connection, std::slice::from_ref(work), false).await;
        end(connection, group.is_ok()).await?;
        outcomes.extend(group.map_or_else(|error| vec![Err(error)], |(outcomes, _)| outcomes));
    }
    Ok(outcomes)
}

/// Ends a unit of work that began with [`SAVE`].
async fn end(connection: &mut SqliteConnection, keep: bool) -> sqlx::Result<()> {
    connect::run(connection, if keep { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" }).await
}
