//! The shutdown of a node.

use crate::connection::ConnectionRegistry;
use actix_server::ServerHandle;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The part of the drain window for ending the process: half a second, or a fifth of a short
/// window.
const END: Duration = Duration::from_millis(500);

/// Waits for a signal, assigns each connection a slot of the window in which to reconnect
/// elsewhere, lets running requests finish, and stops. A second signal or the end of the window
/// stops it immediately. Returns whether all connections and requests have finished.
pub async fn drain(connections: &ConnectionRegistry, handle: &ServerHandle, mut signals: Signals, window: Duration) -> bool {
    signals.next().await;
    log::info!(connections = connections.count(), window_s = window.as_secs(); "draining");
    let slots = u64::try_from(window.as_millis()).unwrap_or(u64::MAX) / 10 * 7;
    connections.drain(|| rand::random_range(0..=slots));
    let finished = async {
        while connections.count() > 0 {
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
    /// Starts to listen. From now on, a signal starts an orderly shutdown.
    ///
    /// # Errors
    /// An error of the operating system.
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
