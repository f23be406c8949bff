//! Orders for later: the store finds them when they are due, and they begin once.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, order_of};
use orderbell::domain::model::command::{Lines, OrderAction};
use orderbell::domain::model::course::{CourseNumber, Firing};
use orderbell::domain::model::event::{EventKind, Rule};
use orderbell::domain::model::order::Order;
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::rules::decision::{Steps, Write};
use orderbell::domain::rules::{courses, schedule};
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

/// The work of a node that finds a course due.
fn firing(restaurant: &TestRestaurant, order: OrderId, now: Timestamp) -> Work {
    let decide = |state: State| {
        let order = state.order.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "no such order"))?;
        Ok(courses::decide(&order, state.moment))
    };
    Work { at: now, ..restaurant.work(&restaurant.staff(), Reads::Order(order), None, decide) }
}

/// Makes the only line of an order wait as a course until a second.
async fn let_wait(restaurant: &TestRestaurant, order: OrderId, second: i64) {
    let decide = move |state: State| {
        let mut order = state.order.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "no such order"))?;
        let mut steps = Steps::from(serde_json::json!(order), state.moment);
        for item in order.items.values_mut() {
            item.held = true;
            item.course = Some(serde_json::from_value(serde_json::json!({"number": 2, "name": "Mains"})).unwrap());
        }
        (order.firing, order.firing_minutes, order.fires_at) = (Firing::AfterServed, Some(5), Some(at(second)));
        steps.push(EventKind::ItemHeld, Some(order.id), &mut order);
        Ok(steps.decide(Write::Order(Box::new(order))))
    };
    restaurant.ack(restaurant.work(&restaurant.staff(), Reads::Order(order), None, decide)).await;
}

/// The time is a column, so whichever node runs finds it; the decision reads the document, so only one fires.
pub async fn a_course_is_found_due_and_fires_once_whatever_nodes_find_it(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let other = TestRestaurant { store: database.beside().await, ..restaurant.clone() };
    let (first, second) = (restaurant.place(&restaurant.staff()).await.id, restaurant.place(&restaurant.staff()).await.id);
    let_wait(&restaurant, second, 200).await;
    let_wait(&restaurant, first, 100).await;
    let due = async |second: i64| {
        let found = other.store.due_courses(at(second), 1000).await.unwrap();
        found.into_iter().filter(|(id, _)| *id == other.id).map(|(_, order)| order).collect::<Vec<_>>()
    };
    assert_eq!((due(99).await, due(100).await), (vec![], vec![first]));
    assert_eq!(due(300).await, [first, second], "the first to fire comes first");
    let nodes = (0..4).map(|n| if n % 2 == 0 { &restaurant } else { &other });
    let answers = futures_util::future::join_all(nodes.map(|node| node.commit(firing(node, first, at(101))))).await;
    let changed = answers.into_iter().filter(|answer| answer.as_ref().unwrap().answer.as_ref().unwrap().changed).count();
    assert_eq!(changed, 1, "one node fires");
    assert!(!other.commit(firing(&other, second, at(199))).await.unwrap().answer.unwrap().changed, "too early");
    assert_eq!(due(300).await, [second]);
    // Somebody fires the other by hand; then nothing is due.
    restaurant.ack(restaurant.acting(second, OrderAction::Fire(Lines::Course(CourseNumber::new(2).unwrap())), None)).await;
    assert_eq!(due(300).await, []);
    let events = restaurant.store.events(restaurant.id, None, Position::ZERO, restaurant.head().await, 100).await.unwrap();
    let fired: Vec<_> = events.iter().filter(|event| event.kind == EventKind::ItemFired).map(|event| event.by.rule).collect();
    assert_eq!(fired, [Some(Rule::Firing), None]);
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

/// An older node writes documents without what it does not know, and leaves the columns beside them.
pub async fn times_that_an_older_node_leaves_are_not_found_for_ever(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let (early, late) = (place(&restaurant, at(TAKES + 100)).await.id, place(&restaurant, at(TAKES + 900)).await.id);
    let course = restaurant.place(&restaurant.staff()).await.id;
    let_wait(&restaurant, course, 100).await;
    let courses = async || {
        let found = restaurant.store.due_courses(at(200), 1000).await.unwrap();
        found.into_iter().map(|(_, order)| order).collect::<Vec<_>>()
    };
    database.execute("UPDATE orders SET is_open = FALSE").await;
    assert_eq!((due(&restaurant, 200).await, courses().await, upcoming(&restaurant, false).await), (vec![], vec![], vec![]));
    database.execute("UPDATE orders SET is_open = TRUE").await;

    let waiting = (vec![early], vec![course]);
    restaurant.store.sync_times(restaurant.id, early).await.unwrap();
    restaurant.store.sync_times(restaurant.id, course).await.unwrap();
    assert_eq!((due(&restaurant, 200).await, courses().await), waiting, "both still wait");
    database
        .execute(if database.is_sqlite() {
            "UPDATE orders SET document = json_remove(document, '$.upcoming', '$.starts_at', '$.fires_at')"
        } else {
            "UPDATE orders SET document = (document::jsonb - 'upcoming' - 'starts_at' - 'fires_at')::text"
        })
        .await;
    assert_eq!((due(&restaurant, 200).await, courses().await), waiting, "the older node leaves the times");
    for order in [early, late, course] {
        restaurant.store.sync_times(restaurant.id, order).await.unwrap();
    }
    assert_eq!((due(&restaurant, 2000).await, courses().await, upcoming(&restaurant, false).await), (vec![], vec![], vec![]));
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
