//! How work on a database runs: in a task of its own, so that a caller who stops waiting stops nothing half-way, and
//! never longer than a deadline.

use super::error::broken;
use super::{Result, StoreError};
use std::time::Duration;
use tokio::time::timeout;

/// How long a call may take before its caller is told `Unavailable`.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Runs work to its end in a task of its own.
pub async fn run<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(broken("a unit of work has panicked")),
        Err(_) => Err(StoreError::Unavailable),
    }
}

/// Waits no longer than the deadline.
pub async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(DEADLINE, work).await.unwrap_or_else(|_| {
        log::warn!(seconds = DEADLINE.as_secs(); "the database did not answer in time");
        Err(StoreError::Unavailable)
    })
}
