//! Orders for later: the store finds them when they are due, and they begin once.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, order_of};
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::order::Order;
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::rules::schedule;
use orderbell::domain::values::ids::OrderId;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::time::Timestamp;
use orderbell::store::log::{OrderFilter, OrderQuery, Reads, State, Work};

/// The minutes of an order by default, in seconds.
const TAKES: i64 = 20 * 60;

async fn place(restaurant: &TestRestaurant, due: Timestamp) -> Order {
    order_of(&restaurant.ack(restaurant.placing_for(&restaurant.staff(), due)).await)
}

/// The work of a node that finds an order due.
fn beginning(restaurant: &TestRestaurant, order: OrderId, now: Timestamp) -> Work {
    let decide = |state: State| {
        let order = state.order.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "no such order"))?;
        Ok(schedule::decide(&order, state.moment))
    };
    Work { at: now, ..restaurant.work(&restaurant.staff(), Reads::Order(order), None, decide) }
}

async fn due(restaurant: &TestRestaurant, second: i64) -> Vec<OrderId> {
    let found = restaurant.store.due_orders(at(second), 1000).await.unwrap();
    found.into_iter().filter(|(id, _)| *id == restaurant.id).map(|(_, order)| order).collect()
}

async fn upcoming(restaurant: &TestRestaurant, newest_first: bool) -> Vec<OrderId> {
    let query = OrderQuery { newest_first, ..OrderQuery::of(OrderFilter::Upcoming) };
    restaurant.store.orders(restaurant.id, query, 10).await.unwrap().into_iter().map(|order| order.id).collect()
}

pub async fn an_order_for_later_begins_once_however_many_nodes_find_it_due(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let second = place(&restaurant, at(TAKES + 200)).await;
    let first = place(&restaurant, at(TAKES + 100)).await;
    restaurant.place(&restaurant.staff()).await;
    assert!(first.upcoming && second.upcoming);
    assert_eq!(upcoming(&restaurant, false).await, [second.id, first.id]);
    assert_eq!(upcoming(&restaurant, true).await, [first.id, second.id]);
    assert_eq!(due(&restaurant, 99).await, []);
    assert_eq!(due(&restaurant, 250).await, [first.id, second.id], "the first to begin comes first");
    assert_eq!(due(&restaurant, 100).await, [first.id]);

    let nodes = [0, 1, 2, 3].map(|_| restaurant.commit(beginning(&restaurant, first.id, at(100))));
    let answers = futures_util::future::join_all(nodes).await;
    let changed = answers.into_iter().filter(|answer| answer.as_ref().unwrap().answer.as_ref().unwrap().changed).count();
    assert_eq!(changed, 1, "one node begins");
    let kept = restaurant.commit(beginning(&restaurant, second.id, at(199))).await.unwrap();
    assert!(!kept.answer.unwrap().changed, "too early");
    let events = restaurant.store.events(restaurant.id, None, Position::ZERO, restaurant.head().await, 100).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::OrderDue).count(), 1);
    assert_eq!((due(&restaurant, 150).await, upcoming(&restaurant, false).await), (vec![], vec![second.id]));
}

pub async fn an_order_for_later_joins_no_visit(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let guest = restaurant.diner("a");
    let order = order_of(&restaurant.ack(restaurant.placing_for(&guest, at(TAKES + 100))).await);
    assert!(order.table.is_some(), "it says where the guest sits");
    assert!(restaurant.store.open_visits(restaurant.id, 10).await.unwrap().is_empty());
    restaurant.place(&guest).await;
    let visits = restaurant.store.open_visits(restaurant.id, 10).await.unwrap();
    assert_eq!(visits.iter().map(|record| record.orders.len()).collect::<Vec<_>>(), [1]);
}
