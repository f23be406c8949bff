//! Removal of many old rows in batches, each in a transaction of its own, at a pace that leaves the database to commands.

use super::Result;
use crate::clock;
use std::time::Duration;

/// The most rows that one batch removes: a commit that waits for it waits for a few milliseconds.
pub const ROWS: u32 = 100;
/// The pause after a batch, as a multiple of the time that the batch took.
const SHARE: u32 = 4;
/// The shortest pause, and the longest: a database that is slow for another reason must not stop the removal.
const PAUSES: std::ops::RangeInclusive<Duration> = Duration::from_millis(5)..=Duration::from_secs(2);

/// Runs batches of at most [`ROWS`] rows until one is not full. Returns the number of rows.
///
/// Bound: batches take about a fifth of the time, and at least 5 ms lie between two of them.
///
/// # Errors
/// The error of a batch. Rows of earlier batches stay removed.
pub async fn run<F: Future<Output = Result<u64>>>(mut batch: impl FnMut() -> F) -> Result<u64> {
    let mut rows = 0;
    loop {
        let begun = clock::uptime();
        let count = batch().await?;
        rows += count;
        if count < u64::from(ROWS) {
            return Ok(rows);
        }
        rest(clock::uptime().since(begun)).await;
    }
}

/// Waits after a batch that took this long, so that commands do not queue up.
pub async fn rest(took: Duration) {
    tokio::time::sleep(pause(took)).await;
}

fn pause(took: Duration) -> Duration {
    (took * SHARE).clamp(*PAUSES.start(), *PAUSES.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn batches_run_until_one_is_not_full_with_a_pause_after_each() {
        let mut left = 250;
        let begun = clock::uptime();
        let rows = run(|| {
            let count = left.min(u64::from(ROWS));
            left -= count;
            std::future::ready(Ok(count))
        });
        assert_eq!(rows.await, Ok(250));
        assert!(clock::uptime().since(begun) >= *PAUSES.start());
    }

    #[test]
    fn a_pause_is_four_times_the_batch_within_bounds() {
        assert_eq!(pause(Duration::from_millis(30)), Duration::from_millis(120));
        assert_eq!(pause(Duration::ZERO), Duration::from_millis(5));
        assert_eq!(pause(Duration::from_secs(60)), Duration::from_secs(2));
    }
}
