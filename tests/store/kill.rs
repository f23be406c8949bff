//! Acknowledged commands survive the death of their node (`kill -9`) and of the database server.
//!
//! The killed node is this test binary, started again to run the one test with [`CHILD`] set: it writes as fast as it can
//! and prints what is acknowledged.

use crate::database::{TestDatabase, in_time, reopen};
use crate::fold::sound_feed;
use crate::restaurant::TestRestaurant;
use orderbell::domain::values::ids::{OrderId, RestaurantId};
use orderbell::store::{Mode, Settings, SharedStore, StoreError, open};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use support::postgres::Cluster;
use tokio::task::{JoinSet, block_in_place, spawn_blocking};

/// The URL of the database that a child writes to.
const CHILD: &str = "ORDERBELL_TEST_KILLED_NODE";
const ROUNDS: usize = 5;
/// The commands that are acknowledged before the kill in each round.
const ACKNOWLEDGED: usize = 60;

/// Runs a child: eight writers, until it is killed.
async fn write_until_killed(url: &str) {
    let store = open(url, Settings::new(Mode::Serve)).await.expect("the database must open");
    let restaurant = TestRestaurant::open(&store).await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let restaurant = restaurant.clone();
        writers.spawn(async move {
            loop {
                let order = restaurant.place(&restaurant.diner(&format!("diner-{writer}"))).await;
                println!("\nacknowledged {} {} {}", restaurant.id, order.id, order.position);
            }
        });
    }
    writers.join_all().await;
}

/// Runs a child on the database, kills it while it writes, and returns what it had acknowledged.
fn run_and_kill(url: &str, test: &str) -> Vec<(RestaurantId, OrderId, u64)> {
    let program = std::env::current_exe().expect("the test binary has a path");
    let mut child = Command::new(program);
    let child = child.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(CHILD, url);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the test binary must run");
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("the output is piped")).lines().map_while(Result::ok) {
        let words: Vec<_> = line.split(' ').collect();
        // The kill may cut the last line off, and then it acknowledged nothing.
        if let ["acknowledged", restaurant, order, position] = words[..]
            && let (Ok(restaurant), Ok(order), Ok(position)) = (restaurant.parse(), order.parse(), position.parse())
        {
            acknowledged.push((restaurant, order, position));
        }
        if acknowledged.len() == ACKNOWLEDGED {
            child.kill().expect("a child can be killed");
        }
    }
    child.wait().expect("a killed child ends");
    assert!(acknowledged.len() >= ACKNOWLEDGED, "the child must have acknowledged enough: {}", acknowledged.len());
    acknowledged
}

async fn has_everything_acknowledged(store: &SharedStore, acknowledged: &[(RestaurantId, OrderId, u64)]) {
    let restaurants: BTreeSet<_> = acknowledged.iter().map(|(restaurant, ..)| *restaurant).collect();
    for restaurant in restaurants {
        let feed = sound_feed(store, restaurant).await;
        for (_, order, position) in acknowledged.iter().filter(|(its, ..)| *its == restaurant) {
            let event = feed.get(*position as usize - 1).expect("an acknowledged position exists");
            assert_eq!(event.order, Some(*order), "it belongs to the acknowledged order");
        }
    }
}

async fn survives(database: TestDatabase, test: &'static str) {
    let TestDatabase { url, store, folder } = database;
    drop(store);
    let mut acknowledged = Vec::new();
    for _ in 0..ROUNDS {
        // The database is released first.
        drop(reopen(&url).await);
        wait_until_free(&url).await;
        acknowledged.extend(block_in_place(|| run_and_kill(&url, test)));
        has_everything_acknowledged(&reopen(&url).await, &acknowledged).await;
    }
    drop(folder);
}

/// Waits until a dropped store's task has released the file.
async fn wait_until_free(url: &str) {
    let Some(path) = url.strip_prefix("sqlite://") else { return };
    let lock = std::fs::File::open(format!("{path}.lock")).expect("a served file has a lock beside it");
    while lock.try_lock().is_err() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_what_it_acknowledged_when_its_node_is_killed() {
    match std::env::var(CHILD) {
        Ok(url) => write_until_killed(&url).await,
        Err(_) => {
            let test = "kill::sqlite_keeps_what_it_acknowledged_when_its_node_is_killed";
            in_time(async { survives(TestDatabase::sqlite().await, test).await }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_what_it_acknowledged_when_a_node_is_killed() {
    match std::env::var(CHILD) {
        Ok(url) => write_until_killed(&url).await,
        Err(_) => {
            let test = "kill::postgres_keeps_what_it_acknowledged_when_a_node_is_killed";
            in_time(async { survives(TestDatabase::postgres().await, test).await }).await;
        }
    }
}

/// The most crashes until one interrupts a group.
const CRASHES: usize = 10;

/// The progress of the writers, and whether they continue.
#[derive(Default)]
struct Writing {
    acknowledged: AtomicUsize,
    unavailable: AtomicUsize,
    is_over: AtomicBool,
}

/// Places orders, with or without a reachable server, until told to stop. Returns the acknowledged orders.
async fn place_until_over(restaurant: TestRestaurant, writing: Arc<Writing>) -> Vec<(RestaurantId, OrderId, u64)> {
    let mut acknowledged = Vec::new();
    while !writing.is_over.load(Ordering::Relaxed) {
        match restaurant.commit(restaurant.placing(&restaurant.diner("diner-1"), None)).await {
            Ok(committed) => {
                let event = &committed.events[0];
                acknowledged.push((restaurant.id, event.order.expect("an order's event"), event.position.number()));
                writing.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err(StoreError::Unavailable) => drop(writing.unavailable.fetch_add(1, Ordering::Relaxed)),
            Err(error) => panic!("an unreachable server must return `Unavailable`, not {error}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_postgres_makes_the_store_unavailable_and_loses_nothing() {
    in_time(async {
        let mut cluster = spawn_blocking(Cluster::start).await.expect("a cluster must start");
        let url = cluster.database().await;
        let store = open(&url, Settings::new(Mode::Serve)).await.expect("the database must open");
        let restaurant = TestRestaurant::open(&store).await;
        let (writing, mut writers) = (Arc::new(Writing::default()), JoinSet::new());
        (0..8).for_each(|_| drop(writers.spawn(place_until_over(restaurant.clone(), writing.clone()))));
        while writing.acknowledged.load(Ordering::Relaxed) <= 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // If the server crashes between two groups, only the pool notices, and waits for the server.
        for _ in 0..CRASHES {
            let crash = spawn_blocking(move || {
                cluster.crash();
                cluster
            });
            cluster = crash.await.expect("the server must come back");
            if writing.unavailable.load(Ordering::Relaxed) > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        writing.is_over.store(true, Ordering::Relaxed);
        let acknowledged: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
        assert!(writing.unavailable.load(Ordering::Relaxed) > 0, "the server became unreachable during the writes");
        while let Err(error) = store.ping().await {
            assert_eq!(error, StoreError::Unavailable);
        }
        has_everything_acknowledged(&store, &acknowledged).await;
        restaurant.place(&restaurant.diner("diner-1")).await;
        drop(cluster);
    })
    .await;
}
