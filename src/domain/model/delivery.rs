//! The data that a rider needs to deliver an order. It is personal data: it is kept beside the order, and never in a document,
//! an event, a remembered answer or a log (docs/decisions/0036-a-riders-data-is-a-row.md).

use crate::domain::values::text::{self, Name, Note, Text};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The recipient of a delivery.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The guest's name.
    pub name: Name,
    /// The guest's telephone number, in whatever form they gave it.
    pub phone: Text<40>,
    /// The address, on one line.
    pub address: Text<300>,
    /// Further directions for the rider.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text::optional_note_schema)]
    pub note: Option<Note>,
}

/// Shows no content, so that none gets into a log.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: serde_json::Value) -> Result<Delivery, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn each_part_has_a_limit_and_no_log_shows_its_content() {
        let whole = json!({"name": "Anna", "phone": "+880 1700", "address": "Road 7", "note": "blue door"});
        let delivery = parse(whole.clone()).unwrap();
        assert_eq!(serde_json::to_value(&delivery).unwrap(), whole);
        let said = format!("{delivery:?}");
        assert!(["Anna", "1700", "Road", "blue"].iter().all(|word| !said.contains(word)), "{said}");
        for (field, value) in [
            ("name", "x".repeat(81)),
            ("phone", "1".repeat(41)),
            ("address", "x".repeat(301)),
            ("note", "x".repeat(201)),
            ("address", "a\nb".to_owned()),
            ("phone", String::new()),
        ] {
            let mut wrong = whole.clone();
            wrong[field] = json!(value);
            assert!(parse(wrong).is_err(), "{field}");
        }
        assert!(parse(json!({"name": "Anna", "phone": "1", "address": "Road 7", "door": 4})).is_err());
    }
}
