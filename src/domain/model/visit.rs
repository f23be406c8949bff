//! Visits: the orders of a table from its guests' arrival to their departure. A visit opens with
//! the first order at a table. Staff close it, or it closes after some idle hours. An order belongs
//! to one visit.

use super::call::{Call, Calls};
use super::order::{Order, Service};
use super::split::{Split, SplitLine, SplitTo};
use super::status::{ItemStatus, OrderStatus};
use super::ticket_counter::TicketCounter;
use crate::domain::values::action::ActionName;
use crate::domain::values::ids::{CallId, OrderId, VisitChangeId, VisitId};
use crate::domain::values::money::Money;
use crate::domain::values::position::Position;
use crate::domain::values::schema;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::ticket::Ticket;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// How long a change of a visit can be undone.
pub const UNDO_WINDOW: Duration = Duration::from_secs(15 * 60);
/// The most orders of a visit that can be moved.
pub const MOST_MOVED: usize = 200;

/// An action on visits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum VisitAction {
    /// Move a visit to a free table.
    Move {
        /// The visit.
        visit: VisitId,
        /// The table.
        table: TableLabel,
    },
    /// Merge a visit into another, at the other's table.
    Merge {
        /// The visit that ends.
        visit: VisitId,
        /// The visit that continues.
        into: VisitId,
    },
    /// Split lines off a visit, to another bill.
    Split {
        /// The visit.
        visit: VisitId,
        /// The lines.
        lines: Vec<SplitLine>,
        /// Where they come to.
        to: SplitTo,
    },
    /// Undo a change of a visit.
    Undo {
        /// The change.
        change: VisitChangeId,
    },
}

/// A change of a visit that can be undone for [`UNDO_WINDOW`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitChange {
    /// The change's id.
    pub id: VisitChangeId,
    /// The visit: of a merge the one that went on, of a split the one that lines left.
    pub visit: VisitId,
    /// The position of its first event.
    pub position: Position,
    /// The time.
    pub at: Timestamp,
    /// The table that the guests, or the lines, left.
    pub from: TableLabel,
    /// The table that they moved to.
    pub to: TableLabel,
    /// The number of the bill that moved, unless it was the table's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<u16>,
    /// What a merge added to the visit.
    pub merged: Option<Merged>,
    /// What a split took from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Whether it was undone.
    pub is_undone: bool,
    /// The sessions of the guests who moved. The store adds them.
    pub guests: Vec<Key>,
}

/// The orders and calls that a merge added to a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The visit that ended.
    pub visit: VisitId,
    /// Its orders.
    pub orders: Vec<OrderId>,
    /// Its open calls.
    pub calls: Vec<CallId>,
}

impl VisitChange {
    /// Returns the action that made it.
    #[must_use]
    pub const fn action(&self) -> ActionName {
        match (&self.merged, &self.split) {
            (Some(_), _) => ActionName::Merge,
            (None, Some(_)) => ActionName::Split,
            (None, None) => ActionName::Move,
        }
    }

    /// Whether it can be undone at a time, if it is the last change of its visit.
    #[must_use]
    pub fn can_be_undone(&self, now: Timestamp) -> bool {
        !self.is_undone && now.since(self.at) <= UNDO_WINDOW
    }
}

/// The state that a decision on a visit reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seating {
    /// The visit, while it is open.
    pub visit: Option<OpenVisit>,
    /// Its orders by age, at most one more than [`MOST_MOVED`].
    pub orders: Vec<Order>,
    /// Its changes, newest first.
    pub changes: Vec<VisitChange>,
    /// The visit to merge into it, with its orders.
    pub joining: Option<(OpenVisit, Vec<Order>)>,
    /// The visit that lines come to, or come back from.
    pub beside: Option<Beside>,
    /// The numbers of the bills at the table where lines get a bill of their own, or the visit comes back to.
    pub bills: Vec<u16>,
    /// Whether the restaurant has the table that the visit is to come to.
    pub has_table: bool,
    /// Whether another visit is at that table.
    pub is_taken: bool,
    /// The open calls of the restaurant.
    pub calls: Calls,
}

impl Seating {
    /// Returns the number of another bill at the table.
    #[must_use]
    pub fn next_bill(&self) -> u16 {
        self.bills.iter().fold(1, |most: u16, bill| most.max(*bill)).saturating_add(1)
    }
}

/// An open visit beside the one that a decision is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The visit.
    pub visit: OpenVisit,
    /// Its orders, at most one more than [`MOST_MOVED`].
    pub orders: Vec<Order>,
    /// Its changes, the last one first.
    pub changes: Vec<VisitChange>,
}

