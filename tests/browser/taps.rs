//! A guest who taps: double taps, few taps, reloads and wet hands.

use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use std::time::Duration;
use support::client::text;
use support::log;
use support::proxy::Network;

/// The most taps from the code on the table to an order in the kitchen.
const MOST_TAPS: usize = 5;

#[tokio::test]
async fn a_double_tap_places_one_order() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(3).await;
    phone.add(restaurant.menu.dish("Masala cha")).await;
    phone.tap("[data-action='basket']").await;
    phone.double_tap("[data-action='place']").await;
    let order = phone.only_order().await;
    phone.shows(&order, "placed").await;
    // Reload, so that any effect of the second tap comes before the answers to the new page.
    phone.reload().await;
    phone.is("live").await;
    assert_eq!(phone.only_order().await, order);
    assert_eq!(restaurant.orders().await.len(), 1);
    phone.has_no_complaint().await;
}

#[tokio::test]
async fn an_order_takes_at_most_five_taps() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(4).await;
    phone.add(restaurant.menu.dish("Chicken roast")).await;
    phone.place().await;
    let plain = phone.only_order().await;
    assert!(phone.taps() <= 3, "{} taps for an order as it is on the menu", phone.taps());

    let before = phone.taps();
    let dish = text(&restaurant.menu.dish("Lemon soda")["id"]);
    phone.tap(&format!("[data-menu-item='{dish}'] [data-do='options']")).await;
    phone.tap("dialog[open] [data-option]").await;
    phone.tap("dialog[open] [data-do='add-choice']").await;
    phone.place().await;
    phone.until("a second order", "return document.querySelectorAll('[data-order]').length === 2", vec![]).await;
    assert!(phone.taps() - before <= MOST_TAPS, "{} taps for an order with an option", phone.taps() - before);
    let second = phone.orders().await.into_iter().find(|order| *order != plain).unwrap();
    let document = restaurant.order(&second).await;
    let line = document["items"].as_object().unwrap().values().next().unwrap();
    assert_eq!(line["options"].as_array().unwrap().len(), 1, "{document}");
}

/// The network loses the guest's order. The guest reloads the page, and the order is sent once.
#[tokio::test]
async fn an_order_that_is_being_sent_survives_a_reload() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(5).await;
    phone.add(restaurant.menu.dish("Borhani")).await;
    phone.tap("[data-action='basket']").await;
    phone.network.set(Network::HalfOpen);
    phone.tap("[data-action='place']").await;
    phone.sees("[data-action='place'][aria-busy='true']").await;
    assert!(restaurant.orders().await.is_empty(), "the server has received nothing");
    // Bytes held by a half-open connection never arrive. The cut closes the connection before the page reloads.
    phone.network.set(Network::Cut);
    phone.is("offline").await;
    phone.network.set(Network::Fine);
    phone.reload().await;
    let order = phone.only_order().await;
    phone.shows(&order, "placed").await;

    restaurant.staff.act(&order.clone().into(), "accept").await;
    phone.shows(&order, "accepted").await;
    phone.reload().await;
    phone.shows(&order, "accepted").await;
    restaurant.staff.act(&order.clone().into(), "start").await;
    phone.shows(&order, "preparing").await;
    assert_eq!(phone.only_order().await, order);
    assert_eq!(restaurant.orders().await.len(), 1);
}

/// Two drops of water count as one tap: the ticket is bumped, and the second drop does not undo that, although the undo
/// button is now under it.
#[tokio::test]
async fn two_drops_of_water_bump_a_ticket_once() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let screen = restaurant.browser("the screen", Form::Phone).await;
    screen.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(None, "1h").await)).await;
    let order = restaurant.server.diner("1").await.place(&restaurant.menu.basket()).await["id"].clone();
    restaurant.staff.act(&order, "accept").await;
    let id = text(&order);
    screen.shows(id, "accepted").await;
    screen.tap_twice(&format!("[data-order='{id}'] [data-action='ready']"), Duration::from_millis(500)).await;
    screen.shows(id, "ready").await;
    // A later tap is intended, and undoes the bump.
    tokio::time::sleep(Duration::from_secs(1)).await;
    screen.act(id, "recall").await;
    screen.shows(id, "preparing").await;
    restaurant.agree(id, &[&screen]).await;
    let feed = log::whole(&restaurant.staff, &restaurant.menu.kitchen()).await;
    let kinds: Vec<_> = feed.events.iter().map(|event| text(&event["event"]["kind"])).collect();
    assert_eq!(kinds, ["order.placed", "order.accepted", "order.ready", "order.recalled"]);
}
