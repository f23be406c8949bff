//! Visits: the orders of a table from its guests' arrival to their departure. A visit opens with
//! the first order at a table. Staff close it, or it closes after some idle hours. An order belongs
//! to one visit.

use super::order::{Order, Service};
use super::status::{ItemStatus, OrderStatus};
use crate::domain::values::ids::{OrderId, VisitId};
use crate::domain::values::money::Money;
use crate::domain::values::text::TableLabel;
use crate::domain::values::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An open visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVisit {
    /// The visit's id.
    pub id: VisitId,
    /// The table.
    pub table: TableLabel,
    /// When the first order was placed.
    pub opened_at: Timestamp,
}

/// An order on the bill of a visit, without its lines and notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VisitOrder {
    id: OrderId,
    #[schema(minimum = 1)]
    number: u32,
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
    total: Money,
    orders: Vec<VisitOrder>,
}

impl VisitBill {
    /// Returns the bill of a visit, or `None` without orders. Rejected and cancelled orders cost
    /// nothing.
    #[must_use]
    pub fn of(visit: OpenVisit, orders: &[Order]) -> Option<Self> {
        let currency = orders.first()?.total.currency;
        let counted = orders.iter().filter(|order| !matches!(order.status, OrderStatus::Rejected | OrderStatus::Cancelled));
        let amount = counted.map(|order| order.total.amount).fold(0, i64::saturating_add);
        let OpenVisit { id, table, opened_at } = visit;
        let orders = orders.iter().map(VisitOrder::from).collect();
        Some(Self { id, table, opened_at, total: Money { amount, currency }, orders })
    }
}
