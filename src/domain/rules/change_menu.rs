//! The rule for changes of the menu.

use super::decision::{Decision, Steps, Write};
use crate::domain::model::course::FiringRule;
use crate::domain::model::draft::{Moment, in_future, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::house_rules::RuledAction;
use crate::domain::model::menu::Menu;
use crate::domain::model::menu_draft::MenuDraft;
use crate::domain::model::opening::HoursDraft;
use crate::domain::model::refusal::{Refusal, RefusalKind, invalid};
use crate::domain::values::ids::{MenuItemId, OptionId};
use crate::domain::values::level::Level;
use crate::domain::values::time::Timestamp;
use crate::domain::values::version::Expected;

/// A change of the menu by a manager, by staff or by the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MenuAction {
    /// Mark a dish, or one of its options, as sold out or as available.
    Availability {
        /// The dish.
        item: MenuItemId,
        /// The option of the dish.
        option: Option<OptionId>,
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
    /// Ask for a name with each takeaway order, or no longer.
    NamesRequired(bool),
    /// Set when later courses of new orders go to the kitchen.
    Firing(FiringRule),
    /// Replace all categories and dishes.
    Replace(Box<MenuDraft>),
    /// Set the time zone and all hours.
    Hours(Box<HoursDraft>),
    /// End each pause and sold-out mark that is due, and begin or end hours.
    Lapse,
}

impl MenuAction {
    /// Returns the action under which the restaurant's rules may restrict it, if any.
    #[must_use]
    pub const fn ruled_action(&self) -> Option<RuledAction> {
        match self {
            Self::Availability { .. } => Some(RuledAction::SetAvailability),
            Self::Pause { .. } => Some(RuledAction::SetPause),
            Self::GuestRounds(_) => Some(RuledAction::SetGuestRounds),
            Self::Firing(_) => Some(RuledAction::SetFiring),
            Self::Replace(_) | Self::Hours(_) | Self::NamesRequired(_) | Self::Lapse => None,
        }
    }

    /// Returns the feature level that the action needs.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::GuestRounds(_)
            | Self::NamesRequired(_)
            | Self::Firing(_)
            | Self::Hours(_)
            | Self::Availability { option: Some(_), .. } => Level::TWO,
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
/// dish or an option that is not on it; `invalid` for an `until` in the past and for an inconsistent draft.
pub fn decide(menu: &Menu, action: &MenuAction, expected: &Expected, moment: Moment) -> Result<Decision, Refusal> {
    let mut after = menu.clone();
    let kind = match action {
        MenuAction::Availability { item, option, available, until } => {
            let mark = mark_of(&mut after, *item, *option)?;
            (*mark.available, *mark.until) = (*available, in_future(*until, *available, moment)?);
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
        MenuAction::NamesRequired(required) => {
            after.names_required = *required;
            EventKind::MenuChanged
        }
        MenuAction::Firing(rule) => {
            check_firing(*rule)?;
            (after.firing, after.firing_minutes) = (rule.firing, rule.minutes);
            EventKind::MenuChanged
        }
        MenuAction::Replace(draft) => {
            draft.replace_in(&mut after, moment)?;
            EventKind::MenuChanged
        }
        MenuAction::Hours(draft) => {
            set_hours(&mut after, draft, moment)?;
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

/// Checks that only courses that fire by themselves wait for minutes.
fn check_firing(FiringRule { firing, minutes }: FiringRule) -> Result<(), Refusal> {
    if minutes.is_none() || firing.is_by_itself() {
        return Ok(());
    }
    Err(invalid("minutes: only courses that fire after the one before wait; leave it out"))
}

fn set_hours(menu: &mut Menu, draft: &HoursDraft, moment: Moment) -> Result<(), Refusal> {
    if !draft.categories.keys().all(|id| menu.categories.contains_key(id)) {
        return Err(invalid("categories: one is not on the menu"));
    }
    (menu.time_zone, menu.hours) = (draft.time_zone.clone(), draft.hours.clone());
    for (id, category) in &mut menu.categories {
        category.hours = draft.categories.get(id).cloned();
    }
    menu.set_openings(moment.now);
    Ok(())
}

/// The sold-out mark of a dish or of an option.
struct Mark<'a> {
    available: &'a mut bool,
    until: &'a mut Option<Timestamp>,
}

/// Returns the sold-out mark of a dish, or of one of its options.
fn mark_of(menu: &mut Menu, item: MenuItemId, option: Option<OptionId>) -> Result<Mark<'_>, Refusal> {
    let missing = |what: &str| Refusal::new(RefusalKind::NotFound, format!("no such {what} on this menu"));
    let dish = menu.items.get_mut(&item).ok_or_else(|| missing("dish"))?;
    let Some(id) = option else { return Ok(Mark { available: &mut dish.available, until: &mut dish.until }) };
    let option = dish.options.get_mut(&id).ok_or_else(|| missing("option"))?;
    Ok(Mark { available: &mut option.available, until: &mut option.until })
}

/// Returns every sold-out mark of a menu.
fn marks(menu: &mut Menu) -> impl Iterator<Item = Mark<'_>> {
    menu.items.values_mut().flat_map(|dish| {
        let own = Mark { available: &mut dish.available, until: &mut dish.until };
        let options = dish.options.values_mut();
        std::iter::once(own).chain(options.map(|option| Mark { available: &mut option.available, until: &mut option.until }))
    })
}

/// Ends the sold-out marks that are due in one event, the pause in another, and begins or ends hours in a third.
fn lapse(menu: &Menu, moment: Moment) -> Decision {
    let (mut after, mut steps) = (menu.clone(), Steps::from(to_json(menu), moment));
    let is_due = |until: Option<Timestamp>| until.is_some_and(|at| at <= moment.now);
    let due = marks(&mut after).filter(|mark| is_due(*mark.until));
    if due.map(|mark| (*mark.available, *mark.until) = (true, None)).count() > 0 {
        steps.push(EventKind::MenuAvailability, None, &mut after);
    }
    if is_due(after.paused_until) {
        (after.paused, after.paused_until) = (false, None);
        steps.push(EventKind::MenuResumed, None, &mut after);
    }
    if is_due(after.next_opening()) {
        after.set_openings(moment.now);
        steps.push(EventKind::MenuChanged, None, &mut after);
    }
    if after == *menu {
        return Decision::Keep { document: to_json(menu), position: menu.position };
    }
    steps.decide(Write::Menu(Box::new(after)))
}
