//! What a principal has left of the limit on its commands, for the headers of an answer over HTTP.

use crate::domain::values::limit::Limit;
use std::cell::Cell;
use std::future::Future;

tokio::task_local! {
    static STANDING: Cell<Option<Standing>>;
}

/// What a principal has left of a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The limit.
    pub limit: Limit,
    /// Commands that it allows in a window.
    pub quota: u32,
    /// The window, in seconds.
    pub window: u32,
    /// Commands that are left at once.
    pub left: u32,
}

/// Does some work, and also returns the standing of its principal if it counted a command.
pub async fn watch<F: Future>(work: F) -> (F::Output, Option<Standing>) {
    let watched = async {
        let output = work.await;
        (output, STANDING.with(Cell::get))
    };
    STANDING.scope(Cell::new(None), watched).await
}

/// Records the standing, if anybody watches.
pub(super) fn note(standing: Standing) {
    // Connections other than HTTP calls are not watched.
    let _ = STANDING.try_with(|noted| noted.set(Some(standing)));
}
