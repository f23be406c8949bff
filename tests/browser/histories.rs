//! A database that is restored without its latest orders, while some pages stay open and others reload.

use crate::browser::Browser;
use crate::faults::is_back;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use support::client::text;

/// Returns whether a page shows exactly these orders, apart from those listed as lost.
const SHOWS: &str =
    "const shown = [...document.querySelectorAll('[data-order]:not([data-lost])')].map((order) => order.dataset.order);
    return JSON.stringify([...new Set(shown)].sort()) === JSON.stringify(arguments[0])";
/// Returns whether the floor's list has exactly these lost orders, with all their dishes.
const LISTS: &str = "const lost = [...document.querySelectorAll('#lost:not([hidden]) [data-lost]')];
    return JSON.stringify(lost.map((order) => order.dataset.lost).sort()) === JSON.stringify(arguments[0])
      && lost.every((order) => order.innerText.includes('Firni'))";
/// Returns whether the kitchen's strip marks the given number of tickets as lost.
const MARKS: &str = "const strip = document.querySelector('#cancelled:not([hidden])')?.innerText ?? '';
    const marked = document.querySelectorAll('#cancelled [data-lost]').length;
    return arguments[0] === 0 ? marked === 0 : marked === Math.min(arguments[0], 2) && strip.includes('Lost: ask the floor')";

/// Renews the tokens of a page with a signed-in person.
const RENEWS: &str = "return Promise.all([import('/client/orderbell.js'), import('/shared/storage.js')])
    .then(([{ TokenSource }, { localStore }]) => new TokenSource({ url: location.origin, store: localStore, key: 'orderbell.staff' }).refresh())
    .then(() => true)";

/// Places and accepts orders. Returns their ids.
async fn accept(restaurant: &TestRestaurant, count: usize) -> BTreeSet<String> {
    let mut accepted = BTreeSet::new();
    for _ in 0..count {
        let placed = restaurant.staff.place(&restaurant.menu.basket()).await;
        restaurant.staff.act(&placed["id"], "accept").await;
        accepted.insert(text(&placed["id"]).to_owned());
    }
    accepted
}

/// Copies the database to a file beside it.
async fn back_up(restaurant: &TestRestaurant) -> PathBuf {
    let database = restaurant.server.database();
    let backup = database.with_extension("backup");
    let mut beside = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    beside.execute(AssertSqlSafe(format!("VACUUM INTO '{}'", backup.display()))).await.unwrap();
    beside.close().await.unwrap();
    backup
}

/// Replaces the database by the copy while these pages are open.
async fn restore(restaurant: &mut TestRestaurant, backup: &PathBuf, pages: &[&Browser]) {
    restaurant.server.stop().await;
    fs::copy(backup, restaurant.server.database()).unwrap();
    restaurant.restart(pages).await;
}

/// Waits until a page shows exactly the orders of the database. Returns their number.
async fn shows_the_database(restaurant: &TestRestaurant, page: &Browser) -> usize {
    let orders: BTreeSet<_> = restaurant.orders().await.iter().map(|order| text(&order["id"]).to_owned()).collect();
    page.until(&format!("exactly {} orders", orders.len()), SHOWS, vec![json!(orders)]).await;
    orders.len()
}

