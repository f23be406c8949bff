//! Baskets: orders as guests, staff or services send them, before the menu sets their prices.

use super::delivery::Delivery;
use super::line::{self, lines_schema};
pub use super::line::{Line, MAX_LINES, MAX_OPTIONS};
use super::order::Service;
use super::principal::{Principal, Role};
use super::refusal::{Refusal, invalid_at};
use crate::domain::values::as_text::{or_default, present};
use crate::domain::values::level::Level;
use crate::domain::values::money::Money;
use crate::domain::values::text::{self, GuestName, Key, Note, TableLabel};
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A basket: the body of the HTTP call that places an order, and of the `place` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Basket {
    /// How the food reaches the guest.
    pub service: Service,
    /// The lines, 1 to [`MAX_LINES`].
    #[schema(schema_with = lines_schema)]
    pub items: Vec<Line>,
    /// The guest's note on the whole order.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text::optional_note_schema)]
    pub note: Option<Note>,
    /// Whether the note is about an allergy; requires a note. From feature level 1 on.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
    /// The name that staff call out when the order is picked up. From feature level 2 on.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text::optional_guest_name_schema)]
    pub guest_name: Option<GuestName>,
    /// When the order should be ready; as soon as possible if absent. Only for takeaway and delivery. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The rider's data, for a delivery by staff or a service. It is stored beside the order, and is part of neither the order
    /// nor the command's fingerprint. From feature level 2 on.
    #[serde(default, skip_serializing)]
    pub delivery: Option<Delivery>,
    /// The total that the guest agreed to. An order that would cost more is refused; one that costs less is placed.
    /// Without this member, the guest agrees to any total. `null` is refused.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Money>,
    /// The table, when staff order for a guest. A diner's table comes from the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableLabel>,
    /// The order's number in the POS or at the aggregator that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Key>,
}

impl Basket {
    /// Checks what needs no menu: the number of lines, the quantities, and the fields a role may
    /// use.
    ///
    /// # Errors
    /// `invalid`, with the field's name.
    pub fn check(&self, who: &Principal) -> Result<(), Refusal> {
        line::check_all(&self.items)?;
        if self.table.is_some() && who.role == Role::Diner {
            return Err(invalid_at("/table", "table comes from the guest's session; leave it out"));
        }
        line::check_allergy(self.allergy, self.note.as_ref())?;
        if self.delivery.is_some() && (who.role == Role::Diner || self.service != Service::Delivery) {
            let message = "delivery belongs only in a delivery order from staff or a service; leave it out";
            return Err(invalid_at("/delivery", message));
        }
        if self.external_id.is_some() && who.role != Role::Service {
            return Err(invalid_at("/external_id", "external_id is for a POS or an aggregator; leave it out"));
        }
        Ok(())
    }

    /// Returns the feature level that the basket's fields need.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.guest_name.is_some() || self.due_at.is_some() || self.delivery.is_some() {
            return Level::TWO;
        }
        let own = if self.expected_total.is_some() || self.allergy { Level::ONE } else { Level::ZERO };
        self.items.iter().map(Line::level).fold(own, Level::max)
    }
}
