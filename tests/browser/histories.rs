//! A database that comes back with less than it had, under pages that stay open and one that is loaded again.

use crate::browser::Browser;
use crate::faults::is_back;
use crate::restaurant::TestRestaurant;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use std::collections::BTreeSet;
use std::fs;
use support::client::text;

/// Whether a page shows exactly these orders.
const SHOWS: &str = "const shown = [...document.querySelectorAll('[data-order]')].map((order) => order.dataset.order);
    return JSON.stringify([...new Set(shown)].sort()) === JSON.stringify(arguments[0])";

/// Places and accepts orders.
async fn accept(restaurant: &TestRestaurant, count: usize) {
    for _ in 0..count {
        let placed = restaurant.staff.place(&restaurant.menu.basket()).await;
        restaurant.staff.act(&placed["id"], "accept").await;
    }
}

/// Waits until a page shows exactly the orders of the database. Returns their number.
async fn shows_the_database(restaurant: &TestRestaurant, page: &Browser) -> usize {
    let orders: BTreeSet<_> = restaurant.orders().await.iter().map(|order| text(&order["id"]).to_owned()).collect();
    page.until(&format!("exactly {} orders", orders.len()), SHOWS, vec![json!(orders)]).await;
    orders.len()
}

#[tokio::test]
async fn pages_show_what_a_restored_database_has_and_nothing_else() {
    let mut restaurant = TestRestaurant::open(2, &[]).await;
    let (kitchen, floor) = tokio::join!(restaurant.kitchen("the expo", None), restaurant.floor());
    let database = restaurant.server.database();
    let backup = database.with_extension("backup");
    accept(&restaurant, 3).await;
    let mut beside = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    beside.execute(AssertSqlSafe(format!("VACUUM INTO '{}'", backup.display()))).await.unwrap();
    beside.close().await.unwrap();
    accept(&restaurant, 4).await;
    for page in [&kitchen, &floor] {
        assert_eq!(shows_the_database(&restaurant, page).await, 7);
        page.mark().await;
    }

    restaurant.server.stop().await;
    fs::copy(&backup, &database).unwrap();
    restaurant.restart(&[&kitchen, &floor]).await;
    is_back(&kitchen).await;
    for page in [&kitchen, &floor] {
        assert_eq!(shows_the_database(&restaurant, page).await, 3, "the lost orders are gone");
    }
    // The head passes the old one.
    accept(&restaurant, 6).await;
    for page in [&kitchen, &floor] {
        assert_eq!(shows_the_database(&restaurant, page).await, 9);
        page.was_not_reloaded().await;
    }
    kitchen.reload().await;
    kitchen.is("live").await;
    assert_eq!(shows_the_database(&restaurant, &kitchen).await, 9);
}
