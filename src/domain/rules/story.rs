//! The story of an order: its events with their originators, and what was undone.

use crate::domain::model::event::{By, Event, EventKind};
use crate::domain::values::ids::{CommandId, ItemId};
use crate::domain::values::position::Position;
use crate::domain::values::reason::Reason;
use crate::domain::values::time::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// One event of an order, as a step of its story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The event's position.
    pub position: Position,
    /// What happened.
    pub kind: EventKind,
    /// The time.
    pub at: Timestamp,
    /// The originator.
    pub by: By,
    /// The command that caused it, if a command did.
    pub command: Option<CommandId>,
    /// The lines that it changed.
    pub items: BTreeSet<ItemId>,
    /// The time that it promised.
    pub promised_at: Option<Timestamp>,
    /// The mark that it set or removed, for `order.rushed`.
    pub rush: Option<bool>,
    /// The reason that it gave.
    pub reason: Option<Reason>,
    /// The position of the event that undid it.
    pub undone_by: Option<Position>,
}

/// The parts of a patch that a story reads. A `null` removes a field, and counts as absent here.
#[derive(Default, Deserialize)]
struct Patch {
    #[serde(default)]
    items: BTreeMap<ItemId, Option<ItemPatch>>,
    #[serde(default)]
    promised_at: Option<Timestamp>,
    #[serde(default)]
    rush: Option<bool>,
    #[serde(default)]
    reason: Option<Reason>,
}

#[derive(Deserialize)]
struct ItemPatch {
    #[serde(default)]
    reason: Option<Reason>,
}

/// Builds the story of an order from its events, oldest first.
#[must_use]
pub fn tell(events: &[Event]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(events.len());
    for event in events {
        let step = step(event);
        let follows_round = steps.last().is_some_and(|last| is_of_one_command(last, &step) && last.kind == EventKind::ItemAdded);
        if !follows_round {
            undo(&mut steps, &step);
        }
        steps.push(step);
    }
    steps
}

fn step(event: &Event) -> Step {
    // The move of a closed order carries the whole document.
    let is_moved = event.kind == EventKind::OrderMoved;
    let patch: Patch = if is_moved { Patch::default() } else { serde_json::from_str(event.patch.get()).unwrap_or_default() };
    let of_item = || patch.items.values().flatten().find_map(|item| item.reason);
    let is_placed = event.kind == EventKind::OrderPlaced;
    Step {
        position: event.position,
        kind: event.kind,
        at: event.at,
        by: event.by.clone(),
        command: event.command,
        promised_at: patch.promised_at.filter(|_| event.kind != EventKind::OrderRecalled),
        rush: patch.rush.filter(|_| event.kind == EventKind::OrderRushed),
        reason: patch.reason.or_else(of_item).filter(|_| !is_placed),
        items: patch.items.into_keys().collect(),
        undone_by: None,
    }
}

fn is_of_one_command(one: &Step, next: &Step) -> bool {
    one.command.is_some() && one.command == next.command
}

/// Marks the earlier steps that a step undoes.
fn undo(steps: &mut [Step], by: &Step) {
    use EventKind::{
        ItemFinished, ItemFired, ItemHeld, ItemRecalled, ItemServed, OrderReady, OrderRecalled, OrderRushed, OrderServed,
    };
    let undone: &[EventKind] = match by.kind {
        ItemRecalled => &[ItemFinished, ItemServed],
        OrderRecalled => &[ItemFinished, ItemServed, OrderReady, OrderServed],
        ItemHeld => &[ItemFired],
        OrderRushed if by.rush == Some(false) => &[OrderRushed],
        _ => return,
    };
    let is_of_order = |kind| matches!(kind, OrderReady | OrderServed | OrderRushed);
    for step in steps.iter_mut().filter(|step| step.undone_by.is_none() && undone.contains(&step.kind)) {
        if step.rush == Some(false) {
            continue;
        }
        if is_of_order(step.kind) || (!step.items.is_empty() && step.items.is_subset(&by.items)) {
            step.undone_by = Some(by.position);
        }
    }
}

#[cfg(test)]
#[path = "tests/story.rs"]
mod tests;
