//! The text of an audit entry about a decision: the name of its subject, and the outcome.

use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::refusal::Refusal;
use crate::domain::model::visit::{OpenVisit, Seating};
use crate::store::audit::Note;
use crate::store::log::{Ack, State};
use std::sync::Arc;

/// Sets the name by which people know the subject of the note.
pub fn labelled(mut note: Note, state: &State) -> Note {
    let subject = note.subject.as_deref();
    let dish = |menu: &Arc<Menu>| menu.items.get(&subject?.parse().ok()?).map(|item| item.name.to_string());
    let call = || state.calls.get(&subject?.parse().ok()?).map(|call| call.table.to_string());
    let order = state.order.as_ref().map(label_of);
    let label = visit(subject, &state.seating).or(order);
    let label = label.or_else(|| state.menu.as_ref().and_then(dish)).or_else(call);
    // A merge says where its guests went, as a move does.
    let into = state.seating.joining.as_ref().and_then(|_| table_of(state.seating.visit.as_ref()));
    note.value = note.value.or(into);
    note.label = label;
    note
}

/// Returns the table of the visit that a note is about. An undo is about a change, of the visit that was read.
fn visit(subject: Option<&str>, seating: &Seating) -> Option<String> {
    let Some(subject) = subject else { return table_of(seating.visit.as_ref()) };
    let read = seating.visit.iter().chain(seating.joining.as_ref().map(|(joining, _)| joining));
    table_of(read.into_iter().find(|visit| visit.id.to_string() == subject))
}

fn table_of(visit: Option<&OpenVisit>) -> Option<String> {
    visit.map(|visit| visit.table.to_string())
}

/// Returns the number of an order, which is unique, and its ticket, which people know.
pub fn label_of(order: &Order) -> String {
    let ticket = order.ticket.map(|ticket| format!(" ({ticket})")).unwrap_or_default();
    format!("{}{ticket}", order.number)
}

/// Sets the outcome of the note.
pub fn with_outcome(mut note: Note, answer: &Result<Ack, Refusal>) -> Note {
    note.outcome = match answer {
        Ok(ack) if ack.changed => Note::DONE,
        Ok(_) => "unchanged",
        Err(refusal) => refusal.kind.as_str(),
    };
    note
}
