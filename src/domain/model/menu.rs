//! The menu of a restaurant: one document of categories and items, with what is sold out and whether orders are taken.

use super::event::EventKind;
use super::menu_draft::MenuDraft;
use crate::domain::model::draft::{Moment, to_json};
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::rules::decision::{Decision, Steps, Write};
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

/// A change of the menu that its manager, staff or the clock makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MenuAction {
    /// Sold out, or there again.
    Availability {
        /// Which dish.
        item: MenuItemId,
        /// There or not.
        available: bool,
        /// When it is there again by itself.
        until: Option<Timestamp>,
    },
    /// Take no orders, or take them again.
    Pause {
        /// Stop or go on.
        paused: bool,
        /// When it goes on by itself.
        until: Option<Timestamp>,
    },
    /// Other categories and dishes.
    Replace(Box<MenuDraft>),
    /// End every pause and 86 whose time has come.
    Lapse,
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
    fn is_as(&self, expected: &Expected) -> bool {
        expected.is_any() || expected.admits_any(&[self.version().as_str(), &self.position.to_string()])
    }

    /// The next moment at which something lapses by itself.
    #[must_use]
    pub fn next_lapse(&self) -> Option<Timestamp> {
        self.items.values().filter_map(|item| item.until).chain(self.paused_until).min()
    }
}

/// Decides about the menu: an edit that was based on another version of it is stale, unless it asks for what holds already.
///
/// # Errors
/// `stale`, with the menu as it stands, when it is none of the versions expected;
/// `not_found` for a dish that is not on it; `invalid` for an end that lies in the past and for a draft that makes no
/// sense.
pub fn decide(menu: &Menu, action: &MenuAction, expected: &Expected, moment: Moment) -> Result<Decision, Refusal> {
    let mut after = menu.clone();
    let kind = match action {
        MenuAction::Availability { item, available, until } => {
            let until = in_future(*until, *available, moment)?;
            let dish =
                after.items.get_mut(item).ok_or_else(|| Refusal::new(RefusalKind::NotFound, "no such dish on this menu"))?;
            (dish.available, dish.until) = (*available, until);
            EventKind::MenuAvailability
        }
        MenuAction::Pause { paused, until } => {
            (after.paused, after.paused_until) = (*paused, in_future(*until, !*paused, moment)?);
            if *paused { EventKind::MenuPaused } else { EventKind::MenuResumed }
        }
        MenuAction::Replace(draft) => {
            draft.put_on(&mut after, moment)?;
            EventKind::MenuChanged
        }
        MenuAction::Lapse => return Ok(lapse(menu, moment)),
    };
    if after == *menu {
        return Ok(Decision::Keep { document: to_json(menu), position: menu.position });
    }
    if !menu.is_as(expected) {
        let stale = Refusal::new(RefusalKind::Stale, "the menu has been changed since it was read");
        return Err(Refusal { document: Some(to_json(menu)), ..stale });
    }
    let mut steps = Steps::from(to_json(menu), moment);
    steps.push(kind, None, &mut after);
    Ok(steps.decide(Write::Menu(Box::new(after))))
}

/// Ends what is due: the dishes in one event, the pause in another.
fn lapse(menu: &Menu, moment: Moment) -> Decision {
    let (mut after, mut steps) = (menu.clone(), Steps::from(to_json(menu), moment));
    let is_due = |until: Option<Timestamp>| until.is_some_and(|at| at <= moment.now);
    let due = after.items.values_mut().filter(|dish| is_due(dish.until));
    if due.map(|dish| (dish.available, dish.until) = (true, None)).count() > 0 {
        steps.push(EventKind::MenuAvailability, None, &mut after);
    }
    if is_due(after.paused_until) {
        (after.paused, after.paused_until) = (false, None);
        steps.push(EventKind::MenuResumed, None, &mut after);
    }
    if after == *menu {
        return Decision::Keep { document: to_json(menu), position: menu.position };
    }
    steps.decide(Write::Menu(Box::new(after)))
}
