//! Second factors, attempts, and people's own sessions.

use crate::accounts::{session, user};
use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, key};
use orderbell::clock;
use orderbell::domain::model::principal::Role;
use orderbell::domain::values::time::Timestamp;
use orderbell::domain::values::version::Expected;
use orderbell::store::StoreError;
use orderbell::store::accounts::{User, UserChange};
use orderbell::store::credentials::{PasswordProof, Succession, Taken, TotpSecret, Turn, Which};
use secrecy::SecretString;
use std::time::Duration;
use tokio::task::JoinSet;

const SECRET: TotpSecret = TotpSecret([7; 20]);

async fn begin(database: &TestDatabase, user: &User, id: &str, number: u8) {
    let row = session(user.restaurant, id, &user.id.to_string(), user.role);
    database.store.add_session(&row, [number; 32], at(0)).await.unwrap();
}

/// Returns the replacement of a person's session by another at a second.
fn succession(user: &User, old: &str, new: &str, second: i64) -> Succession {
    Succession {
        old: key(old),
        session: session(user.restaurant, new, &user.id.to_string(), user.role),
        refresh_hash: [u8::try_from(second).unwrap() + 100; 32],
        origin: None,
        at: at(second),
        proved_at: None,
    }
}

pub async fn a_session_has_one_successor_which_keeps_or_renews_its_password_check(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let zia = user(restaurant.id, "zia");
    store.add_user(&zia, at(0)).await.unwrap();
    begin(&database, &zia, "s-1", 10).await;
    let proof = async |session: &str| store.password_proof(restaurant.id, &key(session)).await.unwrap();
    store.succeed(&succession(&zia, "s-1", "s-2", 5)).await.unwrap();
    assert_eq!((proof("s-1").await, proof("s-2").await), (PasswordProof::Ended, PasswordProof::At(at(0))));
    assert_eq!(store.find_refresh([10; 32]).await.unwrap(), None, "the old token is no longer valid");
    assert_eq!(store.find_refresh([105; 32]).await.unwrap().unwrap().session, key("s-2"));
    let proved = Succession { proved_at: Some(at(6)), ..succession(&zia, "s-2", "s-3", 6) };
    store.succeed(&proved).await.unwrap();
    store.rotate_refresh([106; 32], &[[30; 32]], at(7)).await.unwrap();
    assert_eq!(proof("s-3").await, PasswordProof::At(at(6)), "a renewal keeps the time of the password check");
    let late = Succession { refresh_hash: [40; 32], ..succession(&zia, "s-2", "s-4", 8) };
    assert_eq!(store.succeed(&late).await, Err(StoreError::Stale));
    let mut races = JoinSet::new();
    for number in 0..4_u8 {
        let store = database.beside().await;
        let succession = succession(&zia, "s-3", &format!("r-{number}"), i64::from(10 + number));
        races.spawn(async move { store.succeed(&succession).await });
    }
    let won = races.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!((won, store.sessions_of(restaurant.id, zia.id, at(20), at(0)).await.unwrap().len()), (1, 1));
}

pub async fn one_call_at_a_time_has_the_turn_of_a_name_and_only_wrong_attempts_count(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let zia = user(restaurant.id, "zia");
    store.add_user(&zia, at(0)).await.unwrap();
    let turn = |name: &str| Turn { restaurant: restaurant.id, person: zia.id, name: key(name) };
    let (long, window) = (Duration::from_secs(3600), Timestamp::from_micros(0));
    let take = async |name: &str| store.take_turn(&turn(name), long, window).await.unwrap();
    let wrong = |taken: Option<Taken>| taken.map(|taken| taken.wrong);
    let mut races = JoinSet::new();
    for _ in 0..4 {
        let (store, turn) = (database.beside().await, turn("s-1"));
        races.spawn(async move { store.take_turn(&turn, long, window).await.unwrap() });
    }
    let taken: Vec<_> = races.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken.iter().map(|taken| taken.wrong).collect::<Vec<_>>(), [0], "one of many calls gets the turn");
    let other = take("s-2").await.expect("another name has its own turn");
    store.end_turn(&turn("s-1"), taken[0], true).await.unwrap();
    store.end_turn(&turn("s-2"), other, false).await.unwrap();
    // A dead node's turn expires, and returning it late does not end a turn that another call has taken since.
    let late = store.take_turn(&turn("s-1"), Duration::ZERO, window).await.unwrap().expect("the turn was returned");
    let next = take("s-1").await.expect("the turn has expired");
    assert_eq!((late.wrong, next.wrong), (1, 1));
    store.end_turn(&turn("s-1"), late, true).await.unwrap();
    assert_eq!(take("s-1").await, None, "the later call still holds the turn");
    let old = store.take_turn(&turn("s-1"), long, at(1 << 40)).await.unwrap();
    assert_eq!(old, None, "the other call has the turn, however old the first attempt is");
    store.end_turn(&turn("s-1"), next, false).await.unwrap();
    let (one, two) = (take("s-1").await, take("s-2").await);
    assert_eq!((wrong(one), wrong(two)), (Some(2), Some(0)));
    store.end_turn(&turn("s-1"), one.unwrap(), false).await.unwrap();
    let forgotten = store.take_turn(&turn("s-1"), long, clock::now().plus(long)).await.unwrap();
    assert_eq!(wrong(forgotten), Some(0), "old attempts no longer count");
}

