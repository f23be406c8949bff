//! Pictures of dishes, as the menu names them. The store has the bytes.

use crate::domain::values::ids::PictureId;
use crate::domain::values::schema;
use crate::domain::values::text::Note;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// The widths in which a picture is stored, unless it is narrower.
pub const WIDTHS: [u16; 3] = [160, 480, 960];
/// The greatest width of a picture.
pub const MAX_WIDTH: u16 = WIDTHS[2];
/// The highest ratio between the sides.
pub const MAX_RATIO: u16 = 4;

/// A picture of a dish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Its id, a digest of its content.
    pub id: PictureId,
    /// The width of its largest size in pixels.
    #[schema(schema_with = width_schema)]
    pub width: u16,
    /// The height of its largest size in pixels.
    #[schema(schema_with = height_schema)]
    pub height: u16,
    /// A description for people who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<Note>,
}

fn width_schema() -> Object {
    schema::integer(1, MAX_WIDTH).description(Some("The width of its largest size in pixels.")).build()
}

fn height_schema() -> Object {
    schema::integer(1, MAX_WIDTH * MAX_RATIO).description(Some("The height of its largest size in pixels.")).build()
}

/// Returns the stored widths of a picture whose largest size has this width, narrowest first.
pub fn widths(largest: u16) -> impl Iterator<Item = u16> {
    WIDTHS.into_iter().filter(move |width| *width < largest).chain([largest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_stored_in_its_own_width_and_in_each_smaller_one() {
        let all = |largest| widths(largest).collect::<Vec<_>>();
        assert_eq!(all(960), [160, 480, 960]);
        assert_eq!(all(480), [160, 480]);
        assert_eq!(all(300), [160, 300]);
        assert_eq!(all(90), [90]);
    }
}
