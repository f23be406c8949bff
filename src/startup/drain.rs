//! How a node stops.

use crate::connection::ConnectionRegistry;
use actix_server::ServerHandle;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a window keeps for the end of the process itself: half a second, or a fifth of a short window.
const END: Duration = Duration::from_millis(500);

/// Waits for a signal; then gives every connection its own slot of the window to come back elsewhere, lets requests under
/// way finish, and stops. At a second signal, and when the window is nearly over, it stops as it is. Says whether
/// everything had finished.
pub async fn drain(census: &ConnectionRegistry, handle: &ServerHandle, mut signals: Signals, window: Duration) -> bool {
    signals.next().await;
    log::info!(connections = census.count(), window_s = window.as_secs(); "draining");
    let slots = u64::try_from(window.as_millis()).unwrap_or(u64::MAX) / 10 * 7;
    census.drain(|| rand::random_range(0..=slots));
    let finished = async {
        while census.count() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        handle.stop(true).await;
    };
    tokio::select! {
        () = finished => true,
        () = tokio::time::sleep(window - END.min(window / 5)) => false,
        () = signals.next() => false,
    }
}

/// The signals that ask a server to stop.
pub struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on a signal is an orderly stop.
    ///
    /// # Errors
    /// The system's.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
