//! Snapshots: the state of a room at one position.

use crate::database::TestDatabase;
use crate::fold::{Folded, fold, sound_feed};
use crate::restaurant::TestRestaurant;
use orderbell::clock;
use orderbell::domain::model::command::{CallAction, OrderAction};
use orderbell::domain::model::history::Mark;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::values::ids::OrderId;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::reason::CallReason;
use orderbell::store::log::{Changes, MOST_CHANGES, Snapshot};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tokio::task::JoinSet;

fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).expect("a document is JSON")
}

fn documents(snapshot: &Snapshot) -> Vec<Value> {
    snapshot.documents.iter().map(|document| value(document)).collect()
}

async fn room(restaurant: &TestRestaurant, room: RoomId) -> Snapshot {
    restaurant.store.snapshot(restaurant.id, room).await.unwrap().expect("the room exists")
}

async fn keep_ordering(restaurant: TestRestaurant, writer: usize) {
    for round in 0..8 {
        let diner = restaurant.diner(&format!("diner-{writer}"));
        let order = restaurant.place(&diner).await;
        let raised = restaurant.ack(restaurant.calling(&diner, CallAction::Raise(CallReason::Water))).await;
        for action in [OrderAction::Accept { minutes: None }, OrderAction::Ready, OrderAction::Serve] {
            restaurant.ack(restaurant.acting(order.id, action, None)).await;
        }
        if round % 2 == 0 {
            let call = value(&raised.document)["id"].as_str().unwrap().parse().unwrap();
            restaurant.ack(restaurant.calling(&restaurant.staff(), CallAction::Answer(call))).await;
        }
    }
}

fn agrees(floor: &Snapshot, folded: &Folded) {
    assert_eq!(documents(floor), folded.open_orders().into_iter().cloned().collect::<Vec<_>>());
    assert_eq!(serde_json::to_value(floor.calls.as_ref().unwrap()).unwrap(), folded.calls);
}

pub async fn a_snapshot_is_the_fold_of_the_feed_up_to_its_position(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let mut writers = JoinSet::new();
    (0..8).for_each(|writer| drop(writers.spawn(keep_ordering(restaurant.clone(), writer))));
    let mut taken = Vec::new();
    while !writers.is_empty() {
        taken.push(room(&restaurant, RoomId::Floor(restaurant.id)).await);
        taken.push(room(&restaurant, RoomId::Kitchen(restaurant.id)).await);
        while let Some(joined) = writers.try_join_next() {
            joined.expect("a writer must not fail");
        }
    }
    let events = sound_feed(&database.store, restaurant.id).await;
    let mut positions: Vec<_> = taken.iter().map(|snapshot| snapshot.last.position).collect();
    for snapshot in taken {
        let folded = fold(&events, snapshot.last.position);
        assert!(events.iter().any(|event| event.mark() == snapshot.last) || snapshot.last == Mark::default());
        if snapshot.calls.is_some() {
            agrees(&snapshot, &folded);
        } else {
            assert_eq!(documents(&snapshot), folded.open_orders().into_iter().cloned().collect::<Vec<_>>());
        }
    }
    positions.dedup();
    assert!(positions.len() > 5, "snapshots were taken while the feed changed: {positions:?}");
}

/// Applies changes to a snapshot, as a room does.
fn with_changes(mut snapshot: Snapshot, changes: Changes) -> Snapshot {
    let Snapshot { documents, orders, .. } = snapshot;
    let mut all: BTreeMap<_, _> = orders.into_iter().zip(documents).collect();
    for (id, document) in changes.orders {
        match document {
            Some(document) => all.insert(id, document),
            None => all.remove(&id),
        };
    }
    (snapshot.orders, snapshot.documents) = all.into_iter().unzip();
    Snapshot { last: changes.last, calls: changes.calls, displays: changes.displays, ..snapshot }
}

fn same(one: &Snapshot, other: &Snapshot) {
    let all = |snapshot: &Snapshot| {
        let Snapshot { last, documents, orders, calls, displays } = snapshot;
        serde_json::to_string(&(last, documents, orders, calls, displays)).unwrap()
    };
    assert_eq!(all(one), all(other));
}

