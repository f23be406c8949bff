//! An order on three nodes: the guest's phone on one, the kitchen's screen on the next, the floor's on the third.

use crate::test_cluster::TestCluster;
use crate::watcher::spread;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::long::rounds;
use support::redis_server::Redis;
use support::{Screen, client::text};

/// Reads until a screen shows an event of an order. Returns the time elapsed since `since`.
async fn shown(screen: &mut Screen, kind: &str, order: &Value, since: Instant) -> Duration {
    screen.until(kind, |frame| frame["event"]["kind"] == kind && frame["event"]["order"] == *order).await;
    since.elapsed()
}

/// Takes one order through its life. Returns the time of each step from the tap to the screens on
/// the other nodes.
async fn live(cluster: &TestCluster, phone: &mut Screen, kitchen: &mut Screen, floor: &mut Screen) -> Vec<Duration> {
    let mut taps = Vec::new();
    let tap = Instant::now();
    let ack = phone.ask(json!({"type": "place", "order": cluster.menu.basket()})).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let order = ack["document"]["id"].clone();
    taps.push(shown(kitchen, "order.placed", &order, tap).await);
    taps.push(shown(floor, "order.placed", &order, tap).await);
    phone.join(&format!("order:{}", text(&order))).await;

    let tap = Instant::now();
    assert_eq!(floor.command(&order, "accept", json!({})).await["changed"], true);
    taps.push(shown(kitchen, "order.accepted", &order, tap).await);
    taps.push(shown(phone, "order.accepted", &order, tap).await);

    let tap = Instant::now();
    assert_eq!(kitchen.command(&order, "ready", json!({})).await["changed"], true);
    taps.push(shown(floor, "order.ready", &order, tap).await);
    taps.push(shown(phone, "order.ready", &order, tap).await);
    taps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_crosses_three_nodes_at_once() {
    let redis = Redis::start();
    let cluster = TestCluster::open(3, Some(&redis.url()), &["--rooms", "10000"]).await;
    cluster.wait_for_redis("healthy").await;
    let diner = cluster.nodes[0].diner("7").await;
    let kitchen = cluster.nodes[1].client(&["kitchen"]).await;
    let (mut phone, mut screen) = (diner.screen().await, kitchen.screen().await);
    let mut floor = cluster.at(&cluster.staff, 2).screen().await;
    screen.join(&cluster.menu.kitchen()).await;
    floor.join(&cluster.menu.floor()).await;
    let (mut taps, orders) = (Vec::new(), rounds(40));
    for _ in 0..orders {
        taps.extend(live(&cluster, &mut phone, &mut screen, &mut floor).await);
    }
    let (median, worst) = spread(taps);
    println!(
        "an order crosses nodes: {orders} orders, from the tap to the screen on another node {median:.1?} in the median, {worst:.1?} at worst"
    );
    assert!(median < Duration::from_millis(250), "{median:?}");
    assert_eq!(cluster.metric("orderbell_feed_repairs_total").await, 0.0, "no event waited for a comparison of heads");
}

/// Returns whether an order of one node is on the other's screen within five seconds, without Redis.
async fn crosses_without_redis(flags: &[&str]) -> bool {
    let cluster = TestCluster::open(2, None, flags).await;
    let mut screen = cluster.at(&cluster.staff, 1).screen().await;
    screen.join(&cluster.menu.kitchen()).await;
    cluster.staff.place(&cluster.menu.basket()).await;
    let placed = screen.until("order.placed", |frame| frame["event"]["kind"] == "order.placed");
    tokio::time::timeout(Duration::from_secs(5), placed).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_and_the_comparison_of_heads_no_event_reaches_another_node() {
    assert!(crosses_without_redis(&["--head-comparison-s", "1"]).await, "the comparison of heads delivers the order");
    assert!(!crosses_without_redis(&["--head-comparison-s", "3600"]).await, "only the comparison of heads delivers the order");
}
