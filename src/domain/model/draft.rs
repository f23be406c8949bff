//! Events before their commit, and the moment of a decision.

use super::event::{EventKind, Rule};
use super::refusal::{Refusal, RefusalKind};
use crate::domain::values::ids::OrderId;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// An event that has a position in the feed but is not yet committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What happened.
    pub kind: EventKind,
    /// The order it changes, if any.
    pub order: Option<OrderId>,
    /// The merge patch of the document.
    pub patch: Value,
    /// The rule of the restaurant that caused it, if not the sender of the command.
    pub rule: Option<Rule>,
}

/// The time and the feed's head at a decision. The caller reads both.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The current time.
    pub now: Timestamp,
    /// The feed's last committed position, locked by the transaction.
    pub head: Position,
}

/// Returns a document as JSON. Documents are plain data with text keys, which always serialize.
#[must_use]
pub fn to_json(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// Checks the time at which something is switched on again: `None` if it is on already.
///
/// # Errors
/// `invalid` for a time in the past.
pub(crate) fn in_future(until: Option<Timestamp>, is_on: bool, moment: Moment) -> Result<Option<Timestamp>, Refusal> {
    match until {
        Some(_) if is_on => Ok(None),
        Some(at) if at <= moment.now => Err(Refusal::new(RefusalKind::Invalid, "until must lie in the future")),
        until => Ok(until),
    }
}
