//! Calls for the waiter.

use crate::domain::values::ids::CallId;
use crate::domain::values::reason::CallReason;
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An open call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Call {
    /// The call's id.
    pub id: CallId,
    /// The table that calls.
    pub table: TableLabel,
    /// The reason for calling.
    pub reason: CallReason,
    /// When the guest called.
    pub raised_at: Timestamp,
}

/// A restaurant's open calls by id. The floor snapshot carries them, and call patches apply to
/// them.
pub type Calls = BTreeMap<CallId, Call>;
