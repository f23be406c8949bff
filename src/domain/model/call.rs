//! Calls for the waiter.

use crate::domain::values::ids::CallId;
use crate::domain::values::reason::CallReason;
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An open call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// The table that calls.
    pub table: TableLabel,
    /// What for.
    pub reason: CallReason,
    /// Since when.
    pub raised_at: Timestamp,
}

/// The open calls of a restaurant by id: what the floor snapshot carries and call patches apply to.
pub type Calls = BTreeMap<CallId, Call>;
