//! Refresh tokens and ends.

use crate::house::{House, at, key};
use crate::world::World;
use orderbell::clock;
use orderbell::domain::ids::DeviceId;
use orderbell::domain::principal::{Principal, Role};
use orderbell::domain::text::Key;
use orderbell::domain::time::Timestamp;
use orderbell::store::StoreError;
use orderbell::store::sessions::{EndCursor, Ended, Rotation, SessionRow};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;

const FIRST: [u8; 32] = [1; 32];
const SECOND: [u8; 32] = [2; 32];
const THIRD: [u8; 32] = [3; 32];

async fn begin(world: &World, id: &str, hash: [u8; 32]) -> SessionRow {
    let house = House::open(&world.store).await;
    let device = Some(DeviceId::from_uuid(clock::new_id()));
    let (session, station, table) = (key(id), Some(key("hot")), Some(key("7")));
    let principal = Principal { role: Role::Kitchen, session, station, table, device, ..house.staff() };
    let row = SessionRow { principal, expires_at: at(600) };
    world.store.add_session(&row, hash, at(0)).await.unwrap();
    row
}

/// Every session that is listed as ended, oldest end first.
pub async fn ended(world: &World) -> Vec<Key> {
    let ends = ended_since(world, Timestamp::from_millis(0)).await;
    ends.into_iter().map(|ended| ended.session).collect()
}

async fn ended_since(world: &World, since: Timestamp) -> Vec<Ended> {
    world.store.ended_since(EndCursor::at(since), at(0), 100).await.unwrap()
}

pub async fn a_refresh_token_is_spent_once_and_replaced(world: World) {
    let session = begin(&world, "s-1", FIRST).await;
    let store = &world.store;
    assert_eq!(store.rotate_refresh(FIRST, SECOND, at(1)).await.unwrap(), Rotation::Rotated(session.clone()));
    assert_eq!(store.rotate_refresh(SECOND, THIRD, at(2)).await.unwrap(), Rotation::Rotated(session.clone()));
    assert_eq!(store.rotate_refresh([9; 32], [8; 32], at(2)).await.unwrap(), Rotation::Unknown);
    assert_eq!(store.add_session(&session, [7; 32], at(3)).await, Err(StoreError::Taken));
}

pub async fn the_end_of_a_session_is_its_houses_to_know(world: World) {
    let who = begin(&world, "s-1", FIRST).await.principal;
    let (store, another) = (&world.store, House::open(&world.store).await);
    assert_eq!(store.session_end(who.restaurant, &who.session).await, Ok(Some(at(600))));
    assert_eq!(store.session_end(another.id, &who.session).await, Ok(None));
    assert_eq!(store.session_end(who.restaurant, &key("s-2")).await, Ok(None));
    store.end_session(&who.session).await.unwrap();
    assert_eq!(store.session_end(who.restaurant, &who.session).await, Ok(None));
}

pub async fn a_spent_refresh_token_ends_its_session(world: World) {
    let session = begin(&world, "s-1", FIRST).await;
    begin(&world, "s-2", [11; 32]).await;
    let store = &world.store;
    store.rotate_refresh(FIRST, SECOND, at(1)).await.unwrap();
    let id = session.principal.session;
    assert_eq!(store.rotate_refresh(FIRST, THIRD, at(2)).await.unwrap(), Rotation::Reused(id.clone()));
    assert_eq!(store.rotate_refresh(SECOND, THIRD, at(3)).await.unwrap(), Rotation::Unknown, "the good one is void too");
    assert_eq!(store.rotate_refresh(FIRST, THIRD, at(3)).await.unwrap(), Rotation::Unknown);
    assert_eq!(ended(&world).await, [id]);
    assert!(matches!(store.rotate_refresh([11; 32], [12; 32], at(3)).await.unwrap(), Rotation::Rotated(_)));
}

pub async fn of_two_presenters_at_once_one_gets_it_and_the_session_ends(world: World) {
    for round in 0..10_u8 {
        let hash = [round * 10 + 1; 32];
        begin(&world, &format!("s-{round}"), hash).await;
        let mut presenters = JoinSet::new();
        for presenter in 0..4_u8 {
            let store = world.store.clone();
            let next = [round * 10 + 2 + presenter; 32];
            presenters.spawn(async move { store.rotate_refresh(hash, next, at(1)).await.unwrap() });
        }
        let outcomes = presenters.join_all().await;
        let count = |is: fn(&Rotation) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
        assert_eq!(count(|outcome| matches!(outcome, Rotation::Rotated(_))), 1, "{outcomes:?}");
        assert_eq!(count(|outcome| matches!(outcome, Rotation::Reused(_))), 1, "{outcomes:?}");
        assert_eq!(count(|outcome| matches!(outcome, Rotation::Unknown)), 2, "{outcomes:?}");
    }
}

pub async fn an_expired_session_is_not_refreshed(world: World) {
    begin(&world, "s-1", FIRST).await;
    assert_eq!(world.store.rotate_refresh(FIRST, SECOND, at(600)).await.unwrap(), Rotation::Unknown);
    assert_eq!(ended(&world).await, [], "expiry is no end");
}

