//! Refresh tokens, and how sessions end.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, key};
use orderbell::clock;
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::values::ids::DeviceId;
use orderbell::domain::values::text::Key;
use orderbell::domain::values::time::Timestamp;
use orderbell::store::StoreError;
use orderbell::store::sessions::{EndCursor, Ended, Lost, REPEATABLE, Refresh, Rotation, SessionRow};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;

const FIRST: [u8; 32] = [1; 32];
const SECOND: [u8; 32] = [2; 32];
const THIRD: [u8; 32] = [3; 32];

async fn begin(database: &TestDatabase, id: &str, hash: [u8; 32]) -> SessionRow {
    let restaurant = TestRestaurant::open(&database.store).await;
    let device = Some(DeviceId::from_uuid(clock::new_id()));
    let (session, station, table) = (key(id), Some(key("hot")), Some(key("7")));
    let principal = Principal { role: Role::Kitchen, session, station, table, device, ..restaurant.staff() };
    let row = SessionRow { principal, expires_at: at(600) };
    database.store.add_session(&row, hash, at(0)).await.unwrap();
    row
}

/// Returns the sessions listed as ended, oldest end first.
pub async fn ended(database: &TestDatabase) -> Vec<Key> {
    let ends = ended_since(database, Timestamp::from_millis(0)).await;
    ends.into_iter().map(|ended| ended.session).collect()
}

async fn ended_since(database: &TestDatabase, since: Timestamp) -> Vec<Ended> {
    database.store.ended_since(EndCursor::at(since), at(0), 100).await.unwrap()
}

pub async fn a_refresh_token_is_spent_once_and_replaced(database: TestDatabase) {
    let session = begin(&database, "s-1", FIRST).await;
    let store = &database.store;
    assert_eq!(rotate(&database, FIRST, &[SECOND], 1).await, rotated(&session, SECOND));
    assert_eq!(rotate(&database, SECOND, &[THIRD], 2).await, rotated(&session, THIRD));
    assert_eq!(rotate(&database, [9; 32], &[[8; 32]], 2).await, Rotation::Unknown);
    for (hash, successor) in [(FIRST, 2), (SECOND, 2), (THIRD, 3)] {
        let found = store.find_refresh(hash).await.unwrap();
        assert_eq!(found, Some(Refresh { session: key("s-1"), successor }), "spent or not");
    }
    assert_eq!(store.find_refresh([9; 32]).await.unwrap(), None);
    assert_eq!(store.add_session(&session, [7; 32], at(3)).await, Err(StoreError::Taken));
}

pub async fn the_last_spent_token_is_valid_until_its_successor_is_used(database: TestDatabase) {
    let session = begin(&database, "s-1", FIRST).await;
    rotate(&database, FIRST, &[SECOND], 1).await;
    for second in [1, 2, 500] {
        // A key that is now first in the keyring derives another token; the stored one counts.
        assert_eq!(rotate(&database, FIRST, &[[8; 32], SECOND], second).await, rotated(&session, SECOND));
    }
    assert_eq!(rotate(&database, SECOND, &[THIRD], 501).await, rotated(&session, THIRD));
    assert_eq!(rotate(&database, SECOND, &[THIRD], 502).await, rotated(&session, THIRD), "now this token was spent last");
    assert_eq!(rotate(&database, FIRST, &[SECOND], 503).await, Rotation::Reused(key("s-1")));
    assert_eq!(rotate(&database, THIRD, &[[4; 32]], 504).await, Rotation::Unknown);
    assert_eq!(ended(&database).await, [key("s-1")]);
}

pub async fn a_spent_token_is_valid_again_for_at_most_a_day(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let day = i64::try_from(REPEATABLE.as_secs()).unwrap();
    for (id, hash) in [("s-1", [1; 32]), ("s-2", [11; 32])] {
        let row = SessionRow { principal: Principal { session: key(id), ..restaurant.staff() }, expires_at: at(90 * day) };
        database.store.add_session(&row, hash, at(0)).await.unwrap();
        rotate(&database, hash, &[[hash[0] + 1; 32]], 1).await;
    }
    assert!(matches!(rotate(&database, [1; 32], &[[2; 32]], day).await, Rotation::Rotated { .. }));
    assert_eq!(rotate(&database, [11; 32], &[[12; 32]], day + 1).await, Rotation::Reused(key("s-2")));
}

