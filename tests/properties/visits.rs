//! Visits that move and merge: patches fold to the documents, a visit's total is the sum of its lines, and undo is exact.

use crate::support::{Ticket, at, basket, has_null, line, position, principal};
use orderbell::domain::model::call::{Call, Calls};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::draft::{Moment, to_json};
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::order::Order;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus, OrderStatus};
use orderbell::domain::model::visit::{OpenVisit, Seating, UNDO_WINDOW, VisitAction, VisitChange, position_of};
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::move_visit;
use orderbell::domain::values::ids::{CallId, OrderId, VisitChangeId, VisitId};
use orderbell::domain::values::merge_patch;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::reason::CallReason;
use orderbell::domain::values::text::TableLabel;
use orderbell::domain::values::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

const TABLES: u8 = 4;

fn table(n: u8) -> TableLabel {
    format!("t{n}").parse().unwrap()
}

fn change_id(n: u128) -> VisitChangeId {
    VisitChangeId::from_uuid(Uuid::from_u128(0x9000 + n))
}

/// A floor, and a screen's fold of its patches.
#[derive(Clone)]
struct Floor {
    visits: Vec<(OpenVisit, Vec<OrderId>)>,
    /// The visits that were merged into another.
    ended: BTreeMap<VisitId, OpenVisit>,
    orders: BTreeMap<OrderId, Order>,
    calls: Calls,
    changes: Vec<VisitChange>,
    folded: BTreeMap<String, Value>,
    folded_calls: Value,
    head: Position,
    now: Timestamp,
    made: u128,
}

#[derive(Debug, Clone)]
enum Op {
    Order { table: u8, action: usize },
    Call { table: u8 },
    Move { visit: usize, table: u8 },
    Merge { visit: usize, into: usize },
    Undo { change: u128 },
    Wait { minutes: u64 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (0..TABLES, 0..4_usize).prop_map(|(table, action)| Op::Order { table, action }),
        1 => (0..TABLES).prop_map(|table| Op::Call { table }),
        // One more than the number of tables.
        4 => (0..4_usize, 0..=TABLES).prop_map(|(visit, table)| Op::Move { visit, table }),
        2 => (0..4_usize, 0..4_usize).prop_map(|(visit, into)| Op::Merge { visit, into }),
        4 => (0..40_u128).prop_map(|change| Op::Undo { change }),
        1 => (1..12_u64).prop_map(|minutes| Op::Wait { minutes }),
    ];
    prop::collection::vec(op, 1..40)
}

impl Floor {
    fn new() -> Self {
        Self {
            visits: Vec::new(),
            ended: BTreeMap::new(),
            orders: BTreeMap::new(),
            calls: Calls::new(),
            changes: Vec::new(),
            folded: BTreeMap::new(),
            folded_calls: json!({}),
            head: position(100),
            now: at(0),
            made: 0,
        }
    }

    /// Places an order at a table, and brings it to a status.
    fn order(&mut self, at: u8, action: usize) {
        self.made += 1;
        let mut ticket = Ticket::place(&basket(vec![line(0, 2), line(1, 1)]), self.head).unwrap();
        ticket.staff(&OrderAction::Accept { minutes: None });
        for next in [OrderAction::Start, OrderAction::Ready, OrderAction::Serve].into_iter().take(action) {
            ticket.must(&principal(Role::Staff, None), &next);
        }
        let id = OrderId::from_uuid(Uuid::from_u128(self.made));
        let order = Order { id, table: Some(table(at)), ..ticket.order };
        self.head = ticket.head;
        self.folded.insert(id.to_string(), to_json(&order));
        self.orders.insert(id, order);
        match self.visits.iter_mut().find(|(visit, _)| visit.table == table(at)) {
            Some((_, orders)) => orders.push(id),
            None => {
                let visit =
                    OpenVisit { id: VisitId::from_uuid(Uuid::from_u128(self.made)), table: table(at), opened_at: self.now };
                self.visits.push((visit, vec![id]));
            }
        }
    }

    fn call(&mut self, at: u8) {
        self.made += 1;
        let id = CallId::from_uuid(Uuid::from_u128(self.made));
        let call = Call { id, table: table(at), reason: CallReason::Help, raised_at: self.now };
        merge_patch::apply(&mut self.folded_calls, &json!({ id.to_string(): call }));
        self.calls.insert(id, call);
    }