/// The rows that a change of a visit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitWrite {
    /// The change to record, or the one that was undone.
    pub change: VisitChange,
    /// The moved orders, with their new table.
    pub orders: Vec<Order>,
    /// The moved open calls, with their new table.
    pub calls: Vec<Call>,
    /// Orders that lines left or came back to.
    pub changed: Vec<Order>,
    /// New orders, of the visit that a split took lines to.
    pub placed: Vec<Order>,
    /// The counter of tickets after the new orders.
    pub tickets: Option<TicketCounter>,
    /// Whether nothing is left of the visit that a split took lines to.
    pub is_beside_over: bool,
}

impl VisitWrite {
    /// Returns what a change writes that changes no order.
    #[must_use]
    pub const fn new(change: VisitChange) -> Self {
        Self {
            change,
            orders: Vec::new(),
            calls: Vec::new(),
            changed: Vec::new(),
            placed: Vec::new(),
            tickets: None,
            is_beside_over: false,
        }
    }

    /// Returns the table that is left, and the one that is come to.
    #[must_use]
    pub const fn tables(&self) -> (&TableLabel, &TableLabel) {
        let VisitChange { from, to, is_undone, .. } = &self.change;
        if *is_undone { (to, from) } else { (from, to) }
    }
}

/// An open visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVisit {
    /// The visit's id.
    pub id: VisitId,
    /// The table.
    pub table: TableLabel,
    /// When the first order was placed.
    pub opened_at: Timestamp,
    /// The number of its bill, if another visit was at the table when it opened.
    pub bill: Option<u16>,
}

/// An order on the bill of a visit, without its lines and notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VisitOrder {
    id: OrderId,
    #[schema(minimum = 1)]
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<Ticket>,
    status: OrderStatus,
    service: Service,
    placed_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
    portions: u64,
    total: Money,
}

impl From<&Order> for VisitOrder {
    fn from(order: &Order) -> Self {
        let live = order.items.values().filter(|item| item.status != ItemStatus::Voided);
        Self {
            id: order.id,
            number: order.number,
            ticket: order.ticket,
            status: order.status,
            service: order.service,
            placed_at: order.placed_at,
            closed_at: order.closed_at,
            portions: live.map(|item| u64::from(item.quantity)).sum(),
            total: order.total,
        }
    }
}

/// The bill of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Visit)]
pub struct VisitBill {
    id: VisitId,
    table: TableLabel,
    opened_at: Timestamp,
    /// The number of the bill, from 2 on, if lines were split off for it at their table.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2)]
    bill: Option<u16>,
    /// The position of the last event of its orders.
    #[schema(minimum = 1)]
    position: Position,
    total: Money,
    /// Its last change, while that can be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_change: Option<LastChange>,
    orders: Vec<VisitOrder>,
}

/// The last change of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = VisitChange)]
struct LastChange {
    id: VisitChangeId,
    #[schema(schema_with = change_action_schema)]
    action: &'static str,
    /// The table that the guests, or the lines, left.
    from: TableLabel,
    /// The table that they came to.
    to: TableLabel,
    at: Timestamp,
}

impl VisitBill {
    /// Returns the bill of a visit, or `None` without orders. Rejected and cancelled orders cost
    /// nothing. `changes` are those of the visit, newest first.
    #[must_use]
    pub fn of(visit: OpenVisit, orders: &[Order], changes: &[VisitChange], now: Timestamp) -> Option<Self> {
        let currency = orders.first()?.total.currency;
        let counted = orders.iter().filter(|order| !matches!(order.status, OrderStatus::Rejected | OrderStatus::Cancelled));
        let amount = counted.map(|order| order.total.amount).fold(0, i64::saturating_add);
        let last = changes.iter().find(|change| !change.is_undone).filter(|change| change.can_be_undone(now));
        let OpenVisit { id, table, opened_at, bill } = visit;
        let listed = || orders.iter().filter(|order| !order.is_emptied());
        // A merge or a split may have brought older orders.
        let opened_at = listed().map(|order| order.placed_at).fold(opened_at, Timestamp::min);
        Some(Self {
            id,
            table,
            opened_at,
            bill,
            position: position_of(orders),
            total: Money { amount, currency },
            last_change: last.map(|change| LastChange {
                id: change.id,
                action: change.action().as_str(),
                from: change.from.clone(),
                to: change.to.clone(),
                at: change.at,
            }),
            orders: listed().map(VisitOrder::from).collect(),
        })
    }
}

fn change_action_schema() -> Object {
    schema::word([ActionName::Move, ActionName::Merge, ActionName::Split].map(ActionName::as_str)).build()
}

/// Returns the position of the last event of a visit's orders.
#[must_use]
pub fn position_of(orders: &[Order]) -> Position {
    orders.iter().map(|order| order.position).max().unwrap_or(Position::ZERO)
}
