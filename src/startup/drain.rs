//! The shutdown of a node.

use crate::connection::ConnectionRegistry;
use actix_server::ServerHandle;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The part of the drain window for ending the process: half a second, or a fifth of a short
/// window.
const END: Duration = Duration::from_millis(500);

/// How long a shutdown may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// How long the node serves as before while it is not ready.
    pub unready: Duration,
    /// How long it may drain after that.
    pub window: Duration,
}

/// Waits for a signal, is not ready for a time, assigns each connection a slot of the window in which to reconnect
/// elsewhere, lets running requests finish, and stops. A second signal or the end of the window
/// stops it immediately. Returns whether all connections and requests have finished.
pub async fn drain(connections: &ConnectionRegistry, handle: &ServerHandle, mut signals: Signals, times: Times) -> bool {
    let Times { unready, window } = times;
    signals.next().await;
    connections.announce_end();
    if !unready.is_zero() {
        log::info!(drains_in_s = unready.as_secs(); "no longer ready");
        tokio::select! {
            () = tokio::time::sleep(unready) => {}
            () = signals.next() => return false,
        }
    }
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
