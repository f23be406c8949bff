//! Visits that move, merge and split: patches fold to the documents, a visit's total is the sum of its lines, each line is of
//! one order, and undo is exact.

use crate::support::{
    Ticket, at, basket, cause, check_courses_wait, context, course, course_menu, has_null, line, position, principal,
};
use orderbell::domain::model::call::{Call, Calls};
use orderbell::domain::model::command::{Lines, OrderAction};
use orderbell::domain::model::course::Firing;
use orderbell::domain::model::draft::{Moment, to_json};
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::order::{Item, Order};
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::split::{SplitLine, SplitTo};
use orderbell::domain::model::status::{ItemStatus, OrderStatus};
use orderbell::domain::model::ticket_counter::TicketCounter;
use orderbell::domain::model::visit::{
    Beside, OpenVisit, Seating, UNDO_WINDOW, VisitAction, VisitChange, VisitWrite, position_of,
};
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::split_visit::NewVisitIds;
use orderbell::domain::rules::{courses, move_visit, transition};
use orderbell::domain::values::ids::{CallId, ItemId, OrderId, VisitChangeId, VisitId};
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

/// Returns ids of which no other number has any.
fn new_ids(n: u128) -> NewVisitIds {
    let id = |at: u128| Uuid::from_u128(0x1_0000_0000 + n * 0x1000 + at);
    let change = VisitChangeId::from_uuid(id(0));
    let day = "2026-11-24".parse().unwrap();
    NewVisitIds { change, others: (1..60).map(id).collect(), number: 700, tickets: TicketCounter::default(), day }
}

/// Returns every line that was not taken off, by id, with its order.
fn lines(orders: &BTreeMap<OrderId, Order>) -> BTreeMap<ItemId, (OrderId, Item)> {
    let all = orders.values().flat_map(|order| order.items.iter().map(|(id, item)| (*id, (order.id, item.clone()))));
    let count = orders.values().map(|order| order.items.len()).sum::<usize>();
    let lines: BTreeMap<_, _> = all.collect();
    assert_eq!(lines.len(), count, "each line is of one order");
    lines
}

