//! Snapshots: the state of a room at one position.

use crate::fold::{Folded, fold, sound_feed};
use crate::house::TestRestaurant;
use crate::world::TestDatabase;
use orderbell::clock;
use orderbell::domain::model::command::{CallAction, OrderAction};
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

async fn room(house: &TestRestaurant, room: RoomId) -> Snapshot {
    house.store.snapshot(house.id, room).await.unwrap().expect("the room is there")
}

async fn keep_ordering(house: TestRestaurant, writer: usize) {
    for round in 0..8 {
        let diner = house.diner(&format!("diner-{writer}"));
        let order = house.place(&diner).await;
        let raised = house.ack(house.calling(&diner, CallAction::Raise(CallReason::Water))).await;
        for action in [OrderAction::Accept { minutes: None }, OrderAction::Ready, OrderAction::Serve] {
            house.ack(house.acting(order.id, action, None)).await;
        }
        if round % 2 == 0 {
            let call = value(&raised.document)["id"].as_str().unwrap().parse().unwrap();
            house.ack(house.calling(&house.staff(), CallAction::Answer(call))).await;
        }
    }
}

fn agrees(floor: &Snapshot, folded: &Folded) {
    assert_eq!(documents(floor), folded.open_orders().into_iter().cloned().collect::<Vec<_>>());
    assert_eq!(serde_json::to_value(floor.calls.as_ref().unwrap()).unwrap(), folded.calls);
}

pub async fn a_snapshot_is_the_fold_of_the_feed_up_to_its_position(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let mut writers = JoinSet::new();
    (0..8).for_each(|writer| drop(writers.spawn(keep_ordering(house.clone(), writer))));
    let mut taken = Vec::new();
    while !writers.is_empty() {
        taken.push(room(&house, RoomId::Floor(house.id)).await);
        taken.push(room(&house, RoomId::Kitchen(house.id)).await);
        while let Some(joined) = writers.try_join_next() {
            joined.expect("a writer must not fail");
        }
    }
    let events = sound_feed(&world.store, house.id).await;
    let mut positions: Vec<_> = taken.iter().map(|snapshot| snapshot.position).collect();
    for snapshot in taken {
        let folded = fold(&events, snapshot.position);
        if snapshot.calls.is_some() {
            agrees(&snapshot, &folded);
        } else {
            assert_eq!(documents(&snapshot), folded.open_orders().into_iter().cloned().collect::<Vec<_>>());
        }
    }
    positions.dedup();
    assert!(positions.len() > 5, "snapshots must have been taken while the feed moved: {positions:?}");
}

/// Applies changes to a snapshot, as a room does.
fn moved_on(mut snapshot: Snapshot, changes: Changes) -> Snapshot {
    let Snapshot { documents, orders, .. } = snapshot;
    let mut all: BTreeMap<_, _> = orders.into_iter().zip(documents).collect();
    for (id, document) in changes.orders {
        match document {
            Some(document) => all.insert(id, document),
            None => all.remove(&id),
        };
    }
    (snapshot.orders, snapshot.documents) = all.into_iter().unzip();
    Snapshot { position: changes.position, calls: changes.calls, displays: changes.displays, ..snapshot }
}

fn same(one: &Snapshot, other: &Snapshot) {
    let all = |snapshot: &Snapshot| {
        let Snapshot { position, documents, orders, calls, displays } = snapshot;
        serde_json::to_string(&(position, documents, orders, calls, displays)).unwrap()
    };
    assert_eq!(all(one), all(other));
}

pub async fn a_snapshot_that_moves_on_by_changes_is_the_one_that_is_read(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let rooms = [RoomId::Kitchen(house.id), RoomId::Floor(house.id)];
    let mut kept = [room(&house, rooms[0]).await, room(&house, rooms[1]).await];
    let mut writers = JoinSet::new();
    (0..4).for_each(|writer| drop(writers.spawn(keep_ordering(house.clone(), writer))));
    let (mut taken, mut moves) = (Vec::new(), 0);
    loop {
        let is_quiet = writers.is_empty();
        for (kept, id) in kept.iter_mut().zip(rooms) {
            let changes = house.store.changes(house.id, id, kept.position).await.unwrap().expect("few events lie between");
            moves += usize::from(changes.position > kept.position);
            *kept = moved_on(kept.clone(), changes);
            taken.push(kept.clone());
        }
        if is_quiet {
            break;
        }
        while let Some(joined) = writers.try_join_next() {
            joined.expect("a writer must not fail");
        }
    }
    assert!(moves > 5, "the feed must have moved between: {moves}");
    let events = sound_feed(&world.store, house.id).await;
    for snapshot in &taken {
        let folded = fold(&events, snapshot.position);
        assert_eq!(documents(snapshot), folded.open_orders().into_iter().cloned().collect::<Vec<_>>());
    }
    for (kept, id) in kept.iter().zip(rooms) {
        same(kept, &room(&house, id).await);
    }
    // Nothing is made of another room, of a position that is not there yet, and of one that is long ago.
    let head = house.head().await;
    for (id, since) in [(RoomId::Menu(house.id), head), (rooms[0], head.next())] {
        assert!(house.store.changes(house.id, id, since).await.unwrap().is_none());
    }
    let other = RoomId::Kitchen(TestRestaurant::open(&world.store).await.id);
    assert!(house.store.changes(house.id, other, Position::ZERO).await.unwrap().is_none());
    while house.head().await.number() <= MOST_CHANGES {
        keep_ordering(house.clone(), 9).await;
    }
    assert!(house.store.changes(house.id, rooms[0], Position::ZERO).await.unwrap().is_none());
}

pub async fn an_order_room_has_its_order_also_when_it_is_closed(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let order = house.place(&house.diner("diner-1")).await;
    let other = house.place(&house.diner("diner-2")).await;
    for action in [OrderAction::Accept { minutes: None }, OrderAction::Ready, OrderAction::Serve] {
        house.ack(house.acting(order.id, action, None)).await;
    }
    let snapshot = room(&house, RoomId::Order(order.id)).await;
    assert_eq!(snapshot.position, house.head().await);
    assert_eq!(documents(&snapshot), [serde_json::to_value(house.store.order(house.id, order.id).await.unwrap()).unwrap()]);
    assert_eq!((snapshot.calls.is_none(), snapshot.displays.is_none()), (true, true));
    let kitchen = room(&house, RoomId::Kitchen(house.id)).await;
    assert_eq!(documents(&kitchen), [serde_json::to_value(other).unwrap()]);
    let unknown = RoomId::Order(OrderId::from_uuid(clock::new_id()));
    assert!(house.store.snapshot(house.id, unknown).await.unwrap().is_none());
}

pub async fn a_menu_room_has_the_menu(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    house.place(&house.diner("diner-1")).await;
    house.ack(house.changing_menu(MenuAction::Pause { paused: true, until: None })).await;
    let snapshot = room(&house, RoomId::Menu(house.id)).await;
    let menu = house.store.menu(house.id).await.unwrap().unwrap();
    assert_eq!(documents(&snapshot), [serde_json::to_value(&menu).unwrap()]);
    assert_eq!(menu.position, snapshot.position, "the last thing that happened was a change of the menu");
}

pub async fn a_new_restaurant_has_empty_rooms(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let floor = room(&house, RoomId::Floor(house.id)).await;
    assert_eq!((floor.position, floor.documents.len()), (Position::ZERO, 0));
    assert!(floor.calls.unwrap().is_empty() && floor.displays.unwrap().is_empty());
}
