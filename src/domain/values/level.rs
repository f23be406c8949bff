//! Feature levels: the event kinds, fields and statuses that each node of a cluster knows.

use super::schema::{self, wire_schema};
use serde::{Deserialize, Serialize};

/// A feature level. Each level includes those below it; `docs/decisions/0015-feature-level.md`
/// lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(u16);

wire_schema!(
    Level,
    "FeatureLevel",
    schema::integer(0, u16::MAX).description(Some("A feature level; each includes the ones below it."))
);

impl Level {
    /// The level of nodes that register no level.
    pub const ZERO: Self = Self(0);
    /// Adds `expected_total`, `allergy`, and `quantity` of `void_item`.
    pub const ONE: Self = Self(1);
    /// Adds `guest_name`, `ticket`, time zones and hours. Adds rounds: `add_items`, `change_item`, `round` and `added_at` of an
    /// item, `guest_rounds` and `names_required` of the menu. Adds courses: `fire`, `hold`, `serve_item`, `serve` of a course, `course`, `held`,
    /// `fired_at` and `served_at` of an item, `firing` and `firing_minutes` of an order and the menu, `fires_at`,
    /// `course` of a category.
    /// Adds groups of options, sold-out options, and `choices` of an item. Adds `move`, `merge`, `split` and `undo` of
    /// visits, and `split_from` of an order. Adds `shift`, devices of the floor, rules of a restaurant, `auto_accepted` of an
    /// order, and `rule` of an event. Adds orders for
    /// later: `due_at`, `starts_at` and `upcoming` of an order, `start_now`, `reschedule`. Adds `delivery` of a placement, and
    /// `seat` of a line and an item. Adds `picture` and `sku` of a dish.
    pub const TWO: Self = Self(2);
    /// The level of this version.
    pub const CURRENT: Self = Self::TWO;

    /// Returns the level with this number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Returns the level's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}
