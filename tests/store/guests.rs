//! Guests: their open orders, the limits they reach, and their sessions, which the staff may end.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, key};
use crate::sessions::ended;
use orderbell::clock;
use orderbell::domain::model::command::{Cause, OrderAction};
use orderbell::domain::model::principal::Principal;
use orderbell::domain::rules::order_limits::{Guest, OpenOrders};
use orderbell::domain::values::ids::{CommandId, TableId};
use orderbell::domain::values::limit::Limit;
use orderbell::domain::values::reason::Reason;
use orderbell::domain::values::text::Key;
use orderbell::domain::values::version::Expected;
use orderbell::store::StoreError;
use orderbell::store::accounts::Table;
use orderbell::store::guests::{LimitRefusal, RefusalKey};
use orderbell::store::log::{CommandKey, Reads, State};
use orderbell::store::sessions::{Rotation, SessionRow};
use std::sync::{Arc, Mutex};

fn guest(restaurant: &TestRestaurant, sub: &str, table: Option<&str>) -> Principal {
    Principal { table: table.map(key), session: key(&format!("session-of-{sub}")), ..restaurant.diner(sub) }
}

/// Returns the open orders that decide whether a guest may order.
async fn open(restaurant: &TestRestaurant, who: &Principal) -> OpenOrders {
    let seen = Arc::new(Mutex::new(OpenOrders::default()));
    let found = seen.clone();
    let reads = Reads::GuestBasket(Guest::of(who).unwrap());
    let work = restaurant.work(who, reads, None, move |state: State| {
        *found.lock().unwrap() = state.open;
        state.open.check(&OpenOrders::default(), false).map(|()| unreachable!("nothing is allowed"))
    });
    assert!(restaurant.commit(work).await.unwrap().answer.is_err());
    *seen.lock().unwrap()
}

const fn counts(by_diner: u32, by_table: u32, by_restaurant: u32) -> OpenOrders {
    OpenOrders { by_diner, by_table, by_restaurant, later_by_diner: 0, later_by_table: 0 }
}

pub async fn open_orders_are_counted_by_guest_table_and_restaurant(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (a, b, c) = (guest(&restaurant, "a", Some("7")), guest(&restaurant, "b", Some("7")), guest(&restaurant, "c", Some("8")));
    let nowhere = guest(&restaurant, "d", None);
    for who in [&a, &a, &b, &c, &nowhere, &restaurant.staff()] {
        restaurant.place(who).await;
    }
    another.place(&guest(&another, "a", Some("7"))).await;
    assert_eq!(open(&restaurant, &a).await, counts(2, 3, 5), "an order by the staff does not count for a guest");
    assert_eq!(open(&restaurant, &c).await, counts(1, 1, 5));
    assert_eq!(open(&restaurant, &nowhere).await, counts(1, 0, 5), "a guest without a table");
    assert_eq!(open(&another, &guest(&another, "a", Some("7"))).await, counts(1, 1, 1));
    let order = restaurant.place(&a).await.id;
    assert_eq!(open(&restaurant, &a).await, counts(3, 4, 6));
    let reject = OrderAction::Reject(Cause { reason: Reason::TooBusy, detail: None });
    restaurant.ack(restaurant.acting(order, reject, None)).await;
    assert_eq!(open(&restaurant, &a).await, counts(2, 3, 5), "a closed order is not open");
    for who in [&b, &b, &c, &nowhere, &restaurant.staff()] {
        restaurant.ack(restaurant.placing_for(who, at(7200))).await;
    }
    let later = |later_by_diner, later_by_table, open| OpenOrders { later_by_diner, later_by_table, ..open };
    assert_eq!(open(&restaurant, &a).await, later(0, 2, counts(2, 5, 9)));
    assert_eq!(open(&restaurant, &b).await, later(2, 2, counts(3, 5, 9)));
    assert_eq!(open(&restaurant, &nowhere).await, later(1, 0, counts(2, 0, 9)), "a guest without a table");
}

async fn table(restaurant: &TestRestaurant, label: &str, secret: &str) -> Table {
    let id = TableId::from_uuid(clock::new_id());
    let table = Table { id, restaurant: restaurant.id, label: key(label), key: key(secret) };
    restaurant.store.add_table(&table).await.unwrap();
    table
}

async fn sit(restaurant: &TestRestaurant, table: &Table, sub: &str, hash: [u8; 32]) -> Key {
    let principal = guest(restaurant, sub, Some(table.label.as_str()));
    let session = principal.session.clone();
    let row = SessionRow { principal, expires_at: at(600) };
    restaurant.store.begin_guest_session(&row, hash, &table.key, at(0)).await.unwrap();
    session
}

