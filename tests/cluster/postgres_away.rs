//! PostgreSQL is shut down during commands, and started again.

use crate::load::Load;
use crate::postgres_silent::behind_a_proxy;
use crate::test_cluster::TestCluster;
use crate::watcher::{on_each_node, settle};
use sqlx::{Connection, Executor, PgConnection};
use std::time::{Duration, Instant};
use support::long::{progress, rounds};
use support::postgres::{self, Cluster};
use support::proxy::Network;
use support::redis_server::Redis;
use support::{Client, PATIENCE, eventually, new_id};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::block_in_place;

/// Waits until a node is ready or not. Returns the time that it took.
async fn ready(cluster: &TestCluster, status: u16) -> Duration {
    let begun = Instant::now();
    for node in &cluster.nodes {
        let anybody = node.anybody();
        eventually("/readyz", PATIENCE, || async { (anybody.get("/readyz").await.status == status).then_some(()) }).await;
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_of_postgres_during_commands_causes_no_false_acknowledgement_and_nodes_recover_by_themselves() {
    let mut postgres = block_in_place(Cluster::start);
    let redis = Redis::start();
    let cluster = TestCluster::open_on(&postgres.database().await, 2, Some(&redis.url()), &[]).await;
    cluster.wait_for_redis("healthy").await;
    let watchers = on_each_node(&cluster).await;
    let load = Load::start(&cluster, 4, Duration::from_millis(5));
    let (stops, mut back, mut away) = (rounds(2), Duration::ZERO, Duration::ZERO);
    for at in 0..stops {
        progress("shutdowns of PostgreSQL", at, stops);
        tokio::time::sleep(Duration::from_millis(700)).await;
        let stopped = Instant::now();
        block_in_place(|| postgres.stop());
        ready(&cluster, 503).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        block_in_place(|| postgres.start_again());
        away = away.max(stopped.elapsed());
        back = back.max(ready(&cluster, 200).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let work = load.stop().await;
    let seen = settle(&cluster, &work, watchers).await;
    let moves: usize = seen.iter().map(|seen| seen.moves.len()).sum();
    println!(
        "{stops} × immediate shutdown of PostgreSQL, away for {away:.1?}: {} commands acknowledged, {} × 503, {} unanswered, 0 false acknowledgements, 0 \
         lost, 0 doubled; ready again {back:.1?} after it was back; the longest wait of a command {:.1?}; {moves} screens had to move",
        work.done.len(),
        work.unavailable,
        work.unanswered,
        work.longest
    );
    assert!(work.unavailable > 0, "some commands met an unreachable database");
    assert!(back < Duration::from_secs(10), "{back:?}");
}

/// The error of a server with a full disk at a commit.
const FULL: &str = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$; \
    CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT OR UPDATE ON orders DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION full_disk(); \
    CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT OR UPDATE ON write_probes DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION full_disk();";
const ROOM_AGAIN: &str = "DROP FUNCTION full_disk CASCADE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_unready_while_postgres_answers_but_cannot_commit() {
    let cluster = TestCluster::open(1, None, &[]).await;
    let anybody = cluster.nodes[0].anybody();
    let mut beside = PgConnection::connect(&cluster.database).await.unwrap();
    cluster.staff.place(&cluster.menu.basket()).await;
    beside.execute(FULL).await.unwrap();
    Client::send(cluster.staff.placing(&new_id(), &cluster.menu.basket())).await.problem(503, "unavailable");
    let unready =
        || async { Some(anybody.get("/readyz").await).filter(|answer| answer.text.contains("disk of the database is full")) };
    eventually("/readyz to report failing commits", PATIENCE, unready).await.problem(503, "unavailable");
    beside.execute(ROOM_AGAIN).await.unwrap();
    ready(&cluster, 200).await;
    cluster.staff.place(&cluster.menu.basket()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_not_ready_while_commits_wait_for_a_missing_standby() {
    let postgres = block_in_place(Cluster::start);
    let cluster = TestCluster::open_on(&postgres.database().await, 1, None, &[]).await;
    cluster.staff.place(&cluster.menu.basket()).await;
    postgres.wait_for_standbys(Some("gone")).await;
    let answer = tokio::spawn(Client::attempt(cluster.staff.placing(&new_id(), &cluster.menu.basket())));
    ready(&cluster, 503).await;
    let said = cluster.nodes[0].anybody().get("/readyz").await;
    said.problem(503, "unavailable");
    assert!(said.text.contains("does not commit in time"), "{}", said.text);
    answer.await.unwrap().unwrap().problem(503, "unavailable");
    postgres.wait_for_standbys(None).await;
    ready(&cluster, 200).await;
    cluster.staff.place(&cluster.menu.basket()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_ends_every_connection_makes_the_database_unavailable_without_an_internal_error() {
    let (proxy, url) = behind_a_proxy(&postgres::database().await).await;
    let cluster = TestCluster::open_on(&url, 1, None, &[]).await;
    // Accept each connection, read the client's first message, and close it, like a proxy without a server.
    let closing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    proxy.aim(closing.local_addr().unwrap());
    let closer = tokio::spawn(async move {
        while let Ok((mut client, _)) = closing.accept().await {
            let _ = client.read(&mut [0; 8]).await;
        }
    });
    proxy.set(Network::Cut);
    tokio::time::sleep(Duration::from_millis(50)).await;
    proxy.set(Network::Fine);
    for _ in 0..20 {
        Client::send(cluster.staff.placing(&new_id(), &cluster.menu.basket())).await.problem(503, "unavailable");
    }
    closer.abort();
}
