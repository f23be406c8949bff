//! A rolling upgrade from the first version, and the downgrade back to it. `scripts/upgrade` builds the old binary, names it
//! in `ORDERBELL_TEST_FIRST`, and runs these tests.

use crate::load::Load;
use crate::test_cluster::{TestCluster, node_of};
use crate::watcher::{Watcher, lateness, on_each_node, settle};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use support::client::Answer;
use support::redis_server::Redis;
use support::{Client, PATIENCE, TestServer, eventually, new_id, postgres, program};

const FLAGS: [&str; 4] = ["--drain-s", "1", "--display-lease-ms", "1500"];
/// The time of load between two steps.
const SPAN: Duration = Duration::from_secs(3);

fn first_version() -> PathBuf {
    std::env::var_os("ORDERBELL_TEST_FIRST").expect("scripts/upgrade builds the first version and names it").into()
}

/// Returns the setting with which a new node joins nodes of the first version.
fn level_zero() -> [(String, String); 1] {
    [("ORDERBELL_FEATURE_LEVEL".into(), "0".into())]
}

async fn old_node(database: &str, redis: &Redis) -> TestServer {
    node_of(&first_version(), &[], database, Some(&redis.url()), &FLAGS, &[]).await
}

async fn new_node(database: &str, redis: &Redis) -> TestServer {
    node_of(&program(), &[], database, Some(&redis.url()), &FLAGS, &level_zero()).await
}

/// Shuts a node down in order, and starts it again with another binary and other settings.
async fn replace(cluster: &mut TestCluster, number: usize, program: PathBuf, environment: &[(String, String)]) {
    cluster.nodes[number].signal("TERM");
    assert_eq!(cluster.nodes[number].exit().await.code(), Some(0));
    cluster.nodes[number].install(program);
    cluster.nodes[number].configure(environment);
    cluster.restart(number).await;
}

async fn level(client: &Client) -> Value {
    client.get("/api/v1/restaurants/demo").await.expect(200)["feature_level"].clone()
}

/// Places an order with a field that the first version does not know.
async fn place_with_an_allergy(client: &Client, cluster: &TestCluster) -> Answer {
    let item = &cluster.menu.dish("Cucumber raita")["id"];
    let items = json!([{"menu_item": item, "quantity": 1, "allergy": true, "note": "no nuts"}]);
    Client::send(client.placing(&new_id(), &json!({"service": "takeaway", "items": items}))).await
}

async fn end(what: &str, cluster: &TestCluster, load: Load, watchers: Vec<Watcher>) {
    let work = load.stop().await;
    let seen = settle(cluster, &work, watchers).await;
    let (median, worst) = lateness(&seen, &work);
    println!(
        "{what}: {} commands acknowledged, {} sent again, 0 lost, 0 doubled on {} screens; late {median:.1?} in the median, {worst:.1?} at worst",
        work.done.len(),
        work.unanswered + work.unavailable,
        seen.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_the_first_version_are_replaced_one_by_one_under_load() {
    let (redis, database) = (Redis::start(), postgres::database().await);
    let mut cluster = TestCluster::of(&database, old_node(&database, &redis).await).await;
    cluster.add(old_node(&database, &redis).await);
    let watchers = on_each_node(&cluster).await;
    let load = Load::start(&cluster, 4, Duration::from_millis(25));
    tokio::time::sleep(SPAN).await;
    cluster.add(new_node(&database, &redis).await);
    tokio::time::sleep(SPAN).await;
    for number in 0..2 {
        replace(&mut cluster, number, program(), &level_zero()).await;
        tokio::time::sleep(SPAN).await;
    }
    let staff = cluster.at(&cluster.staff, 2);
    assert_eq!(place_with_an_allergy(&staff, &cluster).await.status, 422, "the first version would drop the allergy");
    for number in 0..3 {
        replace(&mut cluster, number, program(), &[]).await;
        tokio::time::sleep(SPAN).await;
    }
    let staff = cluster.at(&cluster.staff, 0);
    let is_raised = || async { (level(&staff).await.as_u64() >= Some(1)).then_some(()) };
    eventually("a level above 0", PATIENCE, is_raised).await;
    assert_eq!(place_with_an_allergy(&staff, &cluster).await.status, 201);
    end("two nodes of the first version, replaced by three new ones", &cluster, load, watchers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_the_first_version_join_and_replace_a_new_node_under_load() {
    let (redis, database) = (Redis::start(), postgres::database().await);
    let mut cluster = TestCluster::of(&database, new_node(&database, &redis).await).await;
    cluster.add(old_node(&database, &redis).await);
    let watchers = on_each_node(&cluster).await;
    let load = Load::start(&cluster, 4, Duration::from_millis(25));
    tokio::time::sleep(SPAN).await;
    // Back to the first version alone.
    replace(&mut cluster, 0, first_version(), &[]).await;
    tokio::time::sleep(SPAN).await;
    cluster.nodes[1].kill().await;
    cluster.restart(1).await;
    tokio::time::sleep(SPAN).await;
    // And forward again.
    for number in 0..2 {
        replace(&mut cluster, number, program(), &level_zero()).await;
        tokio::time::sleep(SPAN).await;
    }
    end("a new node, joined and replaced by two of the first version, and back", &cluster, load, watchers).await;
}

/// Demonstrates the need for `--feature-level 0`: without it, a new node does not detect a node of the first version that has
/// no kitchen screen, and accepts a field that the old node drops.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_level_0_a_node_of_the_first_version_drops_an_allergy() {
    let (redis, database) = (Redis::start(), postgres::database().await);
    let mut cluster = TestCluster::of(&database, new_node(&database, &redis).await).await;
    replace(&mut cluster, 0, program(), &[]).await;
    cluster.add(old_node(&database, &redis).await);
    let [new, old] = [0, 1].map(|number| cluster.at(&cluster.staff, number));
    let placed = place_with_an_allergy(&new, &cluster).await.expect(201);
    let allergies = |order: &Value| order["items"].as_object().unwrap().values().filter(|item| item["allergy"] == true).count();
    assert_eq!(allergies(&placed), 1);
    old.act(&placed["id"], "accept").await;
    assert_eq!(allergies(&new.order(&placed["id"]).await), 0, "it is lost");
}
