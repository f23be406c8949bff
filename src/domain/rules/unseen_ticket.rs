//! Decides what the floor is told of tickets that no screen shows.

use super::decision::{Decision, Write};
use crate::domain::model::draft::{Draft, Moment};
use crate::domain::model::event::EventKind;
use crate::domain::model::undrawn::{Changes, Ticket, Tickets, entry, id};
use crate::domain::values::text::Station;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Decides what the floor is told: one event for each station of which there is something to tell. Decided from what the
/// feed's own transaction reads, so that of many nodes that find the same one has an effect.
#[must_use]
pub fn decide(tickets: &Tickets, overdue: &BTreeSet<Ticket>, moment: Moment) -> Decision {
    let news = tickets.news(overdue);
    if news.is_empty() {
        return Decision::Keep { document: Value::Object(Map::new()), position: moment.head };
    }
    let drafts = news.stations().into_iter().map(|station| draft(station, tickets, &news)).collect();
    Decision::Change { drafts, write: Write::Undrawn(news), document: Value::Object(Map::new()) }
}

fn draft(station: &Station, tickets: &Tickets, news: &Changes) -> Draft {
    let here = |set: &BTreeSet<Ticket>| set.iter().filter(|ticket| ticket.station == *station).cloned().collect::<BTreeSet<_>>();
    let (raised, settled) = (here(&news.raised), here(&news.settled));
    let is_over = raised.is_empty() && here(&tickets.raised) == settled;
    let kind = if raised.is_empty() { EventKind::DisplayConnected } else { EventKind::DisplayLost };
    let told = raised.iter().map(|ticket| (ticket.order, json!(ticket.number)));
    let told = told.chain(settled.iter().map(|ticket| (ticket.order, Value::Null)));
    let entry = if is_over { Value::Null } else { entry(station, told) };
    Draft { kind, order: None, patch: Value::Object(Map::from_iter([(id(station), entry)])) }
}

#[cfg(test)]
#[path = "tests/unseen_ticket.rs"]
mod tests;