/// Returns the portions of each dish, by all that the kitchen and the floor see of it.
fn portions(orders: &BTreeMap<OrderId, Order>) -> BTreeMap<String, u32> {
    let mut portions = BTreeMap::new();
    for (order, item) in lines(orders).into_values() {
        let of_served = orders[&order].status == OrderStatus::Served && item.status == ItemStatus::Done;
        let is_served = item.served_at.is_some() || of_served;
        let state = format!("{} {:?} {is_served} {} {:?}", item.name, item.status, item.held, item.fired_at);
        *portions.entry(state).or_default() += u32::from(item.quantity);
    }
    portions
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
    Split { visit: usize, lines: u64, to: u8 },
    Act { order: usize, action: usize, item: usize },
    Undo { change: u128 },
    Wait { minutes: u64 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (0..TABLES, 0..5_usize).prop_map(|(table, action)| Op::Order { table, action }),
        1 => (0..TABLES).prop_map(|table| Op::Call { table }),
        // One more than the number of tables.
        4 => (0..4_usize, 0..=TABLES).prop_map(|(visit, table)| Op::Move { visit, table }),
        2 => (0..4_usize, 0..4_usize).prop_map(|(visit, into)| Op::Merge { visit, into }),
        5 => (0..4_usize, any::<u64>(), 0..=TABLES + 4).prop_map(|(visit, lines, to)| Op::Split { visit, lines, to }),
        6 => (0..8_usize, 0..9_usize, 0..4_usize).prop_map(|(order, action, item)| Op::Act { order, action, item }),
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
        let dishes = vec![line(0, 2), line(1, 1), line(2, 3)];
        // Each second order has some minutes between its courses.
        let firing_minutes = self.made.is_multiple_of(2).then_some(10);
        let menu = Menu { firing_minutes, ..course_menu(Firing::AfterServed) };
        let mut ticket = Ticket::place_on(menu, &basket(dishes), self.head).unwrap();
        ticket.staff(&OrderAction::Accept { minutes: None });
        let fire = (action == 3).then_some(OrderAction::Fire(Lines::Course(course(2))));
        let serve = if action == 4 { OrderAction::ServeCourse(course(1)) } else { OrderAction::Serve };
        let steps = [OrderAction::Start, OrderAction::Ready, serve].into_iter().take(action);
        for next in fire.into_iter().chain(steps) {
            ticket.put(&principal(Role::Staff, None), &next, None);
        }
        let id = OrderId::from_uuid(Uuid::from_u128(self.made));
        let unique = |(n, item)| (ItemId::from_uuid(Uuid::from_u128(self.made * 16 + n)), item);
        let items = (0..).zip(ticket.order.items.into_values()).map(unique).collect();
        let order = Order { id, table: Some(table(at)), items, ..ticket.order };
        self.head = ticket.head;
        self.folded.insert(id.to_string(), to_json(&order));
        self.orders.insert(id, order);
        match self.visits.iter_mut().find(|(visit, _)| visit.table == table(at) && visit.bill.is_none()) {
            Some((_, orders)) => orders.push(id),
            None => {
                let visit = OpenVisit {
                    id: VisitId::from_uuid(Uuid::from_u128(self.made)),
                    table: table(at),
                    opened_at: self.now,
                    bill: None,
                };
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

    /// Returns the numbers of the bills at a table. The first one has none.
    fn bills_at(&self, table: &TableLabel) -> Vec<Option<u16>> {
        self.visits.iter().filter(|(visit, _)| visit.table == *table).map(|(visit, _)| visit.bill).collect()
    }

    /// Reads what an action depends on, as the store does.
    fn seating(&self, action: &VisitAction) -> Seating {
        let id = match action {
            VisitAction::Move { visit, .. } | VisitAction::Merge { into: visit, .. } | VisitAction::Split { visit, .. } => {
                Some(*visit)
            }
            VisitAction::Undo { change } => self.changes.iter().find(|known| known.id == *change).map(|known| known.visit),
        };
        let Some((visit, orders)) = id.and_then(|id| self.open(id)) else { return Seating::default() };
        let joining = match action {
            VisitAction::Merge { visit, .. } => self.open(*visit),
            _ => None,
        };
        let changes_of = |id| self.changes.iter().rev().filter(|change| change.visit == id).cloned().collect::<Vec<_>>();
        let changes = changes_of(visit.id);
        let undone = match action {
            VisitAction::Undo { change } => changes.iter().find(|known| known.id == *change),
            _ => None,
        };
        let to = match action {
            VisitAction::Move { table, .. } | VisitAction::Split { to: SplitTo::Table(table), .. } => table.clone(),
            VisitAction::Merge { .. } | VisitAction::Split { .. } => visit.table.clone(),
            VisitAction::Undo { .. } => undone.unwrap().from.clone(),
        };
        let beside = match action {
            VisitAction::Split { to: SplitTo::Visit(into), .. } => Some(*into),
            _ => undone.and_then(|known| known.split.as_ref()).map(|split| split.visit),
        };
        let beside = beside.and_then(|id| self.open(id)).map(|(visit, orders)| {
            let changes = changes_of(visit.id);
            Beside { visit, orders, changes }
        });
        let bills = self.bills_at(&to).into_iter().flatten().collect();
        let is_taken = self.bills_at(&to).into_iter().any(|bill| undone.is_none() || bill.is_none());
        Seating {
            visit: Some(visit),
            orders,
            changes,
            joining,
            has_table: (0..TABLES).any(|n| table(n) == to),
            is_taken,
            beside,
            bills,
            calls: self.calls.clone(),
        }
    }

    /// Returns the position that a screen expects of the visit that an action names, if it is open.
    fn seen(&self, action: &VisitAction) -> Option<Position> {
        let named = match action {
            VisitAction::Move { visit, .. } | VisitAction::Merge { visit, .. } | VisitAction::Split { visit, .. } => Some(*visit),
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
        let before = portions(&self.orders);
        match move_visit::decide(seating.clone(), action, expected, &new_ids(self.made), moment) {
            Ok(Decision::Change { drafts, write, document }) => {
                let Write::Visit(write) = write else { panic!("a visit is written") };
                for draft in &drafts {
                    self.head = self.head.next();
                    match draft.order {
                        Some(order) => {
                            let is_known = self.folded.contains_key(&order.to_string());
                            assert_eq!(draft.kind == EventKind::OrderPlaced, !is_known, "{:?}", draft.kind);
                            let folded = self.folded.entry(order.to_string()).or_insert(json!({}));
                            merge_patch::apply(folded, &draft.patch);
                            assert_eq!(folded["position"], json!(self.head));
                        }
                        None => merge_patch::apply(&mut self.folded_calls, &draft.patch),
                    }
                }
                let (from, to) = write.tables();
                let written = write.orders.iter().chain(&write.changed).chain(&write.placed);
                self.orders.extend(written.map(|order| (order.id, order.clone())));
                self.regroup(&write, from, to);
                assert_eq!(portions(&self.orders), before, "none is lost, and none is cooked or fired twice");
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
                let shown = orders.iter().filter(|order| !order.is_emptied()).count();
                assert_eq!(document["orders"].as_array().unwrap().len(), shown);
                Ok(true)
            }
            Ok(Decision::Keep { document, .. }) => {
                assert_eq!(document["table"], json!(seating.visit.unwrap().table));
                Ok(false)
            }
            Err(refusal) => Err(refusal.kind),
        }
    }

    /// Changes which orders are of which visit, as the store does.
    fn regroup(&mut self, write: &VisitWrite, from: &TableLabel, to: &TableLabel) {
        let change = &write.change;
        if let Some(split) = &change.split {
            if split.is_new && !change.is_undone {
                let OpenVisit { opened_at, .. } = self.open(change.visit).unwrap().0;
                let visit = OpenVisit { id: split.visit, table: to.clone(), opened_at, bill: split.bill };
                self.visits.push((visit, Vec::new()));
            }
            let (left, come) = if change.is_undone { (split.visit, change.visit) } else { (change.visit, split.visit) };
            for (visit, orders) in &mut self.visits {
                orders.retain(|order| visit.id != left || !split.orders.contains(order));
                if visit.id == come {
                    orders.extend(&split.orders);
                    orders.extend(write.placed.iter().map(|order| order.id));
                }
            }
            self.visits.retain(|(visit, orders)| {
                let is_over = orders.iter().all(|order| self.orders[order].is_emptied());
                assert!(visit.id != split.visit || is_over == write.is_beside_over, "a visit without lines is over");
                !is_over
            });
            self.visits.iter_mut().for_each(|(_, orders)| orders.sort());
            self.visits.sort_by_key(|(visit, _)| visit.id);
            return;
        }
        let Some(merged) = &change.merged else {
            let visit = self.visits.iter_mut().find(|(visit, _)| visit.id == change.visit).unwrap();
            assert_eq!(&visit.0.table, from);
            visit.0.table = to.clone();
            visit.0.bill = change.bill.filter(|_| change.is_undone);
            return;
        };
        if change.is_undone {
            let visit = OpenVisit { bill: change.bill, ..self.ended.remove(&merged.visit).unwrap() };
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

    /// Whether the table that a change left has a first visit, or calls that are not of the change.
    fn is_used_since(&self, change: &VisitChange) -> bool {
        let is_first = |visit: &OpenVisit| visit.table == change.from && visit.bill.is_none();
        let is_called = self.calls.values().any(|call| call.table == change.from);
        self.visits.iter().any(|(visit, _)| is_first(visit)) || is_called && change.from != change.to
    }

    /// Returns the split of some lines of a visit: of each, the bits of `chosen` say how much.
    fn split(&self, visit: VisitId, chosen: u64, to: u8) -> VisitAction {
        let (_, orders) = self.open(visit).unwrap();
        let live = orders.iter().flat_map(|order| {
            let live = order.items.iter().filter(|(_, item)| item.status != ItemStatus::Voided);
            live.map(|(id, item)| (order.id, *id, item.quantity))
        });
        let mut bits = chosen;
        let lines = live.filter_map(|(order, item, quantity)| {
            let part = bits & 3;
            bits = bits.rotate_right(2);
            let quantity = match part {
                0 | 1 => return None,
                2 => Some(1.min(quantity)),
                _ => None,
            };
            Some(SplitLine { order, item, quantity })
        });
        let to = match to.checked_sub(TABLES) {
            None => SplitTo::Table(table(to)),
            Some(0) => SplitTo::OwnBill,
            Some(n) => SplitTo::Visit(self.visits.get(usize::from(n - 1)).map_or(visit, |(visit, _)| visit.id)),
        };
        VisitAction::Split { visit, lines: lines.take(20).collect(), to }
    }

    /// Puts an action on an order, which may be refused.
    fn act(&mut self, order: usize, action: usize, item: usize) {
        let Some((id, order)) = self.orders.iter().nth(order).map(|(id, order)| (*id, order.clone())) else { return };
        let Some(item) = order.items.keys().nth(item % order.items.len().max(1)).copied() else { return };
        let action = match action {
            0 => OrderAction::StartItem(item),
            1 | 2 => OrderAction::FinishItem(item),
            3 => OrderAction::RecallItem(item),
            4 => OrderAction::ServeItem(item),
            5 => OrderAction::VoidItem(item, cause()),
            6 => OrderAction::Fire(Lines::Course(course(2))),
            7 => OrderAction::Hold(Lines::Item(item)),
            _ => OrderAction::Cancel(cause()),
        };
        let (who, moment) = (principal(Role::Manager, None), Moment { now: self.now, head: self.head });
        let menu = course_menu(Firing::AfterServed);
        if let Ok(decision) = transition::decide(&order, &action, None, context(&who, moment, &[], Some(&menu))) {
            self.apply(id, decision);
        }
    }

    /// Lets time pass, and nodes fire the courses that are due.
    fn wait(&mut self, minutes: u64) {
        self.now = self.now.plus(Duration::from_secs(60 * minutes));
        for (id, order) in self.orders.clone() {
            self.apply(id, courses::decide(&order, Moment { now: self.now, head: self.head }));
        }
    }

    fn apply(&mut self, id: OrderId, decision: Decision) {
        let Decision::Change { drafts, write, .. } = decision else { return };
        let Write::Order(order) = write else { panic!("an order is written") };
        self.head = order.position;
        let folded = self.folded.get_mut(&id.to_string()).unwrap();
        drafts.iter().for_each(|draft| merge_patch::apply(folded, &draft.patch));
        self.orders.insert(id, *order);
    }

    fn check(&self) {
        for (visit, orders) in &self.visits {
            let same = |other: &OpenVisit| other.table == visit.table && other.bill == visit.bill;
            assert_eq!(self.visits.iter().filter(|(other, _)| same(other)).count(), 1, "one visit for each bill of a table");
            assert!(orders.iter().all(|id| self.orders[id].table.as_ref() == Some(&visit.table)), "its orders are at its table");
        }
        for (id, order) in &self.orders {
            assert_eq!(self.folded[&id.to_string()], to_json(order), "patches fold to the document");
            assert!(!has_null(&to_json(order)));
            assert!(order.items.values().all(|item| !item.held || item.status == ItemStatus::Queued), "nothing held cooks");
            check_courses_wait(order);
            assert_eq!(order.total, order.sum());
        }
        assert_eq!(self.folded_calls, to_json(&self.calls), "patches fold to the calls");
    }

    /// The documents without their positions.
    fn without_positions(&self) -> Value {
        let orders = self.orders.values().filter(|order| !order.is_emptied());
        let orders = orders.map(|order| Order { position: Position::ZERO, ..order.clone() });
        let visits: Vec<_> = self.visits.iter().map(|(visit, _)| json!([visit.id, visit.table, visit.bill])).collect();
        json!([orders.collect::<Vec<_>>(), self.calls, visits])
    }
}

fn lines_of(orders: &[Order]) -> i64 {
    let counted = orders.iter().filter(|order| !matches!(order.status, OrderStatus::Rejected | OrderStatus::Cancelled));
    let items = counted.flat_map(|order| order.items.values()).filter(|item| item.status != ItemStatus::Voided);
    items.map(|item| item.price.amount * i64::from(item.quantity)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patches_fold_to_the_documents_and_undo_is_exact(ops in ops()) {
        let mut floor = Floor::new();
        for op in ops {
            match op {
                Op::Order { table, action } => floor.order(table, action),
                Op::Call { table } => floor.call(table),
                Op::Wait { minutes } => floor.wait(minutes),
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
                Op::Act { order, action, item } => floor.act(order, action, item),
                Op::Split { visit, lines, to } => {
                    let Some((visit, _)) = floor.visits.get(visit).cloned() else { continue };
                    floor.visits.sort_by_key(|(visit, _)| visit.id);
                    let before = floor.clone();
                    let action = floor.split(visit.id, lines, to);
                    let Ok(changed) = floor.put(&action) else { continue };
                    prop_assert!(changed);
                    floor.check();
                    let mut undone = floor.clone();
                    let change = undone.changes.last().unwrap().id;
                    prop_assert_eq!(undone.put(&VisitAction::Undo { change }), Ok(true));
                    undone.check();
                    prop_assert_eq!(undone.without_positions(), before.without_positions());
                    prop_assert_eq!(undone.put(&VisitAction::Undo { change }), Ok(false), "again");
                }
                Op::Undo { change } => {
                    let Some(known) = floor.changes.get(usize::try_from(change).unwrap()).cloned() else { continue };
                    let is_last = floor.changes.iter().rfind(|other| other.visit == known.visit && !other.is_undone) == Some(&known);
                    let is_free = !floor.is_used_since(&known);
                    let in_time = floor.now.since(known.at) <= UNDO_WINDOW;
                    let outcome = floor.put(&VisitAction::Undo { change: known.id });
                    if known.split.is_some() {
                        floor.check();
                        continue;
                    }
                    let expected = match () {
                        () if floor.open(known.visit).is_none() => Err(RefusalKind::NotFound),
                        () if known.is_undone => Ok(false),
                        () if !in_time || !is_last => Err(RefusalKind::InvalidTransition),
                        () if !is_free && known.bill.is_none() => Err(RefusalKind::Conflict),
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
    let early = move_visit::decide(floor.seating(&action), &action, Some(position(7)), &new_ids(1), moment).unwrap_err();
    assert_eq!((early.kind, &early.document.unwrap()["table"]), (RefusalKind::Stale, &json!("t0")));
    let Ok(Decision::Change { drafts, .. }) = move_visit::decide(floor.seating(&action), &action, None, &new_ids(1), moment)
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

/// Returns a floor on which some portions of an order have come to another table, and that change.
fn with_split() -> (Floor, VisitChangeId, OrderId) {
    let mut floor = Floor::new();
    floor.order(0, 1);
    let visit = floor.visits[0].0.id;
    let order = floor.orders.values().next().unwrap().clone();
    let lines = order.items.keys().zip([None, Some(1)]);
    let lines = lines.map(|(item, quantity)| SplitLine { order: order.id, item: *item, quantity }).collect();
    assert_eq!(floor.put(&VisitAction::Split { visit, lines, to: SplitTo::Table(table(1)) }), Ok(true));
    let split = floor.changes.last().unwrap();
    (floor.clone(), split.id, split.split.as_ref().unwrap().parts[0].order)
}

#[test]
fn lines_that_were_served_come_back_as_served() {
    let (mut floor, change, part) = with_split();
    for action in [OrderAction::Ready, OrderAction::Serve] {
        let order = floor.orders[&part].clone();
        let who = principal(Role::Staff, None);
        let context = context(&who, Moment { now: floor.now, head: floor.head }, &[], None);
        let Ok(Decision::Change { write: Write::Order(order), .. }) = transition::decide(&order, &action, None, context) else {
            panic!("{action:?}")
        };
        floor.folded.insert(part.to_string(), to_json(&order));
        (floor.head, _) = (order.position, floor.orders.insert(part, *order));
    }
    let served = floor.orders[&part].items.keys().copied().collect::<Vec<_>>();
    assert_eq!(floor.put(&VisitAction::Undo { change }), Ok(true));
    let whole = floor.orders.values().find(|order| !order.is_emptied()).unwrap();
    assert_eq!(whole.status, OrderStatus::Preparing, "the others are not");
    assert!(served.iter().all(|item| whole.items[item].served_at.is_some()), "{whole:?}");
    assert_eq!(floor.visits.len(), 1, "nothing is left of the other visit");
}

#[test]
fn the_later_change_of_the_other_visit_is_undone_first() {
    let (mut floor, change, _) = with_split();
    let other = floor.visits.iter().find(|(visit, _)| visit.table == table(1)).unwrap().0.id;
    assert_eq!(floor.put(&VisitAction::Move { visit: other, table: table(2) }), Ok(true));
    let later = floor.changes.last().unwrap().id;
    assert_eq!(floor.put(&VisitAction::Undo { change }), Err(RefusalKind::InvalidTransition));
    assert_eq!(floor.put(&VisitAction::Undo { change: later }), Ok(true));
    assert_eq!(floor.put(&VisitAction::Undo { change }), Ok(true));
    floor.check();
}

#[test]
fn a_split_is_of_lines_that_are_there_and_leaves_some() {
    let mut floor = Floor::new();
    floor.order(0, 0);
    floor.order(1, 1);
    floor.orders.values_mut().next().unwrap().status = OrderStatus::Placed;
    let visits: Vec<_> = floor.visits.iter().map(|(visit, orders)| (visit.id, orders[0])).collect();
    let (placed, started) = (&floor.orders[&visits[0].1].clone(), &floor.orders[&visits[1].1].clone());
    let line =
        |order: &Order, n: usize, quantity| SplitLine { order: order.id, item: *order.items.keys().nth(n).unwrap(), quantity };
    let all = |order: &Order| (0..3).map(|n| line(order, n, None)).collect::<Vec<_>>();
    let mut refused = |visit: usize, lines: Vec<SplitLine>, to: SplitTo| {
        floor.put(&VisitAction::Split { visit: visits[visit].0, lines, to }).unwrap_err()
    };
    let own = || SplitTo::OwnBill;
    assert_eq!(refused(1, vec![], own()), RefusalKind::Invalid);
    assert_eq!(refused(1, all(started), own()), RefusalKind::Invalid, "nothing would stay");
    assert_eq!(refused(1, all(placed), own()), RefusalKind::NotFound, "lines of another visit");
    assert_eq!(refused(1, vec![line(started, 0, Some(3))], own()), RefusalKind::Invalid, "it has two portions");
    assert_eq!(refused(1, vec![line(started, 0, None), line(started, 0, Some(1))], own()), RefusalKind::Invalid, "named twice");
    assert_eq!(refused(0, vec![line(placed, 0, None)], own()), RefusalKind::InvalidTransition, "nobody has accepted it");
    let some = || vec![line(started, 0, Some(1))];
    assert_eq!(refused(1, some(), SplitTo::Table(table(0))), RefusalKind::Conflict, "others are there");
    assert_eq!(refused(1, some(), SplitTo::Table(table(TABLES))), RefusalKind::Invalid, "no such table");
    assert_eq!(refused(1, some(), SplitTo::Visit(visits[1].0)), RefusalKind::Invalid, "into itself");
    assert_eq!(refused(1, some(), SplitTo::Visit(VisitId::from_uuid(Uuid::from_u128(77)))), RefusalKind::NotFound);
}

#[test]
fn a_bill_that_comes_back_has_a_number_of_its_own() {
    let mut floor = Floor::new();
    floor.order(0, 1);
    let (visit, order) = (floor.visits[0].0.id, floor.orders.values().next().unwrap().clone());
    let split = |n: usize| {
        let lines = vec![SplitLine { order: order.id, item: *order.items.keys().nth(n).unwrap(), quantity: Some(1) }];
        VisitAction::Split { visit, lines, to: SplitTo::OwnBill }
    };
    assert_eq!(floor.put(&split(0)), Ok(true));
    let bill = floor.visits.iter().find(|(visit, _)| visit.bill == Some(2)).unwrap().0.id;
    assert_eq!(floor.put(&VisitAction::Move { visit: bill, table: table(1) }), Ok(true));
    let change = floor.changes.last().unwrap().id;
    assert_eq!(floor.put(&split(1)), Ok(true));
    assert_eq!(floor.put(&VisitAction::Undo { change }), Ok(true));
    assert_eq!(floor.bills_at(&table(0)), [None, Some(3), Some(2)]);
    floor.check();
}

#[test]
fn a_first_bill_that_merged_with_another_one_of_its_table_comes_back_with_its_calls() {
    let mut floor = Floor::new();
    floor.order(0, 1);
    floor.call(0);
    let (visit, order) = (floor.visits[0].0.id, floor.orders.values().next().unwrap().clone());
    let lines = vec![SplitLine { order: order.id, item: *order.items.keys().next().unwrap(), quantity: None }];
    assert_eq!(floor.put(&VisitAction::Split { visit, lines, to: SplitTo::OwnBill }), Ok(true));
    let into = floor.visits.iter().find(|(visit, _)| visit.bill == Some(2)).unwrap().0.id;
    let before = floor.without_positions();
    assert_eq!(floor.put(&VisitAction::Merge { visit, into }), Ok(true));
    let change = floor.changes.last().unwrap().id;
    assert_eq!(floor.put(&VisitAction::Undo { change }), Ok(true));
    floor.check();
    assert_eq!(floor.without_positions(), before);
}
