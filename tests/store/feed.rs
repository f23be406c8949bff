//! Order and atomicity of the feed.

use crate::fold::sound_feed;
use crate::house::{TestRestaurant, order_of};
use crate::world::TestDatabase;
use orderbell::clock;
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::event::EventKind;
use orderbell::domain::values::ids::{OrderId, RestaurantId};
use orderbell::domain::values::position::Position;
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

async fn place_and_accept(house: TestRestaurant, writer: usize) -> u32 {
    let order = house.place(&house.diner(&format!("diner-{writer}"))).await;
    house.ack(house.acting(order.id, ACCEPT, None)).await;
    order.number
}

pub async fn positions_have_no_hole_under_fifty_writers(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let mut writers = JoinSet::new();
    (0..50).for_each(|writer| drop(writers.spawn(place_and_accept(house.clone(), writer))));
    let numbers: BTreeSet<u32> = writers.join_all().await.into_iter().collect();
    assert_eq!(numbers, (1..=50).collect(), "every order has its own number, none is left out");
    assert_eq!(sound_feed(&house.store, house.id).await.len(), 100);
}

pub async fn two_stores_on_one_database_make_one_feed(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let other = TestRestaurant { store: world.beside().await, ..house.clone() };
    let mut writers = JoinSet::new();
    for writer in 0..40 {
        writers.spawn(place_and_accept(if writer % 2 == 0 { house.clone() } else { other.clone() }, writer));
    }
    let numbers: BTreeSet<u32> = writers.join_all().await.into_iter().collect();
    assert_eq!(numbers, (1..=40).collect());
    assert_eq!(sound_feed(&house.store, house.id).await.len(), 80);
}

pub async fn restaurants_have_feeds_of_their_own(world: TestDatabase) {
    let (one, two) = (TestRestaurant::open(&world.store).await, TestRestaurant::open(&world.store).await);
    let first = one.place(&one.diner("diner-1")).await;
    let order = two.place(&two.diner("diner-1")).await;
    assert_eq!((order.position.number(), order.number), (1, 1));
    let nobody = RestaurantId::from_uuid(clock::new_id());
    one.ack(one.acting(first.id, ACCEPT, None)).await;
    assert_eq!(one.place(&one.diner("diner-1")).await.number, 2, "only placing uses a number up");
    let mut heads = world.store.heads(&[two.id, nobody, one.id]).await.unwrap();
    heads.sort_unstable();
    assert_eq!(heads, [(one.id, Position::new(3).unwrap()), (two.id, Position::new(1).unwrap())]);
    assert_eq!(world.store.heads(&[]).await.unwrap(), []);
    assert_eq!(world.store.head(nobody).await, Err(StoreError::Missing));
}

pub async fn a_refusal_leaves_nothing(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let order = house.place(&house.diner("diner-1")).await;
    for id in [order.id, OrderId::from_uuid(clock::new_id())] {
        let refused = house.commit(house.acting(id, OrderAction::Serve, None)).await.unwrap();
        assert!(refused.answer.is_err() && refused.events.is_empty());
    }
    assert_eq!(house.head().await, order.position);
    assert_eq!(house.store.order(house.id, order.id).await.unwrap(), Some(order.clone()));
    let next = house.place(&house.diner("diner-1")).await;
    assert_eq!((next.position, next.number), (order.position.next(), order.number + 1), "nothing was used up");
}

pub async fn what_holds_already_answers_with_its_own_position(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let order = house.place(&house.diner("diner-1")).await;
    let accepted = house.ack(house.acting(order.id, ACCEPT, None)).await;
    house.place(&house.diner("diner-2")).await;
    let again = house.commit(house.acting(order.id, ACCEPT, None)).await.unwrap();
    assert!(again.events.is_empty());
    let again = again.answer.unwrap();
    assert_eq!((again.changed, again.position), (false, accepted.position));
    assert_eq!(order_of(&again), order_of(&accepted));
}

/// Refuses the second event of a command, when the order's row and its first event are written.
const REFUSE_SQLITE: &str = "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.kind = 'order.ready' \
    BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
const REFUSE_POSTGRES: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN RAISE EXCEPTION ''refused by the test''; END'; \
    CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.kind = 'order.ready') EXECUTE FUNCTION refuse()";

pub async fn a_unit_that_fails_undoes_only_itself(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let order = house.place(&house.diner("diner-1")).await;
    house.ack(house.acting(order.id, ACCEPT, None)).await;
    world.execute(if world.is_sqlite() { REFUSE_SQLITE } else { REFUSE_POSTGRES }).await;
    let (&item, _) = order.items.first_key_value().expect("an order has an item");
    let mut units = JoinSet::new();
    for writer in 0..30 {
        let house = house.clone();
        units.spawn(async move {
            match writer % 3 {
                0 => house.commit(house.acting(order.id, OrderAction::FinishItem(item), None)).await.map(|_| ()),
                1 => house.commit(panicking_work(&house)).await.map(|_| ()),
                _ => house.commit(house.placing(&house.diner("diner-2"), None)).await.map(|_| ()),
            }
        });
    }
    let outcomes = units.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(StoreError::Internal)).count(), 20, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10, "{outcomes:?}");
    assert_eq!(sound_feed(&house.store, house.id).await.len(), 12, "placed, accepted, and ten more placed");
}

