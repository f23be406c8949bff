//! Decides about changes of the menu.

use super::decision::{Decision, Steps, Write};
use crate::domain::model::draft::{Moment, in_future, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::menu::Menu;
use crate::domain::model::menu_draft::MenuDraft;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::values::ids::MenuItemId;
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::Expected;

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
