//! The rule for reporting unseen tickets to the floor.

use super::decision::{Decision, Write};
use crate::domain::model::draft::{Draft, Moment};
use crate::domain::model::event::EventKind;
use crate::domain::model::undrawn::{Changes, Ticket, Tickets, entry, id};
use crate::domain::values::text::Station;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Decides which changes to report: one event for each station with a change. Since `tickets` comes
/// from the feed's own transaction, only the first of several nodes that find the same has an
/// effect.
#[must_use]
pub fn decide(tickets: &Tickets, overdue: &BTreeSet<Ticket>, moment: Moment) -> Decision {
    let changes = tickets.changes(overdue);
    if changes.is_empty() {
        return Decision::Keep { document: Value::Object(Map::new()), position: moment.head };
    }
    let drafts = changes.stations().into_iter().map(|station| draft(station, tickets, &changes)).collect();
    Decision::Change { drafts, write: Write::Undrawn(changes), document: Value::Object(Map::new()) }
}

fn draft(station: &Station, tickets: &Tickets, changes: &Changes) -> Draft {
    let here = |set: &BTreeSet<Ticket>| set.iter().filter(|ticket| ticket.station == *station).cloned().collect::<BTreeSet<_>>();
    let (raised, settled) = (here(&changes.raised), here(&changes.settled));
    let is_over = raised.is_empty() && here(&tickets.raised) == settled;
    let kind = if raised.is_empty() { EventKind::DisplayConnected } else { EventKind::DisplayLost };
    let orders = raised.iter().map(|ticket| (ticket.order, json!(ticket.number)));
    let orders = orders.chain(settled.iter().map(|ticket| (ticket.order, Value::Null)));
    let entry = if is_over { Value::Null } else { entry(station, orders) };
    Draft { rule: None, kind, order: None, patch: Value::Object(Map::from_iter([(id(station), entry)])) }
}

#[cfg(test)]
#[path = "tests/unseen_ticket.rs"]
mod tests;
