//! Faults of the way to Redis: half-open, cut, slow, stalled.

use crate::proxy::{Network, Proxy};
use crate::redis_server::Redis;
use crate::world::{Crossing, Kitchen, Screen, figure};
use std::time::{Duration, Instant};

/// The most an event may be late while Redis is known to be away.
const LATE: Duration = Duration::from_secs(3);
/// The most it may take to know that it is.
const NOTICE: Duration = Duration::from_secs(6);
/// The most it may take to be well again.
const RECOVERY: Duration = Duration::from_secs(12);
/// How often each node commits.
const OFTEN: Duration = Duration::from_millis(20);

/// One node beside Redis, and one behind a proxy.
struct Way {
    _redis: Redis,
    proxy: Proxy,
    nodes: Crossing,
}

impl Way {
    async fn build() -> Self {
        let redis = Redis::start();
        let proxy = Proxy::before(redis.address()).await;
        let nodes = Crossing::build(&redis.url(), &format!("redis://{}", proxy.address())).await;
        nodes.wait_until_healthy(true, RECOVERY).await;
        Self { _redis: redis, proxy, nodes }
    }
}

/// How long it stays bad: a minute in the long form (`ORDERBELL_TEST_FACTOR`), long enough to be noticed in the usual one.
fn bad_for() -> Duration {
    let factor = std::env::var("ORDERBELL_TEST_FACTOR").map_or(1, |text| text.parse::<u32>().expect("a factor is a number"));
    NOTICE * 2 * factor.clamp(1, 5)
}

/// The network goes bad in a way that silences it: noticed by the node behind it, repaired on both, and well again. The
/// node beside Redis, for which all is well, has to find what the other commits and cannot tell.
async fn silenced(fault: &str, network: Network) {
    let Way { proxy, nodes, .. } = &Way::build().await;
    nodes.act_for(OFTEN, Duration::from_millis(2500)).await;
    proxy.set(network);
    let begun = Instant::now();
    let (noticed, ()) = tokio::join!(nodes.other.wait_until_healthy(false, NOTICE), nodes.act_for(OFTEN, bad_for()));
    assert!(!nodes.other.broker.health.is_healthy(), "what is silent is not believed");
    assert!(nodes.one.broker.health.is_healthy(), "for the other node Redis is well");
    let late = nodes.check(LATE).await;
    figure(fault, late);
    println!("{fault} for {:?}: noticed after {noticed:.1?}", bad_for());
    assert!(late.worst < NOTICE, "before it was noticed");
    let after = nodes.worst_after(begun + NOTICE);
    assert!(after < LATE, "after it was noticed: {after:?}");
    proxy.set(Network::Fine);
    nodes.wait_until_healthy(true, RECOVERY).await;
    nodes.act_for(OFTEN, Duration::from_millis(500)).await;
    nodes.check(Duration::from_secs(1)).await;
}

#[actix_rt::test]
async fn a_half_open_connection_is_noticed_and_rebuilt() {
    silenced("half-open", Network::HalfOpen).await;
}

#[actix_rt::test]
async fn a_stalled_connection_is_noticed_and_rebuilt() {
    silenced("stalled", Network::Stall).await;
}

#[actix_rt::test]
async fn a_subscription_that_brings_nothing_is_noticed_by_its_beats() {
    let Way { proxy, nodes, .. } = &Way::build().await;
    proxy.set(Network::Deaf);
    let (noticed, ()) = tokio::join!(nodes.other.wait_until_healthy(false, NOTICE), nodes.act_for(OFTEN, NOTICE));
    println!("deaf: noticed after {noticed:.1?}");
    assert!(noticed > Duration::from_secs(1), "requests are answered: only what is heard tells");
    figure("deaf", nodes.check(LATE).await);
    proxy.set(Network::Fine);
    nodes.wait_until_healthy(true, RECOVERY).await;
    nodes.act_for(OFTEN, Duration::from_millis(500)).await;
    nodes.check(Duration::from_secs(1)).await;
}

#[actix_rt::test]
async fn a_cut_way_is_noticed_at_once() {
    silenced("cut", Network::Cut).await;
}

/// The network is slow in a way that must not be taken for a fault.
async fn slowed(fault: &str, network: Network) {
    let Way { proxy, nodes, .. } = &Way::build().await;
    proxy.set(network);
    // Slowly enough that what one byte at a time can carry does not fill up.
    nodes.act_for(Duration::from_millis(150), Duration::from_secs(7)).await;
    let late = nodes.check(LATE).await;
    figure(fault, late);
    assert!(late.worst < LATE);
    assert!(nodes.other.broker.health.is_healthy(), "slow is not away");
    assert_eq!(nodes.other.metric("orderbell_redis_rebuilds_total"), 0);
}

#[actix_rt::test]
async fn a_delay_is_not_taken_for_a_fault() {
    slowed("delayed by 100 ms", Network::Delay(Duration::from_millis(100))).await;
}

#[actix_rt::test]
async fn one_byte_at_a_time_is_not_taken_for_a_fault() {
    slowed("one byte at a time", Network::Dribble).await;
}

#[actix_rt::test]
async fn what_is_committed_before_a_subscription_is_confirmed_is_not_late() {
    let Way { proxy, nodes, .. } = &Way::build().await;
    // The room opens from the database at once; the subscription is on its way for longer.
    proxy.set(Network::Delay(Duration::from_millis(150)));
    let mut worst = Duration::ZERO;
    for number in 0..5 {
        let kitchen = Kitchen::open(&nodes.house, &format!("demo-{number}")).await;
        let screen = Screen::open(&nodes.other, &kitchen).await;
        kitchen.act(&nodes.one).await;
        worst = worst.max(screen.check(&nodes.house, &kitchen, NOTICE).await.worst);
    }
    println!("5 × an event before the subscription: late by {worst:.1?} at worst");
    assert!(worst < Duration::from_secs(1));
}
