//! Receipts of floor pages that are not stored yet, pure.

use crate::domain::values::ids::RestaurantId;
use crate::store::screens::FloorReceipt;
use std::collections::BTreeMap;

/// The highest receipt of each floor.
///
/// Bound: one receipt for each restaurant, until the next write.
#[derive(Debug, Default)]
pub struct Floors(BTreeMap<RestaurantId, FloorReceipt>);

impl Floors {
    /// Adds a receipt, unless the floor has a higher one.
    pub fn add(&mut self, receipt: FloorReceipt) {
        let known = self.0.entry(receipt.restaurant).or_insert(receipt);
        if receipt.position > known.position {
            *known = receipt;
        }
    }

    /// Removes and returns all receipts.
    pub fn take(&mut self) -> Vec<FloorReceipt> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::position::Position;
    use crate::domain::values::time::Timestamp;
    use uuid::Uuid;

    fn receipt(restaurant: u128, position: u64) -> FloorReceipt {
        let restaurant = RestaurantId::from_uuid(Uuid::from_u128(restaurant));
        FloorReceipt { restaurant, position: Position::new(position).unwrap(), at: Timestamp::from_millis(0) }
    }

    #[test]
    fn the_highest_receipt_of_each_floor_is_kept() {
        let mut floors = Floors::default();
        for (restaurant, position) in [(1, 3), (2, 1), (1, 9), (1, 7)] {
            floors.add(receipt(restaurant, position));
        }
        assert_eq!(floors.take(), [receipt(1, 9), receipt(2, 1)]);
        assert_eq!(floors.take(), []);
    }
}
