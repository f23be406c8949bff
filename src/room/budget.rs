//! What the snapshots of a node may hold of its memory.

use bytes::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// Bytes that a node's snapshots hold unless it is told otherwise.
pub const DEFAULT_BYTES: usize = 256 * 1024 * 1024;
/// Snapshots of kitchens and floors that are read at once.
const READS: usize = 4;
/// How long a read waits in line.
const PATIENCE: Duration = Duration::from_secs(5);

/// There was no space for another snapshot in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The snapshots of kitchens and floors of one node, of which each part is counted until its last reader has let go of it.
/// (A menu and an order are one document each, and are not counted.)
///
/// Bound: the bytes it is made with, and the four snapshots that may be on their way in when these are reached. Beyond it
/// a read waits in line, for five seconds at most; nobody who has a snapshot loses it.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    patience: Duration,
    used: AtomicUsize,
    freed: Notify,
    reads: Semaphore,
    gauge: Gauge,
}

impl Budget {
    /// A budget of so many bytes, which shows in a gauge what of it is used.
    #[must_use]
    pub fn new(most: usize, gauge: Gauge) -> Arc<Self> {
        Self::with_patience(most, gauge, PATIENCE)
    }

    fn with_patience(most: usize, gauge: Gauge, patience: Duration) -> Arc<Self> {
        let used = AtomicUsize::new(0);
        let freed = Notify::new();
        Arc::new(Self { most, patience, used, freed, reads: Semaphore::new(READS), gauge })
    }

    fn has_space(&self) -> bool {
        self.used.load(Ordering::Acquire) < self.most
    }

    /// Waits in line to read a snapshot. The read goes on while what is given is held.
    ///
    /// # Errors
    /// [`Full`] when there is no space in time.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, Full> {
        let turn = async {
            let permit = self.reads.acquire().await.map_err(|_| Full)?;
            loop {
                let freed = self.freed.notified();
                tokio::pin!(freed);
                freed.as_mut().enable();
                if self.has_space() {
                    return Ok(permit);
                }
                freed.await;
            }
        };
        tokio::time::timeout(self.patience, turn).await.unwrap_or(Err(Full))
    }

    /// Shares bytes, which count until the last of those who share them has let go.
    #[must_use]
    pub fn keep(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        self.used.fetch_add(bytes.len(), Ordering::AcqRel);
        self.gauge.inc_by(count(&bytes));
        Bytes::from_owner(Kept { bytes, budget: self.clone() })
    }
}

fn count(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

struct Kept {
    bytes: Vec<u8>,
    budget: Arc<Budget>,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes.len(), Ordering::AcqRel);
        self.budget.gauge.dec_by(count(&self.bytes));
        self.budget.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Arc<Budget> {
        Budget::with_patience(100, Gauge::default(), Duration::from_millis(100))
    }

    #[tokio::test]
    async fn what_is_shared_counts_until_the_last_has_let_go() {
        let budget = budget();
        let first = budget.keep(vec![1; 60]);
        assert!(budget.enter().await.is_ok(), "there is space left, however little");
        let second = budget.keep(vec![2; 60]);
        let slice = second.slice(10..20);
        drop(second);
        assert_eq!(budget.enter().await.err(), Some(Full), "a slice holds all of it");
        let (entered, ()) = tokio::join!(budget.enter(), async {
            tokio::task::yield_now().await;
            drop(slice);
        });
        assert!(entered.is_ok(), "who waits is let in when it is free");
        assert_eq!((first.len(), budget.gauge.get()), (60, 60));
    }

    #[tokio::test]
    async fn so_many_read_at_once_and_the_others_wait() {
        let budget = budget();
        let mut reads = Vec::new();
        for _ in 0..READS {
            reads.push(budget.enter().await.unwrap());
        }
        assert_eq!(budget.enter().await.err(), Some(Full));
        reads.pop();
        assert!(budget.enter().await.is_ok());
    }
}
