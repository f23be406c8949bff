//! Push subscriptions: their owners, their number, and their end.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, key};
use orderbell::domain::model::principal::Principal;
use orderbell::domain::model::push::{Endpoint, KeyBytes, Subscription};
use orderbell::domain::values::text::Key;
use orderbell::domain::values::time::Timestamp;
use orderbell::store::pushes::{MOST_OF_A_DINER, PushRow};
use orderbell::store::sessions::SessionRow;

fn endpoint(name: &str) -> Endpoint {
    format!("https://push.example/{name}").parse().unwrap()
}

fn subscription(name: &str) -> Subscription {
    Subscription { endpoint: endpoint(name), p256dh: KeyBytes([4; 65]), auth: KeyBytes([5; 16]), language: key("bn") }
}

fn row(restaurant: &TestRestaurant, diner: &str, name: &str) -> PushRow {
    let (diner, session) = (key(diner), key(&format!("session-of-{diner}")));
    PushRow { restaurant: restaurant.id, diner, session, subscription: subscription(name), expires_at: at(600) }
}

fn names(subscriptions: &[Subscription]) -> Vec<&str> {
    subscriptions.iter().map(|one| one.endpoint.as_str().rsplit('/').next().unwrap()).collect()
}

pub async fn only_the_diner_of_an_order_is_notified(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let (mine, theirs) =
        (restaurant.place(&restaurant.diner("me")).await.id, restaurant.place(&restaurant.diner("them")).await.id);
    let by_staff = restaurant.place(&restaurant.staff()).await.id;
    for row in [row(&restaurant, "me", "phone"), row(&restaurant, "me", "watch"), row(&restaurant, "them", "phone")] {
        store.add_push(&row, at(1)).await.unwrap();
    }
    let told = |order| store.pushes_of_order(restaurant.id, order, at(2));
    assert_eq!(told(mine).await.unwrap(), [subscription("phone"), subscription("watch")], "unchanged");
    assert_eq!(told(theirs).await.unwrap(), [subscription("phone")]);
    assert_eq!(told(by_staff).await.unwrap(), []);
    store.remove_push(restaurant.id, &key("me"), &endpoint("phone")).await.unwrap();
    store.remove_push(restaurant.id, &key("me"), &endpoint("phone")).await.unwrap();
    assert_eq!((names(&told(mine).await.unwrap()), names(&told(theirs).await.unwrap())), (vec!["watch"], vec!["phone"]));
}

pub async fn a_subscription_is_stored_once_and_the_oldest_are_dropped(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let order = restaurant.place(&restaurant.diner("me")).await.id;
    let mut again = row(&restaurant, "me", "0");
    store.add_push(&again, at(1)).await.unwrap();
    again.subscription.auth = KeyBytes([6; 16]);
    store.add_push(&again, at(2)).await.unwrap();
    assert_eq!(store.pushes_of_order(restaurant.id, order, at(3)).await.unwrap(), [again.subscription]);
    for number in 1..=MOST_OF_A_DINER {
        store.add_push(&row(&restaurant, "me", &number.to_string()), at(2 + i64::from(number))).await.unwrap();
    }
    store.add_push(&row(&restaurant, "them", "0"), at(9)).await.unwrap();
    let kept = store.pushes_of_order(restaurant.id, order, at(10)).await.unwrap();
    assert_eq!(names(&kept), ["1", "2", "3", "4", "5"]);
}

pub async fn a_subscription_ends_with_its_session(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let principal = restaurant.diner("me");
    let order = restaurant.place(&principal).await.id;
    let told = |now: Timestamp| async move { store.pushes_of_order(restaurant.id, order, now).await.unwrap().len() };
    let session: Key = key("session-of-me");
    let begun = SessionRow { principal: Principal { session: session.clone(), ..principal }, expires_at: at(600) };
    store.add_session(&begun, [1; 32], at(0)).await.unwrap();
    let row = row(&restaurant, "me", "phone");
    store.add_push(&row, at(1)).await.unwrap();
    assert_eq!((told(at(599)).await, told(at(600)).await), (1, 0), "it ends with the session");
    store.end_session(&session).await.unwrap();
    assert_eq!(store.forget_pushes(at(700)).await.unwrap(), 0, "deleted with the session");
    // A subscription that arrives after its session ended.
    store.add_push(&row, at(3)).await.unwrap();
    assert_eq!(told(at(4)).await, 0);
    assert_eq!((store.forget_pushes(at(600)).await.unwrap(), store.forget_pushes(at(601)).await.unwrap()), (0, 1));
}

pub async fn subscriptions_of_another_restaurant_are_not_found(database: TestDatabase) {
    let store = &database.store;
    let (one, two) = (TestRestaurant::open(store).await, TestRestaurant::open(store).await);
    let orders = [one.place(&one.diner("me")).await.id, two.place(&two.diner("me")).await.id];
    store.add_push(&row(&one, "me", "phone"), at(1)).await.unwrap();
    assert_eq!(store.pushes_of_order(two.id, orders[0], at(2)).await.unwrap(), []);
    assert_eq!(store.pushes_of_order(two.id, orders[1], at(2)).await.unwrap(), [], "another guest of the same name");
    store.remove_push(two.id, &key("me"), &endpoint("phone")).await.unwrap();
    store.remove_endpoint(two.id, &endpoint("phone")).await.unwrap();
    assert_eq!(store.pushes_of_order(one.id, orders[0], at(2)).await.unwrap().len(), 1);
    store.add_push(&row(&one, "them", "phone"), at(1)).await.unwrap();
    store.remove_endpoint(one.id, &endpoint("phone")).await.unwrap();
    assert_eq!(store.forget_pushes(at(700)).await.unwrap(), 0, "the endpoint is deleted for every owner");
}
