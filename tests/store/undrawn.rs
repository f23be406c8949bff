//! Tickets that no screen shows: what a kitchen owes, what screens have drawn, and what the floor hears of it.

use crate::fold::{fold, sound_feed};
use crate::house::{TestRestaurant, at, key};
use crate::world::TestDatabase;
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::display::Change;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::order::Order;
use orderbell::domain::model::undrawn::{Ticket, Tickets};
use orderbell::domain::rules::unseen_ticket;
use orderbell::domain::values::ids::OrderId;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::text::Station;
use orderbell::store::log::{Reads, State};
use orderbell::store::screens::Receipt;
use serde_json::json;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

impl TestRestaurant {
    /// Places and accepts an order of one hot dish.
    async fn accept(&self) -> Order {
        let order = self.place(&self.staff()).await;
        self.act(order.id, OrderAction::Accept { minutes: None }).await
    }

    async fn act(&self, order: OrderId, action: OrderAction) -> Order {
        crate::house::order_of(&self.ack(self.acting(order, action, None)).await)
    }

    /// Makes a screen known that is bound to a station, or to none.
    async fn screen_of(&self, display: &str, station: Option<&str>) {
        self.tell(display, Change::Connected { name: key("Screen"), station: station.map(key) }).await;
    }

    async fn draw(&self, display: &str, position: Position, shows: Option<&str>) {
        let shows: Option<Station> = shows.map(key);
        self.store.record_seen(vec![Receipt { place: self.screen(display), position, at: at(2), shows }]).await.unwrap();
    }

    /// The kitchen as one that looks at all finds it; nothing when there is nothing to look at.
    async fn kitchen(&self) -> Tickets {
        let all = self.store.tickets(None, 9).await.unwrap();
        all.into_iter().find(|(restaurant, _)| *restaurant == self.id).map(|(_, tickets)| tickets).unwrap_or_default()
    }

    async fn undrawn(&self) -> Vec<u32> {
        self.kitchen().await.undrawn().iter().map(|ticket| ticket.number).collect()
    }

    /// Tells the floor of all that is undrawn; says whether that changed anything.
    async fn report_undrawn(&self, overdue: BTreeSet<Ticket>) -> bool {
        let work = self.work(&self.staff(), Reads::Tickets, None, move |state: State| {
            Ok(unseen_ticket::decide(&state.tickets, &overdue, state.moment))
        });
        self.ack(work).await.changed
    }

    async fn told(&self) -> Vec<(EventKind, serde_json::Value)> {
        let events = sound_feed(&self.store, self.id).await;
        let told = events.iter().filter(|event| matches!(event.kind, EventKind::DisplayConnected | EventKind::DisplayLost));
        told.map(|event| (event.kind, serde_json::from_str(event.patch.get()).unwrap())).collect()
    }
}

pub async fn a_ticket_is_undrawn_until_it_is_drawn_begun_or_over(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let placed = house.place(&house.staff()).await;
    assert_eq!(house.undrawn().await, [] as [u32; 0], "nobody has taken it");
    house.act(placed.id, OrderAction::Accept { minutes: None }).await;
    let (begun, over) = (house.accept().await, house.accept().await);
    let last = house.accept().await;
    assert_eq!(house.undrawn().await, [1, 2, 3, 4]);
    house.act(begun.id, OrderAction::Start).await;
    house.act(over.id, OrderAction::Ready).await;
    assert_eq!(house.undrawn().await, [1, 4]);
    // What happens to an order later does not make what was drawn undrawn.
    house.screen_of("pass", None).await;
    house.draw("pass", last.position, None).await;
    house.act(last.id, OrderAction::Rush(true)).await;
    assert_eq!(house.undrawn().await, [] as [u32; 0]);
    let next = house.accept().await;
    assert_eq!(house.undrawn().await, [next.number]);
    // A screen that is gone has shown what it has shown; one that was taken away shows nothing.
    house.draw("pass", house.head().await, None).await;
    house.tell("pass", Change::Lost { left: None }).await;
    assert_eq!(house.undrawn().await, [] as [u32; 0]);
    house.tell("pass", Change::Removed).await;
    assert_eq!(house.undrawn().await, [1, 4, 5]);
}

pub async fn a_screen_counts_for_the_station_it_shows(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    house.accept().await;
    let head = house.head().await;
    for (display, station) in [("bar", Some("bar")), ("pass", None)] {
        house.screen_of(display, station).await;
    }
    house.draw("bar", head, None).await;
    house.draw("pass", head, Some("bar")).await;
    assert_eq!(house.undrawn().await, [1], "it may show all, and shows the bar's");
    house.draw("pass", head, Some("hot")).await;
    assert_eq!(house.undrawn().await, [] as [u32; 0]);
    house.draw("pass", head, None).await;
    assert_eq!(house.undrawn().await, [] as [u32; 0]);
}

pub async fn of_many_that_find_the_same_one_tells_the_floor(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let order = house.accept().await;
    let overdue = house.kitchen().await.undrawn();
    let other = world.beside().await;
    let mut nodes = JoinSet::new();
    for node in 0..10 {
        let store = if node % 2 == 0 { world.store.clone() } else { other.clone() };
        let (house, overdue) = (TestRestaurant { store, ..house.clone() }, overdue.clone());
        nodes.spawn(async move { house.report_undrawn(overdue).await });
    }
    assert_eq!(nodes.join_all().await.into_iter().filter(|changed| *changed).count(), 1);
    let entry = json!({"id": "station:hot", "station": "hot", "connected": false, "undrawn": {order.id.to_string(): 1}});
    assert_eq!(house.told().await, [(EventKind::DisplayLost, json!({"station:hot": entry}))]);
}

pub async fn a_snapshot_of_the_floor_has_what_no_screen_shows(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let (first, second) = (house.accept().await, house.accept().await);
    let overdue = house.kitchen().await.undrawn();
    assert!(house.report_undrawn(overdue.clone()).await);
    let undrawn = &house.displays().await["station:hot"]["undrawn"];
    assert_eq!(*undrawn, json!({first.id.to_string(): 1, second.id.to_string(): 2}));
    house.act(first.id, OrderAction::Start).await;
    assert!(house.report_undrawn(overdue.clone()).await);
    assert_eq!(house.displays().await["station:hot"]["undrawn"], json!({second.id.to_string(): 2}));
    let events = sound_feed(&world.store, house.id).await;
    assert_eq!(fold(&events, house.head().await).displays, house.displays().await);
    // The control: without its last event the fold is another.
    assert_ne!(fold(&events[..events.len() - 1], house.head().await).displays, house.displays().await);

    // Drawn: as soon as it is, the kitchen is still looked at for what has been told.
    house.screen_of("pass", None).await;
    house.draw("pass", house.head().await, None).await;
    let kitchen = house.kitchen().await;
    assert_eq!((kitchen.raised.len(), kitchen.changes(&overdue).settled.len()), (1, 1));
    assert!(house.report_undrawn(overdue).await);
    assert_eq!(house.displays().await.as_object().unwrap().keys().collect::<Vec<_>>(), ["pass"]);
    let events = sound_feed(&world.store, house.id).await;
    assert_eq!(fold(&events, house.head().await).displays.as_object().unwrap().keys().collect::<Vec<_>>(), ["pass"]);
    assert_eq!(world.store.tickets(None, 9).await.unwrap(), [], "nothing is looked at any more");
}
