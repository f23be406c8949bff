//! Turns refusals of the layers below into failures: one text, one code and one wait for each cause, on every transport.

use crate::auth::authenticate::Denied;
use crate::commands::CommandError;
use crate::protocol::{ErrorCode, Failure};
use crate::store::StoreError;
use actix_http::StatusCode;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable => Self::database_unavailable(),
            StoreError::Taken => Self::new(ErrorCode::Conflict, "this is taken; choose another"),
            StoreError::Missing => Self::new(ErrorCode::NotFound, "no such thing"),
            StoreError::Stale => outdated(),
            StoreError::Internal => Self::internal(),
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Store(store) => store.into(),
            CommandError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        let message = denied.to_string();
        match denied.retry_after() {
            Some(wait) => Self::new(ErrorCode::Unavailable, message).after(wait),
            None => Self::new(ErrorCode::Unauthorized, message),
        }
    }
}

/// Returns the failure of an edit of an outdated version.
#[must_use]
pub fn outdated() -> Failure {
    Failure::new(ErrorCode::Stale, "somebody else has changed this since it was read; look at both and send again")
}

/// Returns the HTTP status of a failure.
#[must_use]
pub fn status(failure: &Failure) -> StatusCode {
    StatusCode::from_u16(failure.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