/// A node's clock that is behind must not make an older token count as the one spent last.
pub async fn the_last_spent_token_is_known_as_the_last_even_if_clocks_differ(database: TestDatabase) {
    let session = begin(&database, "s-1", FIRST).await;
    rotate(&database, FIRST, &[SECOND], 300).await;
    rotate(&database, SECOND, &[THIRD], 100).await;
    assert_eq!(rotate(&database, SECOND, &[THIRD], 100).await, rotated(&session, THIRD));
    assert_eq!(rotate(&database, FIRST, &[SECOND], 100).await, Rotation::Reused(key("s-1")));
}

/// The keyring no longer has the key, or an earlier version generated the token at random.
pub async fn a_successor_that_no_key_can_derive_is_replaced(database: TestDatabase) {
    let session = begin(&database, "s-1", FIRST).await;
    rotate(&database, FIRST, &[[7; 32]], 1).await;
    assert_eq!(rotate(&database, FIRST, &[SECOND], 2).await, rotated(&session, SECOND));
    assert_eq!(rotate(&database, FIRST, &[[7; 32]], 3).await, rotated(&session, [7; 32]), "nodes with two keyrings, in turn");
    assert_eq!(rotate(&database, FIRST, &[SECOND], 3).await, rotated(&session, SECOND));
    assert_eq!(rotate(&database, SECOND, &[THIRD], 4).await, rotated(&session, THIRD));
    assert_eq!(rotate(&database, [7; 32], &[[6; 32]], 5).await, Rotation::Reused(key("s-1")), "a client had received it");
}

/// A standby without the last renewals was promoted, or a backup was restored.
pub async fn a_lost_token_replaces_the_newest_one_once(database: TestDatabase) {
    let session = begin(&database, "s-1", FIRST).await;
    assert_eq!(recover(&database, "s-2", [7; 32], 4, &[[8; 32]]).await, Rotation::Unknown, "no such session");
    assert_eq!(recover(&database, "s-1", [7; 32], 4, &[[8; 32]]).await, rotated(&session, [8; 32]));
    assert_eq!(recover(&database, "s-1", [7; 32], 4, &[[8; 32]]).await, rotated(&session, [8; 32]), "another node was faster");
    assert_eq!(rotate(&database, [8; 32], &[[9; 32]], 1).await, rotated(&session, [9; 32]));
    assert_eq!(database.store.find_refresh([9; 32]).await.unwrap(), Some(Refresh { session: key("s-1"), successor: 7 }));
    assert_eq!(rotate(&database, FIRST, &[SECOND], 2).await, Rotation::Reused(key("s-1")), "the one that it replaced");
    assert_eq!(recover(&database, "s-1", [10; 32], 9, &[[11; 32]]).await, Rotation::Unknown, "the session has ended");
}

pub async fn a_lost_token_ends_its_session_if_it_is_older_or_its_successor_is_known(database: TestDatabase) {
    for (id, first, older) in [("s-1", 10, 3), ("s-2", 20, 4), ("s-3", 30, 0)] {
        begin(&database, id, [first; 32]).await;
        recover(&database, id, [first + 4; 32], 4, &[[first + 5; 32]]).await;
        let reused = recover(&database, id, [first + 3; 32], older, &[[first + 9; 32]]).await;
        assert_eq!(reused, Rotation::Reused(key(id)), "{older}");
        assert_eq!(rotate(&database, [first + 5; 32], &[[first + 6; 32]], 1).await, Rotation::Unknown);
    }
    begin(&database, "s-4", [40; 32]).await;
    rotate(&database, [40; 32], &[[41; 32]], 1).await;
    assert_eq!(recover(&database, "s-4", [49; 32], 9, &[[41; 32]]).await, Rotation::Reused(key("s-4")));
    assert_eq!(ended(&database).await.len(), 4);
}

/// Versions that did not count renewals signed no number.
pub async fn a_lost_token_without_a_number_is_valid_until_the_session_counts_renewals(database: TestDatabase) {
    let session = begin(&database, "s-1", FIRST).await;
    assert_eq!(recover(&database, "s-1", [7; 32], 0, &[[8; 32]]).await, rotated(&session, [8; 32]));
    assert_eq!(recover(&database, "s-1", [6; 32], 0, &[[9; 32]]).await, Rotation::Reused(key("s-1")));
}

async fn recover(database: &TestDatabase, session: &str, hash: [u8; 32], number: u32, candidates: &[[u8; 32]]) -> Rotation {
    let lost = Lost { session: key(session), hash, number };
    database.store.recover_refresh(&lost, candidates, at(1)).await.unwrap()
}

