//! Openings: whether guests can order by the hours of the restaurant or of a category. The menu contains them.

use crate::domain::values::as_text::or_default;
use crate::domain::values::hours::Hours;
use crate::domain::values::ids::CategoryId;
use crate::domain::values::time::Timestamp;
use crate::domain::values::time_zone::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Whether guests can order by the hours, until their next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Whether guests can order.
    pub open: bool,
    /// When this changes; absent if it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Opening {
    /// Returns the opening by these hours at a moment.
    #[must_use]
    pub fn at(hours: &Hours, zone: &TimeZone, now: Timestamp) -> Self {
        Self { open: hours.has(zone, now), until: hours.next_change(zone, now) }
    }
}

/// Hours as a manager sets them, all at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursDraft {
    /// The restaurant's time zone.
    pub time_zone: TimeZone,
    /// When guests can order; absent if they always can.
    pub hours: Option<Hours>,
    /// When guests can order from a category; a category that is absent has the restaurant's hours.
    #[serde(default, deserialize_with = "or_default")]
    #[schema(value_type = std::collections::HashMap<String, Hours>)]
    pub categories: BTreeMap<CategoryId, Hours>,
}
