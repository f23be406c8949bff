//! Nodes of different feature levels on one database, and a binary of an older version.

use crate::test_cluster::{TestCluster, node};
use orderbell::clock;
use orderbell::domain::model::principal::Role;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, query, query_scalar};
use std::time::{Duration, Instant};
use support::{Client, eventually, new_id};

/// The time after which a silent node counts as gone.
const LEASE: [&str; 2] = ["--display-lease-ms", "1500"];
const PATIENCE: Duration = Duration::from_secs(20);

async fn level(client: &Client) -> Value {
    client.get("/api/v1/restaurants/demo").await.expect(200)["feature_level"].clone()
}

async fn until_level(client: &Client, wanted: u16) {
    let is_there = || async { (level(client).await == wanted).then_some(()) };
    eventually(&format!("level {wanted}"), PATIENCE, is_there).await;
}

/// Returns the status of an order with a field of level 1.
async fn places_with_a_total(cluster: &TestCluster) -> u16 {
    let item = &cluster.menu.dish("Cucumber raita")["id"];
    let items = json!([{ "menu_item": item, "quantity": 1 }]);
    let order = json!({"service": "takeaway", "items": items, "expected_total": {"amount": 1_000_000, "currency": "BDT"}});
    Client::send(cluster.staff.placing(&new_id(), &order)).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lowest_level_of_the_running_nodes_applies() {
    let mut cluster = TestCluster::open(1, None, &LEASE).await;
    assert_eq!(level(&cluster.staff).await, 2);
    assert_eq!(cluster.staff.screen().await.welcome["feature_level"], 2);
    assert_eq!(places_with_a_total(&cluster).await, 201);

    let old = ["--feature-level", "0"];
    cluster.add(node(&cluster.database, None, &[&LEASE[..], &old].concat()).await);
    until_level(&cluster.staff, 0).await;
    assert_eq!(level(&cluster.at(&cluster.staff, 1)).await, 0);
    assert_eq!(places_with_a_total(&cluster).await, 422, "the order is refused because the other node could not read it");

    cluster.nodes[1].kill().await;
    until_level(&cluster.staff, 2).await;
    assert_eq!(places_with_a_total(&cluster).await, 201);

    // A node that shuts down cleanly is gone at once.
    cluster.restart(1).await;
    until_level(&cluster.staff, 0).await;
    cluster.nodes[1].stop().await;
    until_level(&cluster.staff, 2).await;
}

/// An unregistered node probes for writes when it is idle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_the_previous_version_is_detected_by_its_probes() {
    let cluster = TestCluster::open(1, None, &LEASE).await;
    let mut database = PgConnection::connect(&cluster.database).await.unwrap();
    let probe = "INSERT INTO write_probes (node, at, filler) VALUES ($1, $2, '') \
        ON CONFLICT (node) DO UPDATE SET at = excluded.at";
    let (before, deadline) = (clock::new_id(), Instant::now() + PATIENCE);
    for at in 1_i64.. {
        query(probe).bind(before).bind(at).execute(&mut database).await.unwrap();
        if level(&cluster.staff).await == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "a probing node was not detected");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // From here on the probe does not advance.
    until_level(&cluster.staff, 2).await;
}

/// The leases of a node's kitchen screens outlive it by a lease period. They are no traces of an older node: neither the node
/// that stays nor the one that returns refuses what everybody knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_kitchen_screens_that_stops_or_is_killed_and_returns_lowers_no_level() {
    // Long enough for a node to stop and to start meanwhile.
    let mut cluster = TestCluster::open(2, None, &["--display-lease-ms", "6000", "--drain-s", "1"]).await;
    let mut database = PgConnection::connect(&cluster.database).await.unwrap();
    for is_killed in [false, true] {
        until_level(&cluster.at(&cluster.staff, 1), 2).await;
        let cook = cluster.somebody(Role::Kitchen, &format!("cook-{}", new_id()), Duration::ZERO);
        let mut screen = cluster.at(&cook, 1).screen().await;
        screen.join(&cluster.menu.kitchen()).await;
        let held = async |database: &mut PgConnection| {
            let count: i64 = query_scalar("SELECT count(*) FROM display_leases").fetch_one(database).await.unwrap();
            count
        };
        let deadline = Instant::now() + PATIENCE;
        while held(&mut database).await == 0 {
            assert!(Instant::now() < deadline, "the node holds no screen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if is_killed {
            cluster.nodes[1].kill().await
        } else {
            cluster.nodes[1].stop().await
        }
        assert!(held(&mut database).await > 0, "the lease outlives its node");
        cluster.restart(1).await;
        assert_eq!(level(&cluster.at(&cluster.staff, 1)).await, 2, "at once, killed: {is_killed}");
        while held(&mut database).await > 0 {
            for node in 0..2 {
                assert_eq!(level(&cluster.at(&cluster.staff, node)).await, 2, "at node {node}, killed: {is_killed}");
            }
            assert!(Instant::now() < deadline + PATIENCE, "the lease does not lapse");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
