//! Kitchen screens whose node is gone. Every node looks at every node's leases; a beat that stands still for the length of
//! a lease, by the looker's own clock that nobody sets, is a lease of nobody. Wall clocks of nodes are never compared.

use super::beats::Beats;
use crate::clock;
use crate::commands::{CommandError, Commands};
use crate::domain::model::display::Change;
use crate::store::screens::Lease;
use crate::store::{SharedStore, StoreError};
use std::time::Duration;

/// Leases read in one query.
const PAGE: u32 = 1000;
/// Leases are looked at so many times within the length of one.
const LOOKS: u32 = 6;

/// Looks for as long as the process lives.
pub async fn sweep(store: SharedStore, commands: Commands, lease: Duration) {
    let mut beats = Beats::default();
    loop {
        if let Err(error) = look(&store, &commands, &mut beats, lease).await {
            log::warn!(error:% = error; "cannot look for kitchen screens whose node is gone; will try again");
        }
        // Not in step with other nodes, which would all do the same work.
        tokio::time::sleep((lease / LOOKS).mul_f32(rand::random_range(0.8..1.2))).await;
    }
}

async fn look(
    store: &SharedStore,
    commands: &Commands,
    beats: &mut Beats<Lease>,
    patience: Duration,
) -> Result<(), CommandError> {
    let now = clock::uptime();
    beats.take(all_leases(store).await?, now);
    for (lease, beat) in beats.still(now, patience) {
        store.lapse(&lease, beat).await?;
    }
    // Two nodes may find the same: the transaction decides, and the second finds it done.
    for place in store.unheld().await? {
        commands.display(place.restaurant, place.display, Change::Lost { left: None }).await?;
    }
    Ok(())
}

/// All leases, a page at a time.
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
