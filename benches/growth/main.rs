//! How work of the store alone grows with the size of a kitchen, the number of restaurants and the number of remembered
//! answers, on SQLite. Prints lines that `plot.py` draws. Arguments name the measurements to run. By default all run.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a measurement that panics has failed
#![allow(dead_code)] // this uses only some helpers of the store's tests

#[path = "../../tests/store/database.rs"]
mod database;
#[path = "../../tests/store/restaurant.rs"]
mod restaurant;

use crate::database::TestDatabase;
use crate::restaurant::TestRestaurant;
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::values::position::Position;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The number of orders of each restaurant in the measurement of ticket checks.
const WAITING: u32 = 10;

/// Measures an action, and prints a line for the plot: the growing quantity, its size, the action, and the median in
/// microseconds.
async fn measure<F: Future>(grows: &str, size: u64, what: &str, repeats: usize, mut act: impl FnMut() -> F) {
    let mut taken = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let begun = Instant::now();
        act().await;
        taken.push(begun.elapsed());
    }
    taken.sort();
    println!("growth,{grows},{size},{what},{},µs", taken[repeats / 2].as_micros());
}

/// Runs statements beside the store. `$id` stands for the restaurant's id.
async fn fill(database: &TestDatabase, restaurant: &TestRestaurant, text: &str) {
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    let text = text.replace("$id", &format!("x'{}'", restaurant.id.uuid().simple()));
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
}

async fn growth_of_open_orders() {
    for count in [10, 100, 500, 2000] {
        let database = TestDatabase::sqlite().await;
        let restaurant = TestRestaurant::open(&database.store).await;
        let text = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                INSERT INTO orders (restaurant, id, number, status, is_open, document)
                SELECT $id, unhex(printf('%032x', i)), i + 1000000, 'accepted', 1, json_object('x', printf('%900s', 'x')) FROM n"
        );
        fill(&database, &restaurant, &text).await;
        restaurant.place(&restaurant.staff()).await;
        let (kitchen, before) = (RoomId::Kitchen(restaurant.id), Position::new(restaurant.head().await.number() - 1).unwrap());
        measure("open orders in the store", count, "read all", 50, || restaurant.store.snapshot(restaurant.id, kitchen)).await;
        measure("open orders in the store", count, "read the changes", 50, || {
            restaurant.store.changes(restaurant.id, kitchen, before)
        })
        .await;
    }
}

async fn growth_of_restaurants() {
    for count in [1, 100, 1000, 10_000] {
        let database = TestDatabase::sqlite().await;
        let restaurant = TestRestaurant::open(&database.store).await;
        let text = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                INSERT INTO restaurants SELECT unhex(printf('%032x', i)), 'restaurant-' || i, 'House', 'EUR', 20, 0 FROM n;
             INSERT INTO displays (restaurant, display, name, position, seen_at)
                SELECT id, 'pass', 'Pass', 100, 0 FROM restaurants;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {WAITING})
                INSERT INTO orders (restaurant, id, number, status, is_open, document, waits_at, accepted_position)
                SELECT id, randomblob(16), i + 1000000, 'accepted', 1, '{{}}', '[\"hot\"]', i FROM restaurants, n;"
        );
        fill(&database, &restaurant, &text).await;
        loop {
            let due = database.store.due_checks(None, 500).await.unwrap();
            if due.is_empty() {
                break;
            }
            database.store.checked(due).await.unwrap();
        }
        measure("restaurants with waiting orders", count, "check of tickets", 50, || database.store.due_checks(None, 500)).await;
    }
}

async fn growth_of_remembered_answers() {
    for count in [1000, 20_000, 100_000, 400_000] {
        let database = TestDatabase::sqlite().await;
        let restaurant = TestRestaurant::open(&database.store).await;
        let text = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                INSERT INTO commands SELECT $id, 'guest-' || (i % 997), randomblob(16), randomblob(32),
                json_object('x', printf('%1200s', 'x')), i FROM n"
        );
        fill(&database, &restaurant, &text).await;
        let diner = restaurant.diner("diner-1");
        measure("old answers", count, "place alone", 50, || restaurant.place(&diner)).await;
        let (store, is_over) = (database.store.clone(), Arc::new(AtomicBool::default()));
        let over = is_over.clone();
        let purge = tokio::spawn(async move {
            store.forget_answers(crate::restaurant::at(0)).await.unwrap();
            over.store(true, Ordering::Relaxed);
        });
        measure("old answers", count, "place during the removal", 50, || restaurant.place(&diner)).await;
        println!("the removal of {count} answers ended before the measurement did: {}", is_over.load(Ordering::Relaxed));
        purge.abort();
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let names: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let is_asked = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    if is_asked("open-orders") {
        growth_of_open_orders().await;
    }
    if is_asked("restaurants") {
        growth_of_restaurants().await;
    }
    if is_asked("answers") {
        growth_of_remembered_answers().await;
    }
}