pub async fn a_snapshot_with_changes_applied_equals_a_newly_read_one(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let rooms = [RoomId::Kitchen(restaurant.id), RoomId::Floor(restaurant.id)];
    let mut kept = [room(&restaurant, rooms[0]).await, room(&restaurant, rooms[1]).await];
    let mut writers = JoinSet::new();
    (0..4).for_each(|writer| drop(writers.spawn(keep_ordering(restaurant.clone(), writer))));
    let (mut taken, mut moves) = (Vec::new(), 0);
    loop {
        let is_quiet = writers.is_empty();
        for (kept, id) in kept.iter_mut().zip(rooms) {
            let changes =
                restaurant.store.changes(restaurant.id, id, kept.last.position).await.unwrap().expect("few events lie between");
            moves += usize::from(changes.last.position > kept.last.position);
            *kept = with_changes(kept.clone(), changes);
            taken.push(kept.clone());
        }
        if is_quiet {
            break;
        }
        while let Some(joined) = writers.try_join_next() {
            joined.expect("a writer must not fail");
        }
    }
    assert!(moves > 5, "the feed changed in between: {moves}");
    let events = sound_feed(&database.store, restaurant.id).await;
    for snapshot in &taken {
        let folded = fold(&events, snapshot.last.position);
        assert_eq!(documents(snapshot), folded.open_orders().into_iter().cloned().collect::<Vec<_>>());
    }
    for (kept, id) in kept.iter().zip(rooms) {
        same(kept, &room(&restaurant, id).await);
    }
    // There are no changes for another room, since a future position, or since one long ago.
    let head = restaurant.head().await;
    for (id, since) in [(RoomId::Menu(restaurant.id), head), (rooms[0], head.next())] {
        assert!(restaurant.store.changes(restaurant.id, id, since).await.unwrap().is_none());
    }
    let other = RoomId::Kitchen(TestRestaurant::open(&database.store).await.id);
    assert!(restaurant.store.changes(restaurant.id, other, Position::ZERO).await.unwrap().is_none());
    while restaurant.head().await.number() <= MOST_CHANGES {
        keep_ordering(restaurant.clone(), 9).await;
    }
    assert!(restaurant.store.changes(restaurant.id, rooms[0], Position::ZERO).await.unwrap().is_none());
}

pub async fn the_room_of_a_closed_order_still_has_its_document(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    let other = restaurant.place(&restaurant.diner("diner-2")).await;
    for action in [OrderAction::Accept { minutes: None }, OrderAction::Ready, OrderAction::Serve] {
        restaurant.ack(restaurant.acting(order.id, action, None)).await;
    }
    let snapshot = room(&restaurant, RoomId::Order(order.id)).await;
    assert_eq!(snapshot.last.position, restaurant.head().await);
    assert_eq!(
        documents(&snapshot),
        [serde_json::to_value(restaurant.store.order(restaurant.id, order.id).await.unwrap()).unwrap()]
    );
    assert_eq!((snapshot.calls.is_none(), snapshot.displays.is_none()), (true, true));
    let kitchen = room(&restaurant, RoomId::Kitchen(restaurant.id)).await;
    assert_eq!(documents(&kitchen), [serde_json::to_value(other).unwrap()]);
    let unknown = RoomId::Order(OrderId::from_uuid(clock::new_id()));
    assert!(restaurant.store.snapshot(restaurant.id, unknown).await.unwrap().is_none());
}

pub async fn a_menu_room_has_the_menu(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    restaurant.place(&restaurant.diner("diner-1")).await;
    restaurant.ack(restaurant.changing_menu(MenuAction::Pause { paused: true, until: None })).await;
    let snapshot = room(&restaurant, RoomId::Menu(restaurant.id)).await;
    let menu = restaurant.store.menu(restaurant.id).await.unwrap().unwrap();
    assert_eq!(documents(&snapshot), [serde_json::to_value(&menu).unwrap()]);
    assert_eq!(menu.position, snapshot.last.position, "the last event was a change of the menu");
}

pub async fn a_new_restaurant_has_empty_rooms(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let floor = room(&restaurant, RoomId::Floor(restaurant.id)).await;
    assert_eq!((floor.last.position, floor.documents.len()), (Position::ZERO, 0));
    assert!(floor.calls.unwrap().is_empty() && floor.displays.unwrap().is_empty());
}
