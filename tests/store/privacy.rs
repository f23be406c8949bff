//! Guests' data is removed after a while and on request; the feed stays complete.

use crate::database::{TestDatabase, in_time};
use crate::fold::sound_feed;
use crate::restaurant::{TestRestaurant, at, command, command_id, key};
use orderbell::clock;
use orderbell::domain::model::command::{Cause, OrderAction};
use orderbell::domain::model::principal::Principal;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::position::Position;
use orderbell::domain::values::reason::Reason;
use orderbell::domain::values::time::Timestamp;
use orderbell::privacy::{Erasure, erase, export, purge};
use orderbell::store::log::{OrderFilter, OrderQuery, Work};
use orderbell::store::privacy::Purged;
use orderbell::store::sessions::SessionRow;
use sqlx::{Connection, PgConnection, query_scalar};
use std::time::Duration;

/// Returns a time after every id generated so far and after the restaurant's times.
fn later() -> Timestamp {
    Timestamp::from_millis(clock::now().millis() + 1000).max(at(1000))
}

const fn batch(orders: u64, more: bool) -> Purged {
    Purged { orders, more }
}

/// Places an order with a note as a guest, and rejects it with a message.
async fn close_one(restaurant: &TestRestaurant, diner: &str) -> orderbell::domain::model::order::Order {
    let order = restaurant.place(&restaurant.diner(diner)).await;
    let cause = Cause { reason: Reason::Other, detail: Some(key("we are sorry, dear guest")) };
    restaurant.ack(restaurant.acting(order.id, OrderAction::Reject(cause), Some(command("staff-1", command_id(), 1)))).await;
    order
}

async fn everything(restaurant: &TestRestaurant) -> String {
    let events = sound_feed(&restaurant.store, restaurant.id).await;
    let orders = restaurant.store.orders(restaurant.id, OrderQuery::of(OrderFilter::All), 100).await.unwrap();
    format!("{} {}", serde_json::to_string(&orders).unwrap(), events.iter().map(|event| event.patch.get()).collect::<String>())
}

pub async fn a_purge_removes_words_and_names_of_old_closed_orders_and_the_feed_stays_complete(database: TestDatabase) {
    let (restaurant, other) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    for number in 0..3 {
        close_one(&restaurant, &format!("guest-{number}")).await;
    }
    close_one(&other, "guest-elsewhere").await;
    let open = restaurant.place(&restaurant.diner("guest-open")).await;
    let head = restaurant.head().await;
    assert!(everything(&restaurant).await.contains("dear guest"), "the control: the data exists before");
    let store = &database.store;
    assert_eq!(store.purge_orders(restaurant.id, at(0), at(1), 100).await.unwrap(), batch(0, false), "no order is that old");
    assert_eq!(store.kept_from(restaurant.id).await.unwrap(), Position::ZERO);
    assert_eq!(store.orders_to_purge(restaurant.id, later()).await.unwrap(), 3);
    assert_eq!(store.purge_orders(restaurant.id, later(), at(1), 2).await.unwrap(), batch(2, true), "one batch at a time");
    assert_eq!(store.purge_orders(restaurant.id, later(), at(1), 2).await.unwrap(), batch(1, false));
    assert_eq!(store.purge_orders(restaurant.id, later(), at(1), 2).await.unwrap(), batch(0, false));
    let left = everything(&restaurant).await;
    for gone in ["dear guest", "guest-0", "guest-1", "guest-2"] {
        assert!(!left.contains(gone), "{gone} in {left}");
    }
    assert!(left.contains("guest-open"), "an open order keeps its data");
    assert_eq!(restaurant.head().await, head, "no position was added or removed");
    let kept = store.kept_from(restaurant.id).await.unwrap();
    assert!(kept > Position::ZERO && kept < open.position);
    assert!(everything(&other).await.contains("dear guest"));
    assert_eq!(store.kept_from(other.id).await.unwrap(), Position::ZERO);
}

