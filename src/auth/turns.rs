//! Turns: when several calls try a person's secrets under one name at the same time, one of them is made; the others get
//! `UnderWay` and are not counted. So a try counts only when its secret is known to be wrong, no more are checked than are
//! allowed, and a call that is sent twice finds what it did the first time.

use super::session::{SessionError, Sessions};
use crate::clock;
use crate::store::SharedStore;
use crate::store::credentials::{Taken, Turn};
use std::time::Duration;

/// Wrong secrets are counted for this long.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// A turn that is never given back, since its node has died, ends after this long. A try takes less: two waits for a password
/// check and seven calls of the store, of ten seconds each at most.
const LEASE: Duration = Duration::from_secs(120);
/// The wait before a try is sent again that came while another was made, and before a turn is given back again.
const WAIT: Duration = Duration::from_secs(1);

impl Sessions {
    /// Makes a try when no other call has the turn, and unless `most` under its name were wrong. A call in a session that has
    /// ended counts like a wrong secret, since somebody may be guessing its `Idempotency-Key`.
    ///
    /// Cancel safety: none. A try that is dropped keeps its turn for the lease and is not counted, so calls of people run in
    /// a task of their own.
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
        let is_wrong = matches!(outcome, Err(SessionError::WrongPassword | SessionError::WrongCode | SessionError::Over));
        if let Err(error) = self.store.end_turn(turn, taken, is_wrong).await {
            log::warn!(error:%, session:% = turn.name; "a turn could not be given back; it is tried again");
            tokio::spawn(give_back(self.store.clone(), turn.clone(), taken, is_wrong));
            // A guess that is not counted yet has no answer.
            if outcome.is_err() {
                return Err(error.into());
            }
        }
        outcome
    }
}

/// Gives a turn back once the store works again, or until the turn has ended by itself.
async fn give_back(store: SharedStore, turn: Turn, taken: Taken, is_wrong: bool) {
    for _ in 0..LEASE.as_secs() {
        tokio::time::sleep(WAIT).await;
        if store.end_turn(&turn, taken, is_wrong).await.is_ok() {
            return;
        }
    }
}
