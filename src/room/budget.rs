//! The memory budget of a node's snapshots.

use bytes::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// The default budget in bytes.
pub const DEFAULT_BYTES: usize = 256 * 1024 * 1024;
/// The most concurrent reads of kitchen and floor snapshots.
const READS: usize = 4;
/// The longest wait of a read.
const PATIENCE: Duration = Duration::from_secs(5);

/// No space for another snapshot became free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The memory budget of a node's kitchen and floor snapshots. Each part counts until its last
/// reader drops it. Snapshots of a menu or an order are one document each and do not count.
///
/// Bound: `most` bytes, plus the snapshots of [`READS`] reads in progress. Overflow: a read waits
/// for [`PATIENCE`] and then fails; snapshots in use are not affected.
#[derive(Debug)]
pub struct SnapshotBudget {
    most: usize,
    patience: Duration,
    used: AtomicUsize,
    freed: Notify,
    reads: Semaphore,
    gauge: Gauge,
}

impl SnapshotBudget {
    /// Makes a budget of `most` bytes, which sets `gauge` to the bytes in use.
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

    /// Waits for space to read a snapshot. Hold the permit during the read.
    ///
    /// # Errors
    /// [`Full`] if no space becomes free in time.
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, Full> {
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

    /// Returns shared bytes, which count until their last reference is dropped.
    #[must_use]
    pub fn share(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        self.used.fetch_add(bytes.len(), Ordering::AcqRel);
        self.gauge.inc_by(count(&bytes));
        Bytes::from_owner(CountedBytes { bytes, budget: self.clone() })
    }
}

fn count(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

struct CountedBytes {
    bytes: Vec<u8>,
    budget: Arc<SnapshotBudget>,
}

impl AsRef<[u8]> for CountedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for CountedBytes {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes.len(), Ordering::AcqRel);
        self.budget.gauge.dec_by(count(&self.bytes));
        self.budget.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Arc<SnapshotBudget> {
        SnapshotBudget::with_patience(100, Gauge::default(), Duration::from_millis(100))
    }

    #[tokio::test]
    async fn shared_bytes_count_until_the_last_reference_is_dropped() {
        let budget = budget();
        let first = budget.share(vec![1; 60]);
        assert!(budget.acquire().await.is_ok(), "some space is left");
        let second = budget.share(vec![2; 60]);
        let slice = second.slice(10..20);
        drop(second);
        assert_eq!(budget.acquire().await.err(), Some(Full), "a slice keeps all of its bytes");
        let (acquired, ()) = tokio::join!(budget.acquire(), async {
            tokio::task::yield_now().await;
            drop(slice);
        });
        assert!(acquired.is_ok(), "a waiting read proceeds once space is free");
        assert_eq!((first.len(), budget.gauge.get()), (60, 60));
    }

    #[tokio::test]
    async fn concurrent_reads_are_bounded() {
        let budget = budget();
        let mut reads = Vec::new();
        for _ in 0..READS {
            reads.push(budget.acquire().await.unwrap());
        }
        assert_eq!(budget.acquire().await.err(), Some(Full));
        reads.pop();
        assert!(budget.acquire().await.is_ok());
    }
}
