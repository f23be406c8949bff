//! Events that are not committed yet, and the moment at which they are decided upon.

use super::event::EventKind;
use super::refusal::{Refusal, RefusalKind};
use crate::domain::values::ids::OrderId;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// An event that has a place in the feed but is not yet committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What happened.
    pub kind: EventKind,
    /// The order it changes.
    pub order: Option<OrderId>,
    /// The merge patch.
    pub patch: Value,
}

/// When, and after which event, a decision is made. The clock and the head are the shell's to read.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// The feed's last committed position; held by the transaction.
    pub head: Position,
}

/// A document as JSON. Documents are plain data with text keys, which always serialize.
#[must_use]
pub fn to_json(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// An end only means something while the thing is off, and only in the future.
pub(crate) fn in_future(until: Option<Timestamp>, is_on: bool, moment: Moment) -> Result<Option<Timestamp>, Refusal> {
    match until {
        Some(_) if is_on => Ok(None),
        Some(at) if at <= moment.now => Err(Refusal::new(RefusalKind::Invalid, "until must lie in the future")),
        until => Ok(until),
    }
}