pub async fn a_changed_password_keeps_one_session_and_refuses_a_late_change(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let zia = user(one.id, "zia");
    store.add_user(&zia, at(0)).await.unwrap();
    for (number, id) in ["s-1", "s-2", "s-3"].into_iter().enumerate() {
        begin(&database, &zia, id, 10 + number as u8).await;
    }
    let hash = |text: &str| SecretString::from(text.to_owned());
    let (old, new, late) = (zia.password_hash.clone(), hash("$argon2id$new"), hash("$argon2id$late"));
    let elsewhere = succession(&User { restaurant: two.id, ..zia.clone() }, "s-2", "s-9", 1);
    assert_eq!(store.change_password(zia.id, &old, &new, &elsewhere).await, Err(StoreError::Missing), "another's");
    let gone = succession(&zia, "s-8", "s-9", 1);
    assert_eq!(store.change_password(zia.id, &old, &new, &gone).await, Err(StoreError::Stale), "the session is gone");
    let ended = store.change_password(zia.id, &old, &new, &succession(&zia, "s-2", "s-4", 1)).await.unwrap();
    assert_eq!(ended, [key("s-1"), key("s-3"), key("s-2")]);
    let again = succession(&zia, "s-4", "s-5", 2);
    assert_eq!(store.change_password(zia.id, &old, &late, &again).await, Err(StoreError::Missing));
    let left = store.sessions_of(one.id, zia.id, at(1), at(0)).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id.as_str()).collect::<Vec<_>>(), ["s-4"]);
}

pub async fn sessions_are_listed_by_use_and_ended_by_their_owner(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (zia, khan) = (user(one.id, "zia"), user(one.id, "khan"));
    for person in [&zia, &khan] {
        store.add_user(person, at(0)).await.unwrap();
    }
    for (number, (id, who)) in [("s-1", &zia), ("s-2", &zia), ("s-3", &khan)].into_iter().enumerate() {
        begin(&database, who, id, 10 + number as u8).await;
    }
    store.rotate_refresh([11; 32], &[[21; 32]], at(5)).await.unwrap();
    let ids = async |restaurant, now, since| {
        let sessions = store.sessions_of(restaurant, zia.id, now, since).await.unwrap();
        sessions.into_iter().map(|session| session.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(one.id, at(6), at(0)).await, ["s-2", "s-1"]);
    assert_eq!(ids(one.id, at(6), at(1)).await, ["s-2"], "the other session is idle");
    assert_eq!(ids(one.id, at(601), at(0)).await, [""; 0], "both sessions have expired");
    assert_eq!(ids(two.id, at(6), at(0)).await, [""; 0], "another's");
    assert_eq!(store.end_sessions_of(one.id, zia.id, Which::Only(key("s-3"))).await.unwrap(), [], "another person's session");
    assert_eq!(store.end_sessions_of(two.id, zia.id, Which::AllBut(key("s-9"))).await.unwrap(), [], "another's");
    assert_eq!(store.end_sessions_of(one.id, zia.id, Which::AllBut(key("s-2"))).await.unwrap(), [key("s-1")]);
    assert_eq!(store.end_sessions_of(one.id, zia.id, Which::Only(key("s-2"))).await.unwrap(), [key("s-2")]);
    assert_eq!(store.sessions_of(one.id, khan.id, at(6), at(0)).await.unwrap().len(), 1);
}

pub async fn only_an_unused_session_of_staff_is_idle(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let zia = user(restaurant.id, "zia");
    store.add_user(&zia, at(0)).await.unwrap();
    begin(&database, &zia, "s-1", 10).await;
    for (number, role) in [(20, Role::Kitchen), (21, Role::Diner), (22, Role::Service)] {
        store.add_session(&session(restaurant.id, &format!("s-{number}"), "x", role), [number; 32], at(0)).await.unwrap();
        assert!(!store.is_idle(&key(&format!("s-{number}")), at(500)).await.unwrap(), "{role}");
    }
    assert!(!store.is_idle(&key("s-1"), at(0)).await.unwrap());
    assert!(store.is_idle(&key("s-1"), at(1)).await.unwrap());
    store.rotate_refresh([10; 32], &[[11; 32]], at(2)).await.unwrap();
    assert!(!store.is_idle(&key("s-1"), at(1)).await.unwrap(), "the session is in use");
    assert!(!store.is_idle(&key("s-9"), at(1)).await.unwrap());
}

pub async fn attempts_are_counted_in_advance_and_from_zero_after_the_period(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let zia = user(restaurant.id, "zia");
    database.store.add_user(&zia, at(0)).await.unwrap();
    let mut tries = JoinSet::new();
    for _ in 0..8 {
        let (store, restaurant, id) = (database.store.clone(), restaurant.id, zia.id);
        tries.spawn(async move { store.count_try(restaurant, id, at(10), at(0)).await.unwrap().count });
    }
    let mut counts = tries.join_all().await;
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8], "concurrent attempts are each counted once");
    let store = &database.store;
    let count = async |now, window| store.count_try(restaurant.id, zia.id, at(now), at(window)).await.unwrap();
    let again = count(20, 10).await;
    assert_eq!((again.count, again.since), (9, at(10)));
    let later = count(30, 11).await;
    assert_eq!((later.count, later.since), (1, at(30)));
    store.forget_tries(restaurant.id, zia.id).await.unwrap();
    assert_eq!(count(31, 11).await.count, 1);
}

