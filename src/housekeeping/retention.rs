//! Retention: what is older than the settings say goes, in batches that commands pass between.

use crate::clock;
use crate::config::RetentionArgs;
use crate::domain::ids::RestaurantId;
use crate::domain::time::Timestamp;
use crate::store::{Result, SharedStore};
use std::time::Duration;

/// How often to look for old rows.
const PERIOD: Duration = Duration::from_secs(3600);
/// Rows of one transaction.
const BATCH: u32 = 500;
/// Between two batches, so that commands do not wait behind many.
const PAUSE: Duration = Duration::from_millis(20);
/// Restaurants read at a time.
const PAGE: u32 = 500;

/// Removes what is too old, every hour. Ends with the process.
pub async fn keep(store: SharedStore, settings: RetentionArgs) {
    loop {
        match sweep(&store, &settings).await {
            Ok(gone) => log::debug!(audit = gone; "old rows removed"),
            Err(error) => log::warn!(error:% = error; "old rows cannot be removed, will try again"),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn sweep(store: &SharedStore, settings: &RetentionArgs) -> Result<u64> {
    let (mut gone, mut after) = (0, None);
    loop {
        let page = store.restaurant_ids(after, PAGE).await?;
        let Some(last) = page.last().copied() else { return Ok(gone) };
        for restaurant in page {
            gone += forget_audit(store, restaurant, ago(settings.audit())).await?;
        }
        after = Some(last);
    }
}

fn ago(span: Duration) -> Timestamp {
    Timestamp::from_millis(clock::now().millis() - i64::try_from(span.as_millis()).unwrap_or(0))
}

async fn forget_audit(store: &SharedStore, restaurant: RestaurantId, before: Timestamp) -> Result<u64> {
    let mut gone = 0;
    loop {
        let batch = store.forget_audit(restaurant, before, BATCH).await?;
        gone += batch;
        if batch < u64::from(BATCH) {
            return Ok(gone);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
