//! Failed writes: how many, the last cause, and whether the database takes writes now.

use super::{Result, StoreError};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The time from which a write counts as slow.
pub const SLOW: Duration = Duration::from_secs(2);

/// Counts of writes and of their failures. Everything that writes through a store shares one.
#[derive(Debug, Default)]
pub struct WriteFaults {
    committed: AtomicU64,
    empty: AtomicU64,
    count: AtomicU64,
    last: Mutex<Option<&'static str>>,
    is_standing: AtomicBool,
    begun: AtomicU64,
    ended: AtomicU64,
}

impl WriteFaults {
    /// Records the result of a commit.
    pub(super) fn record(&self, outcome: &sqlx::Result<()>) {
        match outcome {
            Ok(()) => drop(self.committed.fetch_add(1, Ordering::Relaxed)),
            Err(cause) => {
                self.blame(cause);
                self.suspect();
            }
        }
    }

    /// Waits for a write, and records whether it failed or was slow. `has_written` says whether one that succeeded wrote
    /// something.
    pub(super) async fn watch<T>(&self, write: impl Future<Output = Result<T>>, has_written: impl Fn(&T) -> bool) -> Result<T> {
        let begun = Instant::now();
        let _under_way = UnderWay::begin(self);
        let outcome = write.await;
        match &outcome {
            Ok(written) if has_written(written) => drop(self.committed.fetch_add(1, Ordering::Relaxed)),
            Err(StoreError::Unavailable) => self.suspect(),
            _ => {}
        }
        if outcome.is_ok() && begun.elapsed() > SLOW {
            self.suspect();
        }
        outcome
    }

    /// Records the cause of a failed write.
    pub(super) fn blame(&self, cause: &sqlx::Error) {
        self.set_last(Some(describe(cause)));
    }

    /// Records that a write did not end in time.
    pub fn blame_time(&self) {
        self.set_last(Some("the database does not commit in time"));
    }

    /// Forgets the cause of the last failure, before a write that may have another.
    pub fn forget_cause(&self) {
        self.set_last(None);
    }

    fn set_last(&self, cause: Option<&'static str>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }

    /// Counts a failed or slow write that the database may be the cause of.
    pub(super) fn suspect(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that a unit of a successful commit wrote nothing. If other units of the commit did write, the count of commits
    /// is too low, which only costs an extra probe.
    pub(super) fn record_empty(&self) {
        self.empty.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of successful commits since the start that wrote something.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed).saturating_sub(self.empty.load(Ordering::Relaxed))
    }

    /// Returns how many writes have begun and how many have ended since the start. Counts only writes that others may hold up.
    #[must_use]
    pub fn begun_and_ended(&self) -> (u64, u64) {
        // The ended ones are read first, so that they are never more than those begun.
        let ended = self.ended.load(Ordering::Acquire);
        (self.begun.load(Ordering::Acquire), ended)
    }

    /// Sets whether the database refuses writes, as the last probe found.
    pub fn set_standing(&self, is_standing: bool) {
        self.is_standing.store(is_standing, Ordering::Relaxed);
    }

    /// Returns the reason why the database refuses writes; `None` while it accepts them.
    #[must_use]
    pub fn standing(&self) -> Option<&'static str> {
        self.is_standing.load(Ordering::Relaxed).then(|| self.last())
    }

    /// Returns the number of failed and slow writes since the start.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns the cause of the last failure, in words for an operator.
    #[must_use]
    pub fn last(&self) -> &'static str {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or("the database takes no writes")
    }
}

/// A write under way. It ends also when its caller stops waiting.
struct UnderWay<'a>(&'a WriteFaults);

impl<'a> UnderWay<'a> {
    fn begin(faults: &'a WriteFaults) -> Self {
        faults.begun.fetch_add(1, Ordering::Release);
        Self(faults)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Release);
    }
}

fn describe(cause: &sqlx::Error) -> &'static str {
    let code = cause.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    // SQLSTATE has five characters; SQLite's extended result codes have the primary one in the low byte.
    match (code.len(), code.as_ref(), code.parse::<i32>().map_or(0, |number| number & 0xff)) {
        (5, "53100", _) | (_, _, 13) => "the disk of the database is full",
        (5, "25006", _) | (1..5, _, 8) => "the database is read-only",
        (1..5, _, 10) => "the disk of the database does not take writes",
        (1..5, _, 14) => "the database file cannot be opened",
        _ => "the database takes no writes",
    }
}
