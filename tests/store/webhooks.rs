//! Webhooks: of two that change a row one wins, and each belongs to its restaurant.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at};
use orderbell::clock;
use orderbell::domain::model::webhook::{Fault, SigningKeys, Webhook, WebhookDetails, WebhookState};
use orderbell::domain::values::ids::WebhookId;
use orderbell::domain::values::position::Position;
use orderbell::store::StoreError;

fn webhook(restaurant: &TestRestaurant) -> Webhook {
    Webhook {
        restaurant: restaurant.id,
        id: WebhookId::from_uuid(clock::new_id()),
        version: 1,
        state: WebhookState::Active,
        due_at: at(1),
        position: Position::ZERO,
        keys: SigningKeys { secret: [1; 32], seed: [2; 32] },
        former_keys: None,
        details: WebhookDetails::new("https://pos.example/hook?key=1".parse().unwrap(), at(0), None),
    }
}

pub async fn of_two_nodes_that_change_a_webhook_one_succeeds(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let mut one = webhook(&restaurant);
    assert!(store.add_webhook(&one, 5).await.unwrap());
    let mut other = store.webhook(restaurant.id, one.id).await.unwrap().unwrap();
    assert_eq!(other, one, "it is read as it was written");
    one.position = Position::new(7).unwrap();
    one.details.fault = Some(Fault::Refused { status: 500 });
    one.former_keys = Some(SigningKeys { secret: [3; 32], seed: [4; 32] });
    assert!(store.save_webhook(&mut one).await.unwrap());
    assert!(!store.save_webhook(&mut other).await.unwrap(), "it is based on an older version");
    assert_eq!(store.webhook(restaurant.id, one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(one.version, 2);
    let (mut many, mut won) = (vec![one.clone(); 8], 0);
    for saved in futures_util::future::join_all(many.iter_mut().map(|each| store.save_webhook(each))).await {
        won += u32::from(saved.unwrap());
    }
    assert_eq!(won, 1);
    store.remove_webhook(restaurant.id, one.id).await.unwrap();
    assert!(!store.save_webhook(&mut many[0]).await.unwrap(), "it is gone");
}

pub async fn webhooks_are_due_while_they_have_events_to_get(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let mut hook = webhook(&restaurant);
    assert!(store.add_webhook(&hook, 5).await.unwrap());
    let due = |second| async move { store.due_webhooks(at(second), 100).await.unwrap() };
    assert_eq!(due(2).await, [], "the feed is empty");
    restaurant.place(&restaurant.staff()).await;
    assert_eq!((due(0).await.len(), due(1).await), (0, vec![(restaurant.id, hook.id)]));
    let count = |state| async move {
        let counts = store.count_webhooks().await.unwrap();
        counts.into_iter().find(|count| count.state == state).map(|count| (count.count, count.lag)).unwrap()
    };
    assert_eq!(count(WebhookState::Active).await, (1, store.head(restaurant.id).await.unwrap().number()));
    hook.state = WebhookState::Paused;
    assert!(store.save_webhook(&mut hook).await.unwrap());
    assert_eq!((due(2).await, count(WebhookState::Active).await, count(WebhookState::Paused).await.0), (vec![], (0, 0), 1));
    hook.state = WebhookState::Active;
    hook.position = store.head(restaurant.id).await.unwrap();
    assert!(store.save_webhook(&mut hook).await.unwrap());
    assert_eq!(due(2).await, [], "it has everything");
}

pub async fn webhooks_belong_to_their_restaurant_and_are_few(database: TestDatabase) {
    let (store, restaurant) = (&database.store, TestRestaurant::open(&database.store).await);
    let other = TestRestaurant::open(&database.store).await;
    let mine = webhook(&restaurant);
    assert!(store.add_webhook(&mine, 2).await.unwrap());
    assert_eq!(store.webhook(other.id, mine.id).await.unwrap(), None);
    assert_eq!(store.webhooks(other.id).await.unwrap(), []);
    assert_eq!(store.remove_webhook(other.id, mine.id).await, Err(StoreError::Missing));
    assert!(!store.save_webhook(&mut Webhook { restaurant: other.id, ..mine.clone() }).await.unwrap());
    let more: Vec<_> = (0..6).map(|_| webhook(&restaurant)).collect();
    let added = futures_util::future::join_all(more.iter().map(|each| store.add_webhook(each, 2))).await;
    assert_eq!(added.into_iter().filter(|added| *added == Ok(true)).count(), 1, "two in all, also of simultaneous ones");
    assert_eq!(store.webhooks(restaurant.id).await.unwrap().len(), 2);
    assert!(store.add_webhook(&webhook(&other), 2).await.unwrap());
}
