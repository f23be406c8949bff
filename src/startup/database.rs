//! Opens the database of a node, and waits for a server that is not there yet.

use crate::backoff::Backoff;
use crate::config::Common;
use crate::store::SharedStore;
use crate::store::open::open as open_store;
use crate::store::options::{Mode, OpenError, Settings};
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The range of the pauses between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Opens the database. While its server cannot be reached or takes no writes, tries again for `patience`, since machines and
/// containers that start together are ready in any order.
pub(super) async fn open(common: &Common, patience: Duration) -> Result<SharedStore, OpenError> {
    let settings = Settings { mode: Mode::Serve, connections: common.database_connections };
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    let begun = Instant::now();
    loop {
        let error = match open_store(common.database_url.expose_secret(), settings).await {
            Err(error) if error.is_passing() => error,
            opened => return opened,
        };
        let pause = backoff.next(rand::random());
        let left = patience.saturating_sub(begun.elapsed());
        if pause >= left {
            return Err(error);
        }
        let cause = crate::telemetry::causes(&error);
        log::warn!(cause:%, seconds_left = left.as_secs(); "the database is not ready; will try again");
        sleep(pause).await;
    }
}
