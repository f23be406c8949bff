//! The rule for moving a visit to another table, for merging two visits, for splitting one, and for undoing that.

use super::decision::{Decision, OrderSteps, Write};
use super::split_visit::{self, NewVisitIds, Outcome};
use crate::domain::model::call::Call;
use crate::domain::model::draft::{Draft, Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::order::Order;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::model::visit::{
    MOST_MOVED, Merged, OpenVisit, Seating, VisitAction, VisitBill, VisitChange, VisitWrite, position_of,
};
use crate::domain::values::ids::{OrderId, VisitChangeId, VisitId};
use crate::domain::values::position::Position;
use crate::domain::values::text::TableLabel;
use serde_json::{Map, Value, json};

/// Decides on a visit. Every order and open call of the visit moves with it. Moving to the table
/// where the visit is, and repeating a merge or an undo, changes nothing.
///
/// # Errors
/// `not_found` for a visit that is over, `stale`, `invalid` for a table that does not exist,
/// `conflict` while another visit or a call is at the table, and `invalid_transition` for a change that can no
/// longer be undone. Those of [`split_visit`] for a split.
pub fn decide(
    seating: Seating,
    action: &VisitAction,
    expected: Option<Position>,
    new: &NewVisitIds,
    moment: Moment,
) -> Result<Decision, Refusal> {
    let visit = seating.visit.clone().ok_or_else(no_such_visit)?;
    if holds(&visit, &seating, action) {
        return Ok(unchanged(&visit, &seating, moment));
    }
    let (subject, orders) = match action {
        VisitAction::Merge { .. } => seating.joining.as_ref().map(|(visit, orders)| (visit, orders)).ok_or_else(no_such_visit)?,
        VisitAction::Move { .. } | VisitAction::Split { .. } | VisitAction::Undo { .. } => (&visit, &seating.orders),
    };
    if expected.is_some_and(|position| position != position_of(orders)) {
        let message = "the visit has changed since you last saw it; check it and try again";
        let document = to_json(&VisitBill::of(subject.clone(), orders, &[], moment.now));
        return Err(Refusal { document: Some(document), ..Refusal::new(RefusalKind::Stale, message) });
    }
    let change = |from: &TableLabel, to: &TableLabel, merged| VisitChange {
        id: new.change,
        visit: visit.id,
        position: moment.head.next(),
        at: moment.now,
        from: from.clone(),
        to: to.clone(),
        bill: subject.bill,
        merged,
        split: None,
        is_undone: false,
        guests: Vec::new(),
    };
    let change = match action {
        VisitAction::Move { table, .. } => change(&visit.table, table, None),
        VisitAction::Merge { .. } => change(&subject.table, &visit.table, Some(merged(&visit, subject, orders, &seating)?)),
        VisitAction::Split { lines, to, .. } => {
            let outcome = split_visit::split(&visit, &seating, lines, to, new, moment)?;
            return Ok(divide(visit, seating.changes, outcome, moment));
        }
        VisitAction::Undo { change } => undone(&seating, *change, moment)?,
    };
    if let Some(split) = &change.split {
        let outcome = split_visit::undo(&visit, &seating, change.clone(), split, moment)?;
        return Ok(divide(visit, seating.changes, outcome, moment));
    }
    match (&change.merged, change.is_undone) {
        (Some(_), false) => {}
        // A bill comes back to the table of others.
        (_, true) if change.bill.is_some() => {}
        // The calls of the table are their own if they merged with another bill of it.
        (_, true) => check_table(&seating, &change.from, change.from != change.to)?,
        (None, false) => check_table(&seating, &change.to, true)?,
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
        VisitAction::Split { .. } => false,
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
    // The calls of a table are those of its first bill.
    let calls = seating.calls.values().filter(|call| call.table == joining.table && joining.bill.is_none());
    let calls = calls.map(|call| call.id).collect();
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
    // Since a bill left its table, another one there may have got its number.
    let bill = change.bill.map(|bill| if seating.bills.contains(&bill) { seating.next_bill() } else { bill });
    Ok(VisitChange { is_undone: true, bill, ..change.clone() })
}

fn check_table(seating: &Seating, to: &TableLabel, without_calls: bool) -> Result<(), Refusal> {
    if !seating.has_table {
        return Err(Refusal::new(RefusalKind::Invalid, "table: the restaurant has no such table"));
    }
    // Guests who have called but not ordered yet have no visit.
    let is_called = seating.calls.values().any(|call| call.table == *to);
    if seating.is_taken || without_calls && is_called {
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
    let write = VisitWrite::new(change);
    let (from, to) = (write.tables().0.clone(), write.tables().1.clone());
    let is_called = |call: &Call| match &write.change.merged {
        Some(merged) => merged.calls.contains(&call.id),
        None => call.table == from && write.change.bill.is_none(),
    };
    let mut steps = Relocation { to: to.clone(), steps: OrderSteps::from(moment) };
    let moved: Vec<Order> = leaving.into_iter().map(|order| steps.order(order)).collect();
    let calls = steps.calls(calls.into_values().filter(is_called).collect());
    put_first(&mut changes, &write.change);
    // What a merge had added is on a bill of its own again.
    let is_apart = write.change.merged.is_some() && write.change.is_undone;
    let mut bill = staying;
    bill.extend(moved.iter().filter(|_| !is_apart).cloned());
    bill.sort_by_key(|order| order.id);
    let visit = match &write.change {
        VisitChange { merged: Some(_), .. } => visit,
        // A bill that moves to another table becomes the first bill there.
        change => OpenVisit { table: to, bill: change.bill.filter(|_| change.is_undone), ..visit },
    };
    let document = to_json(&VisitBill::of(visit, &bill, &changes, moment.now));
    Decision::Change {
        drafts: steps.steps.drafts,
        write: Write::Visit(Box::new(VisitWrite { orders: moved, calls, ..write })),
        document,
    }
}

fn put_first(changes: &mut Vec<VisitChange>, change: &VisitChange) {
    changes.retain(|known| known.id != change.id);
    changes.insert(0, change.clone());
}

/// Returns the decision on a split. The document is the visit that the lines left or came back to.
fn divide(visit: OpenVisit, mut changes: Vec<VisitChange>, outcome: Outcome, moment: Moment) -> Decision {
    let Outcome { write, drafts, orders } = outcome;
    put_first(&mut changes, &write.change);
    let document = to_json(&VisitBill::of(visit, &orders, &changes, moment.now));
    Decision::Change { drafts, write: Write::Visit(Box::new(write)), document }
}

/// The events of a move.
struct Relocation {
    to: TableLabel,
    steps: OrderSteps,
}

impl Relocation {
    fn order(&mut self, order: Order) -> Order {
        let moved = Order { table: Some(self.to.clone()), ..order.clone() };
        self.steps.push(EventKind::OrderMoved, Some(&order), moved)
    }

    /// Moves the calls with one event, if there are any.
    fn calls(&mut self, calls: Vec<Call>) -> Vec<Call> {
        let moved: Vec<_> = calls.into_iter().map(|call| Call { table: self.to.clone(), ..call }).collect();
        if !moved.is_empty() {
            let entry = |call: &Call| (call.id.to_string(), json!({ "table": call.table }));
            let patch = Value::Object(Map::from_iter(moved.iter().map(entry)));
            self.steps.drafts.push(Draft { rule: None, kind: EventKind::CallMoved, order: None, patch });
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
