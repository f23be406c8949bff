//! What pages of floors have drawn and the database does not know yet, pure.

use crate::domain::values::ids::RestaurantId;
use crate::store::screens::FloorReceipt;
use std::collections::BTreeMap;

/// The furthest receipt of each floor.
///
/// Bound: one receipt a restaurant that reports to this node, until the next record.
#[derive(Debug, Default)]
pub struct Floors(BTreeMap<RestaurantId, FloorReceipt>);

impl Floors {
    /// Keeps a receipt unless a further one of its floor is here.
    pub fn draw(&mut self, receipt: FloorReceipt) {
        let known = self.0.entry(receipt.restaurant).or_insert(receipt);
        if receipt.position > known.position {
            *known = receipt;
        }
    }

    /// Takes all receipts.
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
    fn of_each_floor_the_furthest_receipt_is_kept_until_it_is_taken() {
        let mut floors = Floors::default();
        for (restaurant, position) in [(1, 3), (2, 1), (1, 9), (1, 7)] {
            floors.draw(receipt(restaurant, position));
        }
        assert_eq!(floors.take(), [receipt(1, 9), receipt(2, 1)]);
        assert_eq!(floors.take(), []);
    }
}