pub async fn a_step_and_a_recovery_code_are_used_once_on_any_node(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let zia = user(one.id, "zia");
    store.add_user(&zia, at(0)).await.unwrap();
    assert_eq!(store.begin_second_factor(two.id, zia.id, SECRET, at(0)).await, Err(StoreError::Missing), "another's");
    store.begin_second_factor(one.id, zia.id, TotpSecret([6; 20]), at(0)).await.unwrap();
    store.begin_second_factor(one.id, zia.id, SECRET, at(1)).await.unwrap();
    begin(&database, &zia, "s-1", 10).await;
    let next = succession(&zia, "s-1", "s-2", 2);
    let confirm = async |secret| store.confirm_second_factor(zia.id, secret, 100, vec![[1; 32], [2; 32]], &next).await;
    assert_eq!(confirm(TotpSecret([6; 20])).await, Err(StoreError::Missing), "another second factor was begun since");
    assert!(!store.second_factor(one.id, zia.id).await.unwrap().unwrap().is_confirmed);
    assert_eq!(store.people_with_second_factor(one.id).await.unwrap(), []);
    assert_eq!(confirm(SECRET).await, Ok(()));
    assert_eq!(confirm(SECRET).await, Err(StoreError::Missing));
    assert_eq!(store.begin_second_factor(one.id, zia.id, SECRET, at(3)).await, Err(StoreError::Taken));
    assert_eq!(store.second_factor(two.id, zia.id).await.unwrap(), None, "another's");
    assert_eq!(store.people_with_second_factor(one.id).await.unwrap(), [zia.id]);
    let factor = store.second_factor(one.id, zia.id).await.unwrap().unwrap();
    assert_eq!((factor.secret, factor.is_confirmed, factor.recovery_codes), (SECRET, true, 2));
    assert_eq!(format!("{:?}", factor.secret), "TotpSecret(…)");
    assert!(!store.use_step(one.id, zia.id, SECRET, 100).await.unwrap(), "the confirming step is used up");
    let mut uses = JoinSet::new();
    for _ in 0..4 {
        let (store, restaurant, id) = (database.beside().await, one.id, zia.id);
        uses.spawn(async move { store.use_step(restaurant, id, SECRET, 101).await.unwrap() });
    }
    assert_eq!(uses.join_all().await.into_iter().filter(|used| *used).count(), 1);
    assert!(!store.use_recovery_code(two.id, zia.id, [1; 32]).await.unwrap(), "another's");
    assert!(store.use_recovery_code(one.id, zia.id, [1; 32]).await.unwrap());
    assert!(!store.use_recovery_code(one.id, zia.id, [1; 32]).await.unwrap());
}

pub async fn a_second_factor_is_deleted_with_its_codes_and_with_its_person(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let (zia, khan) = (user(restaurant.id, "zia"), user(restaurant.id, "khan"));
    for person in [&zia, &khan] {
        store.add_user(person, at(0)).await.unwrap();
        store.begin_second_factor(restaurant.id, person.id, SECRET, at(0)).await.unwrap();
        let number = if person.id == zia.id { 1 } else { 2 };
        let (old, new) = (format!("o-{number}"), format!("n-{number}"));
        begin(&database, person, &old, number).await;
        let next = succession(person, &old, &new, i64::from(number));
        store.confirm_second_factor(person.id, SECRET, 1, vec![[1; 32]], &next).await.unwrap();
        store.count_try(restaurant.id, person.id, at(0), at(0)).await.unwrap();
    }
    begin(&database, &zia, "s-1", 10).await;
    let next = succession(&zia, "s-1", "s-2", 9);
    let ended = store.remove_second_factor(restaurant.id, zia.id, Some(&next)).await.unwrap();
    assert_eq!(ended, [key("n-1"), key("s-1")]);
    assert_eq!(store.remove_second_factor(restaurant.id, zia.id, None).await, Err(StoreError::Missing));
    assert!(!store.use_recovery_code(restaurant.id, zia.id, [1; 32]).await.unwrap());
    store.change_user(restaurant.id, khan.id, UserChange::Remove, Expected::ANY).await.unwrap();
    assert_eq!(store.second_factor(restaurant.id, khan.id).await.unwrap(), None);
    assert!(!store.use_recovery_code(restaurant.id, khan.id, [1; 32]).await.unwrap());
}
