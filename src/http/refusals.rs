//! What the layers below refuse, as problems.

use super::problem::Problem;
use crate::auth::authenticate::Denied;
use crate::auth::pairing::PollError;
use crate::auth::session::SessionError;
use crate::auth::token::TokenError;
use crate::commands::CommandError;
use crate::connection::Refusal;
use crate::domain::model::command::InvalidCommand;
use crate::domain::values::limit::Limit;
use crate::protocol::ErrorCode;
use crate::store::StoreError;
use std::time::Duration;

/// Why a guest's session is over, when the restaurant has ended it.
const ENDED_BY_STAFF: &str = "ended_by_staff";
/// Why a manager's change of their own password is refused.
const OWN_PASSWORD: &str = "own_password";
/// A store or a queue that is too busy now is asked again after this.
const SOON: Duration = Duration::from_secs(1);

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable => {
                Self::new(ErrorCode::Unavailable, "the database does not answer just now; send the same again").after(SOON)
            }
            StoreError::Taken => Self::new(ErrorCode::Conflict, "this is taken; choose another"),
            StoreError::Missing => Self::not_found("no such thing"),
            StoreError::Stale => Self::outdated(None),
            StoreError::Internal => Self::new(ErrorCode::Internal, "something broke on the server; it is in the log"),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let code = match &error {
            SessionError::Store(store) => return store.clone().into(),
            SessionError::Internal => return StoreError::Internal.into(),
            SessionError::BadCredentials | SessionError::Over => ErrorCode::Unauthorized,
            SessionError::EndedByHouse => {
                return Self::new(ErrorCode::Unauthorized, error.to_string()).because(Some(ENDED_BY_STAFF));
            }
            SessionError::UnknownTable | SessionError::UnknownPairing => ErrorCode::NotFound,
            SessionError::CodeRequired | SessionError::WrongCode => {
                return Self::new(ErrorCode::Unauthorized, error.to_string()).totp_required();
            }
            SessionError::OwnPassword => {
                return Self::new(ErrorCode::Forbidden, error.to_string()).because(Some(OWN_PASSWORD));
            }
            SessionError::ConfirmPassword => ErrorCode::ConfirmPassword,
            SessionError::TooManyTries(wait) => return Self::new(ErrorCode::RateLimited, error.to_string()).after(*wait),
            SessionError::Forbidden | SessionError::WrongPassword | SessionError::NoAccount | SessionError::OwnSecondFactor => {
                ErrorCode::Forbidden
            }
            SessionError::Invalid(_) => ErrorCode::Invalid,
            SessionError::LastManager | SessionError::NothingToConfirm => ErrorCode::Conflict,
            SessionError::Busy => return Self::new(ErrorCode::Unavailable, error.to_string()).after(3 * SOON),
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
            CommandError::Refused(refusal) => {
                let problem = Self::new(refusal.kind.into(), refusal.message).with_document(refusal.document);
                let problem = problem.because(refusal.limit.map(Limit::as_str));
                match refusal.retry_after {
                    Some(wait) => problem.after(wait),
                    None => problem,
                }
            }
        }
    }
}

impl From<InvalidCommand> for Problem {
    fn from(error: InvalidCommand) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::new(ErrorCode::Unauthorized, error.to_string())
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::from(Refusal::from(denied))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::new(refusal.code, refusal.detail);
        match refusal.retry_after {
            Some(seconds) => problem.after(Duration::from_secs(seconds)),
            None => problem,
        }
    }
}
