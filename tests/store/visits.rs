//! Visits: the orders of a table since its guests sat down.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, key, order_of};
use orderbell::clock;
use orderbell::domain::model::command::{CallAction, Cause, OrderAction};
use orderbell::domain::model::principal::Principal;
use orderbell::domain::values::ids::OrderId;
use orderbell::domain::values::reason::{CallReason, Reason};
use orderbell::store::StoreError;
use orderbell::store::visits::VisitClosed;

fn guest(restaurant: &TestRestaurant, sub: &str, table: Option<&str>) -> Principal {
    Principal { table: table.map(key), ..restaurant.diner(sub) }
}

/// Returns the tables with the orders of their visits.
async fn tables(restaurant: &TestRestaurant) -> Vec<(String, Vec<OrderId>)> {
    let visits = restaurant.store.open_visits(restaurant.id, 100).await.unwrap();
    let of = |orders: Vec<orderbell::domain::model::order::Order>| orders.iter().map(|order| order.id).collect();
    visits.into_iter().map(|(visit, orders)| (visit.table.to_string(), of(orders))).collect()
}

async fn reject(restaurant: &TestRestaurant, order: OrderId) {
    let cause = Cause { reason: Reason::TooBusy, detail: None };
    order_of(&restaurant.ack(restaurant.acting(order, OrderAction::Reject(cause), None)).await);
}

pub async fn a_visit_has_every_order_of_its_table_until_it_ends(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (a, b, c) = (guest(&restaurant, "a", Some("7")), guest(&restaurant, "b", Some("7")), guest(&restaurant, "c", Some("8")));
    let (one, two) = (restaurant.place(&a).await.id, restaurant.place(&b).await.id);
    let three = restaurant.place(&c).await.id;
    restaurant.place(&guest(&restaurant, "d", None)).await;
    another.place(&guest(&another, "a", Some("7"))).await;
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![one, two]), ("8".to_owned(), vec![three])]);

    let visit = restaurant.store.visit_of_table(restaurant.id, &key("7")).await.unwrap().unwrap();
    let close = |at_second| restaurant.store.close_visit(restaurant.id, visit.id, true, at(at_second));
    assert_eq!(close(10).await, Ok(VisitClosed::Busy), "an order is open");
    reject(&restaurant, one).await;
    reject(&restaurant, two).await;
    assert_eq!(tables(&restaurant).await[0].1, [one, two], "closed orders still belong to the visit");
    restaurant.ack(restaurant.calling(&a, CallAction::Raise(CallReason::Bill))).await;
    assert_eq!(close(11).await, Ok(VisitClosed::Busy), "a call is open");
    let calls = restaurant
        .store
        .snapshot(restaurant.id, orderbell::domain::model::room_id::RoomId::Floor(restaurant.id))
        .await
        .unwrap()
        .unwrap();
    let call = calls.calls.unwrap().into_keys().next().unwrap();
    restaurant.ack(restaurant.calling(&restaurant.staff(), CallAction::Answer(call.parse().unwrap()))).await;
    let elsewhere = another.store.close_visit(another.id, visit.id, true, at(12)).await;
    assert_eq!(elsewhere, Err(StoreError::Missing), "another restaurant's table");
    assert_eq!(close(12).await, Ok(VisitClosed::Done(vec![])));
    assert_eq!(close(13).await, Err(StoreError::Missing), "the visit is over");

    let next = restaurant.place(&a).await.id;
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![next]), ("8".to_owned(), vec![three])], "the next visit");
}

pub async fn a_visit_that_hears_of_no_order_is_over_after_a_while(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&guest(&restaurant, "a", Some("7"))).await.id;
    let later = clock::now().plus(std::time::Duration::from_secs(60));
    assert_eq!(restaurant.store.close_idle_visits(later, later).await, Ok(0), "the visit has an open order");
    reject(&restaurant, order).await;
    let early = orderbell::domain::values::time::Timestamp::from_millis(0);
    assert_eq!(restaurant.store.close_idle_visits(early, later).await, Ok(0), "an order has only just arrived");
    assert_eq!(restaurant.store.close_idle_visits(later, later).await, Ok(1));
    assert_eq!(tables(&restaurant).await, []);
}
