//! Turns refusals of the layers below into problems. Causes that all transports share are in `connection::failures`.

use super::problem::Problem;
use crate::auth::authenticate::Denied;
use crate::auth::pairing::PollError;
use crate::auth::session::SessionError;
use crate::auth::token::TokenError;
use crate::commands::CommandError;
use crate::domain::model::command::InvalidCommand;
use crate::protocol::fields::FieldError;
use crate::protocol::{ErrorCode, Failure};
use crate::store::StoreError;
use std::time::Duration;

/// The reason when the restaurant has ended a guest's session.
const ENDED_BY_STAFF: &str = "ended_by_staff";
/// The reason when managers try to set their own password among the people.
const OWN_PASSWORD: &str = "own_password";
/// The reasons when a PIN does not begin a shift.
const WRONG_PIN: &str = "wrong_pin";
const PIN_STOPPED: &str = "pin_stopped";
/// How long a client waits before it repeats a sign-in, if the server had no time to check the password.
const BUSY: Duration = Duration::from_secs(3);

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::outdated(None),
            error => Failure::from(error).into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let code = match &error {
            SessionError::Store(store) => return store.clone().into(),
            SessionError::Internal => return StoreError::Internal.into(),
            SessionError::BadCredentials | SessionError::Over | SessionError::TooManyWrong => ErrorCode::Unauthorized,
            SessionError::EndedByStaff => {
                return Failure::new(ErrorCode::Unauthorized, error.to_string()).because(ENDED_BY_STAFF).into();
            }
            SessionError::UnknownTable | SessionError::UnknownPairing => ErrorCode::NotFound,
            SessionError::CodeRequired | SessionError::WrongCode => {
                return Self::new(ErrorCode::Unauthorized, error.to_string()).totp_required();
            }
            SessionError::OwnPassword => {
                return Failure::new(ErrorCode::Forbidden, error.to_string()).because(OWN_PASSWORD).into();
            }
            // Clients renew their token after `unauthorized`.
            SessionError::WrongPin => return Failure::new(ErrorCode::Forbidden, error.to_string()).because(WRONG_PIN).into(),
            SessionError::PinStopped => return Failure::new(ErrorCode::Forbidden, error.to_string()).because(PIN_STOPPED).into(),
            SessionError::ConfirmPassword => ErrorCode::ConfirmPassword,
            SessionError::TooManyTries(wait) | SessionError::UnderWay(wait) => {
                return Self::new(ErrorCode::RateLimited, error.to_string()).after(*wait);
            }
            SessionError::Forbidden | SessionError::WrongPassword | SessionError::NoAccount | SessionError::OwnSecondFactor => {
                ErrorCode::Forbidden
            }
            SessionError::Invalid(_) => ErrorCode::Invalid,
            SessionError::LastManager | SessionError::NothingToConfirm => ErrorCode::Conflict,
            SessionError::Busy => return Self::new(ErrorCode::Unavailable, error.to_string()).after(BUSY),
        };
        Self::new(code, error.to_string())
    }
}

impl From<PollError> for Problem {
    fn from(error: PollError) -> Self {
        let word = match error {
            PollError::Session(session) => return session.into(),
            PollError::Pending => "authorization_pending",
            PollError::SlowDown => "slow_down",
            PollError::Expired => "expired_token",
            PollError::Unknown => "invalid_grant",
        };
        Self::grant(word, error.to_string())
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Store(store) => store.into(),
            CommandError::Refused(refusal) => Failure::from(refusal).into(),
        }
    }
}

impl From<InvalidCommand> for Problem {
    fn from(error: InvalidCommand) -> Self {
        let message = error.to_string();
        Failure::new(ErrorCode::Invalid, message.clone()).at(&error.pointer, message).into()
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        let failure = Failure::new(ErrorCode::Invalid, error.to_string());
        match &error.pointer {
            Some(pointer) => failure.at(pointer, error.message).into(),
            None => failure.into(),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Denied::from(error).into()
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Failure::from(denied).into()
    }
}
