//! The sweep of orphaned screens, whose node is gone. Each node checks all nodes' leases. A lease
//! whose counter has not advanced for one lease period, measured on this node's monotonic clock,
//! has expired. Wall clocks of nodes are never compared.

use super::beats::Beats;
use crate::clock;
use crate::commands::{CommandError, Commands};
use crate::domain::model::display::Change;
use crate::store::screens::Lease;
use crate::store::{SharedStore, StoreError};
use std::time::Duration;

/// The most leases read in one query.
const PAGE: u32 = 1000;
/// The number of checks in a lease period.
const CHECKS: u32 = 6;

/// Checks leases until the process ends.
pub async fn sweep(store: SharedStore, commands: Commands, lease: Duration) {
    let mut beats = Beats::default();
    loop {
        if let Err(error) = check(&store, &commands, &mut beats, lease).await {
            log::warn!(error:% = error; "cannot check for kitchen screens whose node is gone; will try again");
        }
        // With jitter, so that nodes do not all do the same work at once.
        tokio::time::sleep((lease / CHECKS).mul_f32(rand::random_range(0.8..1.2))).await;
    }
}

async fn check(
    store: &SharedStore,
    commands: &Commands,
    beats: &mut Beats<Lease>,
    patience: Duration,
) -> Result<(), CommandError> {
    let now = clock::uptime();
    beats.record(all_leases(store).await?, now);
    for (lease, beat) in beats.expired(now, patience) {
        store.lapse(&lease, beat).await?;
    }
    // Several nodes may find the same screen; the transaction ignores all but the first.
    for place in store.unheld().await? {
        commands.display(place.restaurant, place.display, Change::Lost { left: None }).await?;
    }
    Ok(())
}

/// Reads all leases, page by page.
pub(crate) async fn all_leases(store: &SharedStore) -> Result<Vec<(Lease, i64)>, StoreError> {
    let mut leases: Vec<(Lease, i64)> = Vec::new();
    loop {
        let page = store.leases(leases.last().map(|(lease, _)| lease.clone()), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        leases.extend(page);
        if is_last {
            return Ok(leases);
        }
    }
}
