//! The options of a dish, and the groups that say how many of them a guest may choose.

use crate::domain::values::ids::{OptionGroupId, OptionId};
use crate::domain::values::money::Money;
use crate::domain::values::schema;
use crate::domain::values::text::Name;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// The most options that one line chooses.
pub const MAX_CHOSEN: usize = 20;
/// The most groups of a dish, nested ones included.
pub const MAX_GROUPS: usize = 20;
/// The most options of a dish outside of its groups.
pub const MAX_UNGROUPED: usize = 20;
/// The most options of a dish.
pub const MAX_OPTIONS: usize = 100;

/// An option of a dish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DishOption {
    /// The option's name.
    pub name: Name,
    /// The surcharge on the price of one portion.
    pub price: Money,
    /// The group that lists it. Without a group, it can be chosen freely. From feature level 2 on, like the fields below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OptionGroupId>,
    /// The sort key within the group; lower comes first.
    #[serde(default, skip_serializing_if = "is_first")]
    #[schema(schema_with = sort_schema)]
    pub sort: u32,
    /// Whether pages choose it at first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    /// Whether guests can choose it; false when it is sold out (86). Absent means true.
    #[serde(default = "always", skip_serializing_if = "is_true")]
    pub available: bool,
    /// When a sold-out option becomes available again without anyone's action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A group of options: "choose a side", "how done", "up to three extras".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionGroup {
    /// The group's name.
    pub name: Name,
    /// The sort key among the dish's groups; lower comes first.
    #[schema(schema_with = sort_schema)]
    pub sort: u32,
    /// The fewest options to choose.
    #[schema(minimum = 0, maximum = 20)]
    pub min: u8,
    /// The most options to choose.
    #[schema(minimum = 1, maximum = 20)]
    pub max: u8,
    /// The option under which the group is nested. Guests choose from the group only with this option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<OptionId>,
}

const fn is_first(sort: &u32) -> bool {
    *sort == 0
}

const fn is_true(flag: &bool) -> bool {
    *flag
}

const fn always() -> bool {
    true
}

impl DishOption {
    /// Makes an option outside of groups.
    #[must_use]
    pub const fn new(name: Name, price: Money) -> Self {
        Self { name, price, group: None, sort: 0, default: false, available: true, until: None }
    }
}

/// Builds the schema of a place in a list.
pub(super) fn sort_schema() -> Object {
    schema::integer(0, u32::MAX).description(Some("Lower comes first.")).build()
}
