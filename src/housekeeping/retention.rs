//! Retention: removes rows that are older than the settings allow, on one node at a time, in
//! batches between which commands proceed.

use crate::config::RetentionArgs;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::time::Timestamp;
use crate::store::{Result, SharedStore, batches};
use crate::{clock, privacy};
use std::time::Duration;

/// The period of the removal of old rows.
const PERIOD: Duration = Duration::from_secs(3600);
/// The period in which each node tries to claim the work, since the node that did it last may be
/// gone.
const CLAIM_PERIOD: Duration = Duration::from_secs(300);
/// The least time by which the session of an idle guest outlives its access token, since the clocks
/// of nodes differ a little.
const GRACE: Duration = Duration::from_secs(300);
/// How long an uploaded picture stays although no dish names it: a manager may save the menu later.
const UNUSED_PICTURES: Duration = Duration::from_secs(24 * 3600);
/// The most restaurants read in one query.
const PAGE: u32 = 500;

/// Removes old rows once an hour on one of the nodes, until the process ends. `access` is the
/// lifetime of access tokens.
pub async fn run(store: SharedStore, settings: RetentionArgs, access: Duration) {
    loop {
        match store.claim("retention_at", ago(PERIOD), clock::now()).await {
            Ok(true) => match sweep(&store, &settings, access).await {
                Ok(gone) => {
                    log::info!(gone; "old rows removed");
                    if let Err(error) = store.scrub(ago(settings.guests())) {
                        log::warn!(error:% = error; "the files of the database still have what was removed");
                    }
                }
                Err(error) => log::warn!(error:% = error; "cannot remove old rows; will try again"),
            },
            Ok(false) => {}
            Err(error) => log::warn!(error:% = error; "cannot claim the removal of old rows; will try again"),
        }
        tokio::time::sleep(CLAIM_PERIOD).await;
    }
}

async fn sweep(store: &SharedStore, settings: &RetentionArgs, access: Duration) -> Result<u64> {
    let expired = ago(settings.sessions());
    let idle = ago(settings.idle_guests().max(access + GRACE));
    let mut gone = store.forget_expired_sessions(expired).await?;
    gone += store.forget_idle_guests(idle).await?;
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
    let pictures = batches::run(|| store.forget_pictures(restaurant, ago(UNUSED_PICTURES), batches::ROWS)).await?;
    let entries = batches::run(|| store.forget_audit(restaurant, audit, batches::ROWS)).await?;
    let deliveries = ago(settings.deliveries());
    let riders = batches::run(|| store.purge_deliveries(restaurant, deliveries, batches::ROWS)).await?;
    Ok(pictures + entries + riders + privacy::purge(store, restaurant, guests).await?)
}

fn ago(span: Duration) -> Timestamp {
    Timestamp::from_millis(clock::now().millis() - i64::try_from(span.as_millis()).unwrap_or(0))
}
