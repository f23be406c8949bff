//! The menu of a restaurant: one document of categories and items, with what is sold out and whether orders are taken.

use crate::domain::values::ids::{CategoryId, MenuItemId, OptionId, RestaurantId};
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::position::Position;
use crate::domain::values::text::{Name, Note, Station, Text};
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::{Expected, Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A heading of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// What it says.
    pub name: Name,
    /// Lower comes first.
    pub sort: u32,
}

/// A choice beside a dish; its price is the difference it makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DishOption {
    /// What it says.
    pub name: Name,
    /// What it adds to the price of one.
    pub price: Money,
}

/// A dish or a drink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    /// Its id, again beside its key, for readers that walk the values.
    pub id: MenuItemId,
    /// What it is called.
    pub name: Name,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Note>,
    /// The heading it stands under.
    pub category: CategoryId,
    /// What one costs without options.
    pub price: Money,
    /// The station that cooks it.
    pub station: Station,
    /// Lower comes first within its category.
    pub sort: u32,
    /// False when it is sold out (86).
    pub available: bool,
    /// When it is available again by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Text<500>>,
    /// The choices beside it.
    #[serde(default)]
    pub options: BTreeMap<OptionId, DishOption>,
}

/// The menu document.
///
/// A node that does not know one of its fields refuses to read it, so that it cannot write the menu back without that field. A
/// later version writes a new field only once every node knows it (docs/decisions/0015-feature-level.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// Whose it is.
    pub restaurant: RestaurantId,
    /// The feed position of its last change.
    pub position: Position,
    /// The currency of every price on it.
    pub currency: Currency,
    /// True while no orders are taken.
    pub paused: bool,
    /// When the pause ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// The headings by id.
    pub categories: BTreeMap<CategoryId, Category>,
    /// The dishes by id.
    pub items: BTreeMap<MenuItemId, MenuItem>,
}

impl Menu {
    /// The stations its dishes need, each once, in alphabetical order.
    #[must_use]
    pub fn stations(&self) -> Vec<Station> {
        let all: std::collections::BTreeSet<_> = self.items.values().map(|item| item.station.clone()).collect();
        all.into_iter().collect()
    }

    /// Its version, by content.
    #[must_use]
    pub fn version(&self) -> Version {
        // Plain data with text keys always serializes.
        Version::of_bytes(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether an edit that was based on these versions may be made: they name the menu by its content or by its position.
    pub(crate) fn is_as(&self, expected: &Expected) -> bool {
        expected.is_any() || expected.admits_any(&[self.version().as_str(), &self.position.to_string()])
    }

    /// The next moment at which something lapses by itself.
    #[must_use]
    pub fn next_lapse(&self) -> Option<Timestamp> {
        self.items.values().filter_map(|item| item.until).chain(self.paused_until).min()
    }
}