async fn rotate(database: &TestDatabase, presented: [u8; 32], candidates: &[[u8; 32]], second: i64) -> Rotation {
    database.store.rotate_refresh(presented, candidates, at(second)).await.unwrap()
}

fn rotated(session: &SessionRow, successor: [u8; 32]) -> Rotation {
    Rotation::Rotated { session: session.clone(), successor }
}

pub async fn only_the_restaurant_of_a_session_can_read_its_end(database: TestDatabase) {
    let who = begin(&database, "s-1", FIRST).await.principal;
    let (store, another) = (&database.store, TestRestaurant::open(&database.store).await);
    assert_eq!(store.session_end(who.restaurant, &who.session).await, Ok(Some(at(600))));
    assert_eq!(store.session_end(another.id, &who.session).await, Ok(None));
    assert_eq!(store.session_end(who.restaurant, &key("s-2")).await, Ok(None));
    store.end_session(&who.session).await.unwrap();
    assert_eq!(store.session_end(who.restaurant, &who.session).await, Ok(None));
}

pub async fn an_older_refresh_token_ends_its_session(database: TestDatabase) {
    let session = begin(&database, "s-1", FIRST).await;
    begin(&database, "s-2", [11; 32]).await;
    rotate(&database, FIRST, &[SECOND], 1).await;
    rotate(&database, SECOND, &[THIRD], 2).await;
    let id = session.principal.session;
    assert_eq!(rotate(&database, FIRST, &[SECOND], 3).await, Rotation::Reused(id.clone()));
    assert_eq!(rotate(&database, THIRD, &[[4; 32]], 3).await, Rotation::Unknown, "the newest token is void too");
    assert_eq!(rotate(&database, FIRST, &[SECOND], 3).await, Rotation::Unknown);
    assert_eq!(ended(&database).await, [id]);
    assert!(matches!(rotate(&database, [11; 32], &[[12; 32]], 3).await, Rotation::Rotated { .. }));
}

pub async fn simultaneous_requests_with_one_token_get_one_successor(database: TestDatabase) {
    for round in 0..10_u8 {
        let (hash, next) = ([round * 10 + 1; 32], [round * 10 + 2; 32]);
        let session = begin(&database, &format!("s-{round}"), hash).await;
        let mut presenters = JoinSet::new();
        for _ in 0..4_u8 {
            let store = database.store.clone();
            presenters.spawn(async move { store.rotate_refresh(hash, &[next], at(1)).await.unwrap() });
        }
        assert_eq!(presenters.join_all().await, vec![rotated(&session, next); 4]);
    }
    assert_eq!(ended(&database).await, []);
}

pub async fn an_expired_session_is_not_refreshed(database: TestDatabase) {
    begin(&database, "s-1", FIRST).await;
    assert_eq!(database.store.rotate_refresh(FIRST, &[SECOND], at(600)).await.unwrap(), Rotation::Unknown);
    assert_eq!(ended(&database).await, [], "expiry is not listed as an end");
}

