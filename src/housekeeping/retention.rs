//! Retention: what is older than the settings say goes, in batches that commands pass between, on one node at a time.

use crate::config::RetentionArgs;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use crate::store::{Result, SharedStore};
use crate::{clock, privacy};
use std::time::Duration;

/// How often old rows are removed.
const PERIOD: Duration = Duration::from_secs(3600);
/// How often a node asks whether it is to do it: one that has just done it may be gone by the next time.
const ASK: Duration = Duration::from_secs(300);
/// Rows of one transaction.
const ROWS: u32 = 500;
/// How much longer than its access token the session of an idle guest stays, however short the setting: clocks of nodes
/// differ a little.
const GRACE: Duration = Duration::from_secs(300);
/// Between two batches, so that commands do not wait behind many.
const PAUSE: Duration = Duration::from_millis(20);
/// Restaurants read at a time.
const PAGE: u32 = 500;

/// Removes what is too old, every hour on one of the nodes. `access`: how long access tokens live. Ends with the process.
pub async fn keep(store: SharedStore, settings: RetentionArgs, access: Duration) {
    loop {
        match store.claim("retention_at", ago(PERIOD), clock::now()).await {
            Ok(true) => match sweep(&store, &settings, access).await {
                Ok(gone) => {
                    log::info!(gone; "old rows removed");
                    store.scrub();
                }
                Err(error) => log::warn!(error:% = error; "old rows cannot be removed; will try again"),
            },
            Ok(false) => {}
            Err(error) => log::warn!(error:% = error; "no node can be chosen to remove old rows; will try again"),
        }
        tokio::time::sleep(ASK).await;
    }
}

async fn sweep(store: &SharedStore, settings: &RetentionArgs, access: Duration) -> Result<u64> {
    let expired = ago(settings.sessions());
    let idle = ago(settings.idle_guests().max(access + GRACE));
    let mut gone = batches(ROWS, || store.forget_expired_sessions(expired, ROWS)).await?;
    gone += batches(ROWS, || store.forget_idle_guests(idle, ROWS)).await?;
    let mut after = None;
    loop {
        let page = store.restaurant_ids(after, PAGE).await?;
        let Some(last) = page.last().copied() else { return Ok(gone) };
        for restaurant in page {
            gone += sweep_restaurant(store, restaurant, settings).await?;
        }
        after = Some(last);
    }
}

async fn sweep_restaurant(store: &SharedStore, restaurant: RestaurantId, settings: &RetentionArgs) -> Result<u64> {
    let (audit, guests) = (ago(settings.audit()), ago(settings.guests()));
    let entries = batches(ROWS, || store.forget_audit(restaurant, audit, ROWS)).await?;
    Ok(entries + privacy::purge(store, restaurant, guests).await?)
}

/// Runs batches until one is not full.
async fn batches<F: Future<Output = Result<u64>>>(size: u32, mut batch: impl FnMut() -> F) -> Result<u64> {
    let mut gone = 0;
    loop {
        let count = batch().await?;
        gone += count;
        if count < u64::from(size) {
            return Ok(gone);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn ago(span: Duration) -> Timestamp {
    Timestamp::from_millis(clock::now().millis() - i64::try_from(span.as_millis()).unwrap_or(0))
}