    fn open(&self, id: VisitId) -> Option<(OpenVisit, Vec<Order>)> {
        let (visit, orders) = self.visits.iter().find(|(visit, _)| visit.id == id)?;
        Some((visit.clone(), orders.iter().map(|id| self.orders[id].clone()).collect()))
    }

    /// Reads what an action depends on, as the store does.
    fn seating(&self, action: &VisitAction) -> Seating {
        let id = match action {
            VisitAction::Move { visit, .. } | VisitAction::Merge { into: visit, .. } => Some(*visit),
            VisitAction::Undo { change } => self.changes.iter().find(|known| known.id == *change).map(|known| known.visit),
        };
        let Some((visit, orders)) = id.and_then(|id| self.open(id)) else { return Seating::default() };
        let joining = match action {
            VisitAction::Merge { visit, .. } => self.open(*visit),
            _ => None,
        };
        let changes: Vec<_> = self.changes.iter().rev().filter(|change| change.visit == visit.id).cloned().collect();
        let to = match action {
            VisitAction::Move { table, .. } => table.clone(),
            VisitAction::Merge { .. } => visit.table.clone(),
            VisitAction::Undo { change } => changes.iter().find(|known| known.id == *change).unwrap().from.clone(),
        };
        Seating {
            visit: Some(visit),
            orders,
            changes,
            joining,
            has_table: (0..TABLES).any(|n| table(n) == to),
            is_taken: self.visits.iter().any(|(visit, _)| visit.table == to),
            calls: self.calls.clone(),
        }
    }

    /// Returns the position that a screen expects of the visit that an action names, if it is open.
    fn seen(&self, action: &VisitAction) -> Option<Position> {
        let named = match action {
            VisitAction::Move { visit, .. } | VisitAction::Merge { visit, .. } => Some(*visit),
            VisitAction::Undo { change } => self.changes.iter().find(|known| known.id == *change).map(|known| known.visit),
        };
        named.and_then(|named| self.open(named)).map(|(_, orders)| position_of(&orders))
    }

    fn put(&mut self, action: &VisitAction) -> Result<bool, RefusalKind> {
        self.put_from(action, self.seen(action))
    }

    /// Puts an action with the position that its sender has seen, and checks the invariants of any answer. Returns whether it
    /// changed something.
    fn put_from(&mut self, action: &VisitAction, expected: Option<Position>) -> Result<bool, RefusalKind> {
        let seating = self.seating(action);
        let moment = Moment { now: self.now, head: self.head };
        self.made += 1;
        match move_visit::decide(seating.clone(), action, expected, change_id(self.made), moment) {
            Ok(Decision::Change { drafts, write, document }) => {
                let Write::Visit(write) = write else { panic!("a visit is written") };
                for draft in &drafts {
                    self.head = self.head.next();
                    match draft.order {
                        Some(order) => {
                            assert_eq!(draft.kind, EventKind::OrderMoved);
                            let folded = self.folded.get_mut(&order.to_string()).unwrap();
                            merge_patch::apply(folded, &draft.patch);
                            assert_eq!(folded["position"], json!(self.head));
                        }
                        None => merge_patch::apply(&mut self.folded_calls, &draft.patch),
                    }
                }
                let (from, to) = write.tables();
                self.regroup(&write.change, from, to);
                self.orders.extend(write.orders.iter().map(|order| (order.id, order.clone())));
                self.calls.extend(write.calls.iter().map(|call| (call.id, call.clone())));
                self.changes.retain(|change| change.id != write.change.id || write.change.is_undone);
                match self.changes.iter_mut().find(|change| change.id == write.change.id) {
                    Some(change) => *change = write.change.clone(),
                    None => self.changes.push(write.change.clone()),
                }
                let (visit, orders) = self.open(write.change.visit).unwrap();
                assert_eq!(document["table"], json!(visit.table));
                assert_eq!(document["position"], json!(position_of(&orders)));
                assert_eq!(document["total"]["amount"], json!(lines_of(&orders)), "the sum of its lines");
                assert_eq!(document["orders"].as_array().unwrap().len(), orders.len());
                Ok(true)
            }
            Ok(Decision::Keep { document, .. }) => {
                assert_eq!(document["table"], json!(seating.visit.unwrap().table));
                Ok(false)
            }
            Err(refusal) => Err(refusal.kind),
        }
    }

