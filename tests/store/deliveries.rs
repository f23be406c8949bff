//! Delivery details: stored for one restaurant, and purged after a while.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, order_of};
use orderbell::domain::model::command::{Cause, OrderAction};
use orderbell::domain::model::delivery::Delivery;
use orderbell::domain::values::reason::Reason;
use orderbell::store::log::Work;
use serde_json::json;

fn rider(address: &str) -> Delivery {
    serde_json::from_value(json!({"name": "Anna", "phone": "1", "address": address})).unwrap()
}

pub async fn delivery_details_are_stored_with_the_order_and_purged_after_a_while(database: TestDatabase) {
    let (restaurant, other) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let work = restaurant.placing(&restaurant.staff(), None);
    let order = order_of(&restaurant.ack(Work { delivery: Some(rider("Road 7")), ..work }).await).id;
    let store = &restaurant.store;
    assert_eq!(store.delivery(restaurant.id, order).await.unwrap(), Some(rider("Road 7")));
    assert_eq!(store.delivery(other.id, order).await.unwrap(), None, "another restaurant's");
    assert!(!store.remove_delivery(other.id, order).await.unwrap());
    store.set_delivery(restaurant.id, order, &rider("Road 9"), at(5)).await.unwrap();
    assert_eq!(store.delivery(restaurant.id, order).await.unwrap(), Some(rider("Road 9")));

    assert_eq!(store.purge_deliveries(restaurant.id, at(100), 10).await.unwrap(), 0, "the order is open");
    let cause = Cause { reason: Reason::TooBusy, detail: None };
    restaurant.ack(restaurant.acting(order, OrderAction::Reject(cause), None)).await;
    assert_eq!(store.purge_deliveries(restaurant.id, at(5), 10).await.unwrap(), 0, "it is not old enough");
    assert_eq!(store.purge_deliveries(other.id, at(100), 10).await.unwrap(), 0, "another restaurant's");
    assert_eq!(store.purge_deliveries(restaurant.id, at(100), 10).await.unwrap(), 1);
    assert_eq!(store.delivery(restaurant.id, order).await.unwrap(), None);
    assert!(!store.remove_delivery(restaurant.id, order).await.unwrap());
}
