//! The split of a visit: some of its lines move to another bill.

use super::course::Firing;
use crate::domain::values::ids::{ItemId, OrderId, VisitId};
use crate::domain::values::limit::{self, quantity_schema};
use crate::domain::values::text::TableLabel;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The most lines of one split.
pub const MAX_SPLIT_LINES: usize = 100;

/// A line that leaves a visit, or some portions of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitLine {
    /// The order.
    pub order: OrderId,
    /// The line.
    pub item: ItemId,
    /// The number of portions that leave. Without this member, the whole line leaves. `null` is refused.
    #[serde(default, deserialize_with = "present_quantity", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = quantity_schema)]
    pub quantity: Option<u16>,
}

/// Deserializes the portions, which must not be `null`.
fn present_quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    limit::quantity(deserializer).map(Some)
}

/// Where the lines of a split go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum SplitTo {
    /// Another bill at the same table.
    OwnBill,
    /// A free table.
    Table(TableLabel),
    /// A visit that is open already.
    Visit(VisitId),
}

/// What a split took from a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The visit that has the lines now.
    pub visit: VisitId,
    /// Whether the split opened it.
    pub is_new: bool,
    /// The number of that bill at the table, unless it is the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<u16>,
    /// The orders that moved as a whole.
    pub orders: Vec<OrderId>,
    /// The other orders, of which some lines stayed.
    pub parts: Vec<Part>,
}

/// The part of an order that was split off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The order from which the lines were split off.
    pub from: OrderId,
    /// The new order, which has the lines.
    pub order: OrderId,
    /// For each line that was divided: the line that keeps the rest, by the line that was split off.
    pub lines: BTreeMap<ItemId, ItemId>,
    /// The former rule for later courses, if the split has left them to be fired by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firing: Option<Firing>,
}
