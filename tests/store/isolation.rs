//! No query of one restaurant returns rows of another, no matter which ids it gets.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, command, command_id, key};
use crate::screens::connected;
use orderbell::clock;
use orderbell::domain::model::command::{CallAction, OrderAction};
use orderbell::domain::model::draft::to_json;
use orderbell::domain::model::order::Order;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::ids::DeviceId;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::reason::CallReason;
use orderbell::domain::values::version::Expected;
use orderbell::store::StoreError;
use orderbell::store::devices::{Device, Pairing};
use orderbell::store::log::{OrderFilter, OrderQuery, Reads, Work};

const ACCEPT: OrderAction = OrderAction::Accept { minutes: None };

/// Creates two restaurants. The first has an order, a call and a screen, the second has none.
async fn two_restaurants(database: &TestDatabase) -> (TestRestaurant, TestRestaurant, Order) {
    let (one, two) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let order = one.place(&one.diner("diner-1")).await;
    one.ack(one.calling(&one.diner("diner-1"), CallAction::Raise(CallReason::Help))).await;
    one.hold("display-1", 1).await;
    one.tell("display-1", connected()).await;
    (one, two, order)
}

pub async fn documents_of_another_restaurant_are_not_found(database: TestDatabase) {
    let (one, two, order) = two_restaurants(&database).await;
    let store = &database.store;
    assert!(store.order(one.id, order.id).await.unwrap().is_some());
    assert_eq!(store.order(two.id, order.id).await.unwrap(), None);
    assert_eq!(store.orders(two.id, OrderQuery::of(OrderFilter::All), 9).await.unwrap(), []);
    assert_eq!(store.orders_of_diner(one.id, &key("diner-1"), None, 9).await.unwrap().len(), 1);
    assert_eq!(store.orders_of_diner(two.id, &key("diner-1"), None, 9).await.unwrap(), []);
    assert_eq!(store.menu(two.id).await.unwrap().unwrap().restaurant, two.id);
}

pub async fn rooms_of_another_restaurant_are_empty(database: TestDatabase) {
    let (one, two, order) = two_restaurants(&database).await;
    let (store, end) = (&database.store, Position::new(9).unwrap());
    for room in [RoomId::Order(order.id), RoomId::Kitchen(one.id), RoomId::Floor(one.id), RoomId::Menu(one.id)] {
        assert!(store.snapshot(one.id, room).await.unwrap().is_some(), "{room}");
        assert!(store.snapshot(two.id, room).await.unwrap().is_none(), "{room}");
        // Add an event that the query would find if it ignored the room.
        two.place(&two.diner("diner-1")).await;
        assert_eq!(store.events(two.id, Some(room), Position::ZERO, end, 9).await.unwrap().len(), 0, "{room}");
        assert_eq!(store.last_in_room(two.id, room, end).await.unwrap(), Position::ZERO, "{room}");
    }
    let floor = store.snapshot(two.id, RoomId::Floor(two.id)).await.unwrap().unwrap();
    assert!(floor.calls.unwrap().is_empty() && floor.displays.unwrap().is_empty());
    assert!(floor.documents.iter().all(|document| !document.get().contains(&one.id.to_string())));
    assert_eq!(store.events(one.id, None, Position::ZERO, end, 9).await.unwrap().len(), 3);
}

pub async fn another_restaurant_cannot_act(database: TestDatabase) {
    let (one, two, order) = two_restaurants(&database).await;
    let refused = two.commit(two.acting(order.id, ACCEPT, None)).await.unwrap().answer.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::NotFound);
    let state = two.work(&two.staff(), Reads::Calls, None, |state| {
        assert!(state.calls.is_empty(), "the calls of another restaurant are not read");
        Err(orderbell::domain::model::refusal::Refusal::new(RefusalKind::NotFound, "none"))
    });
    assert!(two.commit(state).await.is_ok());
    // A bug in a higher layer that decides on another restaurant's order is stopped twice: by the restaurant in the
    // document, and by the row.
    for restaurant in [one.id, two.id] {
        let stolen = Order { restaurant, rush: true, ..order.clone() };
        assert_eq!(two.commit(writing(&two, stolen)).await.map(|_| ()), Err(StoreError::Internal));
    }
    assert_eq!(database.store.order(one.id, order.id).await.unwrap(), Some(order));
    assert_eq!(two.head().await, Position::ZERO);
}

fn writing(restaurant: &TestRestaurant, order: Order) -> Work {
    use orderbell::domain::model::draft::Draft;
    use orderbell::domain::model::event::EventKind;
    use orderbell::domain::rules::decision::{Decision, Write};
    restaurant.work(&restaurant.staff(), Reads::Menu, Some(command("staff-1", command_id(), 1)), move |_| {
        let draft = Draft { kind: EventKind::OrderRushed, order: Some(order.id), patch: to_json(&order), rule: None };
        Ok(Decision::Change { drafts: vec![draft], document: to_json(&order), write: Write::Order(Box::new(order.clone())) })
    })
}

pub async fn people_and_screens_of_another_restaurant_are_not_found(database: TestDatabase) {
    let (one, two, _) = two_restaurants(&database).await;
    let store = &database.store;
    let id = DeviceId::from_uuid(clock::new_id());
    let pairing = Pairing { device_code_hash: [1; 32], user_code: key("CODE-1"), expires_at: at(600) };
    store.add_pairing(&pairing, at(0)).await.unwrap();
    let device = Device { id, restaurant: one.id, name: key("Grill"), station: None, role: Role::Kitchen };
    store.approve_pairing(&key("CODE-1"), &device, None, at(1)).await.unwrap();
    assert_eq!(store.device(one.id, id).await.unwrap(), Some(device));
    assert_eq!(store.device(two.id, id).await.unwrap(), None);
    assert_eq!(store.devices(two.id, None, 100).await.unwrap(), []);
    assert_eq!(store.revoke_device(two.id, id, Expected::ANY, at(2)).await.unwrap_err(), StoreError::Missing);
    let key_of_one = orderbell::store::accounts::ApiKey { id: key("pos"), restaurant: one.id, name: key("POS") };
    store.add_api_key(&key_of_one, [2; 32], at(1)).await.unwrap();
    assert_eq!(store.api_keys(two.id, None, 100).await.unwrap(), []);
    assert_eq!(store.revoke_api_key(two.id, &key("pos"), at(2)).await, Err(StoreError::Missing));
    assert_eq!(store.api_keys(one.id, None, 100).await.unwrap(), [key_of_one]);
    assert_eq!(store.tables(two.id).await.unwrap(), []);
    assert!(store.users(two.id, None, 100).await.unwrap().is_empty());
}
