//! Baskets: orders as guests, staff or services send them, before the menu sets their prices.

use super::order::Service;
use super::principal::{Principal, Role};
use super::refusal::{Refusal, invalid};
use crate::domain::values::as_text::{or_default, present};
use crate::domain::values::ids::MenuItemId;
use crate::domain::values::level::Level;
use crate::domain::values::limit::{self, MAX_QUANTITY, quantity_schema};
use crate::domain::values::money::Money;
use crate::domain::values::text::{self, GuestName, Key, Name, Note, TableLabel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{Array, ArrayBuilder};

/// The most lines an order may have.
pub const MAX_LINES: usize = 100;

/// The most options of one line.
pub const MAX_OPTIONS: usize = 20;

/// One line of a basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The dish on the menu.
    pub menu_item: MenuItemId,
    /// Portions of the dish, 1 to 99.
    #[serde(deserialize_with = "limit::quantity")]
    #[schema(schema_with = quantity_schema)]
    pub quantity: u16,
    /// The chosen options, each by id or by name.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = options_schema)]
    pub options: Vec<Name>,
    /// The guest's note on this line.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text::optional_note_schema)]
    pub note: Option<Note>,
    /// The note is about an allergy; needs a note. From feature level 1 on.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
}

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
    /// The note is about an allergy; needs a note. From feature level 1 on.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
    /// The name that staff call out when the order is picked up. From feature level 2 on.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text::optional_guest_name_schema)]
    pub guest_name: Option<GuestName>,
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

fn options_schema() -> Array {
    let options = ArrayBuilder::new().items(Ref::from_schema_name(Name::name())).max_items(Some(MAX_OPTIONS));
    options.description(Some("Options by id or by name.")).build()
}

fn lines_schema() -> Array {
    let lines = ArrayBuilder::new().items(Ref::from_schema_name(Line::name()));
    lines.min_items(Some(1)).max_items(Some(MAX_LINES)).description(Some("The lines.")).build()
}

impl Basket {
    /// Checks what needs no menu: the number of lines, the quantities, and the fields a role may
    /// use.
    ///
    /// # Errors
    /// `invalid`, with the field's name.
    pub fn check(&self, who: &Principal) -> Result<(), Refusal> {
        if self.items.is_empty() || self.items.len() > MAX_LINES {
            return Err(invalid(format!("items must have 1 to {MAX_LINES} lines")));
        }
        if self.items.iter().any(|line| !(1..=MAX_QUANTITY).contains(&line.quantity)) {
            return Err(invalid(format!("quantity must be 1 to {MAX_QUANTITY}")));
        }
        if self.items.iter().any(|line| line.options.len() > MAX_OPTIONS) {
            return Err(invalid(format!("options must be at most {MAX_OPTIONS}")));
        }
        if self.table.is_some() && who.role == Role::Diner {
            return Err(invalid("table comes from the guest's session; leave it out"));
        }
        let silent = |allergy: bool, note: Option<&Note>| allergy && note.is_none();
        if silent(self.allergy, self.note.as_ref()) || self.items.iter().any(|line| silent(line.allergy, line.note.as_ref())) {
            return Err(invalid("allergy needs a note that says what the guest must not eat"));
        }
        if self.external_id.is_some() && who.role != Role::Service {
            return Err(invalid("external_id is for a POS or an aggregator; leave it out"));
        }
        Ok(())
    }

    /// Returns the feature level that the basket's fields need.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.guest_name.is_some() {
            return Level::TWO;
        }
        let is_new = self.expected_total.is_some() || self.allergy || self.items.iter().any(|line| line.allergy);
        if is_new { Level::ONE } else { Level::ZERO }
    }
}