pub async fn age_counts_from_when_an_order_closed(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let (before, hour) = (later(), Duration::from_secs(3600));
    let late = restaurant.place(&restaurant.diner("guest-late")).await;
    let cause = Cause { reason: Reason::TooBusy, detail: None };
    let close = restaurant.acting(late.id, OrderAction::Reject(cause), None);
    restaurant.ack(Work { at: before.plus(hour), ..close }).await;
    close_one(&restaurant, "guest-old").await;
    assert_eq!(store.orders_to_purge(restaurant.id, before).await.unwrap(), 1);
    assert_eq!(store.purge_orders(restaurant.id, before, at(1), 1).await.unwrap(), batch(0, true), "closed too recently");
    assert_eq!(store.purge_orders(restaurant.id, before, at(1), 1).await.unwrap(), batch(1, true), "it is skipped");
    assert_eq!(purge(store, restaurant.id, before).await.unwrap(), 0);
    let left = everything(&restaurant).await;
    assert!(left.contains("guest-late") && !left.contains("guest-old"), "{left}");
    assert_eq!(purge(store, restaurant.id, before.plus(hour * 2)).await.unwrap(), 1);
    assert!(!everything(&restaurant).await.contains("guest-late"));
}

pub async fn a_guest_is_erased_everywhere_and_live_screens_are_updated(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let (first, second) = (close_one(&restaurant, "guest-a").await, close_one(&restaurant, "guest-a").await);
    close_one(&restaurant, "guest-b").await;
    let row = |sub: &str| SessionRow {
        principal: Principal { session: key(&format!("session-of-{sub}-{}", clock::new_id())), ..restaurant.diner(sub) },
        expires_at: at(1000),
    };
    let (own, others) = (row("guest-a"), row("guest-b"));
    database.store.add_session(&own, [1; 32], at(0)).await.unwrap();
    database.store.add_session(&others, [2; 32], at(0)).await.unwrap();
    let exported = serde_json::to_string(&export(&database.store, restaurant.id, key("guest-a")).await.unwrap()).unwrap();
    assert!(exported.contains(&first.id.to_string()) && exported.contains("dear guest") && !exported.contains("guest-b"));

    let open = restaurant.place(&restaurant.diner("guest-a")).await;
    let stopped = erase(&database.store, restaurant.id, &key("guest-a")).await.unwrap();
    assert!(matches!(stopped, Erasure::Open(1)));
    assert!(everything(&restaurant).await.contains("guest-a"), "nothing was changed");
    let cause = Cause { reason: Reason::TooBusy, detail: None };
    restaurant.ack(restaurant.acting(open.id, OrderAction::Reject(cause), None)).await;

    let head = restaurant.head().await;
    let Erasure::Done { orders, events, sessions } = erase(&database.store, restaurant.id, &key("guest-a")).await.unwrap() else {
        panic!("no order is open")
    };
    assert_eq!((orders, sessions), (3, vec![own.principal.session.clone()]));
    let positions: Vec<_> = events.iter().map(|event| event.position.number()).collect();
    assert_eq!(positions, (head.number() + 1..=head.number() + 3).collect::<Vec<_>>());
    let patch: serde_json::Value = serde_json::from_str(events[0].patch.get()).unwrap();
    assert!(patch["diner"].is_null() && patch.as_object().unwrap().contains_key("diner"), "{patch}");
    let left = everything(&restaurant).await;
    assert!(!left.contains("guest-a") && left.contains("guest-b"), "{left}");
    let replayed =
        database.store.events(restaurant.id, Some(RoomId::Order(second.id)), Position::ZERO, restaurant.head().await, 10).await;
    assert!(replayed.unwrap().iter().all(|event| !event.patch.get().contains("dear guest")));
    assert!(database.store.session_end(restaurant.id, &own.principal.session).await.unwrap().is_none());
    assert!(database.store.session_end(restaurant.id, &others.principal.session).await.unwrap().is_some());
    close_one(&restaurant, "guest-c").await;
    assert_eq!(
        database.store.forget_answers_about(restaurant.id, &key("guest-c")).await.unwrap(),
        1,
        "the control: the answer is remembered"
    );
    assert_eq!(database.store.forget_answers_about(restaurant.id, &key("guest-a")).await.unwrap(), 0);
    let again = erase(&database.store, restaurant.id, &key("guest-a")).await.unwrap();
    assert!(matches!(again, Erasure::Done { orders: 0, .. }));
}

/// Inserts 1,200 refresh tokens that one expired session has spent.
const SPENT_ON_SQLITE: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) \
    INSERT INTO session_refreshes (hash, session, spent_at) \
    SELECT randomblob(32), (SELECT max(id) FROM sessions WHERE sub = 'old'), i FROM n";
