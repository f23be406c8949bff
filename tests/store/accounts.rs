//! Restaurants, tables, people, API keys.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, key, restaurant, small_menu};
use crate::sessions;
use orderbell::clock;
use orderbell::domain::model::house_rules::{HouseRules, MinimumRole, RuledAction};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::rules::decision::Decision;
use orderbell::domain::values::action::ActionName;
use orderbell::domain::values::ids::{RestaurantId, TableId, UserId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::text::Key;
use orderbell::domain::values::version::Expected;
use orderbell::store::StoreError;
use orderbell::store::accounts::{ApiKey, Restaurant, Table, User, UserChange, UserChanged};
use orderbell::store::log::{Reads, State};
use orderbell::store::sessions::{Rotation, SessionRow};
use secrecy::ExposeSecret;

/// Rules take effect with the next decision, even on a node that was not notified of them.
pub async fn rules_take_effect_with_the_next_decision(database: TestDatabase) {
    let (one, two) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let other = TestRestaurant { store: database.beside().await, ..one.clone() };
    let order = one.place(&one.diner("diner-1")).await.id;
    let void = RuledAction::Act(ActionName::VoidItem);
    let lacks = async |of: &TestRestaurant, order| {
        let decide = move |state: State| {
            let order = state.order.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "no such order"))?;
            let document = serde_json::json!(state.rules.lacks(Role::Staff, void));
            Ok(Decision::Keep { document, position: order.position })
        };
        of.ack(of.work(&of.staff(), Reads::Order(order), None, decide)).await.document.get().to_owned()
    };
    assert_eq!(one.store.house_rules(one.id).await, Ok(HouseRules::default()));
    let rules = HouseRules { minimum_roles: [(void, MinimumRole::Manager)].into(), auto_accept: None };
    for _ in 0..3 {
        one.store.set_house_rules(one.id, &rules, &Expected::ANY).await.unwrap();
        assert_eq!(lacks(&other, order).await, r#""manager""#);
        one.store.set_house_rules(one.id, &HouseRules::default(), &Expected::ANY).await.unwrap();
        assert_eq!(lacks(&other, order).await, "null");
    }
    one.store.set_house_rules(one.id, &rules, &HouseRules::default().version().into()).await.unwrap();
    let stale = one.store.set_house_rules(one.id, &HouseRules::default(), &HouseRules::default().version().into()).await;
    assert_eq!(stale, Err(StoreError::Stale));
    let theirs = two.place(&two.diner("diner-1")).await.id;
    assert_eq!(lacks(&two, theirs).await, "null", "the rules of another restaurant");
    let nobody = RestaurantId::from_uuid(clock::new_id());
    assert_eq!(one.store.house_rules(nobody).await, Err(StoreError::Missing));
}

pub async fn a_restaurant_begins_with_an_empty_feed_and_its_menu(database: TestDatabase) {
    let store = &database.store;
    let new = restaurant(RestaurantId::from_uuid(clock::new_id()));
    let (menu, _) = small_menu(new.id);
    assert_eq!(store.restaurant(new.id).await.unwrap(), None);
    store.add_restaurant(&new, &menu, at(0)).await.unwrap();
    assert_eq!(store.restaurant(new.id).await.unwrap(), Some(new.clone()));
    assert_eq!(store.restaurant_by_slug(&new.slug).await.unwrap(), Some(new.clone()));
    assert_eq!(store.menu(new.id).await.unwrap(), Some(menu.clone()));
    assert_eq!(store.head(new.id).await, Ok(Position::ZERO));
    let id = RestaurantId::from_uuid(clock::new_id());
    let namesake = Restaurant { id, ..new };
    let (menu, _) = small_menu(id);
    assert_eq!(store.add_restaurant(&namesake, &menu, at(0)).await, Err(StoreError::Taken));
    assert_eq!(store.head(id).await, Err(StoreError::Missing), "nothing is left of it");
}

fn table(restaurant: RestaurantId, label: &str, code: &str) -> Table {
    Table { id: TableId::from_uuid(clock::new_id()), restaurant, label: key(label), key: key(code) }
}

pub async fn a_table_label_is_unique_in_its_restaurant_and_a_table_key_everywhere(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (first, second) = (table(one.id, "7", "key-1"), table(one.id, "8", "key-2"));
    store.add_table(&first).await.unwrap();
    store.add_table(&second).await.unwrap();
    store.add_table(&table(two.id, "7", "key-3")).await.unwrap();
    assert_eq!(store.add_table(&table(one.id, "7", "key-4")).await, Err(StoreError::Taken));
    assert_eq!(store.add_table(&table(two.id, "9", "key-1")).await, Err(StoreError::Taken));
    let nowhere = RestaurantId::from_uuid(clock::new_id());
    assert_eq!(store.add_table(&table(nowhere, "7", "key-5")).await, Err(StoreError::Missing));
    assert_eq!(store.table_by_key(&key("key-2")).await.unwrap(), Some(second.clone()));
    assert_eq!(store.table_by_key(&key("key-4")).await.unwrap(), None);
    assert_eq!(store.tables(one.id).await.unwrap(), [first, second]);
}

