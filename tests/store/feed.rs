//! Order and atomicity of the feed.

use crate::database::TestDatabase;
use crate::fold::sound_feed;
use crate::restaurant::{TestRestaurant, at, command, command_id, key, order_of};
use orderbell::clock;
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::event::{By, Event, EventKind, Rule};
use orderbell::domain::model::history::{Head, Link, Mark};
use orderbell::domain::model::house_rules::HouseRules;
use orderbell::domain::model::principal::{Person, Principal, Role};
use orderbell::domain::model::status::OrderStatus;
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::values::ids::{DeviceId, Generation, OrderId, RestaurantId, UserId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::version::Expected;
use orderbell::store::StoreError;
use orderbell::store::log::{Reads, Work};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use support::long::{factor, progress};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const ACCEPT: OrderAction = OrderAction::Accept { minutes: None };

async fn place_and_accept(restaurant: TestRestaurant, writer: usize) -> u32 {
    let order = restaurant.place(&restaurant.diner(&format!("diner-{writer}"))).await;
    restaurant.ack(restaurant.acting(order.id, ACCEPT, None)).await;
    order.number
}

pub async fn positions_have_no_gap_under_fifty_writers(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let mut writers = JoinSet::new();
    (0..50).for_each(|writer| drop(writers.spawn(place_and_accept(restaurant.clone(), writer))));
    let numbers: BTreeSet<u32> = writers.join_all().await.into_iter().collect();
    assert_eq!(numbers, (1..=50).collect(), "order numbers are unique and without gaps");
    assert_eq!(sound_feed(&restaurant.store, restaurant.id).await.len(), 100);
}

pub async fn two_stores_on_one_database_make_one_feed(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let other = TestRestaurant { store: database.beside().await, ..restaurant.clone() };
    let mut writers = JoinSet::new();
    for writer in 0..40 {
        writers.spawn(place_and_accept(if writer % 2 == 0 { restaurant.clone() } else { other.clone() }, writer));
    }
    let numbers: BTreeSet<u32> = writers.join_all().await.into_iter().collect();
    assert_eq!(numbers, (1..=40).collect());
    assert_eq!(sound_feed(&restaurant.store, restaurant.id).await.len(), 80);
}

pub async fn an_event_keeps_its_person_and_its_screen(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let (person, screen) = (UserId::from_uuid(clock::new_id()), DeviceId::from_uuid(clock::new_id()));
    let mina = Principal { sub: key(&person.to_string()), name: Some(key("mina")), ..restaurant.staff() };
    let cook = Principal { role: Role::Kitchen, device: Some(screen), ..restaurant.staff() };
    restaurant.place(&restaurant.diner("diner-1")).await;
    for (who, paused) in [(&mina, true), (&cook, false)] {
        let change = restaurant.changing_menu(MenuAction::Pause { paused, until: None });
        restaurant.ack(Work { by: By::of(who), ..change }).await;
    }
    let by: Vec<By> = sound_feed(&restaurant.store, restaurant.id).await.into_iter().map(|event| event.by).collect();
    let named = By { person: Some(Person { id: person, name: key("mina") }), ..By::role(Role::Staff) };
    assert_eq!(by, [By::role(Role::Diner), named, By { screen: Some(screen), ..By::role(Role::Kitchen) }]);
}

/// The order is placed and accepted at once, by the sender and by the rule; a repeat accepts nothing again. The kitchen owes it.
pub async fn a_rule_accepts_an_order_in_the_commit_that_places_it(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let other = TestRestaurant { store: database.beside().await, ..restaurant.clone() };
    let rules: HouseRules = serde_json::from_value(serde_json::json!({"auto_accept": {"minutes": 15, "notes": true}})).unwrap();
    restaurant.store.set_house_rules(restaurant.id, &rules, &Expected::ANY).await.unwrap();
    assert_eq!(other.store.house_rules(restaurant.id).await, Ok(rules));
    let (guest, id) = (restaurant.diner("diner-1"), command_id());
    let place = || other.placing(&guest, Some(command("diner-1", id, 1)));
    let placed = other.commit(place()).await.unwrap();
    let (order, events) = (order_of(&placed.answer.unwrap()), placed.events);
    assert_eq!((order.status, order.auto_accepted), (OrderStatus::Accepted, true));
    let told: Vec<_> = events.iter().map(|event| (event.kind, event.by.clone())).collect();
    let expected = [(EventKind::OrderPlaced, By::role(Role::Diner)), (EventKind::OrderAccepted, By::rule(Rule::AutoAccept))];
    assert_eq!(told, expected);
    let again = restaurant.commit(place()).await.unwrap();
    assert!(again.repeated && again.events.is_empty());
    let stored = sound_feed(&restaurant.store, restaurant.id).await;
    assert_eq!(stored.iter().map(|event| (event.kind, event.by.clone())).collect::<Vec<_>>(), expected);
    let waiting = restaurant.store.tickets(restaurant.id).await.unwrap().waiting;
    assert_eq!(waiting.iter().map(|one| (one.order, one.accepted)).collect::<Vec<_>>(), [(order.id, order.position)]);

    restaurant.store.set_house_rules(restaurant.id, &HouseRules::default(), &Expected::ANY).await.unwrap();
    assert_eq!(other.place(&guest).await.status, OrderStatus::Placed, "from the first order after the rule is gone");
}

/// The second half of the orders is placed on the next day.
pub async fn tickets_are_unique_within_a_day_and_start_again_on_the_next(database: TestDatabase) {
    const DAY_S: i64 = 24 * 60 * 60;
    let restaurant = TestRestaurant::open(&database.store).await;
    let other = TestRestaurant { store: database.beside().await, ..restaurant.clone() };
    for day in 0..2 {
        let mut writers = JoinSet::new();
        for writer in 0..12 {
            let at_one = if writer % 2 == 0 { restaurant.clone() } else { other.clone() };
            let at = at(day * DAY_S + 1);
            writers
                .spawn(async move { order_of(&at_one.ack(Work { at, ..at_one.placing(&at_one.staff(), None) }).await).ticket });
        }
        let tickets: BTreeSet<_> = writers.join_all().await.into_iter().map(|ticket| ticket.unwrap().to_string()).collect();
        assert_eq!(tickets, (1..=12).map(|number| format!("A{number}")).collect(), "day {day}");
    }
    // A change without a new order leaves the counter as it is.
    restaurant.ack(restaurant.changing_menu(MenuAction::Pause { paused: true, until: None })).await;
    restaurant.ack(restaurant.changing_menu(MenuAction::Pause { paused: false, until: None })).await;
    let next = other.ack(Work { at: at(DAY_S + 2), ..other.placing(&other.staff(), None) }).await;
    assert_eq!(order_of(&next).ticket.unwrap().to_string(), "A13");
    let late = other.ack(Work { at: at(2), ..other.placing(&other.staff(), None) }).await;
    assert_eq!(order_of(&late).ticket.unwrap().to_string(), "A14", "a node whose clock is behind uses no ticket twice");
}

pub async fn an_order_is_decided_with_the_current_menu(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let other = TestRestaurant { store: database.beside().await, ..restaurant.clone() };
    let diner = restaurant.diner("diner-1");
    let sell = |available| MenuAction::Availability { item: restaurant.dish, option: None, available, until: None };
    for round in 0..3 {
        restaurant.place(&diner).await;
        // Another node changes the menu, without a notification to this one.
        other.ack(other.changing_menu(sell(false))).await;
        assert!(restaurant.commit(restaurant.placing(&diner, None)).await.unwrap().answer.is_err(), "sold out, {round}");
        other.ack(other.changing_menu(sell(true))).await;
    }
    restaurant.place(&diner).await;
}

pub async fn a_commit_names_the_event_before_it_and_the_generation(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let commit = async || restaurant.commit(restaurant.placing(&restaurant.diner("diner-1"), None)).await.unwrap();
    let first = commit().await;
    assert_eq!(first.link, Some(Link { generation: None, after: Mark::default() }));
    let [one, other] = [(); 2].map(|()| Generation::from_uuid(clock::new_id()));
    let begin = async |from, to| database.store.begin_generation(restaurant.id, from, to).await.unwrap();
    assert_eq!(begin(None, one).await, Some(one));
    assert_eq!(begin(None, other).await, Some(one), "of two nodes that begin a generation, the first one succeeds");
    let second = commit().await;
    assert_eq!(second.link, Some(Link { generation: Some(one), after: first.events.last().unwrap().mark() }));
    assert_eq!(begin(Some(one), other).await, Some(other));
    let nobody = RestaurantId::from_uuid(clock::new_id());
    assert_eq!(database.store.begin_generation(nobody, None, one).await, Err(StoreError::Missing));
}

pub async fn each_restaurant_has_its_own_feed(database: TestDatabase) {
    let (one, two) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let first = one.place(&one.diner("diner-1")).await;
    let order = two.place(&two.diner("diner-1")).await;
    assert_eq!((order.position.number(), order.number), (1, 1));
    let nobody = RestaurantId::from_uuid(clock::new_id());
    one.ack(one.acting(first.id, ACCEPT, None)).await;
    assert_eq!(one.place(&one.diner("diner-1")).await.number, 2, "only placing takes a number");
    let at = |number| Position::new(number).unwrap();
    let asked = [(two.id, at(2)), (nobody, at(1)), (one.id, at(2)), (one.id, Position::ZERO)];
    let heads = database.store.heads(&asked).await.unwrap();
    let events = database.store.events(one.id, None, Position::ZERO, at(3), 3).await.unwrap();
    let of_two = database.store.events(two.id, None, Position::ZERO, at(1), 1).await.unwrap();
    let head = |last: &Event, asked: &[Mark]| Head { generation: None, last: last.mark(), asked: asked.to_vec() };
    assert_eq!(heads.len(), 2);
    assert_eq!(heads[&two.id], head(&of_two[0], &[Mark { position: at(2), event: None }]));
    let of_one = &heads[&one.id];
    assert_eq!(of_one.last, events[2].mark());
    assert!(of_one.asked.contains(&events[1].mark()) && of_one.asked.contains(&Mark::default()), "{of_one:?}");
    assert!(database.store.heads(&[]).await.unwrap().is_empty());
    assert_eq!(database.store.head(nobody).await, Err(StoreError::Missing));
}

pub async fn a_refusal_leaves_nothing_behind(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    for id in [order.id, OrderId::from_uuid(clock::new_id())] {
        let refused = restaurant.commit(restaurant.acting(id, OrderAction::Serve, None)).await.unwrap();
        assert!(refused.answer.is_err() && refused.events.is_empty());
    }
    assert_eq!(restaurant.head().await, order.position);
    assert_eq!(restaurant.store.order(restaurant.id, order.id).await.unwrap(), Some(order.clone()));
    let next = restaurant.place(&restaurant.diner("diner-1")).await;
    assert_eq!((next.position, next.number), (order.position.next(), order.number + 1), "no position or number was taken");
}

pub async fn a_no_op_answers_with_the_documents_position(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    let accepted = restaurant.ack(restaurant.acting(order.id, ACCEPT, None)).await;
    restaurant.place(&restaurant.diner("diner-2")).await;
    let again = restaurant.commit(restaurant.acting(order.id, ACCEPT, None)).await.unwrap();
    assert!(again.events.is_empty());
    let again = again.answer.unwrap();
    assert_eq!((again.changed, again.position), (false, accepted.position));
    assert_eq!(order_of(&again), order_of(&accepted));
}

/// Refuses the second event of a command, after the order's row and its first event are written.
const REFUSE_SQLITE: &str = "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.kind = 'order.ready' \
    BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
const REFUSE_POSTGRES: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN RAISE EXCEPTION ''refused by the test''; END'; \
    CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.kind = 'order.ready') EXECUTE FUNCTION refuse()";

pub async fn a_failing_command_undoes_only_itself(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    restaurant.ack(restaurant.acting(order.id, ACCEPT, None)).await;
    database.execute(if database.is_sqlite() { REFUSE_SQLITE } else { REFUSE_POSTGRES }).await;
    let (&item, _) = order.items.first_key_value().expect("an order has an item");
    let mut units = JoinSet::new();
    for writer in 0..30 {
        let restaurant = restaurant.clone();
        units.spawn(async move {
            match writer % 3 {
                0 => restaurant.commit(restaurant.acting(order.id, OrderAction::FinishItem(item), None)).await.map(|_| ()),
                1 => restaurant.commit(panicking_work(&restaurant)).await.map(|_| ()),
                _ => restaurant.commit(restaurant.placing(&restaurant.diner("diner-2"), None)).await.map(|_| ()),
            }
        });
    }
    let outcomes = units.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(StoreError::Internal)).count(), 20, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10, "{outcomes:?}");
    assert_eq!(sound_feed(&restaurant.store, restaurant.id).await.len(), 12, "placed, accepted, and ten more placed");
}

