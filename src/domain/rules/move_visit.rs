//! The rule for moving a visit to another table, for merging two visits, and for undoing that.

use super::decision::{Decision, Write};
use crate::domain::model::call::Call;
use crate::domain::model::draft::{Draft, Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::order::Order;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::visit::{
    MOST_MOVED, Merged, OpenVisit, Seating, VisitAction, VisitBill, VisitChange, VisitWrite, position_of,
};
use crate::domain::values::ids::{OrderId, VisitChangeId, VisitId};
use crate::domain::values::merge_patch;
use crate::domain::values::position::Position;
use crate::domain::values::text::TableLabel;
use serde_json::{Map, Value, json};

/// Decides on a visit. Every order and open call of the visit moves with it. Moving to the table
/// where the visit is, and repeating a merge or an undo, changes nothing.
///
/// # Errors
/// `not_found` for a visit that is over, `stale`, `invalid` for a table that does not exist,
/// `conflict` while another visit or a call is at the table, and `invalid_transition` for a change that can no
/// longer be undone.
pub fn decide(
    seating: Seating,
    action: &VisitAction,
    expected: Option<Position>,
    new_id: VisitChangeId,
    moment: Moment,
) -> Result<Decision, Refusal> {
    let visit = seating.visit.clone().ok_or_else(no_such_visit)?;
    if holds(&visit, &seating, action) {
        return Ok(unchanged(&visit, &seating, moment));
    }
    let (subject, orders) = match action {
        VisitAction::Merge { .. } => seating.joining.as_ref().map(|(visit, orders)| (visit, orders)).ok_or_else(no_such_visit)?,
        VisitAction::Move { .. } | VisitAction::Undo { .. } => (&visit, &seating.orders),
    };
    if expected.is_some_and(|position| position != position_of(orders)) {
        let message = "the visit has changed since you last saw it; check it and try again";
        let document = to_json(&VisitBill::of(subject.clone(), orders, &[], moment.now));
        return Err(Refusal { document: Some(document), ..Refusal::new(RefusalKind::Stale, message) });
    }
    let change = |from: &TableLabel, to: &TableLabel, merged| VisitChange {
        id: new_id,
        visit: visit.id,
        position: moment.head.next(),
        at: moment.now,
        from: from.clone(),
        to: to.clone(),
        merged,
        is_undone: false,
        guests: Vec::new(),
    };
    let change = match action {
        VisitAction::Move { table, .. } => change(&visit.table, table, None),
        VisitAction::Merge { .. } => change(&subject.table, &visit.table, Some(merged(&visit, subject, orders, &seating)?)),
        VisitAction::Undo { change } => undone(&seating, *change, moment)?,
    };
    match (&change.merged, change.is_undone) {
        (Some(_), false) => {}
        (_, true) => check_table(&seating, &change.from)?,
        (None, false) => check_table(&seating, &change.to)?,
    }
    Ok(relocate(visit, seating, change, moment))
}

fn no_such_visit() -> Refusal {
    Refusal::new(RefusalKind::NotFound, "no such visit; it may be over")
}

/// Whether the effect of an action holds already, so that a repetition with an older position is not stale.
fn holds(visit: &OpenVisit, seating: &Seating, action: &VisitAction) -> bool {
    match action {
        VisitAction::Move { table, .. } => *table == visit.table,
        VisitAction::Merge { visit, .. } => is_merged(seating, *visit),
        VisitAction::Undo { change } => seating.changes.iter().any(|known| known.id == *change && known.is_undone),
    }
}

/// Whether a visit was merged into this one already.
fn is_merged(seating: &Seating, joining: VisitId) -> bool {
    let mut merges = seating.changes.iter().filter(|change| !change.is_undone).filter_map(|change| change.merged.as_ref());
    seating.joining.is_none() && merges.any(|merged| merged.visit == joining)
}

fn merged(visit: &OpenVisit, joining: &OpenVisit, orders: &[Order], seating: &Seating) -> Result<Merged, Refusal> {
    let refuse = |message| Err(Refusal::new(RefusalKind::Invalid, message));
    if joining.id == visit.id {
        return refuse("into: a visit cannot be merged into itself".into());
    }
    if orders.len() + seating.orders.len() > MOST_MOVED {
        return refuse(format!("the visits have more than {MOST_MOVED} orders together and cannot be merged"));
    }
    let calls = seating.calls.values().filter(|call| call.table == joining.table).map(|call| call.id).collect();
    Ok(Merged { visit: joining.id, orders: orders.iter().map(|order| order.id).collect(), calls })
}

/// Returns the change as undone.
fn undone(seating: &Seating, id: VisitChangeId, moment: Moment) -> Result<VisitChange, Refusal> {
    let not_found = || Refusal::new(RefusalKind::NotFound, "no such change of a visit");
    let change = seating.changes.iter().find(|change| change.id == id).ok_or_else(not_found)?;
    let refuse = |message| Err(Refusal::new(RefusalKind::InvalidTransition, message));
    if !change.can_be_undone(moment.now) {
        return refuse("this was more than 15 minutes ago and can no longer be undone");
    }
    if seating.changes.iter().find(|change| !change.is_undone).is_some_and(|last| last.id != id) {
        return refuse("the visit has changed again since; undo that first");
    }
    Ok(VisitChange { is_undone: true, ..change.clone() })
}

fn check_table(seating: &Seating, to: &TableLabel) -> Result<(), Refusal> {
    if !seating.has_table {
        return Err(Refusal::new(RefusalKind::Invalid, "table: the restaurant has no such table"));
    }
    // Guests who have called but not ordered yet have no visit.
    if seating.is_taken || seating.calls.values().any(|call| call.table == *to) {
        return Err(Refusal::new(RefusalKind::Conflict, "other guests are at this table; choose a free one"));
    }
    if seating.orders.len() > MOST_MOVED {
        let message = format!("the visit has more than {MOST_MOVED} orders and cannot be moved");
        return Err(Refusal::new(RefusalKind::Invalid, message));
    }
    Ok(())
}

fn relocate(visit: OpenVisit, seating: Seating, change: VisitChange, moment: Moment) -> Decision {
    let Seating { orders, joining, mut changes, calls, .. } = seating;
    let is_of_merge = |id: &OrderId| change.merged.as_ref().is_none_or(|merged| merged.orders.contains(id));
    let (leaving, staying) = match joining {
        Some((_, joining)) => (joining, orders),
        None => orders.into_iter().partition(|order| is_of_merge(&order.id)),
    };
    let write = VisitWrite { change, orders: Vec::new(), calls: Vec::new() };
    let (from, to) = (write.tables().0.clone(), write.tables().1.clone());
    let is_called = |call: &Call| match &write.change.merged {
        Some(merged) => merged.calls.contains(&call.id),
        None => call.table == from,
    };
    let mut steps = Relocation { to: to.clone(), head: moment.head, drafts: Vec::new() };
    let moved: Vec<Order> = leaving.into_iter().map(|order| steps.order(order)).collect();
    let calls = steps.calls(calls.into_values().filter(is_called).collect());
    changes.retain(|known| known.id != write.change.id);
    changes.insert(0, write.change.clone());
    // The orders that a merge had added get back their own bill.
    let is_apart = write.change.merged.is_some() && write.change.is_undone;
    let mut bill = staying;
    bill.extend(moved.iter().filter(|_| !is_apart).cloned());
    bill.sort_by_key(|order| order.id);
    let table = if write.change.merged.is_some() { visit.table } else { to };
    let document = to_json(&VisitBill::of(OpenVisit { table, ..visit }, &bill, &changes, moment.now));
    Decision::Change {
        drafts: steps.drafts,
        write: Write::Visit(Box::new(VisitWrite { orders: moved, calls, ..write })),
        document,
    }
}

/// The events of a move.
struct Relocation {
    to: TableLabel,
    head: Position,
    drafts: Vec<Draft>,
}

impl Relocation {
    fn order(&mut self, order: Order) -> Order {
        self.head = self.head.next();
        let moved = Order { table: Some(self.to.clone()), position: self.head, ..order.clone() };
        // Screens that joined after an order was closed do not have it.
        let patch_of = if order.status.is_final() { merge_patch::whole } else { merge_patch::diff };
        let patch = patch_of(&to_json(&order), &to_json(&moved));
        self.drafts.push(Draft { kind: EventKind::OrderMoved, order: Some(moved.id), patch });
        moved
    }

    /// Moves the calls with one event, if there are any.
    fn calls(&mut self, calls: Vec<Call>) -> Vec<Call> {
        let moved: Vec<_> = calls.into_iter().map(|call| Call { table: self.to.clone(), ..call }).collect();
        if !moved.is_empty() {
            let entry = |call: &Call| (call.id.to_string(), json!({ "table": call.table }));
            let patch = Value::Object(Map::from_iter(moved.iter().map(entry)));
            self.drafts.push(Draft { kind: EventKind::CallMoved, order: None, patch });
        }
        moved
    }
}

fn bill(visit: &OpenVisit, seating: &Seating, moment: Moment) -> Value {
    to_json(&VisitBill::of(visit.clone(), &seating.orders, &seating.changes, moment.now))
}

fn unchanged(visit: &OpenVisit, seating: &Seating, moment: Moment) -> Decision {
    Decision::Keep { document: bill(visit, seating, moment), position: position_of(&seating.orders) }
}
