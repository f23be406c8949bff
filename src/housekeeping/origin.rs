//! The check, at the start of a node, whether the database was replaced or failed over while no node ran. If so, it may have
//! lost events, and no node can tell. So every feed begins a generation
//! ([why](../../docs/decisions/0026-a-rewritten-history-is-a-new-generation.md)).

use crate::store::{Result, SharedStore};
use std::time::Duration;

/// The time in which other running nodes can compare their knowledge with the database.
const GRACE: Duration = Duration::from_secs(2);
/// The period of [`keep`]. If a crash comes within this time after a backup, the backup is not recognized as older.
const PERIOD: Duration = Duration::from_secs(10);

/// Examines the database before the first connection is accepted.
///
/// # Errors
/// An error of the store.
pub async fn examine(store: &SharedStore) -> Result<()> {
    if store.is_moved().await? && !store.nodes(1).await?.is_empty() {
        tokio::time::sleep(GRACE).await;
    }
    let is_moved = store.is_moved().await?;
    if is_moved {
        log::warn!("the database was moved, restored or promoted while no node ran; all screens start over");
    }
    store.record_origin(is_moved).await
}

/// Renews the recorded origin until the process ends, so that every earlier backup has a different origin.
pub async fn keep(store: SharedStore) {
    loop {
        tokio::time::sleep(PERIOD).await;
        if let Err(error) = store.renew_origin().await {
            log::warn!(error:% = error; "cannot renew the origin of the database; will try again");
        }
    }
}