    /// Assigns orders to visits, as the store does.
    fn regroup(&mut self, change: &VisitChange, from: &TableLabel, to: &TableLabel) {
        let Some(merged) = &change.merged else {
            let visit = self.visits.iter_mut().find(|(visit, _)| visit.id == change.visit).unwrap();
            assert_eq!(&visit.0.table, from);
            visit.0.table = to.clone();
            return;
        };
        if change.is_undone {
            let visit = self.ended.remove(&merged.visit).unwrap();
            assert_eq!(&visit.table, to);
            let rest = self.visits.iter_mut().find(|(visit, _)| visit.id == change.visit).unwrap();
            rest.1.retain(|order| !merged.orders.contains(order));
            self.visits.push((visit, merged.orders.clone()));
        } else {
            let at = self.visits.iter().position(|(visit, _)| visit.id == merged.visit).unwrap();
            let (visit, orders) = self.visits.remove(at);
            assert_eq!((&visit.table, &orders), (from, &merged.orders));
            self.ended.insert(visit.id, visit);
            let into = self.visits.iter_mut().find(|(visit, _)| visit.id == change.visit).unwrap();
            assert_eq!(&into.0.table, to);
            into.1.extend(orders);
        }
        self.visits.iter_mut().for_each(|(_, orders)| orders.sort());
        self.visits.sort_by_key(|(visit, _)| visit.id);
    }

    fn is_used(&self, table: &TableLabel) -> bool {
        self.visits.iter().any(|(visit, _)| visit.table == *table) || self.calls.values().any(|call| call.table == *table)
    }

    fn check(&self) {
        for (visit, orders) in &self.visits {
            let others = self.visits.iter().filter(|(other, _)| other.table == visit.table).count();
            assert_eq!(others, 1, "one visit at a table");
            assert!(orders.iter().all(|id| self.orders[id].table.as_ref() == Some(&visit.table)), "its orders are at its table");
        }
        for (id, order) in &self.orders {
            assert_eq!(self.folded[&id.to_string()], to_json(order), "patches fold to the document");
            assert!(!has_null(&to_json(order)));
        }
        assert_eq!(self.folded_calls, to_json(&self.calls), "patches fold to the calls");
    }

    /// The documents without their positions.
    fn without_positions(&self) -> Value {
        let orders = self.orders.values().map(|order| Order { position: Position::ZERO, ..order.clone() });
        let visits: Vec<_> = self.visits.iter().map(|(visit, _)| json!([visit.id, visit.table])).collect();
        json!([orders.collect::<Vec<_>>(), self.calls, visits])
    }
}