async fn sitting(restaurant: &TestRestaurant, label: Option<&str>) -> Vec<Key> {
    let label = label.map(key);
    let sessions = restaurant.store.guest_sessions(restaurant.id, label.as_ref(), None, at(1), 10).await.unwrap();
    sessions.into_iter().map(|session| session.id).collect()
}

pub async fn deleting_a_table_ends_the_sessions_of_its_guests(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (seven, eight) = (table(&restaurant, "7", "key-7").await, table(&restaurant, "8", "key-8").await);
    let same_label = table(&another, "7", "key-of-another").await;
    let (a, b) = (sit(&restaurant, &seven, "a", [1; 32]).await, sit(&restaurant, &seven, "b", [2; 32]).await);
    let c = sit(&restaurant, &eight, "c", [3; 32]).await;
    let elsewhere = sit(&another, &same_label, "d", [4; 32]).await;
    assert_eq!(restaurant.store.remove_table(restaurant.id, seven.id, Expected::ANY).await, Ok(vec![a.clone(), b.clone()]));
    assert_eq!(ended(&database).await, [a, b], "in the same transaction");
    assert_eq!((sitting(&restaurant, None).await, sitting(&another, None).await), (vec![c], vec![elsewhere]));
    let late = SessionRow { principal: guest(&restaurant, "e", Some("7")), expires_at: at(600) };
    assert_eq!(restaurant.store.begin_guest_session(&late, [5; 32], &seven.key, at(1)).await, Err(StoreError::Missing));
}

pub async fn a_new_key_ends_the_sessions_of_a_table_on_request(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let seven = table(&restaurant, "7", "key-7").await;
    let a = sit(&restaurant, &seven, "a", [1; 32]).await;
    assert_eq!(
        restaurant
            .store
            .set_table_key(&Table { restaurant: restaurant.id, key: key("key-2"), ..seven.clone() }, false, Expected::ANY)
            .await,
        Ok(vec![])
    );
    assert_eq!((sitting(&restaurant, Some("7")).await, ended(&database).await), (vec![a.clone()], vec![]));
    assert_eq!(
        restaurant
            .store
            .set_table_key(&Table { restaurant: restaurant.id, key: key("key-3"), ..seven.clone() }, true, Expected::ANY)
            .await,
        Ok(vec![a.clone()])
    );
    assert_eq!((sitting(&restaurant, Some("7")).await, ended(&database).await), (vec![], vec![a]));
}

/// A guest whose session begins while the table is deleted is either refused or loses the session.
pub async fn a_session_that_begins_while_its_table_is_deleted_does_not_remain(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    for round in 0..20_u8 {
        let table = table(&restaurant, "7", &format!("key-{round}")).await;
        let principal = guest(&restaurant, &format!("guest-{round}"), Some("7"));
        let row = SessionRow { principal, expires_at: at(600) };
        let (sits, goes) = tokio::join!(
            restaurant.store.begin_guest_session(&row, [round; 32], &table.key, at(0)),
            restaurant.store.remove_table(restaurant.id, table.id, Expected::ANY),
        );
        let has_ended = goes.unwrap().contains(&row.principal.session);
        assert!(sits == Err(StoreError::Missing) || has_ended, "round {round}: {sits:?}");
        assert_eq!(sitting(&restaurant, None).await, []);
    }
}

pub async fn staff_list_guests_and_end_the_session_of_one(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let seven = table(&restaurant, "7", "key-7").await;
    let (a, b) = (sit(&restaurant, &seven, "a", [1; 32]).await, sit(&restaurant, &seven, "b", [2; 32]).await);
    restaurant.place(&guest(&restaurant, "a", Some("7"))).await;
    database.store.rotate_refresh([1; 32], &[[3; 32]], at(5)).await.unwrap();
    let sessions = restaurant.store.guest_sessions(restaurant.id, Some(&key("7")), None, at(9), 10).await.unwrap();
    let told: Vec<_> = sessions.iter().map(|one| (one.id.clone(), one.open_orders, one.started_at, one.seen_at)).collect();
    assert_eq!(told, [(b.clone(), 0, at(0), at(0)), (a.clone(), 1, at(0), at(5))]);
    assert_eq!(restaurant.store.guest_sessions(restaurant.id, None, None, at(600), 10).await, Ok(vec![]), "it has expired");
    for table in [None, Some(key("7"))] {
        let page = async |after: Option<&_>| {
            restaurant.store.guest_sessions(restaurant.id, table.as_ref(), after, at(9), 1).await.unwrap()
        };
        let (first, second) = (page(None).await, page(Some(&b)).await);
        assert_eq!([&first[0].id, &second[0].id], [&b, &a], "page by page");
        assert_eq!(page(Some(&a)).await, []);
    }

    let staff = SessionRow { principal: restaurant.staff(), expires_at: at(600) };
    database.store.add_session(&staff, [9; 32], at(0)).await.unwrap();
    assert_eq!(restaurant.store.end_guest_session(another.id, &a).await, Err(StoreError::Missing), "another's");
    assert_eq!(
        restaurant.store.end_guest_session(restaurant.id, &key("session-1")).await,
        Err(StoreError::Missing),
        "no guest's"
    );
    assert_eq!(restaurant.store.end_guest_session(restaurant.id, &a).await, Ok(()));
    assert_eq!(restaurant.store.end_guest_session(restaurant.id, &a).await, Err(StoreError::Missing), "it has already ended");
    assert_eq!((sitting(&restaurant, None).await, ended(&database).await), (vec![b], vec![a]));
}

