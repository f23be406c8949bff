//! Kitchen screens: the leases of nodes on them, their receipts, and the floor's events about them.

use crate::database::TestDatabase;
use crate::fold::{fold, sound_feed};
use crate::restaurant::{TestRestaurant, at, key};
use orderbell::clock;
use orderbell::domain::model::display::Change;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::rules::screen;
use orderbell::domain::values::ids::{NodeId, RestaurantId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::text::Key;
use orderbell::store::StoreError;
use orderbell::store::log::{Reads, State};
use orderbell::store::screens::{FloorReceipt, Lease, Receipt, ScreenKey};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

impl TestRestaurant {
    pub fn screen(&self, display: &str) -> ScreenKey {
        ScreenKey { restaurant: self.id, display: key(display) }
    }

    pub async fn hold(&self, display: &str, node: u128) -> Lease {
        let lease = Lease { place: self.screen(display), node: node_id(node) };
        self.store.hold(&lease).await.unwrap();
        lease
    }

    /// Commits a change of a screen. Returns whether it changed anything.
    pub async fn tell(&self, display: &str, change: Change) -> bool {
        let id: Key = key(display);
        let decide_id = id.clone();
        let work = self.work(&self.staff(), Reads::Display(id), None, move |state: State| {
            Ok(screen::decide(state.display, decide_id.clone(), change.clone(), state.moment))
        });
        self.ack(work).await.changed
    }

    pub async fn displays(&self) -> Value {
        let floor = self.store.snapshot(self.id, RoomId::Floor(self.id)).await.unwrap().unwrap();
        serde_json::to_value(floor.displays.unwrap()).unwrap()
    }

    async fn kinds(&self) -> Vec<EventKind> {
        sound_feed(&self.store, self.id).await.iter().map(|event| event.kind).collect()
    }
}

fn node_id(number: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(number))
}

pub fn connected() -> Change {
    Change::Connected { name: key("Grill"), station: Some(key("hot")) }
}

const LOST: Change = Change::Lost { left: None };

pub async fn a_screen_is_lost_when_the_last_node_releases_it(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let (a, b) = (restaurant.hold("grill", 1).await, restaurant.hold("grill", 2).await);
    assert!(restaurant.tell("grill", connected()).await);
    assert!(!restaurant.tell("grill", connected()).await, "the other node reports the same");
    database.store.release(&a).await.unwrap();
    assert!(!restaurant.tell("grill", LOST).await, "another node holds the screen");
    database.store.release(&b).await.unwrap();
    assert_eq!(database.store.unheld().await.unwrap(), [restaurant.screen("grill")]);
    assert!(restaurant.tell("grill", LOST).await);
    assert!(!restaurant.tell("grill", LOST).await);
    assert_eq!(database.store.unheld().await.unwrap(), []);
    assert_eq!(restaurant.kinds().await, [EventKind::DisplayConnected, EventKind::DisplayLost]);
    let wanted = json!({"grill": {"id": "grill", "name": "Grill", "station": "hot", "connected": false,
        "last_seen_at": at(1), "position": 0}});
    assert_eq!(restaurant.displays().await, wanted);
}

pub async fn one_of_many_simultaneous_sweeps_has_an_effect(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    restaurant.tell("grill", connected()).await;
    let other = database.beside().await;
    let mut sweeps = JoinSet::new();
    for at in 0..10 {
        // The second store is a tool beside the node on SQLite, and another node on PostgreSQL.
        let store = if at % 2 == 0 { database.store.clone() } else { other.clone() };
        let restaurant = TestRestaurant { store, ..restaurant.clone() };
        sweeps.spawn(async move { restaurant.tell("grill", LOST).await });
    }
    let changed = sweeps.join_all().await.into_iter().filter(|changed| *changed).count();
    assert_eq!((changed, restaurant.kinds().await.len()), (1, 2));
}

pub async fn a_snapshot_of_the_floor_is_the_fold_of_the_events_about_screens(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let mut nodes = JoinSet::new();
    for node in 0..4 {
        let restaurant = restaurant.clone();
        nodes.spawn(async move {
            for round in 0..10 {
                let screen = format!("screen-{}", (node + round) % 3);
                let lease = restaurant.hold(&screen, node).await;
                restaurant.tell(&screen, connected()).await;
                restaurant.store.release(&lease).await.unwrap();
                restaurant.tell(&screen, LOST).await;
            }
        });
    }
    nodes.join_all().await;
    let events = sound_feed(&database.store, restaurant.id).await;
    let displays = restaurant.displays().await;
    assert_eq!(fold(&events, restaurant.head().await).displays, displays);
    assert_eq!(displays.as_object().unwrap().len(), 3);
    assert!(displays.as_object().unwrap().values().all(|display| display["connected"] == false), "nobody holds one");
    // The control: the fold without the last event differs.
    assert_ne!(fold(&events[..events.len() - 1], restaurant.head().await).displays, displays);
}

