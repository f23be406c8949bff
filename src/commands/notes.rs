//! Audit entries about commands. Guests' commands on their own orders are only in the log.

use crate::domain::model::command::{CallAction, Cause, Command, Lines, OrderAction, Subject};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::visit::VisitAction;
use crate::domain::rules::change_menu::MenuAction;
use crate::store::audit::{Kind, Note};

fn note(who: &Principal, kind: Kind, action: &'static str) -> Option<Note> {
    (who.role != Role::Diner).then(|| Note::new(who.restaurant, kind, action).by(who))
}

/// Returns the entry for an order that staff place.
pub fn of_place(who: &Principal) -> Option<Note> {
    note(who, Kind::Orders, "place")
}

/// Returns the entry for a command on an order, a call or a visit.
pub fn of_command(who: &Principal, command: &Command) -> Option<Note> {
    let is_of_visit = matches!(command.subject, Subject::Visit { .. });
    let note = note(who, if is_of_visit { Kind::Tables } else { Kind::Orders }, command.action().as_str())?;
    Some(match &command.subject {
        Subject::Order { order, action, .. } => of_action(note.about(order), action),
        Subject::Call(CallAction::Answer(call)) => note.about(call),
        Subject::Call(_) => note,
        Subject::Visit { action: VisitAction::Move { visit, table }, .. } => note.about(visit).set_to(table),
        Subject::Visit { action: VisitAction::Merge { visit, into }, .. } => note.about(visit).part(into),
        Subject::Visit { action: VisitAction::Split { visit, lines, .. }, .. } => note.about(visit).set_to(lines.len()),
        Subject::Visit { action: VisitAction::Undo { change }, .. } => note.part(change),
    })
}

fn of_action(note: Note, action: &OrderAction) -> Note {
    let because = |note: Note, cause: &Cause| note.because(cause.reason.as_str());
    match action {
        OrderAction::Reject(cause) | OrderAction::Cancel(cause) => because(note, cause),
        OrderAction::VoidItem(item, cause) => because(note.part(item), cause),
        OrderAction::VoidSome(item, quantity, cause) => because(note.part(item).set_to(quantity), cause),
        OrderAction::StartItem(item) | OrderAction::FinishItem(item) | OrderAction::RecallItem(item) => note.part(item),
        OrderAction::Accept { minutes: Some(minutes) } | OrderAction::Promise { minutes } => note.set_to(minutes),
        OrderAction::Rush(rush) => note.set_to(rush),
        OrderAction::Reschedule(due) => note.set_to(due),
        OrderAction::AddItems(round) => note.set_to(round.items.len()),
        OrderAction::ChangeItem(correction) => note.part(correction.item),
        OrderAction::ServeItem(item) | OrderAction::Fire(Lines::Item(item)) | OrderAction::Hold(Lines::Item(item)) => {
            note.part(item)
        }
        OrderAction::ServeCourse(course)
        | OrderAction::Fire(Lines::Course(course))
        | OrderAction::Hold(Lines::Course(course)) => note.set_to(course.number()),
        _ => note,
    }
}

/// Returns the entry for a change of the menu.
pub fn of_menu(who: &Principal, action: &MenuAction) -> Option<Note> {
    let of = |action| note(who, Kind::Menu, action);
    match action {
        MenuAction::Availability { item, option, available, .. } => {
            let value = if *available { "available" } else { "sold_out" };
            let note = of("set_availability").map(|note| note.about(item).set_to(value));
            match option {
                Some(option) => note.map(|note| note.part(option)),
                None => note,
            }
        }
        MenuAction::Pause { paused, .. } => of("set_pause").map(|note| note.set_to(if *paused { "paused" } else { "open" })),
        MenuAction::GuestRounds(allowed) => {
            of("set_guest_rounds").map(|note| note.set_to(if *allowed { "allowed" } else { "refused" }))
        }
        MenuAction::Firing(rule) => of("set_firing").map(|note| {
            let word = rule.firing.as_str();
            note.set_to(rule.minutes.map_or_else(|| word.to_owned(), |minutes| format!("{word} {minutes}")))
        }),
        MenuAction::NamesRequired(required) => {
            of("set_names").map(|note| note.set_to(if *required { "required" } else { "optional" }))
        }
        MenuAction::Replace(_) => of("replace_menu"),
        MenuAction::Hours(_) => of("set_hours"),
        MenuAction::Lapse => None,
    }
}
