//! Seat numbers. The seat number of a dish tells the waiter which guest at the table gets it.

use super::schema::{self, wire_schema};
use super::whole_number;
use serde::{Deserialize, Deserializer, Serialize};

/// The most seats of a table.
pub const MAX_SEATS: u16 = 99;

/// The number of a seat at a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SeatNumber(u16);

wire_schema!(SeatNumber, "SeatNumber", schema::integer(1, MAX_SEATS).description(Some("The number of a seat at a table.")));

impl<'de> Deserialize<'de> for SeatNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number::within(deserializer, 1..=MAX_SEATS).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_seat_is_1_to_99() {
        for number in [1, 99] {
            assert_eq!(serde_json::to_value(serde_json::from_value::<SeatNumber>(json!(number)).unwrap()).unwrap(), number);
        }
        for wrong in [json!(0), json!(100), json!("1"), json!(1.5)] {
            assert!(serde_json::from_value::<SeatNumber>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
