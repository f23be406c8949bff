//! Lines of a basket or a round, as guests, staff or services send them, before the menu sets their
//! prices.

use super::course::CourseNumber;
use super::refusal::{Refusal, invalid_at};
use crate::domain::values::as_text::or_default;
use crate::domain::values::ids::{ItemId, MenuItemId};
use crate::domain::values::level::Level;
use crate::domain::values::limit::{self, MAX_QUANTITY, quantity_schema};
use crate::domain::values::money::Money;
use crate::domain::values::seat_number::SeatNumber;
use crate::domain::values::text::{self, Name, Note};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{Array, ArrayBuilder};

/// The most lines an order may have.
pub const MAX_LINES: usize = 100;

/// The most options of one line.
pub const MAX_OPTIONS: usize = 20;

/// One line of a basket or a round.
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
    /// The number of its course; that of the dish's category when absent. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<CourseNumber>,
    /// The guest's seat at the table, by number. From feature level 2 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatNumber>,
    /// The guest's note on this line.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text::optional_note_schema)]
    pub note: Option<Note>,
    /// Whether the note is about an allergy; requires a note. From feature level 1 on.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub allergy: bool,
}

impl Line {
    /// Checks what needs no menu.
    ///
    /// # Errors
    /// `invalid`, with the field's name.
    pub fn check(&self) -> Result<(), Refusal> {
        if !(1..=MAX_QUANTITY).contains(&self.quantity) {
            return Err(invalid_at("/quantity", format!("quantity must be 1 to {MAX_QUANTITY}")));
        }
        if self.options.len() > MAX_OPTIONS {
            return Err(invalid_at("/options", format!("options must be at most {MAX_OPTIONS}")));
        }
        check_allergy(self.allergy, self.note.as_ref())
    }

    /// Returns the feature level that the line's fields need.
    #[must_use]
    pub const fn level(&self) -> Level {
        if self.course.is_some() || self.seat.is_some() {
            return Level::TWO;
        }
        if self.allergy { Level::ONE } else { Level::ZERO }
    }
}

/// Lines to add to an order: another round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Round {
    /// The lines, 1 to [`MAX_LINES`].
    pub items: Vec<Line>,
    /// The total of these lines that the sender agreed to.
    pub expected_total: Option<Money>,
}

/// A correction of a line that no one has begun to cook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Correction {
    /// The line.
    pub item: ItemId,
    /// The new line: the same dish, with these portions, options and note.
    pub line: Line,
    /// The line's total that the sender agreed to.
    pub expected_total: Option<Money>,
}

/// Checks the lines of a basket or a round, as far as that needs no menu.
///
/// # Errors
/// `invalid`, with the field's name.
pub fn check_all(lines: &[Line]) -> Result<(), Refusal> {
    if lines.is_empty() || lines.len() > MAX_LINES {
        return Err(invalid_at("/items", format!("items must have 1 to {MAX_LINES} lines")));
    }
    lines.iter().enumerate().try_for_each(|(at, line)| line.check().map_err(|refusal| refusal.within(&of_line(at))))
}

/// Returns the JSON pointer of a line of a basket or a round.
pub(crate) fn of_line(at: usize) -> String {
    format!("/items/{at}")
}

/// Checks that an allergy names its cause.
pub(super) fn check_allergy(allergy: bool, note: Option<&Note>) -> Result<(), Refusal> {
    if allergy && note.is_none() {
        return Err(invalid_at("/allergy", "allergy needs a note that says what the guest must not eat"));
    }
    Ok(())
}

fn options_schema() -> Array {
    let options = ArrayBuilder::new().items(Ref::from_schema_name(Name::name())).max_items(Some(MAX_OPTIONS));
    options.description(Some("Options by id or by name.")).build()
}

/// Builds the schema of the lines of a command.
pub(super) fn optional_lines_schema() -> Array {
    let mut lines = lines_schema();
    lines.description = Some("`add_items`.".into());
    lines
}

/// Builds the schema of a list of lines.
pub(super) fn lines_schema() -> Array {
    let lines = ArrayBuilder::new().items(Ref::from_schema_name(Line::name()));
    lines.min_items(Some(1)).max_items(Some(MAX_LINES)).description(Some("The lines.")).build()
}
