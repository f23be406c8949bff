//! The rules that a restaurant sets: the lowest role for each action, and which orders the server accepts.

use crate::domain::model::command::MAX_MINUTES;
use crate::domain::model::principal::Role;
use crate::domain::values::action::ActionName;
use crate::domain::values::as_text::{or_default, present, serde_as_text};
use crate::domain::values::hours::Hours;
use crate::domain::values::text::TableLabel;
use crate::domain::values::version::Version;
use crate::domain::values::whole_number;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// An action for which a restaurant may require a higher role: an action of staff, or a change of today's menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuledAction {
    /// A command.
    Act(ActionName),
    /// Mark dishes as sold out or available.
    SetAvailability,
    /// Pause and resume orders.
    SetPause,
    /// Allow or forbid guests to add rounds.
    SetGuestRounds,
    /// Set when later courses go to the kitchen.
    SetFiring,
}

impl RuledAction {
    const OF_MENU: [Self; 4] = [Self::SetAvailability, Self::SetPause, Self::SetGuestRounds, Self::SetFiring];

    /// Returns all of them. A guest's call is not among them, since no role of the staff makes it.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_staff = ActionName::ALL.into_iter().filter(|action| *action != ActionName::CallWaiter);
        of_staff.map(Self::Act).chain(Self::OF_MENU)
    }

    /// Returns the word on the wire and in the audit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Act(action) => action.as_str(),
            Self::SetAvailability => "set_availability",
            Self::SetPause => "set_pause",
            Self::SetGuestRounds => "set_guest_rounds",
            Self::SetFiring => "set_firing",
        }
    }
}

impl fmt::Display for RuledAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word does not name such an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an action of staff")]
pub struct UnknownRuledAction;

impl FromStr for RuledAction {
    type Err = UnknownRuledAction;
    fn from_str(word: &str) -> Result<Self, UnknownRuledAction> {
        Self::all().find(|action| action.as_str() == word).ok_or(UnknownRuledAction)
    }
}

serde_as_text!(RuledAction);

/// The lowest role for an action, if it is higher than the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MinimumRole {
    /// People on the floor, but not kitchen screens.
    Staff,
    /// Managers.
    Manager,
}

impl MinimumRole {
    /// Whether a role is high enough. Guests and services are not staff, so they are not limited.
    #[must_use]
    pub const fn admits(self, role: Role) -> bool {
        match role {
            Role::Diner | Role::Service | Role::Manager => true,
            Role::Staff => matches!(self, Self::Staff),
            Role::Kitchen => false,
        }
    }
}

/// The most tables that a rule names.
const MAX_TABLES: usize = 500;
/// The most portions that a rule allows.
const MAX_PORTIONS: u16 = 9999;

/// Which orders the server accepts by itself. An order has to meet each condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoAccept {
    /// The minutes that are promised.
    #[serde(deserialize_with = "minutes")]
    #[schema(minimum = 1, maximum = 480)]
    pub minutes: u16,
    /// When, in the restaurant's time zone; absent for always. Never while the restaurant is closed.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// At which tables; absent for all orders, also those without a table.
    #[serde(default, deserialize_with = "tables", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 500)]
    pub tables: Option<BTreeSet<TableLabel>>,
    /// The most portions, over all lines; absent for any number.
    #[serde(default, deserialize_with = "portions", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9999)]
    pub most_portions: Option<u16>,
    /// The highest total, in minor units of the menu's currency; absent for any.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub most_total: Option<u32>,
    /// Also orders with a note, which may be about an allergy, declared or not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub notes: bool,
}

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    whole_number::within(deserializer, 1..=MAX_MINUTES)
}

/// Deserializes the most portions. `null` is refused, since the absence of the limit permits more than any value.
fn portions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    whole_number::within(deserializer, 1..=MAX_PORTIONS).map(Some)
}

/// Deserializes the tables, of which there are at most [`MAX_TABLES`]. `null` is refused, as for [`portions`].
fn tables<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeSet<TableLabel>>, D::Error> {
    let tables = BTreeSet::deserialize(deserializer)?;
    let message = format!("must be at most {MAX_TABLES} tables");
    (tables.len() <= MAX_TABLES).then_some(Some(tables)).ok_or_else(|| serde::de::Error::custom(message))
}

/// The rules. The default has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HouseRules {
    /// The lowest role for each action that needs a higher one than by default. The keys are the actions of staff, and
    /// `set_availability`, `set_pause`, `set_guest_rounds` and `set_firing`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, MinimumRole>, required = false)]
    pub minimum_roles: BTreeMap<RuledAction, MinimumRole>,
    /// Which orders the server accepts by itself; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_accept: Option<AutoAccept>,
}

impl HouseRules {
    /// Returns the version of the rules, a hash of their content.
    #[must_use]
    pub fn version(&self) -> Version {
        // Plain data with text keys always serializes.
        Version::of_bytes(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Returns the required role, if this role is too low.
    #[must_use]
    pub fn lacks(&self, role: Role, action: RuledAction) -> Option<MinimumRole> {
        self.minimum_roles.get(&action).copied().filter(|least| !least.admits(role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_a_word_of_its_own_that_reads_back() {
        let words: std::collections::BTreeSet<_> = RuledAction::all().map(RuledAction::as_str).collect();
        assert_eq!(words.len(), RuledAction::all().count());
        for action in RuledAction::all() {
            assert_eq!(action.as_str().parse(), Ok(action));
        }
        for word in ["", "call_waiter", "place", "Void_item", "replace_menu"] {
            assert_eq!(word.parse::<RuledAction>(), Err(UnknownRuledAction), "{word}");
        }
    }

    #[test]
    fn the_rules_of_a_restaurant_without_any_are_empty() {
        assert_eq!(serde_json::to_string(&HouseRules::default()).unwrap(), "{}");
        let text = r#"{"minimum_roles":{"void_item":"manager","start":"staff"}}"#;
        let rules: HouseRules = serde_json::from_str(text).unwrap();
        assert_eq!(rules.lacks(Role::Staff, RuledAction::Act(ActionName::VoidItem)), Some(MinimumRole::Manager));
        assert_eq!(rules.lacks(Role::Kitchen, RuledAction::Act(ActionName::Start)), Some(MinimumRole::Staff));
        assert_eq!(rules.lacks(Role::Staff, RuledAction::Act(ActionName::Start)), None);
        for wrong in [r#"{"minimum_roles":{"void_item":"kitchen"}}"#, r#"{"minimum_roles":{"call_waiter":"manager"}}"#] {
            assert!(serde_json::from_str::<HouseRules>(wrong).is_err(), "{wrong}");
        }
    }
}
