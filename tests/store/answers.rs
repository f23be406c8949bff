//! Remembered answers, which make it safe to send a command again.

use crate::database::TestDatabase;
use crate::fold::sound_feed;
use crate::restaurant::{TestRestaurant, at, command, command_id, order_of};
use orderbell::domain::model::command::OrderAction;
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::store::log::{Committed, Reads};
use tokio::task::JoinSet;

const ACCEPT: OrderAction = OrderAction::Accept { minutes: None };

fn refusal(committed: Committed) -> Refusal {
    assert!(committed.events.is_empty(), "a refusal makes no events");
    committed.answer.expect_err("it must be refused")
}

pub async fn the_same_id_gets_the_same_answer(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let diner = restaurant.diner("diner-1");
    let name = command("diner-1", command_id(), 1);
    let first = restaurant.commit(restaurant.placing(&diner, Some(name.clone()))).await.unwrap();
    assert_eq!((first.repeated, first.events.len(), first.events[0].command), (false, 1, Some(name.id)));
    let first = first.answer.unwrap();
    restaurant.ack(restaurant.acting(order_of(&first).id, ACCEPT, None)).await;
    let again = restaurant.commit(restaurant.placing(&diner, Some(name.clone()))).await.unwrap();
    assert!(again.repeated && again.events.is_empty());
    let again = again.answer.unwrap();
    assert_eq!((again.position, again.changed), (first.position, true));
    assert_eq!(again.document.get(), first.document.get(), "byte for byte, although the order has changed");
    assert_eq!(restaurant.head().await.number(), 2);
    let TestRestaurant { id, slug, dish, store } = restaurant;
    drop(store);
    let database = database.reopen().await;
    let restaurant = TestRestaurant { id, slug, dish, store: database.store.clone() };
    assert!(restaurant.commit(restaurant.placing(&diner, Some(name))).await.unwrap().repeated, "remembered after a restart");
}

pub async fn an_answer_without_a_change_is_remembered(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    let accepted = restaurant.ack(restaurant.acting(order.id, ACCEPT, None)).await;
    let name = command("staff-1", command_id(), 1);
    for repeated in [false, true] {
        let answer = restaurant.commit(restaurant.acting(order.id, ACCEPT, Some(name.clone()))).await.unwrap();
        assert_eq!(answer.repeated, repeated);
        let ack = answer.answer.unwrap();
        assert_eq!((ack.changed, ack.position), (false, accepted.position));
        restaurant.ack(restaurant.acting(order.id, OrderAction::Start, None)).await;
    }
}

pub async fn a_refusal_because_of_the_orders_state_is_remembered(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    let name = command("staff-1", command_id(), 1);
    let first = refusal(restaurant.commit(restaurant.acting(order.id, OrderAction::Serve, Some(name.clone()))).await.unwrap());
    assert_eq!(first.kind, RefusalKind::InvalidTransition);
    for action in [ACCEPT, OrderAction::Ready] {
        restaurant.ack(restaurant.acting(order.id, action, None)).await;
    }
    let again = restaurant.commit(restaurant.acting(order.id, OrderAction::Serve, Some(name))).await.unwrap();
    assert!(again.repeated);
    assert_eq!(refusal(again), first, "although the command would succeed now");
}

pub async fn a_forbidden_command_is_decided_again_on_each_repeat(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    let name = command("staff-1", command_id(), 1);
    let forbidden = restaurant.work(&restaurant.staff(), Reads::Order(order.id), Some(name.clone()), |_| {
        Err(Refusal::new(RefusalKind::Forbidden, "not yours"))
    });
    assert_eq!(refusal(restaurant.commit(forbidden).await.unwrap()).kind, RefusalKind::Forbidden);
    let allowed = restaurant.commit(restaurant.acting(order.id, ACCEPT, Some(name))).await.unwrap();
    assert!(!allowed.repeated && allowed.answer.unwrap().changed);
}

pub async fn the_same_id_with_another_meaning_is_a_conflict(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    let id = command_id();
    let first = restaurant.ack(restaurant.acting(order.id, ACCEPT, Some(command("staff-1", id, 1)))).await;
    for _ in 0..2 {
        let other =
            restaurant.commit(restaurant.acting(order.id, OrderAction::Start, Some(command("staff-1", id, 2)))).await.unwrap();
        assert!(!other.repeated);
        assert_eq!(refusal(other).kind, RefusalKind::Conflict);
    }
    let again = restaurant.commit(restaurant.acting(order.id, ACCEPT, Some(command("staff-1", id, 1)))).await.unwrap();
    assert_eq!((again.repeated, again.answer.unwrap().position), (true, first.position), "the first answer is repeated");
    assert_eq!(restaurant.head().await, first.position);
}

pub async fn an_id_belongs_to_its_principal_and_restaurant(database: TestDatabase) {
    let (one, two) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let id = command_id();
    for (restaurant, sub, meaning) in [(&one, "diner-1", 1), (&one, "diner-2", 2), (&two, "diner-1", 3)] {
        let committed =
            restaurant.commit(restaurant.placing(&restaurant.diner(sub), Some(command(sub, id, meaning)))).await.unwrap();
        assert!(!committed.repeated && committed.answer.unwrap().changed, "{sub} {meaning}");
    }
    assert_eq!((one.head().await.number(), two.head().await.number()), (2, 1));
}

pub async fn a_command_sent_twenty_times_at_once_takes_effect_once(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let name = command("diner-1", command_id(), 1);
    let mut senders = JoinSet::new();
    for _ in 0..20 {
        let (restaurant, name) = (restaurant.clone(), name.clone());
        senders
            .spawn(async move { restaurant.commit(restaurant.placing(&restaurant.diner("diner-1"), Some(name))).await.unwrap() });
    }
    let answers = senders.join_all().await;
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    let documents: Vec<_> = answers.iter().map(|answer| answer.answer.as_ref().unwrap().document.get()).collect();
    assert!(documents.iter().all(|document| *document == documents[0]));
    assert_eq!(sound_feed(&restaurant.store, restaurant.id).await.len(), 1);
}

pub async fn old_answers_are_forgotten(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let diner = restaurant.diner("diner-1");
    let name = command("diner-1", command_id(), 1);
    restaurant.ack(restaurant.placing(&diner, Some(name.clone()))).await;
    // The helpers of these tests run commands at second 1.
    assert_eq!(database.store.forget_answers(at(1)).await.unwrap(), 0);
    assert!(restaurant.commit(restaurant.placing(&diner, Some(name.clone()))).await.unwrap().repeated);
    assert_eq!(database.store.forget_answers(at(2)).await.unwrap(), 1);
    assert!(!restaurant.commit(restaurant.placing(&diner, Some(name))).await.unwrap().repeated);
}
