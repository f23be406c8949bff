//! Failed writes: how many, the last cause, and whether the database takes writes now.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts of writes and of their failures. Everything that writes through a store shares one.
#[derive(Debug, Default)]
pub struct WriteFaults {
    committed: AtomicU64,
    empty: AtomicU64,
    count: AtomicU64,
    last: Mutex<Option<&'static str>>,
    is_standing: AtomicBool,
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

    /// Records the cause of a failed write.
    pub(super) fn blame(&self, cause: &sqlx::Error) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(describe(cause));
    }

    /// Counts a failed write that the database may be the cause of.
    pub(super) fn suspect(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that a successful commit wrote nothing. If it carried other units too, it is counted too low, which costs an
    /// extra probe.
    pub(super) fn record_empty(&self) {
        self.empty.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of successful commits since the start that wrote something.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed).saturating_sub(self.empty.load(Ordering::Relaxed))
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

    /// Returns the number of failed writes since the start.
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