pub async fn a_phone_learns_that_staff_ended_its_session(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let seven = table(&restaurant, "7", "key-7").await;
    let (a, left) = (sit(&restaurant, &seven, "a", [0; 32]).await, sit(&restaurant, &seven, "b", [2; 32]).await);
    for (presented, next) in [([0; 32], [1; 32]), ([1; 32], [3; 32])] {
        assert!(matches!(database.store.rotate_refresh(presented, &[next], at(1)).await, Ok(Rotation::Rotated { .. })));
    }
    database.store.end_session(&left).await.unwrap();
    restaurant.store.end_guest_session(restaurant.id, &a).await.unwrap();
    let renew = |hash| database.store.rotate_refresh(hash, &[[8; 32]], at(2));
    assert_eq!(renew([3; 32]).await, Ok(Rotation::EndedByStaff));
    assert_eq!(renew([3; 32]).await, Ok(Rotation::EndedByStaff), "the same answer to each retry");
    assert_eq!(renew([1; 32]).await, Ok(Rotation::EndedByStaff), "the token spent last, whose answer may have been lost");
    assert_eq!(renew([0; 32]).await, Ok(Rotation::Unknown), "an older token");
    assert_eq!(renew([2; 32]).await, Ok(Rotation::Unknown), "a guest who left");
    let later = orderbell::domain::values::time::Timestamp::from_millis(i64::MAX / 1000);
    database.store.forget_sessions(later, later).await.unwrap();
    assert_eq!(renew([3; 32]).await, Ok(Rotation::Unknown), "forgotten together with the end");
}

pub async fn refusals_by_a_limit_are_summed_up_and_later_forgotten(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let refusal = |limit, table: Option<&str>| RefusalKey { restaurant: restaurant.id, limit, table: table.map(key) };
    let (by_table, by_diner) = (refusal(Limit::OrdersByTable, Some("7")), refusal(Limit::OrderPortions, None));
    let once = |count, second| LimitRefusal { count, first_at: at(second), last_at: at(second) };
    let elsewhere = RefusalKey { restaurant: another.id, ..by_table.clone() };
    let store = &database.store;
    store.add_limit_refusals(vec![(by_table.clone(), once(2, 1)), (elsewhere, once(1, 1))]).await.unwrap();
    store.add_limit_refusals(vec![(by_table.clone(), once(3, 5)), (by_diner.clone(), once(1, 9))]).await.unwrap();
    let sum = LimitRefusal { count: 5, first_at: at(1), last_at: at(5) };
    assert_eq!(store.limit_refusals(restaurant.id, 10).await.unwrap(), [(by_diner.clone(), once(1, 9)), (by_table, sum)]);
    assert_eq!(store.limit_refusals(restaurant.id, 1).await.unwrap().len(), 1);
    assert_eq!(store.forget_limit_refusals(at(6)).await, Ok(2));
    assert_eq!(store.limit_refusals(restaurant.id, 10).await.unwrap(), [(by_diner, once(1, 9))]);
}

pub async fn an_answer_is_found_without_a_transaction(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let who = restaurant.diner("a");
    let command = CommandKey { sub: who.sub.clone(), id: CommandId::from_uuid(clock::new_id()), fingerprint: [1; 32] };
    assert!(database.store.answered(restaurant.id, &command).await.unwrap().is_none());
    let ack = restaurant.ack(restaurant.placing(&who, Some(command.clone()))).await;
    let again = database.store.answered(restaurant.id, &command).await.unwrap().unwrap();
    assert!(again.repeated && again.answer.unwrap().position == ack.position);
    let other = CommandKey { fingerprint: [2; 32], ..command };
    assert!(
        database.store.answered(restaurant.id, &other).await.unwrap().unwrap().answer.is_err(),
        "the same id with another meaning"
    );
}