fn lines_of(orders: &[Order]) -> i64 {
    let counted = orders.iter().filter(|order| !matches!(order.status, OrderStatus::Rejected | OrderStatus::Cancelled));
    let items = counted.flat_map(|order| order.items.values()).filter(|item| item.status != ItemStatus::Voided);
    items.map(|item| item.price.amount * i64::from(item.quantity)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patches_fold_to_the_documents_and_undo_is_exact(ops in ops()) {
        let mut floor = Floor::new();
        for op in ops {
            match op {
                Op::Order { table, action } => floor.order(table, action),
                Op::Call { table } => floor.call(table),
                Op::Wait { minutes } => floor.now = floor.now.plus(Duration::from_secs(60 * minutes)),
                Op::Move { visit, table: to } => {
                    let Some((visit, _)) = floor.visits.get(visit).cloned() else { continue };
                    let before = floor.clone();
                    let action = VisitAction::Move { visit: visit.id, table: table(to) };
                    let seen = floor.seen(&action);
                    let outcome = floor.put(&action);
                    let expected = match () {
                        () if to >= TABLES => Err(RefusalKind::Invalid),
                        () if visit.table == table(to) => Ok(false),
                        () if before.is_used(&table(to)) => Err(RefusalKind::Conflict),
                        () => Ok(true),
                    };
                    prop_assert_eq!(outcome, expected);
                    if outcome == Ok(true) {
                        let mut undone = floor.clone();
                        let undo = VisitAction::Undo { change: undone.changes.last().unwrap().id };
                        let moved = undone.seen(&undo);
                        prop_assert_eq!(undone.put_from(&undo, moved), Ok(true));
                        undone.check();
                        prop_assert_eq!(undone.without_positions(), before.without_positions());
                        prop_assert_eq!(undone.put_from(&undo, moved), Ok(false), "again, from another device");
                        prop_assert_eq!(floor.put_from(&action, seen), Ok(false), "likewise");
                    }
                }
                Op::Merge { visit, into } => {
                    let (Some((visit, _)), Some((into, _))) = (floor.visits.get(visit).cloned(), floor.visits.get(into).cloned())
                    else {
                        continue;
                    };
                    floor.visits.sort_by_key(|(visit, _)| visit.id);
                    let before = floor.clone();
                    let merge = VisitAction::Merge { visit: visit.id, into: into.id };
                    if visit.id == into.id {
                        prop_assert_eq!(floor.put(&merge), Err(RefusalKind::Invalid));
                        continue;
                    }
                    let seen = floor.seen(&merge);
                    prop_assert_eq!(floor.put_from(&merge, seen), Ok(true));
                    prop_assert_eq!(floor.put_from(&merge, seen), Ok(false), "again, from another device");
                    let mut undone = floor.clone();
                    let change = undone.changes.last().unwrap().id;
                    prop_assert_eq!(undone.put(&VisitAction::Undo { change }), Ok(true));
                    undone.check();
                    prop_assert_eq!(undone.without_positions(), before.without_positions());
                }
                Op::Undo { change } => {
                    let Some(known) = floor.changes.get(usize::try_from(change).unwrap()).cloned() else { continue };
                    let is_last = floor.changes.iter().rfind(|other| other.visit == known.visit && !other.is_undone) == Some(&known);
                    let is_free = !floor.is_used(&known.from);
                    let in_time = floor.now.since(known.at) <= UNDO_WINDOW;
                    let outcome = floor.put(&VisitAction::Undo { change: known.id });
                    let expected = match () {
                        () if floor.open(known.visit).is_none() => Err(RefusalKind::NotFound),
                        () if known.is_undone => Ok(false),
                        () if !in_time || !is_last => Err(RefusalKind::InvalidTransition),
                        () if !is_free => Err(RefusalKind::Conflict),
                        () => Ok(true),
                    };
                    prop_assert_eq!(outcome, expected);
                }
            }
            floor.check();
        }
    }
}

#[test]
fn moving_a_closed_order_sends_its_whole_document_and_an_outdated_position_is_stale() {
    let mut floor = Floor::new();
    floor.order(0, 3);
    let visit = floor.visits[0].0.id;
    let action = VisitAction::Move { visit, table: table(1) };
    let moment = Moment { now: floor.now, head: floor.head };
    let early = move_visit::decide(floor.seating(&action), &action, Some(position(7)), change_id(1), moment).unwrap_err();
    assert_eq!((early.kind, &early.document.unwrap()["table"]), (RefusalKind::Stale, &json!("t0")));
    let Ok(Decision::Change { drafts, .. }) = move_visit::decide(floor.seating(&action), &action, None, change_id(1), moment)
    else {
        panic!("the visit moves")
    };
    let mut fresh = json!({});
    merge_patch::apply(&mut fresh, &drafts[0].patch);
    let order = floor.orders.values().next().unwrap();
    let moved = Order { table: Some(table(1)), position: floor.head.next(), ..order.clone() };
    assert_eq!(fresh, to_json(&moved), "the whole document, for screens that do not have it");
    let gone = VisitId::from_uuid(Uuid::from_u128(77));
    let merge = VisitAction::Merge { visit: gone, into: visit };
    assert_eq!(floor.put_from(&merge, Some(position(7))), Err(RefusalKind::NotFound), "the visit to merge does not exist");
    let gone = VisitAction::Move { visit: gone, table: table(1) };
    assert_eq!(floor.put(&gone), Err(RefusalKind::NotFound));
}