pub async fn ends_are_recorded_once_also_without_a_row(world: World) {
    begin(&world, "s-1", FIRST).await;
    let store = &world.store;
    let (row, made_by_hand): (Key, Key) = (key("s-1"), key("by-hand"));
    for session in [&made_by_hand, &row, &made_by_hand] {
        store.end_session(session).await.unwrap();
        // Two ends of one millisecond are in no order.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert_eq!(store.rotate_refresh(FIRST, SECOND, at(3)).await.unwrap(), Rotation::Unknown);
    let ends = ended_since(&world, Timestamp::from_millis(0)).await;
    let sessions: Vec<_> = ends.iter().map(|ended| ended.session.clone()).collect();
    assert_eq!(sessions, [made_by_hand, row], "oldest first");
    assert_eq!(ended_since(&world, ends[1].at()).await, ends[1..], "from that time on, and that time");
    assert_eq!(ended_since(&world, ends[1].at().plus(Duration::from_millis(1))).await, []);
}

/// Nodes look for what was recorded after the latest end that they have seen, so a later one must not be of an earlier time.
pub async fn the_time_of_an_end_never_goes_back(world: World) {
    // As a clock would leave it that was an hour ahead, and was set right.
    world.execute("INSERT INTO ended_sessions (session, ended_at) VALUES ('ahead', 7258118400000000)").await;
    world.store.end_session(&key("s-1")).await.unwrap();
    let ends = ended_since(&world, Timestamp::from_millis(7_258_118_400_000)).await;
    assert_eq!(ends.len(), 2, "{ends:?}");
}

pub async fn what_is_over_is_forgotten(world: World) {
    begin(&world, "s-1", FIRST).await;
    let store = &world.store;
    assert_eq!(store.forget_sessions(at(600), at(0)).await.unwrap(), 0);
    assert!(matches!(store.rotate_refresh(FIRST, SECOND, at(4)).await.unwrap(), Rotation::Rotated(_)));
    assert_eq!(store.forget_sessions(at(601), at(0)).await.unwrap(), 1, "the session, with its refresh tokens");
    assert_eq!(store.rotate_refresh(SECOND, THIRD, at(5)).await.unwrap(), Rotation::Unknown);
    store.end_session(&key("by-hand")).await.unwrap();
    let ended_at = ended_since(&world, Timestamp::from_millis(0)).await[0].at();
    assert_eq!(store.forget_sessions(ended_at, at(0)).await.unwrap(), 0);
    assert_eq!(store.forget_sessions(ended_at.plus(Duration::from_millis(1)), at(0)).await.unwrap(), 1, "the end");
    assert_eq!(ended(&world).await, []);
}

/// Access tokens are short-lived, so the end of a session with a row matters for days and not for as long as any token lives.
pub async fn an_end_is_read_and_kept_while_a_token_of_it_may_be_valid(world: World) {
    begin(&world, "s-1", FIRST).await;
    let store = &world.store;
    for session in ["s-1", "by-hand"] {
        store.end_session(&key(session)).await.unwrap();
    }
    let until = ended_since(&world, Timestamp::from_millis(0)).await.into_iter().map(|ended| (ended.session, ended.until));
    let until: BTreeMap<Key, Option<Timestamp>> = until.collect();
    let known = until[&key("s-1")].expect("a row says which tokens there may be");
    assert!(known > clock::now().plus(Duration::from_secs(24 * 3600)));
    assert_eq!(until[&key("by-hand")], None, "nothing is known of its tokens");
    let later = known.plus(Duration::from_millis(1));
    let of_later = store.ended_since(EndCursor::at(Timestamp::from_millis(0)), later, 100).await.unwrap();
    assert_eq!(of_later.iter().map(|ended| &ended.session).collect::<Vec<_>>(), [&key("by-hand")]);
    assert_eq!(store.forget_sessions(at(0), later).await.unwrap(), 1);
    assert_eq!(ended(&world).await, [key("by-hand")]);
}

pub async fn ends_are_read_page_by_page_also_those_of_one_moment(world: World) {
    world
        .execute(
            "INSERT INTO ended_sessions (session, ended_at) \
             VALUES ('a', 1999), ('b', 1999), ('c', 1999), ('d', 2000), ('e', 2001)",
        )
        .await;
    let (mut cursor, mut seen) = (EndCursor::at(Timestamp::from_millis(0)), Vec::new());
    loop {
        let page = world.store.ended_since(cursor.clone(), at(0), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = EndCursor::after(last);
        seen.extend(page.into_iter().map(|ended| ended.session));
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"].map(key));
}

/// A token that is issued once may live for months, so its end has to be known for as long.
pub async fn the_end_of_an_issued_token_is_kept_until_it_expires(world: World) {
    let house = House::open(&world.store).await;
    let store = &world.store;
    let now = clock::now();
    let month = now.plus(Duration::from_secs(30 * 24 * 3600));
    let row = SessionRow { principal: Principal { session: key("t-1"), ..house.staff() }, expires_at: month };
    store.add_issued(&row, &key("printer"), now).await.unwrap();
    let issued = store.issued(house.id, now).await.unwrap();
    let issued: Vec<_> = issued.iter().map(|issued| (issued.session.as_str(), issued.name.as_str())).collect();
    assert_eq!(issued, [("t-1", "printer")]);
    assert_eq!(store.issued(house.id, month).await.unwrap(), []);
    assert_eq!(store.issued(House::open(store).await.id, now).await.unwrap(), [], "another restaurant's are its own");
    store.end_session(&key("t-1")).await.unwrap();
    assert_eq!(store.issued(house.id, now).await.unwrap(), []);
    let ends = store.ended_since(EndCursor::at(Timestamp::from_millis(0)), now, 100).await.unwrap();
    assert_eq!(ends[0].until, Some(month));
}
