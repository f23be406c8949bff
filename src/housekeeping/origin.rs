//! The start on a database that has come back while no node ran, perhaps with less than it had:
//! nobody knows what it had, so every feed begins a generation
//! ([why](../../docs/decisions/0026-a-rewritten-history-is-a-new-generation.md)).

use crate::store::{Result, SharedStore};
use std::time::Duration;

/// The time that nodes that may run have to compare what they know.
const GRACE: Duration = Duration::from_secs(2);
/// The period of [`keep`].
const PERIOD: Duration = Duration::from_secs(60);

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

/// Keeps the recorded origin recent until the process ends, so that a backup of before differs.
pub async fn keep(store: SharedStore) {
    loop {
        tokio::time::sleep(PERIOD).await;
        if let Err(error) = store.renew_origin().await {
            log::warn!(error:% = error; "cannot renew the origin of the database; will try again");
        }
    }
}
