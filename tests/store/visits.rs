//! Visits: which orders a table has had since its guests sat down.

use crate::house::{TestRestaurant, at, key, order_of};
use crate::world::TestDatabase;
use orderbell::clock;
use orderbell::domain::model::command::{CallAction, Cause, OrderAction};
use orderbell::domain::model::principal::Principal;
use orderbell::domain::values::ids::OrderId;
use orderbell::domain::values::reason::{CallReason, Reason};
use orderbell::store::StoreError;
use orderbell::store::visits::VisitClosed;

fn guest(house: &TestRestaurant, sub: &str, table: Option<&str>) -> Principal {
    Principal { table: table.map(key), ..house.diner(sub) }
}

/// Tables with the orders of their visits.
async fn tables(house: &TestRestaurant) -> Vec<(String, Vec<OrderId>)> {
    let visits = house.store.open_visits(house.id, 100).await.unwrap();
    let of = |orders: Vec<orderbell::domain::model::order::Order>| orders.iter().map(|order| order.id).collect();
    visits.into_iter().map(|(visit, orders)| (visit.table.to_string(), of(orders))).collect()
}

async fn reject(house: &TestRestaurant, order: OrderId) {
    let cause = Cause { reason: Reason::TooBusy, detail: None };
    order_of(&house.ack(house.acting(order, OrderAction::Reject(cause), None)).await);
}

pub async fn a_visit_has_every_order_of_its_table_until_it_ends(world: TestDatabase) {
    let (house, another) = (TestRestaurant::open(&world.store).await, TestRestaurant::open(&world.store).await);
    let (a, b, c) = (guest(&house, "a", Some("7")), guest(&house, "b", Some("7")), guest(&house, "c", Some("8")));
    let (one, two) = (house.place(&a).await.id, house.place(&b).await.id);
    let three = house.place(&c).await.id;
    house.place(&guest(&house, "d", None)).await;
    another.place(&guest(&another, "a", Some("7"))).await;
    assert_eq!(tables(&house).await, [("7".to_owned(), vec![one, two]), ("8".to_owned(), vec![three])]);

    let visit = house.store.visit_of_table(house.id, &key("7")).await.unwrap().unwrap();
    let close = |at_second| house.store.close_visit(house.id, visit.id, true, at(at_second));
    assert_eq!(close(10).await, Ok(VisitClosed::Busy), "an order is open");
    reject(&house, one).await;
    reject(&house, two).await;
    assert_eq!(tables(&house).await[0].1, [one, two], "what was closed is still what the table has had");
    house.ack(house.calling(&a, CallAction::Raise(CallReason::Bill))).await;
    assert_eq!(close(11).await, Ok(VisitClosed::Busy), "a call is open");
    let calls =
        house.store.snapshot(house.id, orderbell::domain::model::room_id::RoomId::Floor(house.id)).await.unwrap().unwrap();
    let call = calls.calls.unwrap().into_keys().next().unwrap();
    house.ack(house.calling(&house.staff(), CallAction::Answer(call.parse().unwrap()))).await;
    let elsewhere = another.store.close_visit(another.id, visit.id, true, at(12)).await;
    assert_eq!(elsewhere, Err(StoreError::Missing), "another restaurant's");
    assert_eq!(close(12).await, Ok(VisitClosed::Done(vec![])));
    assert_eq!(close(13).await, Err(StoreError::Missing), "it is over");

    let next = house.place(&a).await.id;
    assert_eq!(tables(&house).await, [("7".to_owned(), vec![next]), ("8".to_owned(), vec![three])], "the next visit");
}

pub async fn a_visit_that_hears_of_no_order_is_over_after_a_while(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let order = house.place(&guest(&house, "a", Some("7"))).await.id;
    let later = clock::now().plus(std::time::Duration::from_secs(60));
    assert_eq!(house.store.close_idle_visits(later, later).await, Ok(0), "its order is open");
    reject(&house, order).await;
    let early = orderbell::domain::values::time::Timestamp::from_millis(0);
    assert_eq!(house.store.close_idle_visits(early, later).await, Ok(0), "it has just heard of one");
    assert_eq!(house.store.close_idle_visits(later, later).await, Ok(1));
    assert_eq!(tables(&house).await, []);
}