pub async fn the_end_of_a_session_is_recorded_once_even_without_a_row(database: TestDatabase) {
    begin(&database, "s-1", FIRST).await;
    let store = &database.store;
    let (row, made_by_hand): (Key, Key) = (key("s-1"), key("by-hand"));
    for session in [&made_by_hand, &row, &made_by_hand] {
        store.end_session(session).await.unwrap();
        // Two ends within one millisecond have no order.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert_eq!(store.rotate_refresh(FIRST, &[SECOND], at(3)).await.unwrap(), Rotation::Unknown);
    let ends = ended_since(&database, Timestamp::from_millis(0)).await;
    let sessions: Vec<_> = ends.iter().map(|ended| ended.session.clone()).collect();
    assert_eq!(sessions, [made_by_hand, row], "oldest first");
    assert_eq!(ended_since(&database, ends[1].at()).await, ends[1..], "from that time on, inclusive");
    assert_eq!(ended_since(&database, ends[1].at().plus(Duration::from_millis(1))).await, []);
}

/// Nodes ask for what was recorded after the latest end they have seen, so a later end must not get an earlier time.
pub async fn the_time_of_an_end_never_goes_back(database: TestDatabase) {
    // Insert an end as left by a clock that was an hour ahead before it was corrected.
    database.execute("INSERT INTO ended_sessions (session, ended_at) VALUES ('ahead', 7258118400000000)").await;
    database.store.end_session(&key("s-1")).await.unwrap();
    let ends = ended_since(&database, Timestamp::from_millis(7_258_118_400_000)).await;
    assert_eq!(ends.len(), 2, "{ends:?}");
}

pub async fn ended_sessions_are_forgotten(database: TestDatabase) {
    begin(&database, "s-1", FIRST).await;
    let store = &database.store;
    assert_eq!(store.forget_sessions(at(600), at(0)).await.unwrap(), 0);
    assert!(matches!(store.rotate_refresh(FIRST, &[SECOND], at(4)).await.unwrap(), Rotation::Rotated { .. }));
    assert_eq!(store.forget_sessions(at(601), at(0)).await.unwrap(), 1, "the session, with its refresh tokens");
    assert_eq!(store.rotate_refresh(SECOND, &[THIRD], at(5)).await.unwrap(), Rotation::Unknown);
    store.end_session(&key("by-hand")).await.unwrap();
    let ended_at = ended_since(&database, Timestamp::from_millis(0)).await[0].at();
    assert_eq!(store.forget_sessions(ended_at, at(0)).await.unwrap(), 0);
    assert_eq!(store.forget_sessions(ended_at.plus(Duration::from_millis(1)), at(0)).await.unwrap(), 1, "the end");
    assert_eq!(ended(&database).await, []);
}

/// Access tokens expire soon. So the end of a session with a row matters only for days, and not for the lifetime of the
/// longest token.
pub async fn the_end_of_a_session_is_kept_while_one_of_its_tokens_may_be_valid(database: TestDatabase) {
    begin(&database, "s-1", FIRST).await;
    let store = &database.store;
    for session in ["s-1", "by-hand"] {
        store.end_session(&key(session)).await.unwrap();
    }
    let until = ended_since(&database, Timestamp::from_millis(0)).await.into_iter().map(|ended| (ended.session, ended.until));
    let until: BTreeMap<Key, Option<Timestamp>> = until.collect();
    let known = until[&key("s-1")].expect("a row limits the session's tokens");
    assert!(known > clock::now().plus(Duration::from_secs(24 * 3600)));
    assert_eq!(until[&key("by-hand")], None, "without a row nothing is known about the tokens");
    let later = known.plus(Duration::from_millis(1));
    let of_later = store.ended_since(EndCursor::at(Timestamp::from_millis(0)), later, 100).await.unwrap();
    assert_eq!(of_later.iter().map(|ended| &ended.session).collect::<Vec<_>>(), [&key("by-hand")]);
    assert_eq!(store.forget_sessions(at(0), later).await.unwrap(), 1);
    assert_eq!(ended(&database).await, [key("by-hand")]);
}

pub async fn ends_are_read_page_by_page_even_if_many_have_the_same_time(database: TestDatabase) {
    database
        .execute(
            "INSERT INTO ended_sessions (session, ended_at) \
             VALUES ('a', 1999), ('b', 1999), ('c', 1999), ('d', 2000), ('e', 2001)",
        )
        .await;
    let (mut cursor, mut seen) = (EndCursor::at(Timestamp::from_millis(0)), Vec::new());
    loop {
        let page = database.store.ended_since(cursor.clone(), at(0), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = EndCursor::after(last);
        seen.extend(page.into_iter().map(|ended| ended.session));
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"].map(key));
}

/// An issued token may be valid for months, and its end must be kept for as long.
pub async fn the_end_of_an_issued_token_is_kept_until_it_expires(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let store = &database.store;
    let now = clock::now();
    let month = now.plus(Duration::from_secs(30 * 24 * 3600));
    let row = SessionRow { principal: Principal { session: key("t-1"), ..restaurant.staff() }, expires_at: month };
    store.add_issued(&row, &key("printer"), now).await.unwrap();
    let issued = store.issued(restaurant.id, now).await.unwrap();
    let issued: Vec<_> = issued.iter().map(|issued| (issued.session.as_str(), issued.name.as_str())).collect();
    assert_eq!(issued, [("t-1", "printer")]);
    assert_eq!(store.issued(restaurant.id, month).await.unwrap(), []);
    assert_eq!(store.issued(TestRestaurant::open(store).await.id, now).await.unwrap(), [], "another restaurant has none");
    store.end_session(&key("t-1")).await.unwrap();
    assert_eq!(store.issued(restaurant.id, now).await.unwrap(), []);
    let ends = store.ended_since(EndCursor::at(Timestamp::from_millis(0)), now, 100).await.unwrap();
    assert_eq!(ends[0].until, Some(month));
}
