//! Error codes: one table for frames and for HTTP.

use crate::domain::model::refusal::RefusalKind;
use serde::Serialize;
use utoipa::ToSchema;

/// The code of an error, one of the contract's fixed words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The message is not JSON or not a frame of the contract.
    BadFrame,
    /// The request has no valid token.
    Unauthorized,
    /// The principal may not do or see this. Also used where the existence of a thing must stay
    /// secret.
    Forbidden,
    /// The action is sensitive and needs a recent proof of the user's password.
    ConfirmPassword,
    /// The thing does not exist.
    NotFound,
    /// A field is missing, misplaced or out of range.
    Invalid,
    /// The transition table does not allow the action.
    InvalidTransition,
    /// The document has changed since the expected version.
    Stale,
    /// The id was used before with another body.
    Conflict,
    /// A rate limit is reached; try again after `retry_after_ms`.
    RateLimited,
    /// The connection would be in too many rooms.
    TooManyRooms,
    /// A body or a frame is too large.
    TooLarge,
    /// The restaurant takes no orders now.
    Paused,
    /// The order would cost more than the guest agreed to.
    PriceChanged,
    /// The store or the server cannot answer at present; send the same command again.
    Unavailable,
    /// The server has a bug, which it logged.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 16] = [
        Self::BadFrame,
        Self::Unauthorized,
        Self::Forbidden,
        Self::ConfirmPassword,
        Self::NotFound,
        Self::Invalid,
        Self::InvalidTransition,
        Self::Stale,
        Self::Conflict,
        Self::RateLimited,
        Self::TooManyRooms,
        Self::TooLarge,
        Self::Paused,
        Self::PriceChanged,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadFrame => "bad_frame",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::ConfirmPassword => "confirm_password",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::InvalidTransition => "invalid_transition",
            Self::Stale => "stale",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::TooManyRooms => "too_many_rooms",
            Self::TooLarge => "too_large",
            Self::Paused => "paused",
            Self::PriceChanged => "price_changed",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Returns the HTTP status of a problem with this code (RFC 9110, section 15).
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadFrame => 400,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::ConfirmPassword => 403,
            Self::NotFound => 404,
            Self::InvalidTransition | Self::Stale | Self::Conflict | Self::Paused | Self::PriceChanged => 409,
            Self::TooLarge => 413,
            Self::Invalid => 422,
            Self::RateLimited | Self::TooManyRooms => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

impl From<RefusalKind> for ErrorCode {
    fn from(kind: RefusalKind) -> Self {
        match kind {
            RefusalKind::Forbidden => Self::Forbidden,
            RefusalKind::NotFound => Self::NotFound,
            RefusalKind::Invalid => Self::Invalid,
            RefusalKind::InvalidTransition => Self::InvalidTransition,
            RefusalKind::Stale => Self::Stale,
            RefusalKind::Conflict => Self::Conflict,
            RefusalKind::Paused => Self::Paused,
            RefusalKind::RateLimited => Self::RateLimited,
            RefusalKind::TooLarge => Self::TooLarge,
            RefusalKind::PriceChanged => Self::PriceChanged,
        }
    }
}
