//! Tasks and a deadline for database work. A caller that stops waiting does not interrupt a task.

use super::error::broken;
use super::{Result, StoreError};
use std::time::Duration;
use tokio::time::timeout;

/// How long a call may take before it fails with `Unavailable`.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Runs work to its end in a task of its own.
pub async fn run<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(broken("a unit of work panicked")),
        Err(_) => Err(StoreError::Unavailable),
    }
}

/// Waits for work until the deadline.
pub async fn in_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(DEADLINE, work).await.unwrap_or_else(|_| {
        log::warn!(seconds = DEADLINE.as_secs(); "the database did not answer in time");
        Err(StoreError::Unavailable)
    })
}
