//! The menu of a restaurant: one document of categories and dishes, with the sold-out marks and the
//! pause.

use super::course::{Course, Firing, FiringRule};
use super::dish_option::{DishOption, OptionGroup, sort_schema};
use super::opening::Opening;
use super::picture::Picture;
use crate::domain::values::hours::Hours;
use crate::domain::values::ids::{CategoryId, MenuItemId, OptionGroupId, OptionId, RestaurantId};
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::position::Position;
use crate::domain::values::text::{Name, Note, Sku, Station, Text};
use crate::domain::values::time::Timestamp;
use crate::domain::values::time_zone::TimeZone;
use crate::domain::values::version::{Expected, Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A heading of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// The category's name.
    pub name: Name,
    /// Lower comes first.
    #[schema(schema_with = sort_schema)]
    pub sort: u32,
    /// The course of its dishes. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    /// When guests can order its dishes; absent if the restaurant's hours apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Whether guests can order now, by these hours. Only the server sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
}

impl Category {
    /// Returns a category without a course and without its own hours.
    #[must_use]
    pub const fn new(name: Name, sort: u32) -> Self {
        Self { name, sort, course: None, hours: None, opening: None }
    }
}

/// A dish or a drink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    /// The dish's id, the same as its key, for readers that walk the values.
    pub id: MenuItemId,
    /// The dish's name.
    pub name: Name,
    /// A description for guests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Note>,
    /// The category that lists it.
    pub category: CategoryId,
    /// The price of one portion without options.
    pub price: Money,
    /// The station that cooks it.
    pub station: Station,
    /// The sort key within the category; lower comes first.
    #[schema(schema_with = sort_schema)]
    pub sort: u32,
    /// Whether guests can order it; false when it is sold out (86).
    pub available: bool,
    /// When a sold-out dish becomes available again without anyone's action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The address of a photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Text<500>>,
    /// An uploaded picture, which pages prefer to the photo. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// The dish's number in other systems, unique on the menu. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// The options, by id.
    #[serde(default)]
    #[schema(required)]
    pub options: BTreeMap<OptionId, DishOption>,
    /// The groups of its options, by id. From feature level 2 on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<OptionGroupId, OptionGroup>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_yes(value: &bool) -> bool {
    *value
}

/// The menu document.
///
/// A node that meets an unknown field refuses the document, so that it cannot write the menu back
/// without that field. A later version writes a new field only once every node knows it
/// (docs/decisions/0015-feature-level.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(description = "The menu document.")]
pub struct Menu {
    /// The restaurant of the menu.
    pub restaurant: RestaurantId,
    /// The feed position of its last change.
    pub position: Position,
    /// The currency of every price on it.
    pub currency: Currency,
    /// The time zone of the restaurant; absent for UTC.
    #[serde(default, skip_serializing_if = "TimeZone::is_utc")]
    #[schema(required = false)]
    pub time_zone: TimeZone,
    /// When guests can order; absent if they always can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Whether guests can order now, by the hours. Only the server sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// Whether the restaurant takes no orders at present.
    pub paused: bool,
    /// When the pause ends without anyone's action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// Whether guests may add rounds to their open orders; absent while they may. From feature level 2 on.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    #[schema(required = false)]
    pub guest_rounds: bool,
    /// Whether a takeaway order needs a `guest_name`. From feature level 2 on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub names_required: bool,
    /// When later courses go to the kitchen; absent if all courses go together. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Firing::is_together")]
    #[schema(required = false)]
    pub firing: Firing,
    /// How many minutes after the course before the next one fires; absent for at once. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 120)]
    pub firing_minutes: Option<u16>,
    /// The categories by id.
    pub categories: BTreeMap<CategoryId, Category>,
    /// The dishes by id.
    pub items: BTreeMap<MenuItemId, MenuItem>,
}

impl Menu {
    /// Returns the empty menu of a new restaurant.
    #[must_use]
    pub fn new(restaurant: RestaurantId, currency: Currency) -> Self {
        Self {
            restaurant,
            position: Position::ZERO,
            currency,
            time_zone: TimeZone::default(),
            hours: None,
            opening: None,
            paused: false,
            paused_until: None,
            guest_rounds: true,
            names_required: false,
            firing: Firing::Together,
            firing_minutes: None,
            categories: BTreeMap::new(),
            items: BTreeMap::new(),
        }
    }

    /// Returns when later courses of new orders go to the kitchen.
    #[must_use]
    pub const fn firing_rule(&self) -> FiringRule {
        FiringRule { firing: self.firing, minutes: self.firing_minutes }
    }

    /// Returns the stations of its dishes, each once, in alphabetical order.
    #[must_use]
    pub fn stations(&self) -> Vec<Station> {
        let all: std::collections::BTreeSet<_> = self.items.values().map(|item| item.station.clone()).collect();
        all.into_iter().collect()
    }

    /// Returns the menu's version, a hash of its content.
    #[must_use]
    pub fn version(&self) -> Version {
        // Plain data with text keys always serializes.
        Version::of_bytes(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Returns whether the menu is one of the expected versions. A client names a version by content hash
    /// or by position.
    pub(crate) fn is_as(&self, expected: &Expected) -> bool {
        expected.is_any() || expected.admits_any(&[self.version().as_str(), &self.position.to_string()])
    }

    /// Sets the openings of the restaurant and of each category to those at a moment.
    pub(in crate::domain) fn set_openings(&mut self, now: Timestamp) {
        let zone = &self.time_zone;
        let at = |hours: &Option<Hours>| hours.as_ref().map(|hours| Opening::at(hours, zone, now));
        self.opening = at(&self.hours);
        for category in self.categories.values_mut() {
            category.opening = at(&category.hours);
        }
    }

    /// Returns when the first of the menu's openings changes.
    pub(in crate::domain) fn next_opening(&self) -> Option<Timestamp> {
        let categories = self.categories.values().filter_map(|category| category.opening);
        categories.chain(self.opening).filter_map(|opening| opening.until).min()
    }

    /// Returns when the next sold-out mark or pause lapses, or hours begin or end.
    #[must_use]
    pub fn next_lapse(&self) -> Option<Timestamp> {
        let options = self.items.values().flat_map(|item| item.options.values()).filter_map(|option| option.until);
        let marks = self.items.values().filter_map(|item| item.until).chain(options);
        marks.chain(self.paused_until).chain(self.next_opening()).min()
    }
}
