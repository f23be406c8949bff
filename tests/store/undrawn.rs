//! Tickets that no screen shows: the open tickets of the kitchen, the receipts of screens, and the events on the floor.

use crate::database::TestDatabase;
use crate::fold::{fold, sound_feed};
use crate::restaurant::{TestRestaurant, at, key};
use orderbell::domain::model::command::{Lines, OrderAction};
use orderbell::domain::model::display::Change;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::line::{Line, Round};
use orderbell::domain::model::order::Order;
use orderbell::domain::model::undrawn::{Ticket, Tickets};
use orderbell::domain::rules::unseen_ticket;
use orderbell::domain::values::ids::OrderId;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::text::Station;
use orderbell::store::log::{Reads, State};
use orderbell::store::screens::{Receipt, TicketCheck};
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
        crate::restaurant::order_of(&self.ack(self.acting(order, action, None)).await)
    }

    /// Registers a screen with or without a fixed station.
    async fn screen_of(&self, display: &str, station: Option<&str>) {
        self.tell(display, Change::Connected { name: key("Screen"), station: station.map(key) }).await;
    }

    async fn draw(&self, display: &str, position: Position, shows: Option<&str>) {
        let shows: Option<Station> = shows.map(key);
        self.store.record_seen(vec![Receipt { place: self.screen(display), position, at: at(2), shows }]).await.unwrap();
    }

    /// Returns the kitchen's tickets. A check must be due if no screen shows one of them, or if the floor lists one.
    async fn kitchen(&self) -> Tickets {
        let tickets = self.store.tickets(self.id).await.unwrap();
        let is_settled = tickets.undrawn().is_empty() && tickets.raised.is_empty();
        assert!(is_settled || self.check().await.is_some(), "{tickets:?}");
        tickets
    }

    /// Returns the due check.
    async fn check(&self) -> Option<TicketCheck> {
        let due = self.store.due_checks(None, 9).await.unwrap();
        due.into_iter().find(|check| check.restaurant == self.id)
    }

    /// Marks the check as done. Returns whether it is still due because something has changed since.
    async fn is_due_after(&self, check: TicketCheck) -> bool {
        self.store.checked(vec![check]).await.unwrap();
        self.check().await.is_some()
    }

    async fn undrawn(&self) -> Vec<u32> {
        self.kitchen().await.undrawn().iter().map(|ticket| ticket.number).collect()
    }

    /// Reports all unshown tickets to the floor. Returns whether that changed anything.
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

pub async fn a_ticket_is_undrawn_until_it_is_drawn_begun_or_over(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let placed = restaurant.place(&restaurant.staff()).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0], "the order is not accepted yet");
    restaurant.act(placed.id, OrderAction::Accept { minutes: None }).await;
    let (begun, over) = (restaurant.accept().await, restaurant.accept().await);
    let last = restaurant.accept().await;
    assert_eq!(restaurant.undrawn().await, [1, 2, 3, 4]);
    restaurant.act(begun.id, OrderAction::Start).await;
    restaurant.act(over.id, OrderAction::Ready).await;
    assert_eq!(restaurant.undrawn().await, [1, 4]);
    // A later change of an order does not make its shown ticket unshown.
    restaurant.screen_of("pass", None).await;
    restaurant.draw("pass", last.position, None).await;
    restaurant.act(last.id, OrderAction::Rush(true)).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    let next = restaurant.accept().await;
    assert_eq!(restaurant.undrawn().await, [next.number]);
    // A lost screen still counts for what it has shown; a removed one counts for nothing.
    restaurant.draw("pass", restaurant.head().await, None).await;
    restaurant.tell("pass", Change::Lost { left: None }).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    restaurant.tell("pass", Change::Removed).await;
    assert_eq!(restaurant.undrawn().await, [1, 4, 5]);
}