fn panicking_work(restaurant: &TestRestaurant) -> Work {
    restaurant.work(&restaurant.staff(), Reads::Menu, None, |_| panic!("the decision of this test panics"))
}

/// Inserts a row without its parent, which both databases detect only at the commit.
const TRAP_SQLITE: &str = "CREATE TABLE trap (parent BLOB REFERENCES restaurants (id) DEFERRABLE INITIALLY DEFERRED) STRICT; \
    CREATE TRIGGER spring AFTER INSERT ON events WHEN NEW.kind = 'order.accepted' BEGIN INSERT INTO trap VALUES (x'00'); END";
const TRAP_POSTGRES: &str = "CREATE TABLE trap (parent UUID REFERENCES restaurants (id) DEFERRABLE INITIALLY DEFERRED); \
    CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN INSERT INTO trap VALUES (gen_random_uuid()); RETURN NULL; END'; \
    CREATE TRIGGER spring AFTER INSERT ON events FOR EACH ROW WHEN (NEW.kind = 'order.accepted') EXECUTE FUNCTION spring()";

pub async fn a_failed_commit_leaves_nothing_behind(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    database.execute(if database.is_sqlite() { TRAP_SQLITE } else { TRAP_POSTGRES }).await;
    for _ in 0..3 {
        let failed = restaurant.commit(restaurant.acting(order.id, ACCEPT, None)).await;
        assert_eq!(failed.map(|_| ()), Err(StoreError::Unavailable));
    }
    assert_eq!(restaurant.head().await, order.position);
    assert_eq!(restaurant.store.order(restaurant.id, order.id).await.unwrap(), Some(order.clone()));
    database.execute(if database.is_sqlite() { "DROP TRIGGER spring" } else { "DROP TRIGGER spring ON events" }).await;
    assert_eq!(restaurant.ack(restaurant.acting(order.id, ACCEPT, None)).await.position, order.position.next());
    sound_feed(&restaurant.store, restaurant.id).await;
}

