//! Error codes: one table for frames and for HTTP.

use crate::domain::model::refusal::RefusalKind;
use serde::Serialize;

/// What went wrong, in the fixed words of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, or not a frame of the contract.
    BadFrame,
    /// No valid token.
    Unauthorized,
    /// Not this principal's to do or to see; also for what does not exist where its existence is nobody's business.
    Forbidden,
    /// A sensitive action in a session whose owner has not proved their password recently.
    ConfirmPassword,
    /// No such thing.
    NotFound,
    /// A field is missing, misplaced or out of range.
    Invalid,
    /// The transition table does not allow it.
    InvalidTransition,
    /// The order has moved on.
    Stale,
    /// The same id with another body.
    Conflict,
    /// Too much too fast; try again after `retry_after_ms`.
    RateLimited,
    /// More rooms than one connection may be in.
    TooManyRooms,
    /// A body or a frame is too large.
    TooLarge,
    /// The restaurant takes no orders now.
    Paused,
    /// The order would cost more than was agreed.
    PriceChanged,
    /// The store or the server cannot answer now; the same command may be sent again.
    Unavailable,
    /// A bug; logged on the server.
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

    /// The HTTP status of a problem with this code (RFC 9110, section 15).
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
