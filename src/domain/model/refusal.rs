//! Refusals: the reasons for which commands are refused.

use crate::domain::values::limit::Limit;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The kinds of refusal; the wire has a code for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The principal may not do this.
    Forbidden,
    /// The subject does not exist for this principal.
    NotFound,
    /// The request does not fit the current state, such as a dish that is not on the menu.
    Invalid,
    /// The transition table does not allow it.
    InvalidTransition,
    /// The document has changed since the expected version. The refusal carries the current document.
    Stale,
    /// The command's id was used before for another command.
    Conflict,
    /// The restaurant takes no orders now.
    Paused,
    /// A rate limit is reached; the refusal says how long to wait.
    RateLimited,
    /// The order's document would be too large.
    TooLarge,
    /// The order would cost more than the guest agreed to. The refusal carries the new prices.
    PriceChanged,
}

impl RefusalKind {
    /// Returns the kind's word in metrics, the same as its code on the wire.
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
}

/// The part that is outside its hours: guests cannot order from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// The restaurant.
    Restaurant,
    /// A category of the menu.
    Category,
}

impl Closed {
    /// Returns the reason on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restaurant => "closed",
            Self::Category => "category_closed",
        }
    }
}

/// Why a principal may not do something, although its role may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A shared device without a person.
    PersonRequired,
    /// The shift is unknown, or has ended.
    ShiftOver,
    /// The restaurant's rules require the floor for this, not a kitchen screen.
    StaffRequired,
    /// The restaurant's rules require a manager for this.
    ManagerRequired,
}

impl Denied {
    /// Returns the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PersonRequired => "person_required",
            Self::ShiftOver => "shift_over",
            Self::StaffRequired => "staff_required",
            Self::ManagerRequired => "manager_required",
        }
    }

    /// Returns the refusal of a change on a shared device without a person.
    #[must_use]
    pub fn nobody() -> Refusal {
        Self::PersonRequired.refusal("nobody is signed in on this device; choose your name and type your PIN")
    }

    /// Returns the refusal.
    #[must_use]
    pub fn refusal(self, message: &str) -> Refusal {
        Refusal { denied: Some(self), ..Refusal::new(RefusalKind::Forbidden, message) }
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of refusal.
    pub kind: RefusalKind,
    /// A message for the person at the screen: the fault and what to do.
    pub message: String,
    /// With `stale`: the current document. With `price_changed`: the new prices. Outside the hours: when they begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
    /// With `rate_limited`: the time to wait.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// The limit that was reached, if any.
    #[serde(skip)]
    pub limit: Option<Limit>,
    /// With `paused` outside the hours: whose hours they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// With `forbidden`: the reason, if it is not the role alone.
    #[serde(skip)]
    pub denied: Option<Denied>,
    /// With `invalid`: the field of the request that is wrong, as a JSON pointer (RFC 6901).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Refusal {
    /// Whether the store remembers it as the answer to the command's id. It does if the state of an
    /// order, a menu or a basket decided. Permissions and limits are checked again on each attempt.
    #[must_use]
    pub const fn is_remembered(&self) -> bool {
        use RefusalKind::{Invalid, InvalidTransition, Paused, PriceChanged, Stale};
        self.limit.is_none() && matches!(self.kind, Invalid | InvalidTransition | Stale | Paused | PriceChanged)
    }

    /// Returns a refusal without a document.
    #[must_use]
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message, document: None, retry_after: None, limit: None, closed: None, denied: None, pointer: None }
    }

    /// Returns a refusal of an order outside the hours, with when they begin.
    #[must_use]
    pub fn closed(closed: Closed, message: impl Into<String>, document: Value) -> Self {
        Self { document: Some(document), closed: Some(closed), ..Self::new(RefusalKind::Paused, message) }
    }

    /// Says that the field is part of this one, named by a JSON pointer.
    #[must_use]
    pub fn within(self, parent: &str) -> Self {
        Self { pointer: Some(format!("{parent}{}", self.pointer.unwrap_or_default())), ..self }
    }

    /// Names the limit that was reached.
    #[must_use]
    pub fn by(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Sets the time to wait before sending the same again.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

/// Returns an `invalid` refusal.
pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Invalid, message)
}

/// Returns an `invalid` refusal of a field, which a JSON pointer names.
pub(crate) fn invalid_at(pointer: &str, message: impl Into<String>) -> Refusal {
    invalid(message).within(pointer)
}
