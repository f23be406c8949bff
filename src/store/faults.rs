//! Whether a database takes writes, as far as commits have shown, and what stood in their way.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What writes have run into. Shared by everything that writes through one store.
#[derive(Debug, Default)]
pub struct WriteFaults {
    committed: AtomicU64,
    looks: AtomicU64,
    count: AtomicU64,
    last: Mutex<Option<&'static str>>,
    is_standing: AtomicBool,
}

impl WriteFaults {
    /// Records how a commit ended.
    pub(super) fn record(&self, outcome: &sqlx::Result<()>) {
        match outcome {
            Ok(()) => drop(self.committed.fetch_add(1, Ordering::Relaxed)),
            Err(cause) => {
                self.blame(cause);
                self.suspect();
            }
        }
    }

    /// Records what stood in the way of a write.
    pub(super) fn blame(&self, cause: &sqlx::Error) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(describe(cause));
    }

    /// Records that a write failed for a reason that may be the database's.
    pub(super) fn suspect(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that a commit which succeeded wrote nothing. One that carried other units too then counts for less than it
    /// was, which costs a probe.
    pub(super) fn looked(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// How many commits that wrote something have succeeded since the start.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed).saturating_sub(self.looks.load(Ordering::Relaxed))
    }

    /// Says whether the database takes no writes, as whoever probes it has found.
    pub fn set_standing(&self, is_standing: bool) {
        self.is_standing.store(is_standing, Ordering::Relaxed);
    }

    /// What keeps the database from taking writes; `None` while it takes them.
    #[must_use]
    pub fn standing(&self) -> Option<&'static str> {
        self.is_standing.load(Ordering::Relaxed).then(|| self.last())
    }

    /// How many writes have failed since the start.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// What the last one ran into, in words for an operator.
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
