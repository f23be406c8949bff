//! Faults of the network to Redis: half-open, cut, slow, stalled.

use crate::nodes::{Crossing, Screen, TestRestaurant, figure};
use futures_util::StreamExt;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use support::long::factor;
use support::proxy::{Network, Proxy};
use support::redis_server::Redis;

/// The longest delay of an event while Redis is known to be down.
const LATE: Duration = Duration::from_secs(3);
/// The longest time to detect that.
const NOTICE: Duration = Duration::from_secs(6);
/// The longest time to recover.
const RECOVERY: Duration = Duration::from_secs(12);
/// The period of each node's commits.
const OFTEN: Duration = Duration::from_millis(20);

/// One node beside Redis, and one behind a proxy.
struct Path {
    redis: Redis,
    proxy: Proxy,
    nodes: Crossing,
}

impl Path {
    async fn build() -> Self {
        Self::to(Redis::start()).await
    }

    async fn to(redis: Redis) -> Self {
        let proxy = Proxy::before(redis.address()).await;
        let nodes = Crossing::build(&redis.url(), &format!("redis://{}", proxy.address())).await;
        nodes.wait_until_healthy(true, RECOVERY).await;
        Self { redis, proxy, nodes }
    }
}

/// The duration of a fault: a minute in the long form (`ORDERBELL_TEST_FACTOR`), and in the short
/// form long enough to be detected.
fn bad_for() -> Duration {
    NOTICE * 2 * factor().clamp(1, 5) as u32
}

/// Injects a fault that silences the network. The node behind it must detect the fault and recover,
/// and the node beside Redis must find the commits that the other cannot announce.
async fn silenced(fault: &str, network: Network) {
    let Path { proxy, nodes, .. } = &Path::build().await;
    nodes.act_for(OFTEN, Duration::from_millis(2500)).await;
    proxy.set(network);
    let begun = Instant::now();
    let (noticed, ()) = tokio::join!(nodes.other.wait_until_healthy(false, NOTICE), nodes.act_for(OFTEN, bad_for()));
    assert!(!nodes.other.broker.health.is_healthy(), "the node behind the silent network must be unhealthy");
    assert!(nodes.one.broker.health.is_healthy(), "Redis must be healthy for the other node");
    let late = nodes.check(LATE).await;
    figure(fault, late);
    println!("{fault} for {:?}: noticed after {noticed:.1?}", bad_for());
    assert!(late.worst < NOTICE, "late before the fault was detected");
    let after = nodes.worst_after(begun + NOTICE);
    assert!(after < LATE, "late after the fault was detected: {after:?}");
    proxy.set(Network::Fine);
    nodes.wait_until_healthy(true, RECOVERY).await;
    nodes.act_for(OFTEN, Duration::from_millis(500)).await;
    nodes.check(Duration::from_secs(1)).await;
}

#[actix_rt::test]
async fn a_half_open_connection_is_detected_and_rebuilt() {
    silenced("half-open", Network::HalfOpen).await;
}

#[actix_rt::test]
async fn a_stalled_connection_is_detected_and_rebuilt() {
    silenced("stalled", Network::Stall).await;
}

#[actix_rt::test]
async fn a_subscription_that_delivers_nothing_is_detected_by_missing_beats() {
    let Path { proxy, nodes, .. } = &Path::build().await;
    proxy.set(Network::Deaf);
    let (noticed, ()) = tokio::join!(nodes.other.wait_until_healthy(false, NOTICE), nodes.act_for(OFTEN, NOTICE));
    println!("deaf: noticed after {noticed:.1?}");
    assert!(noticed > Duration::from_secs(1), "requests are answered, so only missing messages reveal the fault");
    figure("deaf", nodes.check(LATE).await);
    proxy.set(Network::Fine);
    nodes.wait_until_healthy(true, RECOVERY).await;
    nodes.act_for(OFTEN, Duration::from_millis(500)).await;
    nodes.check(Duration::from_secs(1)).await;
}

/// Channels with the beats received through them.
type Beats = Vec<(String, Vec<u8>)>;

/// Records each beat that a node sends to itself from now on.
async fn record(redis: &Redis) -> Rc<RefCell<Beats>> {
    let client = redis::Client::open(redis.url()).unwrap();
    let (mut sink, mut messages) = client.get_async_pubsub().await.unwrap().split();
    sink.psubscribe("orderbell:*:node:*").await.unwrap();
    let beats = Rc::<RefCell<Beats>>::default();
    let kept = beats.clone();
    actix_rt::spawn(async move {
        let _sink = sink;
        while let Some(beat) = messages.next().await {
            kept.borrow_mut().push((beat.get_channel_name().into(), beat.get_payload_bytes().to_vec()));
        }
    });
    beats
}

/// Repeats recorded beats for as long as this is polled.
async fn repeat(redis: &Redis, beats: &Beats) {
    let mut connection = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    for round in 0.. {
        for (channel, beat) in beats {
            let heard_by: i64 = redis::cmd("PUBLISH").arg(channel).arg(beat).query_async(&mut connection).await.unwrap();
            assert!(round > 0 || heard_by == 2, "published where the node listens");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[actix_rt::test]
async fn beats_of_an_earlier_connection_do_not_count_as_a_sign_of_life() {
    let redis = Redis::start();
    let beats = record(&redis).await;
    let Path { redis, proxy, nodes } = &Path::to(redis).await;
    // Record three beats, which could keep a connection alive for eight seconds.
    tokio::time::sleep(Duration::from_secs(5)).await;
    proxy.set(Network::Cut);
    nodes.other.wait_until_healthy(false, NOTICE).await;
    let old = beats.take();
    proxy.set(Network::Fine);
    nodes.other.wait_until_healthy(true, RECOVERY).await;
    proxy.set(Network::Mute);
    tokio::select! {
        noticed = nodes.other.wait_until_healthy(false, NOTICE) => println!("mute, while old beats arrive: noticed after {noticed:.1?}"),
        () = repeat(redis, &old) => {}
    }
}

#[actix_rt::test]
async fn a_cut_connection_is_detected_at_once() {
    silenced("cut", Network::Cut).await;
}

/// Injects a delay that must not count as a fault.
async fn slowed(fault: &str, network: Network) {
    let Path { proxy, nodes, .. } = &Path::build().await;
    proxy.set(network);
    // Commit so slowly that one byte at a time can keep up.
    nodes.act_for(Duration::from_millis(150), Duration::from_secs(7)).await;
    let late = nodes.check(LATE).await;
    figure(fault, late);
    assert!(late.worst < LATE);
    assert!(nodes.other.broker.health.is_healthy(), "a slow Redis is not down");
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
async fn events_committed_before_a_subscription_is_confirmed_are_not_late() {
    let Path { proxy, nodes, .. } = &Path::build().await;
    // The room opens from the database immediately; the subscription takes longer.
    proxy.set(Network::Delay(Duration::from_millis(150)));
    let mut worst = Duration::ZERO;
    for number in 0..5 {
        let restaurant = TestRestaurant::open(&nodes.database, &format!("demo-{number}")).await;
        let screen = Screen::open(&nodes.other, &restaurant).await;
        restaurant.act(&nodes.one).await;
        worst = worst.max(screen.check(&nodes.database, &restaurant, NOTICE).await.worst);
    }
    println!("5 × an event before the subscription: late by {worst:.1?} at worst");
    assert!(worst < Duration::from_secs(1));
}