/// Polls a future `times` times, then drops it at the await it has reached.
pub async fn polled<T>(times: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// The number of callers that stop after a number of awaits or after a time. Grows with `ORDERBELL_TEST_FACTOR`, up to five times.
const ROUNDS: u64 = 200;
const WAITS: u64 = 12;

fn rounds() -> u64 {
    ROUNDS * factor().clamp(1, 5) as u64
}

pub async fn a_caller_that_stops_waiting_leaves_nothing_half_done(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let (mut answered, rounds) = (0, rounds());
    for round in 0..rounds {
        let diner = restaurant.diner("diner-1");
        let commit = restaurant.commit(restaurant.placing(&diner, None));
        // Stop after a number of awaits or after a time, from before the first statement until after the commit.
        let is_answered = if round % 2 == 0 {
            polled(round / 2 % 40, commit).await.is_some()
        } else {
            timeout(Duration::from_micros(round % ROUNDS * 40), commit).await.is_ok()
        };
        answered += u64::from(is_answered);
        progress("callers that stop waiting", round as usize + 1, rounds as usize);
    }
    // Stop at each of the first awaits once more: the transaction must end before its connection is used again.
    for waits in 1..=WAITS {
        let diner = restaurant.diner("diner-1");
        answered += u64::from(polled(waits, restaurant.commit(restaurant.placing(&diner, None))).await.is_some());
        let until = Instant::now() + Duration::from_secs(3);
        while database.forgotten_transactions().await > 0 {
            assert!(Instant::now() < until, "a transaction was left open after {waits} awaits");
            sleep(Duration::from_millis(10)).await;
        }
    }
    // The store works with every connection of its pool.
    let mut writers = JoinSet::new();
    (0..20).for_each(|writer| drop(writers.spawn(place_and_accept(restaurant.clone(), writer))));
    timeout(Duration::from_secs(10), writers.join_all()).await.expect("no connection may be left in a transaction");
    let events = sound_feed(&restaurant.store, restaurant.id).await;
    let placed = events.iter().filter(|event| event.kind == EventKind::OrderPlaced).count() as u64;
    assert!(placed >= answered + 20, "acknowledged orders are stored: {placed} placed, {answered} answered");
    println!("{} × a caller that stops waiting: {answered} were answered, {placed} orders placed with 20 more", rounds + WAITS);
    assert!(answered < rounds + WAITS, "some callers must stop in time: {answered} answered");
    assert!(placed <= rounds + WAITS + 20, "none may be placed twice: {placed} placed");
}
