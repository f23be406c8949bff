//! Redis is killed during events, or down at the start.

use crate::load::Load;
use crate::test_cluster::TestCluster;
use crate::watcher::{lateness, on_each_node, settle};
use std::time::Duration;
use support::long::{progress, rounds};
use support::redis_server::Redis;

/// The longest delay of an event while Redis is down.
const LATE: Duration = Duration::from_secs(3);
/// The longest time to detect that Redis is down or back.
const NOTICE: Duration = Duration::from_secs(6);
const RECOVERY: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_of_redis_makes_events_late_and_loses_none() {
    let mut redis = Redis::start();
    let cluster = TestCluster::open(2, Some(&redis.url()), &[]).await;
    let watchers = on_each_node(&cluster).await;
    let load = Load::start_on_first(&cluster, 4, Duration::from_millis(10));
    let (kills, mut noticed, mut back) = (rounds(4), Duration::ZERO, Duration::ZERO);
    for at in 0..kills {
        progress("kills of Redis", at, kills);
        cluster.wait_for_redis("healthy").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        redis.kill();
        noticed = noticed.max(cluster.wait_for_redis("degraded").await);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        redis.restart();
        back = back.max(cluster.wait_for_redis("healthy").await);
    }
    let work = load.stop().await;
    let seen = settle(&cluster, &work, watchers).await;
    // Take the metric of only the node where nothing was committed.
    let (median, worst) = lateness(&seen[1..], &work);
    println!(
        "{kills} × kill -9 and restart of Redis: {} events on a screen of the other node, 0 lost, 0 doubled; noticed within {noticed:.1?}, back within \
         {back:.1?}; late by {median:.1?} in the median and {worst:.1?} at worst",
        work.done.len()
    );
    assert_eq!((work.unanswered, work.unavailable), (0, 0), "no command waits for Redis");
    assert!(worst <= LATE && noticed <= NOTICE && back <= RECOVERY, "{worst:?}, {noticed:?}, {back:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_redis_permissions_in_the_docs_are_enough_for_a_node() {
    let redis = Redis::start();
    let rights = ["ACL", "SETUSER", "node", "reset", "on", ">s3cret", "+publish", "+subscribe", "+unsubscribe", "+ping"];
    redis.ask(&[&rights[..], &["resetchannels", "&orderbell:*"]].concat());
    let cluster = TestCluster::open(2, Some(&format!("redis://node:s3cret@{}", redis.address())), &[]).await;
    cluster.wait_for_redis("healthy").await;
    let mut screen = cluster.at(&cluster.staff, 1).screen().await;
    for room in [cluster.menu.kitchen(), cluster.menu.menu()] {
        screen.join(&room).await;
    }
    cluster.staff.place(&cluster.menu.basket()).await;
    screen.until("order.placed", |frame| frame["event"]["kind"] == "order.placed").await;
    // The node unsubscribes from an empty room, and stays healthy.
    drop(screen);
    tokio::time::sleep(Duration::from_secs(3)).await;
    cluster.wait_for_redis("healthy").await;
    assert_eq!(cluster.metric("orderbell_redis_rebuilds_total").await, 0.0, "nothing was refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_start_without_redis_log_it_once_and_join_when_it_is_up() {
    let mut redis = Redis::prepare(&[]);
    let cluster = TestCluster::open(2, Some(&redis.url()), &[]).await;
    cluster.wait_for_redis("degraded").await;
    assert_eq!(cluster.metric("orderbell_redis_healthy").await, 0.0);
    let watchers = on_each_node(&cluster).await;
    let load = Load::start_on_first(&cluster, 4, Duration::from_millis(10));
    tokio::time::sleep(Duration::from_secs(6)).await;
    for node in &cluster.nodes {
        let log = node.log();
        let said = |level: &str| log.lines().filter(|line| line.contains(level) && line.contains("redis")).count();
        assert_eq!(said("WARN") + said("ERROR"), 1, "a single line, not a storm: {log}");
    }
    redis.restart();
    let back = cluster.wait_for_redis("healthy").await;
    let work = load.stop().await;
    let seen = settle(&cluster, &work, watchers).await;
    // Take the metric of only the node where nothing was committed.
    let (median, worst) = lateness(&seen[1..], &work);
    println!(
        "Redis away at the start: {} events on a screen of the other node, 0 lost, 0 doubled, late by {median:.1?} in the median and {worst:.1?} at \
         worst; joined {back:.1?} after it came",
        work.done.len()
    );
    assert!(worst <= LATE && back <= RECOVERY, "{worst:?}, {back:?}");
}
