//! The main walk in the engines that most guests use and the other tests do not: WebKit, the engine of every browser on an
//! iPhone, and Firefox's Gecko. Also with storage blocked.

use crate::driver::Engine;
use crate::faults::{BACK, is_back};
use crate::renewals::{GUEST, comes_through};
use crate::restaurant::TestRestaurant;
use crate::storage::{Refusal, guest};
use serde_json::{Value, json};
use support::proxy::Network;

/// Walks from the code on the table through an order, its way through a kitchen that loses its network, and back to the
/// table.
async fn walk(engine: Engine) {
    let restaurant = TestRestaurant::open_in(engine, 4, &["--heartbeat-ms", "2000"]).await;
    let (phone, kitchen, floor) = tokio::join!(restaurant.phone(7), restaurant.kitchen("the kitchen", None), restaurant.floor());
    let all = [&phone, &kitchen, &floor];
    for screen in all {
        screen.mark().await;
        screen.ask(COMPLAINTS, vec![]).await;
    }
    for dish in ["Beef rezala", "Firni"] {
        phone.add(restaurant.menu.dish(dish)).await;
    }
    phone.place().await;
    let order = phone.only_order().await;
    floor.shows(&order, "placed").await;
    floor.act(&order, "accept").await;
    for screen in all {
        screen.shows(&order, "accepted").await;
    }
    let (rezala, firni) = (restaurant.item(&order, "Beef rezala").await, restaurant.item(&order, "Firni").await);
    kitchen.act_on_item(&order, &rezala, "finish_item").await;
    for screen in all {
        screen.shows_item(&order, &rezala, "done").await;
    }

    // The kitchen bumps offline, and the guest sees the phone's last known state.
    for screen in [&kitchen, &phone] {
        screen.network.set(Network::Cut);
        screen.within(BACK, "to be offline", OFFLINE, vec![]).await;
    }
    kitchen.act_on_item(&order, &firni, "finish_item").await;
    kitchen.shows_item(&order, &firni, "done").await;
    phone.shows_item(&order, &firni, "queued").await;
    for screen in [&kitchen, &phone] {
        screen.network.set(Network::Fine);
        is_back(screen).await;
    }
    for screen in all {
        screen.shows(&order, "ready").await;
    }
    floor.act(&order, "serve").await;
    phone.shows(&order, "served").await;
    floor.shows(&order, "served").await;
    restaurant.agree(&order, &[&phone, &floor]).await;
    for screen in all {
        screen.was_not_reloaded().await;
        assert_eq!(screen.ask("return window.complaints", vec![]).await, json!([]), "{}", screen.name);
    }

    // A reloaded page is at the same table with the same order, even when renewal responses are lost.
    comes_through(&phone, GUEST).await;
    phone.shows(&order, "served").await;
    assert_eq!(restaurant.orders().await.iter().map(|order| &order["id"]).collect::<Vec<_>>(), [&Value::from(order)]);

    // Another guest, whose browser stores nothing.
    guest(&restaurant, Refusal::Quota).await;
    if engine == Engine::Gecko {
        guest(&restaurant, Refusal::Cookies).await;
    }
}

const OFFLINE: &str = "return document.documentElement.dataset.connection === 'offline'";
/// Collects errors that no script of the page caught; the drivers of these engines do not expose the console.
const COMPLAINTS: &str = "window.complaints = [];
    addEventListener('error', ({ message }) => window.complaints.push(String(message)));
    addEventListener('unhandledrejection', ({ reason }) => window.complaints.push(String(reason)))";

#[tokio::test]
async fn the_walk_in_webkit() {
    walk(Engine::WebKit).await;
}

#[tokio::test]
async fn the_walk_in_firefox() {
    walk(Engine::Gecko).await;
}
