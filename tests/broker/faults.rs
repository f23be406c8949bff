//! Faults of Redis itself: killed, down, refusing, emptied.

use crate::nodes::{Build, Crossing, Node, PERIOD, Screen, TestDatabase, TestRestaurant, figure};
use std::time::{Duration, Instant};
use support::long::{progress, rounds};
use support::redis_server::Redis;

/// The longest delay of an event while Redis is known to be down.
const LATE: Duration = Duration::from_secs(3);
/// The longest time to detect a fault.
const NOTICE: Duration = Duration::from_secs(6);
/// The longest time to recover: a delay with jitter, a connection, a beat.
const RECOVERY: Duration = Duration::from_secs(12);
/// The longest delay of an event that arrived over Redis and not by a comparison of heads.
const AT_ONCE: Duration = Duration::from_secs(1);

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// Commits at the usual rate on both nodes.
async fn act_for(pair: &Crossing, time: Duration) {
    pair.act_for(millis(20), time).await;
}

#[actix_rt::test]
async fn commits_of_one_node_appear_on_the_other_at_once() {
    let redis = Redis::start();
    let pair = Crossing::build(&redis.url(), &redis.url()).await;
    pair.wait_until_healthy(true, RECOVERY).await;
    act_for(&pair, seconds(3)).await;
    let late = pair.check(LATE).await;
    figure("redis is well", late);
    assert!(late.worst < AT_ONCE);
    assert!(pair.one.metric("orderbell_broker_messages_total{fate=\"heard\"}") > 0);
    assert_eq!(pair.one.metric("orderbell_redis_healthy"), 1);
    assert_eq!(pair.one.metric("orderbell_feed_repairs_total") + pair.one.metric("orderbell_redis_rebuilds_total"), 0);
}

#[actix_rt::test]
async fn clients_disconnected_by_redis_reconnect() {
    let redis = Redis::start();
    let pair = Crossing::build(&redis.url(), &redis.url()).await;
    pair.wait_until_healthy(true, RECOVERY).await;
    let kills = rounds(4).min(20);
    for (kind, at) in ["normal", "pubsub"].into_iter().cycle().zip(0..kills) {
        progress("CLIENT KILL", at, kills);
        let kill = async { redis.ask(&["CLIENT", "KILL", "TYPE", kind]) };
        tokio::join!(act_for(&pair, millis(1500)), kill);
    }
    pair.wait_until_healthy(true, RECOVERY).await;
    let late = pair.check(LATE).await;
    figure(&format!("{kills} × CLIENT KILL"), late);
    assert!(late.worst < LATE);
    assert!(pair.one.metric("orderbell_redis_rebuilds_total") >= 2);
}

#[actix_rt::test]
async fn redis_killed_and_restarted_again_and_again_loses_nothing() {
    let mut redis = Redis::start();
    let pair = Crossing::build(&redis.url(), &redis.url()).await;
    let kills = rounds(5).min(20);
    for at in 0..kills {
        progress("kills of Redis", at, kills);
        pair.wait_until_healthy(true, RECOVERY).await;
        act_for(&pair, millis(500)).await;
        redis.kill();
        act_for(&pair, millis(2500)).await;
        assert!(!pair.one.broker.health.is_healthy() && !pair.other.broker.health.is_healthy());
        redis.restart();
    }
    pair.wait_until_healthy(true, RECOVERY).await;
    let late = pair.check(LATE).await;
    figure(&format!("{kills} × kill -9 and restart of Redis"), late);
    assert!(late.worst < LATE);
}

#[actix_rt::test]
async fn nodes_start_without_redis_and_join_when_it_is_up() {
    let mut redis = Redis::prepare(&[]);
    let pair = Crossing::build(&redis.url(), &redis.url()).await;
    act_for(&pair, seconds(5)).await;
    assert!(!pair.one.broker.health.is_healthy());
    assert_eq!(pair.one.metric("orderbell_redis_healthy"), 0);
    let late = pair.check(LATE).await;
    figure("Redis down at the start", late);
    assert!(late.worst < LATE);
    redis.restart();
    pair.wait_until_healthy(true, RECOVERY).await;
    act_for(&pair, seconds(1)).await;
    pair.check(LATE).await;
}

#[actix_rt::test]
async fn emptying_redis_changes_nothing() {
    let redis = Redis::start();
    let pair = Crossing::build(&redis.url(), &redis.url()).await;
    pair.wait_until_healthy(true, RECOVERY).await;
    let flushes = rounds(5).min(20);
    for _ in 0..flushes {
        let flush = async { redis.ask(&["FLUSHALL"]) };
        tokio::join!(act_for(&pair, millis(400)), flush);
    }
    let late = pair.check(LATE).await;
    figure(&format!("{flushes} × FLUSHALL"), late);
    assert!(late.worst < AT_ONCE);
    assert!(pair.one.broker.health.is_healthy() && pair.one.metric("orderbell_redis_rebuilds_total") == 0);
}

