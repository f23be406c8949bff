//! The order document: the whole state of an order, the same on the wire and in the store.

use super::course::{Course, CourseNumber, Firing};
use super::status::{ItemStatus, OrderStatus};
use crate::domain::values::ids::{ItemId, MenuItemId, OptionId, OrderId, RestaurantId};
use crate::domain::values::limit::quantity_schema;
use crate::domain::values::money::Money;
use crate::domain::values::position::Position;
use crate::domain::values::reason::Reason;
use crate::domain::values::schema;
use crate::domain::values::seat_number::SeatNumber;
use crate::domain::values::text::{GuestName, Key, Name, Note, Station, TableLabel};
use crate::domain::values::ticket::Ticket;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// How the food reaches the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Eaten at a table.
    DineIn,
    /// Picked up at the counter.
    Takeaway,
    /// Brought to an address by an aggregator's rider.
    Delivery,
}

/// The option behind a name of [`Item::options`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The option's id on the menu.
    pub id: OptionId,
    /// The name of its group at the time of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Name>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The dish on the menu.
    pub menu_item: MenuItemId,
    /// The dish's name at the time of the order.
    pub name: Name,
    /// Portions, 1 to 99.
    #[schema(schema_with = quantity_schema)]
    pub quantity: u16,
    /// The names of the chosen options, as the menu spells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Name>,
    /// The ids of the chosen options, in the order of `options`. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// The guest's note on this line ("nut allergy").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The guest declared that the note is about an allergy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
    /// The station that cooks it.
    pub station: Station,
    /// The line's status.
    pub status: ItemStatus,
    /// The price of one portion, options included.
    pub price: Money,
    /// The number of its round; absent for the first. From feature level 2 on.
    #[serde(default = "first_round", skip_serializing_if = "is_first_round")]
    #[schema(schema_with = round_schema, required = false)]
    pub round: u16,
    /// Its course. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    /// The guest's seat at the table, by number. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatNumber>,
    /// Whether the kitchen must not begin it yet; its status is `queued`. From feature level 2 on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// When it was fired, if it was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// When it was served by itself or with its course; its status is `done`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_at: Option<Timestamp>,
    /// When it was added, if it came in a later round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<Timestamp>,
    /// Why the line was voided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Free text beside the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
}

impl Item {
    /// Whether the item waits for its station.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.status == ItemStatus::Queued && !self.held
    }

    /// Whether the item belongs to the course.
    #[must_use]
    pub fn is_of(&self, number: CourseNumber) -> bool {
        self.course.as_ref().is_some_and(|course| course.number == number)
    }
}

const fn first_round() -> u16 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_first_round(round: &u16) -> bool {
    *round == first_round()
}

fn round_schema() -> Object {
    schema::integer(2, u16::MAX).description(Some("The number of its round; absent for the first.")).build()
}

/// The order that another one was split off, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SplitFrom)]
pub struct Origin {
    /// The order's id.
    pub order: OrderId,
    /// Its number.
    #[schema(minimum = 1)]
    pub number: u32,
    /// Its ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// Its table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableLabel>,
}

/// An order. A field without a value is absent from the JSON, never null.
///
/// A node cannot rewrite a document with fields that it does not know, since it refuses to read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(description = "The whole state of an order. A field without a value is absent.")]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// The restaurant that took the order.
    pub restaurant: RestaurantId,
    /// The number, which counts up within the restaurant.
    #[schema(minimum = 1)]
    pub number: u32,
    /// The ticket that the staff call out, unique within the restaurant's day. Absent on orders of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// The feed position of its last event.
    pub position: Position,
    /// The order's status.
    pub status: OrderStatus,
    /// How the food reaches the guest.
    pub service: Service,
    /// The table, for an order at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableLabel>,
    /// The `sub` of the diner who placed it, if a diner did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diner: Option<Key>,
    /// The name that staff call out when it is picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_name: Option<GuestName>,
    /// The order's number in the POS or at the aggregator that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Key>,
    /// Whether the kitchen cooks it before others.
    pub rush: bool,
    /// When its later courses go to the kitchen; absent for together. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Firing::is_together")]
    #[schema(required = false)]
    pub firing: Firing,
    /// How many minutes after the course before the next one fires; absent for at once. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 120)]
    pub firing_minutes: Option<u16>,
    /// When the next course fires by itself, while it waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fires_at: Option<Timestamp>,
    /// The guest's note on the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The guest declared that the note is about an allergy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
    /// When the order was placed.
    pub placed_at: Timestamp,
    /// When the staff accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// Whether a rule of the restaurant accepted it, and not somebody. From feature level 2 on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_accepted: bool,
    /// When the kitchen started its first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When its last item was done. A recall removes the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Timestamp>,
    /// When it was served. A recall removes the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_at: Option<Timestamp>,
    /// When it reached a final status. A recall removes the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// When it should be ready, as promised to the guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<Timestamp>,
    /// The time for which it was ordered. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When work on an order for later begins, or began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// Whether it waits for `starts_at`; its status is `placed` or `accepted`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upcoming: bool,
    /// Why the order was rejected or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Free text beside the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
    /// The order that its lines were part of, if it was split off. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<Origin>,
    /// The sum of its lines that are not voided.
    pub total: Money,
    /// The lines by id, in the order in which they were ordered (ids increase with time).
    pub items: BTreeMap<ItemId, Item>,
}

impl Order {
    /// Returns the sum of the lines that are not voided, in the total's currency. Limits on prices
    /// and quantities keep it in range; beyond that it saturates.
    #[must_use]
    pub fn sum(&self) -> Money {
        let live = self.items.values().filter(|item| item.status != ItemStatus::Voided);
        let amount = live.fold(0_i64, |sum, item| sum.saturating_add(item.price.amount.saturating_mul(i64::from(item.quantity))));
        Money { amount, currency: self.total.currency }
    }

    /// Returns the table whose visit the order belongs to. An order for later belongs to none: the guests leave before it is due.
    #[must_use]
    pub fn table_of_visit(&self) -> Option<&TableLabel> {
        self.table.as_ref().filter(|_| self.due_at.is_none())
    }

    /// Returns the number of its last round.
    #[must_use]
    pub fn rounds(&self) -> u16 {
        self.items.values().map(|item| item.round).max().unwrap_or_else(first_round)
    }

    /// Whether every item is done or voided, so that the kitchen has nothing left to do.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.items.values().all(|item| item.status.is_settled())
    }

    /// Whether any item is held.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.items.values().any(|item| item.held)
    }

    /// Whether every item that is not voided was served.
    #[must_use]
    pub fn is_all_served(&self) -> bool {
        let mut live = self.items.values().filter(|item| item.status != ItemStatus::Voided);
        live.all(|item| item.served_at.is_some())
    }

    /// Whether it was split off, and its lines went back.
    #[must_use]
    pub fn is_emptied(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether every item is voided.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.items.values().all(|item| item.status == ItemStatus::Voided)
    }
}
