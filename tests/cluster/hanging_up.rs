//! Clients that hang up during their commands.

use crate::test_cluster::TestCluster;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, PgConnection, query_scalar};
use std::time::{Duration, Instant};
use support::log::{Believed, faults, orders_by_note};
use support::long::{progress, rounds};
use support::screen::connect;
use support::{Client, PATIENCE, Wish, new_id};
use tokio::io::AsyncWriteExt;

/// The number of clients that hang up concurrently.
const LANES: usize = 8;

/// Returns the number of database sessions that are working or inside a transaction.
async fn busy(database: &mut PgConnection) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND (state = 'active' OR state LIKE 'idle in transaction%')";
    query_scalar(count).fetch_one(database).await.unwrap()
}

/// Waits until no session works: transactions finish even if no client waits for them.
async fn until_quiet(database: &mut PgConnection) {
    let (begun, mut quiet) = (Instant::now(), 0);
    while quiet < 20 {
        quiet = if busy(database).await == 0 { quiet + 1 } else { 0 };
        assert!(begun.elapsed() < PATIENCE, "a transaction was left open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends a command over HTTP, and hangs up after a time.
async fn hang_up_a_call(staff: &Client, cluster: &TestCluster, id: &str, note: &str, after: Duration) {
    let authority = staff.base.trim_start_matches("http://");
    let mut stream = connect(authority, None).await.unwrap();
    let body = cluster.menu.noted(note).to_string();
    let head = format!(
        "POST /api/v1/restaurants/demo/orders HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {id}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        staff.token,
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    tokio::time::sleep(after).await;
}

/// Sends a command over a WebSocket, and hangs up after a time.
async fn hang_up_a_connection(staff: &Client, cluster: &TestCluster, id: &str, note: &str, after: Duration) {
    let mut screen = staff.screen().await;
    screen.send(&json!({"type": "place", "id": id, "order": cluster.menu.noted(note)})).await;
    tokio::time::sleep(after).await;
}

/// Runs a client that hangs up repeatedly, at any moment from before the first statement until after the answer.
async fn lane(cluster: &TestCluster, lane: usize, times: usize, usual: Duration) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for at in 0..times {
        let (id, note) = (new_id(), format!("lane {lane}, {at}"));
        let after = usual.mul_f64(rand::random_range(0.0..1.5));
        match at % 2 {
            0 => hang_up_a_call(&cluster.staff, cluster, &id, &note, after).await,
            _ => hang_up_a_connection(&cluster.staff, cluster, &id, &note, after).await,
        }
        wishes.push(Wish::Place { id, note });
        progress("hung up, in each lane", at + 1, times);
    }
    wishes
}

/// Measures the time of a command under the full load.
async fn usual(cluster: &TestCluster) -> Duration {
    let begun = Instant::now();
    let basket = cluster.menu.basket();
    join_all((0..LANES).map(|_| cluster.staff.place(&basket))).await;
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_hang_up_during_their_commands_leave_no_transaction_open() {
    let cluster = TestCluster::open(1, None, &[]).await;
    let mut database = PgConnection::connect(&cluster.database).await.unwrap();
    usual(&cluster).await;
    let (usual, times) = (usual(&cluster).await, rounds(100).min(1000));
    let before = cluster.head(&cluster.store().await).await;
    let lanes = join_all((0..LANES).map(|at| lane(&cluster, at, times.div_ceil(LANES), usual))).await;
    let wishes: Vec<_> = lanes.into_iter().flatten().collect();
    until_quiet(&mut database).await;
    let committed = cluster.head(&cluster.store().await).await - before;
    // Each connection of the pool works, and a repeat of an abandoned command is answered.
    let mut believed = Vec::new();
    for wishes in wishes.chunks(2 * LANES) {
        let answers = join_all(wishes.iter().map(|wish| Client::send(wish.request(&cluster.staff, &cluster.menu)))).await;
        for (wish, answer) in wishes.iter().zip(answers) {
            believed.push(Believed { id: wish.id().into(), position: answer.expect(201)["position"].as_u64().unwrap() });
        }
    }
    let feed = cluster.feed().await;
    assert_eq!(faults(&feed, &believed, &feed.events), [""; 0]);
    assert_eq!(orders_by_note(&feed).into_iter().find(|(_, count)| *count != 1), None);
    until_quiet(&mut database).await;
    let hung_up = wishes.len();
    println!(
        "{hung_up} × a client hangs up during its command: {committed} were committed, no connection is left inside a transaction; \
         each, sent again, has one effect"
    );
    assert!(committed > 0, "no command reached the database");
}