fn panicking_work(house: &TestRestaurant) -> Work {
    house.work(&house.staff(), Reads::Menu, None, |_| panic!("a decision of the test panics"))
}

/// A row that no parent has, which both databases notice only when the transaction commits.
const TRAP_SQLITE: &str = "CREATE TABLE trap (parent BLOB REFERENCES restaurants (id) DEFERRABLE INITIALLY DEFERRED) STRICT; \
    CREATE TRIGGER spring AFTER INSERT ON events WHEN NEW.kind = 'order.accepted' BEGIN INSERT INTO trap VALUES (x'00'); END";
const TRAP_POSTGRES: &str = "CREATE TABLE trap (parent UUID REFERENCES restaurants (id) DEFERRABLE INITIALLY DEFERRED); \
    CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN INSERT INTO trap VALUES (gen_random_uuid()); RETURN NULL; END'; \
    CREATE TRIGGER spring AFTER INSERT ON events FOR EACH ROW WHEN (NEW.kind = 'order.accepted') EXECUTE FUNCTION spring()";

pub async fn a_commit_that_fails_leaves_nothing(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let order = house.place(&house.diner("diner-1")).await;
    world.execute(if world.is_sqlite() { TRAP_SQLITE } else { TRAP_POSTGRES }).await;
    for _ in 0..3 {
        let failed = house.commit(house.acting(order.id, ACCEPT, None)).await;
        assert_eq!(failed.map(|_| ()), Err(StoreError::Unavailable));
    }
    assert_eq!(house.head().await, order.position);
    assert_eq!(house.store.order(house.id, order.id).await.unwrap(), Some(order.clone()));
    world.execute(if world.is_sqlite() { "DROP TRIGGER spring" } else { "DROP TRIGGER spring ON events" }).await;
    assert_eq!(house.ack(house.acting(order.id, ACCEPT, None)).await.position, order.position.next());
    sound_feed(&house.store, house.id).await;
}

/// Polls a future so many times, then drops it: it is left at each of its waits in turn.
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

/// How many callers stop at a wait or a moment of their own, and how many at each of the first waits. The first number
/// grows with `ORDERBELL_TEST_FACTOR`, up to five times.
const ROUNDS: u64 = 200;
const WAITS: u64 = 12;

fn rounds() -> u64 {
    ROUNDS * factor().clamp(1, 5) as u64
}

pub async fn a_caller_that_stops_waiting_leaves_nothing_half_done(world: TestDatabase) {
    let house = TestRestaurant::open(&world.store).await;
    let (mut answered, rounds) = (0, rounds());
    for round in 0..rounds {
        let diner = house.diner("diner-1");
        let commit = house.commit(house.placing(&diner, None));
        // By waits and by time, from before the first statement to after the commit.
        let is_answered = if round % 2 == 0 {
            polled(round / 2 % 40, commit).await.is_some()
        } else {
            timeout(Duration::from_micros(round % ROUNDS * 40), commit).await.is_ok()
        };
        answered += u64::from(is_answered);
        progress("callers that stop waiting", round as usize + 1, rounds as usize);
    }
    // At each of the first waits once more: what is left goes on to its end, before another takes its connection over.
    for waits in 1..=WAITS {
        let diner = house.diner("diner-1");
        answered += u64::from(polled(waits, house.commit(house.placing(&diner, None))).await.is_some());
        let until = Instant::now() + Duration::from_secs(3);
        while world.forgotten_transactions().await > 0 {
            assert!(Instant::now() < until, "a transaction was left open after {waits} waits");
            sleep(Duration::from_millis(10)).await;
        }
    }
    // The store is usable with every connection it has.
    let mut writers = JoinSet::new();
    (0..20).for_each(|writer| drop(writers.spawn(place_and_accept(house.clone(), writer))));
    timeout(Duration::from_secs(10), writers.join_all()).await.expect("no connection may be left in a transaction");
    let events = sound_feed(&house.store, house.id).await;
    let placed = events.iter().filter(|event| event.kind == EventKind::OrderPlaced).count() as u64;
    assert!(placed >= answered + 20, "what was acknowledged is there: {placed} placed, {answered} answered");
    println!("{} × a caller that stops waiting: {answered} were answered, {placed} orders placed with 20 more", rounds + WAITS);
    assert!(answered < rounds + WAITS, "the case must cancel some: {answered} answered");
    assert!(placed <= rounds + WAITS + 20, "none may be placed twice: {placed} placed");
}
