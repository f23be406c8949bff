//! The rule for changes of the menu.

use super::decision::{Decision, Steps, Write};
use crate::domain::model::course::Firing;
use crate::domain::model::draft::{Moment, in_future, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::menu::Menu;
use crate::domain::model::menu_draft::MenuDraft;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::values::ids::MenuItemId;
use crate::domain::values::level::Level;
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::Expected;

/// A change of the menu by a manager, by staff or by the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MenuAction {
    /// Mark a dish as sold out or as available.
    Availability {
        /// The dish.
        item: MenuItemId,
        /// Whether guests can order it.
        available: bool,
        /// When a sold-out dish becomes available again without anyone's action.
        until: Option<Timestamp>,
    },
    /// Pause orders, or resume them.
    Pause {
        /// Whether to pause.
        paused: bool,
        /// When the pause ends without anyone's action.
        until: Option<Timestamp>,
    },
    /// Let guests add rounds to their open orders, or no longer.
    GuestRounds(bool),
    /// Set when later courses of new orders go to the kitchen.
    Firing(Firing),
    /// Replace all categories and dishes.
    Replace(Box<MenuDraft>),
    /// End each pause and sold-out mark that is due.
    Lapse,
}

impl MenuAction {
    /// Returns the feature level that the action needs.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::GuestRounds(_) | Self::Firing(_) => Level::TWO,
            Self::Replace(draft) => draft.level(),
            Self::Availability { .. } | Self::Pause { .. } | Self::Lapse => Level::ZERO,
        }
    }
}

/// Decides on a change of the menu. An edit of an outdated version is stale, unless it would change
/// nothing.
///
/// # Errors
/// `stale`, with the current menu, if it is not one of the expected versions; `not_found` for a
/// dish that is not on it; `invalid` for an `until` in the past and for an inconsistent draft.
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
        MenuAction::GuestRounds(allowed) => {
            after.guest_rounds = *allowed;
            EventKind::MenuChanged
        }
        MenuAction::Firing(firing) => {
            after.firing = *firing;
            EventKind::MenuChanged
        }
        MenuAction::Replace(draft) => {
            draft.replace_in(&mut after, moment)?;
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

/// Ends the sold-out marks that are due in one event, and the pause in another.
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
