//! Nodes with different clocks, and one whose clock is set while it works. libfaketime intercepts
//! the system's wall clock for such a node. As when an operator or NTP sets the clock, the monotonic clock, which timers use,
//! does not change.

use crate::load::Load;
use crate::sessions::ends_after;
use crate::test_cluster::{TestCluster, node_with};
use crate::watcher::{lateness, on_each_node, settle};
use orderbell::domain::model::principal::Role;
use orderbell::domain::values::time::Timestamp;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::client::text;
use support::long::{progress, rounds};
use support::postgres;
use support::redis_server::Redis;
use support::{Client, Close, Screen};
use tempfile::TempDir;

/// The seconds by which the second node's clock is ahead of the first's.
const AHEAD: i64 = 300;
/// The seconds of each step of the third node's clock.
const STEP: i64 = 3600;
/// The time between two steps.
const WHILE: Duration = Duration::from_millis(1200);
/// The longest delay of an event.
const LATE: Duration = Duration::from_secs(3);
/// The longest time until a connection of an ended session is closed, on each node.
const ENDED: Duration = Duration::from_secs(2);
/// The most seconds between two readings of one clock on a busy machine.
const SLACK: i64 = 60;

/// The clock of a node.
struct Clock(TempDir);

impl Clock {
    /// Makes a clock some seconds ahead of the system's.
    fn at(seconds: i64) -> Self {
        let clock = Self(tempfile::tempdir().unwrap());
        clock.set(seconds);
        clock
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("offset")
    }

    /// Sets the clock atomically, so that no process reads a half-written file.
    fn set(&self, seconds: i64) {
        let next = self.0.path().join("next");
        std::fs::write(&next, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(next, self.file()).unwrap();
    }

    /// Returns the environment of a process with this clock.
    fn environment(&self) -> Vec<(String, String)> {
        let file = self.file().to_str().unwrap().to_owned();
        let variables = [("LD_PRELOAD", library()), ("FAKETIME_TIMESTAMP_FILE", file)];
        let switches = ["FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC"].map(|name| (name, "1".into()));
        variables.into_iter().chain(switches).map(|(name, value)| (name.into(), value)).collect()
    }
}

/// Returns the path of libfaketime. Debian has a folder for each architecture.
fn library() -> String {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path().join("faketime"));
    let found = folders.map(|folder| folder.join("libfaketimeMT.so.1")).find(|path| path.exists());
    found.expect("these tests need libfaketime: apt-get install libfaketime").to_str().unwrap().to_owned()
}

/// Three nodes: one with the system's clock, one ahead of it, and one whose clock the test sets.
struct Three {
    cluster: TestCluster,
    _redis: Redis,
    _ahead: Clock,
    third: Clock,
}

impl Three {
    async fn open() -> Self {
        let (redis, database) = (Redis::start(), postgres::database().await);
        let mut cluster = TestCluster::open_on(&database, 1, Some(&redis.url()), &[]).await;
        let (ahead, third) = (Clock::at(AHEAD), Clock::at(0));
        for clock in [&ahead, &third] {
            cluster.add(node_with(&database, Some(&redis.url()), &[], &clock.environment()).await);
        }
        cluster.wait_for_redis("healthy").await;
        // Use tokens that are valid by each clock.
        cluster.staff = cluster.somebody(Role::Staff, "waiter", Duration::from_secs(2 * 3600));
        Self { cluster, _redis: redis, _ahead: ahead, third }
    }

    /// Returns the seconds by which a node's clock is ahead of the first's, as its screens see it.
    async fn ahead(&self, node: usize) -> i64 {
        let mut times = Vec::new();
        for number in [0, node] {
            let welcome = self.cluster.at(&self.cluster.staff, number).screen().await.welcome;
            times.push(serde_json::from_value::<Timestamp>(welcome["server_time"].clone()).unwrap().seconds());
        }
        times[1] - times[0]
    }

