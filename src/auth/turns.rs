//! Turns. Of several concurrent calls under one name that try a person's secret, one gets the turn; the others get `UnderWay`.
//! So only a secret that was checked counts as wrong, no more are checked than allowed, and a call that is sent twice finds the
//! result of the first.

use super::session::{SessionError, Sessions};
use crate::clock;
use crate::store::SharedStore;
use crate::store::credentials::{Taken, Turn};
use std::time::Duration;

/// How long wrong secrets are counted.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long a turn lasts if its node dies and never returns it. A try takes less: it waits twice for a password check and seven
/// times for the store, at most ten seconds each.
const LEASE: Duration = Duration::from_secs(120);
/// How long a client waits before it repeats a call that got `UnderWay`, and a node before it tries again to return a turn.
const WAIT: Duration = Duration::from_secs(1);

impl Sessions {
    /// Makes a try, if no other call has the turn and fewer than `most` tries under this name were wrong. A call in an ended
    /// session counts as wrong, since its sender may be guessing an `Idempotency-Key`.
    ///
    /// Cancel safety: none. A try that is dropped keeps its turn for the lease and does not count, so people's calls run in a
    /// task of their own.
    ///
    /// # Errors
    /// Those of the try; `UnderWay`, `TooManyWrong`; the store's.
    pub(super) async fn in_turn<T>(
        &self,
        turn: &Turn,
        most: u32,
        attempt: impl Future<Output = Result<T, SessionError>>,
    ) -> Result<T, SessionError> {
        let taken = self.store.take_turn(turn, LEASE, clock::now().minus(WINDOW)).await?;
        let taken = taken.ok_or(SessionError::UnderWay(WAIT))?;
        let outcome = if taken.wrong < most { attempt.await } else { Err(SessionError::TooManyWrong) };
        let is_wrong = matches!(
            outcome,
            Err(SessionError::WrongPassword | SessionError::WrongCode | SessionError::WrongPin | SessionError::Over)
        );
        if let Err(error) = self.store.end_turn(turn, taken, is_wrong).await {
            log::warn!(error:%, session:% = turn.name; "a turn could not be returned, retrying");
            tokio::spawn(return_turn(self.store.clone(), turn.clone(), taken, is_wrong));
            // Counts a guess before answering it.
            if outcome.is_err() {
                return Err(error.into());
            }
        }
        outcome
    }
}

/// Returns a turn as soon as the store works again, unless the turn ends by itself first.
async fn return_turn(store: SharedStore, turn: Turn, taken: Taken, is_wrong: bool) {
    for _ in 0..LEASE.as_secs() {
        tokio::time::sleep(WAIT).await;
        if store.end_turn(&turn, taken, is_wrong).await.is_ok() {
            return;
        }
    }
}