/// Makes a user with ACL rules. Returns the user's URL.
fn user(redis: &Redis, rules: &[&str]) -> String {
    redis.ask(&[&["ACL", "SETUSER", "node", "reset", "on", ">s3cret", "+@all"][..], rules].concat());
    format!("redis://node:s3cret@{}", redis.address())
}

async fn refused_then_allowed(fault: &str, refusal: &[&str], most_late: Duration) {
    let redis = Redis::start();
    let limited = user(&redis, refusal);
    let pair = Crossing::build(&redis.url(), &limited).await;
    pair.one.wait_until_healthy(true, RECOVERY).await;
    // Wait long enough for the nodes to detect each other, as far as they can.
    tokio::time::sleep(millis(2500)).await;
    act_for(&pair, seconds(5)).await;
    assert!(!pair.other.broker.health.is_healthy());
    let late = pair.check(LATE).await;
    figure(fault, late);
    assert!(late.worst < most_late);
    let rebuilds = pair.other.metric("orderbell_redis_rebuilds_total");
    assert!((1..30).contains(&rebuilds), "retried, but not in a storm: {rebuilds}");
    user(&redis, &["allchannels"]);
    pair.other.wait_until_healthy(true, RECOVERY).await;
    act_for(&pair, millis(500)).await;
    pair.check(LATE).await;
}

#[actix_rt::test]
async fn a_node_is_degraded_until_it_may_subscribe() {
    refused_then_allowed("SUBSCRIBE refused by ACL", &["allchannels", "-subscribe"], LATE).await;
}

#[actix_rt::test]
async fn a_node_is_degraded_until_it_may_use_the_channels_of_feeds() {
    // The refused node cannot publish either, which the other node detects by its silence.
    refused_then_allowed("the channels of feeds refused by ACL", &["resetchannels", "&orderbell:*:node*"], NOTICE).await;
}

#[actix_rt::test]
async fn a_node_announces_its_head_once_it_may_publish() {
    let redis = Redis::start();
    let limited = user(&redis, &["allchannels"]);
    let database = TestDatabase::build().await;
    let restaurant = TestRestaurant::open(&database, "demo").await;
    let one = Node::join(&database, &limited);
    // The other node does not compare heads, so its events arrived over Redis.
    let other = Build { compares: false, ..Build::new(&database, redis.url()) }.node(&database);
    let screen = Screen::open(&other, &restaurant).await;
    other.wait_until_healthy(true, RECOVERY).await;
    one.wait_until_healthy(true, RECOVERY).await;
    user(&redis, &["allchannels", "-publish"]);
    restaurant.act_for(&[&one], millis(20), seconds(1)).await;
    one.wait_until_healthy(false, NOTICE).await;
    assert!(screen.events().is_empty());
    assert!(one.metric("orderbell_broker_messages_total{fate=\"dropped\"}") > 0);
    user(&redis, &["allchannels"]);
    one.wait_until_healthy(true, RECOVERY).await;
    figure("PUBLISH refused by ACL for a while", screen.check(&database, &restaurant, AT_ONCE).await);
}

#[actix_rt::test]
async fn the_first_comparison_of_heads_detects_a_node_that_could_never_publish() {
    let redis = Redis::start();
    let limited = user(&redis, &["allchannels", "-publish"]);
    let pair = Crossing::build(&redis.url(), &limited).await;
    pair.one.wait_until_healthy(true, RECOVERY).await;
    let begun = Instant::now();
    pair.act_for(millis(50), PERIOD + seconds(5)).await;
    let late = pair.check(LATE).await;
    figure("a node that could never publish", late);
    assert!(late.worst < PERIOD + LATE, "the usual comparison of heads delivers the first events");
    let after = pair.worst_after(begun + PERIOD + seconds(2));
    println!("a node that could never publish: late by {after:.1?} at worst after the first comparison");
    assert!(after < LATE);
}

#[actix_rt::test]
async fn without_the_comparison_of_heads_unannounced_events_never_arrive() {
    let away = Redis::prepare(&[]);
    for compares in [true, false] {
        let database = TestDatabase::build().await;
        let restaurant = TestRestaurant::open(&database, "demo").await;
        let one = Node::join(&database, away.url());
        let other = Build { compares, ..Build::new(&database, away.url()) }.node(&database);
        let screen = Screen::open(&other, &restaurant).await;
        let position = restaurant.act(&one).await;
        assert_eq!(screen.has_reached(position, 2 * LATE).await, compares, "only the comparison of heads delivers the event");
    }
}