pub async fn a_round_is_undrawn_until_a_screen_has_drawn_it(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.accept().await;
    restaurant.screen_of("pass", None).await;
    restaurant.draw("pass", restaurant.head().await, None).await;
    restaurant.act(order.id, OrderAction::Ready).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    let line =
        Line { menu_item: restaurant.dish, quantity: 1, options: vec![], course: None, seat: None, note: None, allergy: false };
    let round = || OrderAction::AddItems(Round { items: vec![line.clone()], expected_total: None });
    restaurant.act(order.id, round()).await;
    assert_eq!(restaurant.undrawn().await, [order.number], "the screen has drawn the order but not the round");
    // A later change of the order neither hides nor repeats it.
    restaurant.act(order.id, OrderAction::Rush(true)).await;
    assert_eq!(restaurant.undrawn().await, [order.number]);
    restaurant.draw("pass", restaurant.head().await, None).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    restaurant.act(order.id, OrderAction::Rush(false)).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    // In an order that nobody has accepted, a round waits for the acceptance like the rest.
    let placed = restaurant.place(&restaurant.staff()).await;
    restaurant.act(placed.id, round()).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    restaurant.act(placed.id, OrderAction::Accept { minutes: None }).await;
    assert_eq!(restaurant.undrawn().await, [placed.number]);
}

pub async fn a_held_line_is_not_undrawn_and_a_fired_one_is(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.accept().await;
    let item = || Lines::Item(*order.items.keys().next().unwrap());
    assert_eq!(restaurant.undrawn().await, [order.number]);
    restaurant.act(order.id, OrderAction::Hold(item())).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    restaurant.screen_of("pass", None).await;
    restaurant.draw("pass", restaurant.head().await, None).await;
    restaurant.act(order.id, OrderAction::Fire(item())).await;
    assert_eq!(restaurant.undrawn().await, [order.number], "the screen has drawn the order but not that the course was fired");
    restaurant.draw("pass", restaurant.head().await, None).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
}

pub async fn a_screen_counts_for_the_station_it_shows(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    restaurant.accept().await;
    let head = restaurant.head().await;
    for (display, station) in [("bar", Some("bar")), ("pass", None)] {
        restaurant.screen_of(display, station).await;
    }
    restaurant.draw("bar", head, None).await;
    restaurant.draw("pass", head, Some("bar")).await;
    assert_eq!(restaurant.undrawn().await, [1], "the screen may show all stations, but shows only the bar");
    restaurant.draw("pass", head, Some("hot")).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
    restaurant.draw("pass", head, None).await;
    assert_eq!(restaurant.undrawn().await, [] as [u32; 0]);
}

pub async fn one_of_many_nodes_with_the_same_finding_notifies_the_floor(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.accept().await;
    let overdue = restaurant.kitchen().await.undrawn();
    let other = database.beside().await;
    let mut nodes = JoinSet::new();
    for node in 0..10 {
        let store = if node % 2 == 0 { database.store.clone() } else { other.clone() };
        let (restaurant, overdue) = (TestRestaurant { store, ..restaurant.clone() }, overdue.clone());
        nodes.spawn(async move { restaurant.report_undrawn(overdue).await });
    }
    assert_eq!(nodes.join_all().await.into_iter().filter(|changed| *changed).count(), 1);
    let entry = json!({"id": "station:hot", "station": "hot", "connected": false, "undrawn": {order.id.to_string(): 1}});
    assert_eq!(restaurant.told().await, [(EventKind::DisplayLost, json!({"station:hot": entry}))]);
}

pub async fn a_snapshot_of_the_floor_has_the_tickets_that_no_screen_shows(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let (first, second) = (restaurant.accept().await, restaurant.accept().await);
    let overdue = restaurant.kitchen().await.undrawn();
    assert!(restaurant.report_undrawn(overdue.clone()).await);
    let undrawn = &restaurant.displays().await["station:hot"]["undrawn"];
    assert_eq!(*undrawn, json!({first.id.to_string(): 1, second.id.to_string(): 2}));
    restaurant.act(first.id, OrderAction::Start).await;
    assert!(restaurant.report_undrawn(overdue.clone()).await);
    assert_eq!(restaurant.displays().await["station:hot"]["undrawn"], json!({second.id.to_string(): 2}));
    let events = sound_feed(&database.store, restaurant.id).await;
    assert_eq!(fold(&events, restaurant.head().await).displays, restaurant.displays().await);
    // The control: the fold without the last event differs.
    assert_ne!(fold(&events[..events.len() - 1], restaurant.head().await).displays, restaurant.displays().await);

    // Once a screen shows them, a check is due until the report is settled.
    restaurant.screen_of("pass", None).await;
    restaurant.draw("pass", restaurant.head().await, None).await;
    let kitchen = restaurant.kitchen().await;
    assert_eq!((kitchen.raised.len(), kitchen.changes(&overdue).settled.len()), (1, 1));
    assert!(restaurant.report_undrawn(overdue).await);
    assert_eq!(restaurant.displays().await.as_object().unwrap().keys().collect::<Vec<_>>(), ["pass"]);
    let events = sound_feed(&database.store, restaurant.id).await;
    assert_eq!(fold(&events, restaurant.head().await).displays.as_object().unwrap().keys().collect::<Vec<_>>(), ["pass"]);
    let check = restaurant.check().await.unwrap();
    assert!(!restaurant.is_due_after(check).await, "nothing is left to check");
}

