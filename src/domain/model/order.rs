//! The order document: the whole state of an order, as it stands on the wire and in the store.

use super::status::{ItemStatus, OrderStatus};
use crate::domain::values::ids::{ItemId, MenuItemId, OrderId, RestaurantId};
use crate::domain::values::money::Money;
use crate::domain::values::position::Position;
use crate::domain::values::reason::Reason;
use crate::domain::values::text::{Key, Name, Note, Station, TableLabel};
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the food reaches the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// At a table.
    DineIn,
    /// Picked up at the counter.
    Takeaway,
    /// Brought to an address (by an aggregator's rider).
    Delivery,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The dish on the menu that it was ordered from.
    pub menu_item: MenuItemId,
    /// The dish's name when it was ordered.
    pub name: Name,
    /// How many, 1 to 99.
    pub quantity: u16,
    /// The names of the options chosen, as the menu spells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Name>,
    /// What the guest wrote beside it ("nut allergy").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The guest declared that the note is about an allergy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
    /// The station that cooks it.
    pub station: Station,
    /// Where it stands.
    pub status: ItemStatus,
    /// What one of it costs, options included.
    pub price: Money,
    /// Why it was voided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What was said beside the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
}

/// An order. A field without a value is absent from the JSON, never null.
///
/// A node never rewrites a document that has fields it does not know: it does not read as an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The restaurant whose it is.
    pub restaurant: RestaurantId,
    /// What is called out: counts up within the restaurant.
    pub number: u32,
    /// The feed position of its last event.
    pub position: Position,
    /// Where it stands.
    pub status: OrderStatus,
    /// How the food reaches the guest.
    pub service: Service,
    /// The table, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableLabel>,
    /// The `sub` of the diner who placed it, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diner: Option<Key>,
    /// The number a POS or an aggregator knows it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Key>,
    /// To be cooked before others.
    pub rush: bool,
    /// What the guest wrote beside the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The guest declared that the note is about an allergy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When the staff took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// When its first item went on the fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When the last item was done; gone again after a recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Timestamp>,
    /// When it was brought; gone again after a recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_at: Option<Timestamp>,
    /// When it came to a final status; gone again after a recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// When the guest was told it would be ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<Timestamp>,
    /// Why it was rejected or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What was said beside the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
    /// The sum of its items that are not voided.
    pub total: Money,
    /// Its lines by id, in the order they were ordered (ids count up in time).
    pub items: BTreeMap<ItemId, Item>,
}

impl Order {
    /// The sum of the items that are not voided, in the total's currency. Prices and quantities are bounded when the
    /// order is placed, so the sum fits; were it ever not to, it saturates rather than wraps.
    #[must_use]
    pub fn sum(&self) -> Money {
        let live = self.items.values().filter(|item| item.status != ItemStatus::Voided);
        let amount = live.fold(0_i64, |sum, item| sum.saturating_add(item.price.amount.saturating_mul(i64::from(item.quantity))));
        Money { amount, currency: self.total.currency }
    }

    /// Whether the kitchen owes nothing more: every item is done or voided.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.items.values().all(|item| item.status.is_settled())
    }

    /// Whether every item is voided.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.items.values().all(|item| item.status == ItemStatus::Voided)
    }
}
