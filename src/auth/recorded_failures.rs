//! Records failed attempts in the audit.

use super::failures::Listing;
use super::session::{SessionError, Sessions};
use crate::clock;
use crate::domain::values::ids::RestaurantId;
use crate::store::accounts::User;
use crate::store::audit::{Kind, Note};

impl Sessions {
    /// Records a failed sign-in. Omits an unknown name, since people type passwords into that
    /// field.
    pub(super) async fn record_failed_sign_in(&self, restaurant: RestaurantId, user: Option<&User>, outcome: &'static str) {
        let note = Note::new(restaurant, Kind::Sessions, "sign_in").with_outcome(outcome);
        let note = match user {
            Some(user) => note.about(user.id).called(&user.username),
            None => note.called("unknown name"),
        };
        self.record_failure(note, user).await;
    }

    /// Returns an outcome unchanged, after recording a wrong secret or too many attempts.
    pub(super) async fn recording<T>(
        &self,
        user: &User,
        action: &'static str,
        outcome: Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let word = match &outcome {
            Err(SessionError::WrongPassword) => "wrong_password",
            Err(SessionError::WrongCode) => "wrong_code",
            Err(SessionError::WrongPin) => "wrong_pin",
            Err(SessionError::PinStopped) => "pin_stopped",
            Err(SessionError::TooManyTries(_)) => "too_many_tries",
            _ => return outcome,
        };
        let note = Note::new(user.restaurant, Kind::Sessions, action).about(user.id).called(&user.username);
        self.record_failure(note.with_outcome(word), Some(user)).await;
        outcome
    }

    /// Records that a sensitive action was refused until the password is confirmed.
    pub(super) async fn record_unconfirmed(&self, user: &User, action: &'static str) {
        let note = Note::new(user.restaurant, Kind::Sessions, action).about(user.id).called(&user.username);
        self.record_failure(note.with_outcome("not_confirmed"), Some(user)).await;
    }

    /// Records a failure. An error of the store is only logged: it must not change the answer to
    /// the attempt.
    async fn record_failure(&self, note: Note, user: Option<&User>) {
        let note = match self.failures.count(note.restaurant(), user.map(|user| user.id), clock::uptime()) {
            Listing::List => note,
            Listing::ListAfter(hidden) => note.set_to(format_args!("{hidden} more before it")),
            Listing::Count => {
                self.metrics.hit("audit_failures");
                return;
            }
        };
        if let Err(error) = self.store.record(note).await {
            log::warn!(error:% = error; "a failed attempt was not recorded");
        }
    }
}
