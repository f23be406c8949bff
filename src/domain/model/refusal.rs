//! Refusals: why a command was not carried out.

use crate::domain::values::limit::Limit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The kinds of refusal; the wire has a code for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// Not this principal's to do.
    Forbidden,
    /// No such thing for this principal.
    NotFound,
    /// The request makes no sense against what there is (a dish that is not on the menu).
    Invalid,
    /// The transition table does not allow it.
    InvalidTransition,
    /// The order has moved on; the document says to where.
    Stale,
    /// The command's id was used for something else.
    Conflict,
    /// The restaurant takes no orders now.
    Paused,
    /// Too much too fast; the refusal says how long to wait.
    RateLimited,
    /// The document would be larger than an order may be.
    TooLarge,
    /// The order would cost more than the guest agreed to; the document says what.
    PriceChanged,
}

impl RefusalKind {
    /// The word for metrics; the wire's code of the same kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::InvalidTransition => "invalid_transition",
            Self::Stale => "stale",
            Self::Conflict => "conflict",
            Self::Paused => "paused",
            Self::RateLimited => "rate_limited",
            Self::TooLarge => "too_large",
            Self::PriceChanged => "price_changed",
        }
    }

    /// Whether the refusal is an answer to remember under the command's id. What the state of an order, a menu or a
    /// basket decided is; who may do what, and how much, is asked again each time.
    #[must_use]
    pub const fn is_remembered(self) -> bool {
        matches!(self, Self::Invalid | Self::InvalidTransition | Self::Stale | Self::Paused | Self::PriceChanged)
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// For the person at the screen: what is wrong and what to do.
    pub message: String,
    /// The current document, with `stale`; what the order would cost, with `price_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
    /// How long to wait, with `rate_limited`.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// The limit that was reached, if it was one.
    #[serde(skip)]
    pub limit: Option<Limit>,
}

impl Refusal {
    /// A refusal without a document.
    #[must_use]
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), document: None, retry_after: None, limit: None }
    }

    /// Names the limit that was reached.
    #[must_use]
    pub fn by(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Sets how long to wait before the same is sent again.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

/// A refusal of what makes no sense, in words for its sender.
pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Invalid, message)
}
