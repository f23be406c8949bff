//! Turns: of many tries at a person's secrets that are sent at once under one name, one is made, on one node. The others are
//! told to come back, and count for nothing. So a try counts only when its secret is known to be wrong, no more are checked
//! than are allowed, and a call that is sent twice finds what it did the first time.

use super::session::{SessionError, Sessions};
use crate::clock;
use crate::store::credentials::Turn;
use std::time::Duration;

/// Wrong secrets are counted for this long.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// A turn whose node has died ends after this long. No try takes longer: the wait for a password check and the calls of the
/// store have deadlines, together far below.
const LEASE: Duration = Duration::from_secs(60);
/// The wait before a try is sent again that came while another was made.
const WAIT: Duration = Duration::from_secs(1);

impl Sessions {
    /// Makes a try when nobody else has the turn, and unless `most` under its name were wrong. A session that is over counts
    /// like a wrong secret: it is guessed with the name of a call.
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
        let now = clock::now();
        let wrong = self.store.take_turn(turn, now, now.plus(LEASE), now.minus(WINDOW)).await?;
        let wrong = wrong.ok_or(SessionError::UnderWay(WAIT))?;
        let outcome = if wrong < most { attempt.await } else { Err(SessionError::TooManyWrong) };
        let is_wrong = matches!(outcome, Err(SessionError::WrongPassword | SessionError::WrongCode | SessionError::Over));
        match (outcome, self.store.end_turn(turn, is_wrong).await) {
            // A guess that could not be counted has no answer.
            (Err(_), Err(error)) => Err(error.into()),
            (outcome, _) => outcome,
        }
    }
}