pub async fn a_lease_can_be_renewed_while_it_exists(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let store = &database.store;
    let (a, b) = (restaurant.hold("grill", 1).await, restaurant.hold("pass", 1).await);
    let places = vec![b.place.clone(), a.place.clone()];
    assert_eq!(store.renew(node_id(1), places.clone()).await.unwrap(), []);
    assert_eq!(store.renew(node_id(2), places.clone()).await.unwrap().len(), 2, "both leases belong to another node");
    assert_eq!(store.leases(None, 9).await.unwrap(), [(a.clone(), 2), (b.clone(), 2)]);
    assert_eq!(store.leases(Some(a.clone()), 9).await.unwrap(), [(b.clone(), 2)]);
    assert_eq!(store.leases(None, 1).await.unwrap(), [(a.clone(), 2)]);
    store.lapse(&a, 1).await.unwrap();
    assert_eq!(store.leases(None, 9).await.unwrap().len(), 2, "the counter has advanced");
    store.lapse(&a, 2).await.unwrap();
    assert_eq!(store.renew(node_id(1), places).await.unwrap(), [a.place]);
    assert_eq!(store.leases(None, 9).await.unwrap(), [(b, 3)]);
    let nowhere = ScreenKey { restaurant: RestaurantId::from_uuid(clock::new_id()), display: key("grill") };
    assert_eq!(store.hold(&Lease { place: nowhere, node: node_id(1) }).await, Err(StoreError::Missing));
}

pub async fn receipts_show_what_a_screen_has_drawn(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let staff = restaurant.staff();
    for _ in 0..8 {
        restaurant.place(&staff).await;
    }
    let seen = |number, second| {
        let (position, shows) = (Position::new(number).unwrap(), None);
        database.store.record_seen(vec![Receipt { place: restaurant.screen("grill"), position, at: at(second), shows }])
    };
    assert_eq!(seen(4, 1).await, Ok(0));
    assert_eq!(restaurant.displays().await, json!({}), "an unknown screen");
    restaurant.tell("grill", connected()).await;
    for (number, second) in [(5, 2), (9, 3), (7, 4), (10, 5)] {
        assert_eq!(seen(number, second).await, Ok(1));
    }
    let displays = restaurant.displays().await;
    let (position, seen_at) = (&displays["grill"]["position"], &displays["grill"]["last_seen_at"]);
    assert_eq!((position, seen_at), (&json!(9), &json!(at(5))), "an older position and a future one change only the time");
    // The next event has the new receipt.
    assert!(restaurant.tell("grill", LOST).await);
    let events = sound_feed(&database.store, restaurant.id).await;
    assert_eq!(fold(&events, restaurant.head().await).displays, restaurant.displays().await);
}

pub async fn the_receipt_of_a_floor_only_grows_and_is_at_most_the_head(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let staff = restaurant.staff();
    for number in 1..=3 {
        let order = restaurant.place(&staff).await;
        assert_eq!(database.store.placed_at(restaurant.id, order.id).await, Ok(Position::new(number)));
    }
    let head = restaurant.head().await;
    let draw = |number| {
        let receipt = FloorReceipt { restaurant: restaurant.id, position: Position::new(number).unwrap(), at: at(1) };
        database.store.record_floor(vec![receipt])
    };
    assert_eq!(database.store.floor_position(restaurant.id).await, Ok(Position::ZERO));
    for (drawn, known) in
        [(head.number() + 1, 0), (2, 2), (1, 2), (head.number(), head.number()), (head.number() + 9, head.number())]
    {
        draw(drawn).await.unwrap();
        assert_eq!(database.store.floor_position(restaurant.id).await, Ok(Position::new(known).unwrap()), "after {drawn}");
    }
    let nowhere = RestaurantId::from_uuid(clock::new_id());
    assert_eq!(database.store.floor_position(nowhere).await, Ok(Position::ZERO));
    let stranger = FloorReceipt { restaurant: nowhere, position: Position::new(1).unwrap(), at: at(1) };
    assert_eq!(database.store.record_floor(vec![stranger]).await, Ok(()), "nothing is stored for an unknown restaurant");
    assert_eq!(database.store.floor_position(nowhere).await, Ok(Position::ZERO));
}