pub async fn a_check_is_due_until_it_is_done_and_again_after_a_change(database: TestDatabase) {
    let (restaurant, other) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    assert_eq!(restaurant.check().await, None, "a new kitchen has nothing to check");
    let order = restaurant.accept().await;
    let accepted = restaurant.check().await.unwrap();
    restaurant.screen_of("pass", None).await;
    restaurant.screen_of("bar", Some("bar")).await;
    assert_eq!((restaurant.check().await, other.check().await), (Some(accepted), None));

    // A change after the check was read keeps it due, and its version never decreases.
    restaurant.draw("pass", order.position, None).await;
    let drawn = restaurant.check().await.unwrap();
    assert!(drawn.version > accepted.version);
    assert!(restaurant.is_due_after(accepted).await, "a screen has shown the ticket since");
    restaurant.draw("pass", order.position, None).await;
    assert!(!restaurant.is_due_after(drawn).await, "the same receipt again changes nothing");

    // Every change that may leave a ticket unshown makes the check due again.
    restaurant.draw("pass", order.position, Some("bar")).await;
    let shows = restaurant.check().await.unwrap();
    assert!(shows.version > drawn.version && !restaurant.is_due_after(shows).await);
    restaurant.tell("bar", Change::Removed).await;
    assert!(!restaurant.is_due_after(restaurant.check().await.unwrap()).await);
    let second = restaurant.accept().await;
    let check = restaurant.check().await.unwrap();
    restaurant.act(second.id, OrderAction::Ready).await;
    assert!(restaurant.is_due_after(check).await, "a ticket that ends counts while a check is due");
    assert!(!restaurant.is_due_after(restaurant.check().await.unwrap()).await);
    restaurant.act(order.id, OrderAction::Ready).await;
    restaurant.draw("pass", restaurant.head().await, Some("bar")).await;
    assert_eq!(restaurant.check().await, None, "a ticket that ends otherwise makes no check due");
}

/// The migration makes a check due for kitchens in which orders already wait.
pub async fn orders_that_waited_before_the_upgrade_are_checked(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    restaurant.accept().await;
    TestRestaurant::open(&database.store).await;
    database.execute(if database.is_sqlite() { BEFORE_ON_SQLITE } else { BEFORE_ON_POSTGRES }).await;
    let id = restaurant.id;
    drop(restaurant);
    let database = database.reopen().await;
    assert_eq!(database.store.due_checks(None, 9).await.unwrap(), [TicketCheck { restaurant: id, version: 1 }]);
}

/// Reverts the migration.
const BEFORE_ON_SQLITE: &str =
    "DROP TRIGGER orders_wait_when_added; DROP TRIGGER orders_wait; DROP TRIGGER orders_wait_no_longer;
    DROP TRIGGER displays_show_another_station; DROP TRIGGER displays_go; DROP TRIGGER displays_draw;
    DROP TABLE ticket_checks; DELETE FROM _sqlx_migrations_expand WHERE version = 29";
const BEFORE_ON_POSTGRES: &str = "DROP FUNCTION ticket_check_is_due CASCADE; DROP FUNCTION ticket_check_has_changed CASCADE;
    DROP TABLE ticket_checks; DELETE FROM _sqlx_migrations_expand WHERE version = 29";