pub fn user(restaurant: RestaurantId, username: &str) -> User {
    let id = UserId::from_uuid(clock::new_id());
    User { id, restaurant, username: key(username), role: Role::Manager, password_hash: "$argon2id$made-up".to_owned().into() }
}

pub async fn usernames_are_unique_in_a_restaurant(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    for username in ["b.rahman", "Zia", "a-khan"] {
        store.add_user(&user(one.id, username), at(0)).await.unwrap();
    }
    store.add_user(&user(two.id, "Zia"), at(0)).await.unwrap();
    assert_eq!(store.add_user(&user(one.id, "Zia"), at(1)).await, Err(StoreError::Taken));
    let found = store.user_by_name(one.id, &key("Zia")).await.unwrap().unwrap();
    assert_eq!((found.restaurant, found.role, found.password_hash.expose_secret()), (one.id, Role::Manager, "$argon2id$made-up"));
    assert!(store.user_by_name(one.id, &key("zia")).await.unwrap().is_none());
    let names: Vec<_> = store.users(one.id, None, 100).await.unwrap().into_iter().map(|user| user.username.to_string()).collect();
    assert_eq!(names, ["Zia", "a-khan", "b.rahman"], "both databases sort by the bytes of the username");
}

pub fn session(restaurant: RestaurantId, id: &str, sub: &str, role: Role) -> SessionRow {
    let (sub, session) = (key(sub), key(id));
    let principal =
        Principal { sub, role, restaurant, session, station: None, table: None, device: None, share: None, name: None };
    SessionRow { principal, expires_at: at(600) }
}

pub async fn a_table_gets_a_new_key_and_is_deleted(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (first, second) = (table(one.id, "7", "key-1"), table(one.id, "8", "key-2"));
    store.add_table(&first).await.unwrap();
    store.add_table(&second).await.unwrap();
    assert_eq!(
        store.set_table_key(&Table { restaurant: one.id, key: key("key-2"), ..first.clone() }, true, Expected::ANY).await,
        Err(StoreError::Taken)
    );
    assert_eq!(
        store.set_table_key(&Table { restaurant: two.id, key: key("key-3"), ..first.clone() }, true, Expected::ANY).await,
        Err(StoreError::Missing),
        "another's"
    );
    assert_eq!(
        store.set_table_key(&Table { restaurant: one.id, key: key("key-3"), ..first.clone() }, true, Expected::ANY).await,
        Ok(vec![])
    );
    assert_eq!(store.table_by_key(&key("key-1")).await.unwrap(), None);
    let first = Table { key: key("key-3"), ..first };
    assert_eq!(store.table_by_key(&key("key-3")).await.unwrap(), Some(first.clone()));
    assert_eq!(store.remove_table(two.id, first.id, Expected::ANY).await, Err(StoreError::Missing), "another's");
    assert_eq!(store.remove_table(one.id, first.id, Expected::ANY).await, Ok(vec![]));
    assert_eq!(store.remove_table(one.id, first.id, Expected::ANY).await, Err(StoreError::Missing));
    assert_eq!(store.tables(one.id).await.unwrap(), [second]);
}

const REMOVE: UserChange = UserChange::Remove;