const SPENT_ON_POSTGRES: &str = "INSERT INTO session_refreshes (hash, session, spent_at) \
    SELECT sha256(i::text::bytea), (SELECT max(id) FROM sessions WHERE sub = 'old'), i FROM generate_series(1, 1200) i";

/// Counts removed rows by transaction, and adds old answers.
const COUNTED: &str = "CREATE TABLE removed (transaction BIGINT NOT NULL);
    CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO removed VALUES (txid_current()); RETURN NULL; END $$;
    CREATE TRIGGER count_removed AFTER DELETE ON commands FOR EACH ROW EXECUTE FUNCTION count_removed();
    CREATE TRIGGER count_removed AFTER DELETE ON session_refreshes FOR EACH ROW EXECUTE FUNCTION count_removed();
    INSERT INTO commands SELECT gen_random_uuid(), 'guest', gen_random_uuid(), sha256(i::text::bytea), '{}', i
        FROM generate_series(1, 1050) i";

/// Returns the largest number of rows that one transaction removed.
async fn most_removed(database: &TestDatabase) -> i64 {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let most = "WITH counted AS (DELETE FROM removed RETURNING transaction),
        each AS (SELECT count(*) AS rows FROM counted GROUP BY transaction) SELECT max(rows) FROM each";
    query_scalar(most).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_transaction_removes_many_rows() {
    in_time(async {
        let database = TestDatabase::postgres().await;
        let restaurant = TestRestaurant::open(&database.store).await;
        let row = SessionRow { principal: restaurant.diner("old"), expires_at: at(10) };
        database.store.add_session(&row, [1; 32], at(0)).await.unwrap();
        database.execute(SPENT_ON_POSTGRES).await;
        database.execute(COUNTED).await;
        assert_eq!(database.store.forget_answers(at(0)).await.unwrap(), 1050);
        assert_eq!(most_removed(&database).await, 100);
        assert_eq!(database.store.forget_expired_sessions(at(11)).await.unwrap(), 1);
        assert_eq!(most_removed(&database).await, 500);
    })
    .await;
}

pub async fn guests_without_orders_and_expired_sessions_are_removed_in_batches(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    restaurant.place(&restaurant.diner("hungry")).await;
    for (sub, expires, number) in [("hungry", 1000, 130), ("window", 1000, 110), ("old", 10, 105)] {
        for _ in 0..number {
            let id = clock::new_id();
            let principal = Principal { session: key(&id.to_string()), ..restaurant.diner(sub) };
            let hash = [*id.as_bytes(); 2].concat().try_into().unwrap();
            database.store.add_session(&SessionRow { principal, expires_at: at(expires) }, hash, at(0)).await.unwrap();
        }
    }
    database.execute(if database.is_sqlite() { SPENT_ON_SQLITE } else { SPENT_ON_POSTGRES }).await;
    let store = &database.store;
    let printed = Principal { session: key(&clock::new_id().to_string()), ..restaurant.diner("printed") };
    let row = SessionRow { principal: printed.clone(), expires_at: at(1000) };
    store.add_issued(&row, &key("printer"), at(0)).await.unwrap();
    assert_eq!(store.forget_idle_guests(at(0)).await.unwrap(), 0, "they have only just arrived");
    assert_eq!(store.forget_expired_sessions(at(11)).await.unwrap(), 105);
    assert_eq!(store.forget_expired_sessions(at(11)).await.unwrap(), 0);
    assert_eq!(store.forget_idle_guests(at(1)).await.unwrap(), 110, "a guest who has ordered stays");
    assert_eq!(store.forget_idle_guests(at(1)).await.unwrap(), 0);
    assert!(store.session_end(restaurant.id, &printed.session).await.unwrap().is_some(), "an issued token keeps its lifetime");
}

pub async fn only_one_of_many_nodes_gets_the_task(database: TestDatabase) {
    let beside = database.beside().await;
    let claims = [&database.store, &beside, &database.store, &beside].map(|store| store.claim("task", at(0), at(10)));
    let won = futures_util::future::join_all(claims).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert_eq!(won, 1);
    assert!(!database.store.claim("task", at(10), at(20)).await.unwrap());
    assert!(beside.claim("task", at(11), at(20)).await.unwrap());
}