#[tokio::test]
async fn pages_show_the_orders_of_a_restored_database_and_list_the_lost_ones() {
    let mut restaurant = TestRestaurant::open(2, &[]).await;
    let (kitchen, floor) = tokio::join!(restaurant.kitchen("the expo", None), restaurant.floor());
    accept(&restaurant, 3).await;
    let backup = back_up(&restaurant).await;
    let mut lost = accept(&restaurant, 4).await;
    // The backup has older tokens, but nobody is signed out.
    floor.until("a renewal", RENEWS, vec![]).await;
    for page in [&kitchen, &floor] {
        assert_eq!(shows_the_database(&restaurant, page).await, 7);
        page.mark().await;
    }

    restore(&mut restaurant, &backup, &[&kitchen, &floor]).await;
    is_back(&kitchen).await;
    floor.until("another renewal", RENEWS, vec![]).await;
    for page in [&kitchen, &floor] {
        assert_eq!(shows_the_database(&restaurant, page).await, 3, "the lost orders are gone");
    }
    floor.until("the lost orders listed", LISTS, vec![json!(lost)]).await;
    kitchen.until("the lost tickets marked", MARKS, vec![json!(4)]).await;
    floor.inspect("staff-lost").await;
    kitchen.inspect("kitchen-lost").await;
    // The head of the new history passes that of the old one.
    accept(&restaurant, 6).await;
    for page in [&kitchen, &floor] {
        assert_eq!(shows_the_database(&restaurant, page).await, 9);
        page.was_not_reloaded().await;
    }
    for page in [&kitchen, &floor] {
        page.reload().await;
        page.is("live").await;
        assert_eq!(shows_the_database(&restaurant, page).await, 9);
    }
    for left in (0..4).rev() {
        floor.until("the lost orders listed", LISTS, vec![json!(lost)]).await;
        kitchen.until("the lost tickets marked", MARKS, vec![json!(left + 1)]).await;
        let first = lost.pop_first().unwrap();
        floor.tap(&format!("[data-lost='{first}'] [data-do='lost-done']")).await;
        kitchen.tap("#cancelled [data-lost] [data-do='confirm-cancel']").await;
    }
    floor.until("no lost order", LISTS, vec![json!(lost)]).await;
    kitchen.until("no lost ticket", MARKS, vec![json!(0)]).await;
}

#[tokio::test]
async fn a_guest_can_resend_an_order_that_a_restored_database_has_lost() {
    let mut restaurant = TestRestaurant::open(3, &[]).await;
    let (table, follower, floor) = tokio::join!(restaurant.phone(1), restaurant.phone(2), restaurant.floor());
    let backup = back_up(&restaurant).await;
    for phone in [&table, &follower] {
        phone.add(restaurant.menu.dish("Firni")).await;
        phone.place().await;
    }
    let (first, second) = (table.only_order().await, follower.only_order().await);
    follower.tap(&format!("[data-order='{second}'] a[href^='/orders/']")).await;
    follower.is("live").await;
    assert_eq!(shows_the_database(&restaurant, &floor).await, 2);

    restore(&mut restaurant, &backup, &[&table, &follower, &floor]).await;
    let lost: BTreeSet<_> = [&first, &second].into();
    floor.until("the lost orders listed", LISTS, vec![json!(lost)]).await;
    for (phone, order) in [(&table, &first), (&follower, &second)] {
        phone.sees(&format!("[data-lost='{order}'] [data-do='resend']")).await;
    }
    table.inspect("table-lost").await;
    follower.inspect("order-lost").await;
    let speaks = "return document.querySelector('[data-lost]').innerText.includes(arguments[0])";
    table.tap("[data-language='bn']").await;
    table.until("Bengali", speaks, vec!["হারিয়ে গেছে".into()]).await;

    for (phone, lost) in [(&table, &first), (&follower, &second)] {
        phone.tap(&format!("[data-lost='{lost}'] [data-do='resend']")).await;
        phone.sees("#basket-sheet[open]").await;
        phone.tap("#basket-sheet [data-action='place']").await;
        let again = phone.only_order().await;
        assert_ne!(&again, lost);
        let ticket = restaurant.order(&again).await["ticket"].clone();
        let says = "return document.querySelector(`[data-lost='${arguments[0]}']`).innerText.includes(`sent it again: order ${arguments[1]}.`)";
        floor.until("that it was sent again", says, vec![json!(lost), ticket]).await;
    }
    table.reload().await;
    table.is("live").await;
    assert_eq!(table.ask("return document.querySelectorAll('[data-lost]').length", vec![]).await, Value::from(0));
    assert_eq!(shows_the_database(&restaurant, &floor).await, 2);
}