pub async fn a_change_of_a_person_ends_their_sessions(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (zia, khan) = (user(one.id, "zia"), user(one.id, "khan"));
    store.add_user(&zia, at(0)).await.unwrap();
    store.add_user(&khan, at(0)).await.unwrap();
    let begin = async |id: &str, sub: &User, number: u8| {
        store.add_session(&session(one.id, id, &sub.id.to_string(), sub.role), [number; 32], at(0)).await.unwrap();
    };
    for (number, (id, who)) in [("s-1", &zia), ("s-2", &zia), ("s-3", &khan)].into_iter().enumerate() {
        begin(id, who, 10 + number as u8).await;
    }
    assert_eq!(store.change_user(two.id, zia.id, REMOVE, Expected::ANY).await, Err(StoreError::Missing), "another's");
    let demote = UserChange::Set { role: Some(Role::Staff), password_hash: None };
    let changed = store.change_user(one.id, zia.id, demote, Expected::ANY).await.unwrap();
    assert_eq!(changed, UserChanged::Done(vec![key("s-1"), key("s-2")]));
    assert_eq!(store.rotate_refresh([10; 32], &[[20; 32]], at(2)).await.unwrap(), Rotation::Unknown);
    let rehash = UserChange::Set { role: None, password_hash: Some("$argon2id$another".to_owned().into()) };
    assert_eq!(store.change_user(one.id, zia.id, rehash, Expected::ANY).await.unwrap(), UserChanged::Done(vec![]));
    let found = store.user_by_name(one.id, &key("zia")).await.unwrap().unwrap();
    assert_eq!((found.role, found.password_hash.expose_secret()), (Role::Staff, "$argon2id$another"));
    assert_eq!(store.change_user(one.id, khan.id, REMOVE, Expected::ANY).await.unwrap(), UserChanged::LastManager);
    assert!(matches!(store.rotate_refresh([12; 32], &[[22; 32]], at(3)).await.unwrap(), Rotation::Rotated { .. }));
    assert_eq!(store.change_user(one.id, zia.id, REMOVE, Expected::ANY).await.unwrap(), UserChanged::Done(vec![]));
    assert_eq!(store.change_user(one.id, zia.id, REMOVE, Expected::ANY).await, Err(StoreError::Missing));
    assert_eq!(sessions::ended(&database).await, [key::<Key>("s-1"), key("s-2")]);
}

pub async fn two_managers_who_remove_each_other_cannot_both_succeed(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    for round in 0..10 {
        let pair = ["a", "b"].map(|name| user(restaurant.id, &format!("{name}-{round}")));
        for manager in &pair {
            database.store.add_user(manager, at(0)).await.unwrap();
        }
        let remove = |id| database.store.change_user(restaurant.id, id, REMOVE, Expected::ANY);
        let (one, two) = tokio::join!(remove(pair[0].id), remove(pair[1].id));
        let outcomes = [one.unwrap(), two.unwrap()];
        assert!(outcomes.contains(&UserChanged::LastManager) && outcomes.contains(&UserChanged::Done(vec![])), "{outcomes:?}");
        let left = database.store.users(restaurant.id, None, 100).await.unwrap();
        assert_eq!(left.len(), 1, "round {round}");
        // The next round begins without people, a state that the store itself never allows.
        database.execute("DELETE FROM users").await;
    }
}

pub async fn revoking_an_api_key_ends_its_sessions(database: TestDatabase) {
    let (store, one, two) =
        (&database.store, TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let pos = ApiKey { id: key("pos"), restaurant: one.id, name: key("POS") };
    store.add_api_key(&pos, [1; 32], at(0)).await.unwrap();
    store.add_api_key(&ApiKey { restaurant: two.id, ..pos.clone() }, [2; 32], at(0)).await.unwrap();
    assert_eq!(store.add_api_key(&pos, [3; 32], at(0)).await, Err(StoreError::Taken));
    assert_eq!(store.api_key_by_hash([1; 32]).await.unwrap(), Some(pos.clone()));
    assert_eq!(store.api_key_by_hash([9; 32]).await.unwrap(), None);
    let rows =
        [(one.id, "s-1", "pos", Role::Service), (one.id, "s-2", "pos", Role::Service), (two.id, "s-3", "pos", Role::Service)];
    for (number, (restaurant, id, sub, role)) in rows.into_iter().chain([(one.id, "s-4", "pos", Role::Staff)]).enumerate() {
        store.add_session(&session(restaurant, id, sub, role), [10 + number as u8; 32], at(0)).await.unwrap();
    }
    let mut ended = store.revoke_api_key(one.id, &pos.id, at(5)).await.unwrap();
    ended.sort();
    assert_eq!(ended, [key::<Key>("s-1"), key("s-2")]);
    assert_eq!(store.api_key_by_hash([1; 32]).await.unwrap(), None);
    assert_eq!(store.api_keys(one.id, None, 100).await.unwrap(), []);
    assert_eq!(store.rotate_refresh([10; 32], &[[20; 32]], at(6)).await.unwrap(), Rotation::Unknown);
    assert!(matches!(store.rotate_refresh([12; 32], &[[22; 32]], at(6)).await.unwrap(), Rotation::Rotated { .. }));
    assert!(matches!(store.rotate_refresh([13; 32], &[[23; 32]], at(6)).await.unwrap(), Rotation::Rotated { .. }));
    assert_eq!(store.revoke_api_key(one.id, &pos.id, at(7)).await, Err(StoreError::Missing));
    assert_eq!(sessions::ended(&database).await, [key::<Key>("s-1"), key("s-2")]);
}