    /// Sets the third node's clock, and checks that the node uses it.
    async fn set(&self, seconds: i64) {
        self.third.set(seconds);
        let ahead = self.ahead(2).await;
        assert!((ahead - seconds).abs() < SLACK, "the clock is {ahead} s ahead, and not {seconds}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn different_clocks_and_steps_of_an_hour_do_not_change_the_order_of_events() {
    let three = Three::open().await;
    let cluster = &three.cluster;
    assert!((three.ahead(1).await - AHEAD).abs() < SLACK);
    let watchers = on_each_node(cluster).await;
    let load = Load::start(cluster, 6, Duration::from_millis(10));
    let steps = [STEP, 0, -STEP, 0];
    let rounds = rounds(1);
    for (at, seconds) in steps.repeat(rounds).into_iter().enumerate() {
        progress("steps of an hour", at, steps.len() * rounds);
        tokio::time::sleep(WHILE).await;
        three.set(seconds).await;
    }
    tokio::time::sleep(WHILE).await;
    let work = load.stop().await;
    let seen = settle(cluster, &work, watchers).await;
    let moves: usize = seen.iter().map(|seen| seen.moves.len()).sum();
    let (median, worst) = lateness(&seen, &work);
    println!(
        "clocks of nodes {} min apart, and {} steps of an hour, forth and back, on one of them: {} commands, one order on the screens \
         of all three nodes, 0 lost, 0 doubled, {moves} connections ended, {} sent again; late by {median:.1?} in the median and \
         {worst:.1?} at worst",
        AHEAD / 60,
        steps.len() * rounds,
        work.done.len(),
        work.unanswered + work.unavailable,
    );
    assert_eq!((moves, work.unanswered, work.unavailable), (0, 0, 0), "no client notices");
    assert!(worst < LATE, "{worst:?}");
}

/// Signs in at a node. Returns the answer.
async fn sign_in(cluster: &TestCluster, number: usize) -> Value {
    let sign_in = json!({"restaurant": "demo", "username": "staff", "password": "staff-demo"});
    cluster.nodes[number].anybody().post("/api/v1/sessions", &sign_in).await.expect(200)
}

/// Returns a client with these tokens at a node.
fn holder(cluster: &TestCluster, number: usize, tokens: &Value) -> Client {
    Client::new(&cluster.addresses.of(number), text(&tokens["access_token"]))
}

/// Returns a node's answer to a token.
async fn status(cluster: &TestCluster, number: usize, tokens: &Value) -> u16 {
    holder(cluster, number, tokens).get("/api/v1/restaurants/demo/orders?status=open").await.status
}

/// Connects to the third node, sets its clock, and ends the session at the first. Returns the time
/// until the connection closes.
async fn ends_after_step(three: &Three, seconds: i64) -> Duration {
    three.set(0).await;
    let tokens = sign_in(&three.cluster, 0).await;
    let mut screen = holder(&three.cluster, 2, &tokens).screen().await;
    three.set(seconds).await;
    let begun = Instant::now();
    assert_eq!(holder(&three.cluster, 0, &tokens).delete("/api/v1/sessions/current").await.status, 204);
    assert_eq!(screen.until_close().await, Close::Code(4401));
    begun.elapsed()
}

/// Checks that a connection still works.
async fn works(screen: &mut Screen, cluster: &TestCluster) {
    screen.alive().await;
    assert_eq!(screen.ask(json!({"type": "place", "order": cluster.menu.basket()})).await["type"], "ack");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_and_the_end_of_sessions_work_with_different_clocks() {
    let three = Three::open().await;
    let cluster = &three.cluster;
    let (first, second) = (sign_in(cluster, 0).await, sign_in(cluster, 1).await);
    let statuses = |tokens: Value| async move { [status(cluster, 0, &tokens).await, status(cluster, 1, &tokens).await] };
    assert_eq!(statuses(first.clone()).await, [200, 200]);
    assert_eq!(statuses(second).await, [401, 200], "by the first node's clock the token is issued in five minutes");

    let mut worst = Duration::ZERO;
    for (connected, signs_out) in [(1, 0), (0, 1)] {
        worst = worst.max(ends_after(cluster, connected, signs_out).await);
    }

    let mut screen = holder(cluster, 2, &first).screen().await;
    for seconds in [STEP, -STEP, STEP] {
        worst = worst.max(ends_after_step(&three, seconds).await);
        works(&mut screen, cluster).await;
    }
    assert_eq!(status(cluster, 2, &first).await, 401, "by the node's clock the token has expired");
    let refresh = json!({"refresh_token": first["refresh_token"]});
    let renewed = cluster.nodes[2].anybody().post("/api/v1/sessions/refresh", &refresh).await.expect(200);
    assert_eq!([status(cluster, 2, &renewed).await, status(cluster, 0, &renewed).await], [200, 401]);

    three.set(-STEP).await;
    works(&mut screen, cluster).await;
    assert_eq!(status(cluster, 2, &sign_in(cluster, 0).await).await, 401, "by the node's clock the token is not issued yet");
    three.set(0).await;
    works(&mut screen, cluster).await;
    assert_eq!(status(cluster, 2, &sign_in(cluster, 0).await).await, 200, "accepted again once the clocks agree");
    println!(
        "sessions end on nodes whose clocks are {} min and an hour apart: their connections closed within {worst:.1?}",
        AHEAD / 60
    );
    assert!(worst <= ENDED, "{worst:?}");
}
