//! Orders to write, and those that a change of a visit writes.

use super::log::CommandKey;
use crate::domain::model::delivery::Delivery;
use crate::domain::model::order::Order;
use crate::domain::model::visit::VisitWrite;
use crate::domain::rules::decision::Write;
use crate::domain::values::ids::VisitId;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;

/// An order to write.
#[derive(Debug)]
pub struct OrderWrite {
    /// The last document.
    pub order: Order,
    /// Whether the group places it.
    pub is_new: bool,
    /// The visit that a new order is of, if it is not the first one at its table.
    pub visit: Option<VisitId>,
    /// The command that places an order with an external number.
    pub source: Option<CommandKey>,
    /// The rider's data of an order that the group places.
    pub delivery: Option<Delivery>,
    /// Whether the group changes it, after placing it or not.
    pub is_changed: bool,
    /// Whether only the document changes, and none of the columns beside it.
    pub is_document_only: bool,
    /// The last position in the group at which the order was accepted, or got a round after that.
    pub accepted: Option<Position>,
    /// The last time at which the group closed it.
    pub closed_at: Option<Timestamp>,
}

/// Returns the orders that a change of a visit writes.
pub fn orders_of(visit: &VisitWrite) -> impl Iterator<Item = &Order> {
    visit.orders.iter().chain(&visit.changed).chain(&visit.placed)
}

/// Returns the number of new orders of a decision on a visit.
pub fn number_of_placed(write: &Write) -> u32 {
    match write {
        Write::Visit(visit) => u32::try_from(visit.placed.len()).unwrap_or(u32::MAX),
        _ => 0,
    }
}

/// Returns what to write of each order.
pub fn of_change(visit: &VisitWrite) -> impl Iterator<Item = OrderWrite> {
    let beside = visit.change.split.as_ref().map(|split| split.visit);
    let moved = visit.orders.iter().map(document_of);
    let changed = visit.changed.iter().map(whole);
    let placed = visit.placed.iter().map(move |order| OrderWrite { is_new: true, visit: beside, ..whole(order) });
    moved.chain(changed).chain(placed)
}

/// Returns the write of a known order whose document alone changes.
pub fn document_of(order: &Order) -> OrderWrite {
    OrderWrite {
        order: order.clone(),
        is_new: false,
        visit: None,
        source: None,
        delivery: None,
        is_changed: true,
        is_document_only: true,
        accepted: None,
        closed_at: None,
    }
}

/// Screens have not drawn the lines where they are now.
fn whole(order: &Order) -> OrderWrite {
    let accepted = order.accepted_at.map(|_| order.position);
    OrderWrite { is_document_only: false, accepted, closed_at: order.closed_at, ..document_of(order) }
}
