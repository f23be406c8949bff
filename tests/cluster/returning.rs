//! A node is killed, and all of its phones reconnect at the same moment.

use crate::test_cluster::TestCluster;
use crate::watcher::spread;
use futures_util::future::join_all;
use orderbell::domain::model::principal::Role;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, query_scalar};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::client::text;
use support::long::{progress, rounds};
use support::redis_server::Redis;
use support::{Client, Followed, PATIENCE, Screen};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// The number of phones in the short form; four times as many in the long one.
const PHONES: usize = 500;
/// The longest time until all of them are served again.
const SERVED: Duration = Duration::from_secs(30);
/// The most connections of a node to PostgreSQL.
const POOL: i64 = 10;
/// The delay before a refused phone tries again.
const PAUSE: Duration = Duration::from_millis(100);
/// Raised limits, since all phones share one address and one table here.
const FLAGS: [&str; 8] = [
    "--handshakes-per-second",
    "1000000",
    "--handshake-burst",
    "1000000",
    "--table-orders-per-minute",
    "100000",
    "--table-open-orders",
    "100000",
];

/// A guest's phone: it follows its order and the menu.
struct Phone {
    guest: Client,
    order: Value,
    /// The state when the connection ended; phones without it start again.
    known: Option<(Value, Vec<(String, Followed)>)>,
}

impl Phone {
    fn rooms(&self, cluster: &TestCluster) -> [String; 2] {
        [format!("order:{}", text(&self.order)), cluster.menu.menu()]
    }

    /// Places an order at a node, and connects to the first.
    async fn open(cluster: &TestCluster, number: usize) -> (Self, Screen) {
        let guest = cluster.somebody(Role::Diner, &format!("guest-{number}"), Duration::ZERO);
        let order = cluster.at(&guest, number).place(&cluster.menu.noted(&format!("phone {number}"))).await["id"].clone();
        let phone = Self { guest, order, known: None };
        let mut screen = phone.guest.screen().await;
        for room in phone.rooms(cluster) {
            screen.join(&room).await;
        }
        (phone, screen)
    }

    /// Connects. A busy node may refuse a phone, which then retries like any client.
    async fn connect(&self, cluster: &TestCluster) -> Screen {
        let (guest, until) = (self.guest.at(&cluster.addresses.of(0)), Instant::now() + SERVED);
        loop {
            match Screen::attempt(&guest, None).await {
                Ok(screen) => return screen,
                Err(why) => assert!(Instant::now() < until, "refused until the deadline: {why}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reconnects to a node. Returns the screen when all its rooms are live.
    async fn come_back(&mut self, cluster: &TestCluster) -> Screen {
        let mut screen = self.connect(cluster).await;
        let Some((epoch, rooms)) = self.known.take() else {
            for room in self.rooms(cluster) {
                screen.join(&room).await;
            }
            return screen;
        };
        assert_eq!(screen.epoch(), &epoch);
        for (room, followed) in rooms {
            screen.resume(&room, followed).await;
        }
        screen
    }
}

/// Opens all phones, in groups.
async fn open_all(cluster: &Arc<TestCluster>) -> Vec<(Phone, Screen)> {
    let mut phones = Vec::new();
    let numbers: Vec<_> = (0..rounds(PHONES).min(4 * PHONES)).collect();
    for some in numbers.chunks(32) {
        progress("phones that order", phones.len(), numbers.len());
        phones.extend(join_all(some.iter().map(|number| Phone::open(cluster, *number))).await);
    }
    phones
}

/// Samples the nodes' connections to the database during a task. Returns the maximum and the task's
/// result.
async fn most_connections<T>(cluster: &TestCluster, work: impl Future<Output = T>) -> (i64, T) {
    let mut database = PgConnection::connect(&cluster.database).await.unwrap();
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'orderbell'";
    let mut most = 0;
    tokio::pin!(work);
    loop {
        most = most.max(query_scalar(count).fetch_one(&mut database).await.unwrap());
        tokio::select! {
            done = &mut work => return (most, done),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
    }
}

/// Reconnects all phones at once. Returns the time of each, and the state of its order.
async fn come_back_at_once(cluster: &Arc<TestCluster>, phones: Vec<Phone>) -> Vec<(Duration, Value, Screen)> {
    let (gate, mut coming) = (Arc::new(Barrier::new(phones.len())), JoinSet::new());
    for mut phone in phones {
        let (cluster, gate) = (cluster.clone(), gate.clone());
        coming.spawn(async move {
            gate.wait().await;
            let begun = Instant::now();
            let screen = phone.come_back(&cluster).await;
            let shown = screen.room(&phone.rooms(&cluster)[0]).document(&phone.order).clone();
            (begun.elapsed(), shown, screen)
        });
    }
    coming.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_phones_reconnect_at_once_in_time_with_a_bounded_pool() {
    let redis = Redis::start();
    let cluster = Arc::new(TestCluster::open(2, Some(&redis.url()), &FLAGS).await);
    let mut phones = Vec::new();
    for (at, (mut phone, mut screen)) in open_all(&cluster).await.into_iter().enumerate() {
        if at % 2 == 0 {
            let rooms = phone.rooms(&cluster).map(|room| (room.clone(), screen.rooms.remove(&room).unwrap()));
            phone.known = Some((screen.epoch().clone(), rooms.into()));
        }
        phones.push((phone, screen));
    }
    let mut cluster = Arc::into_inner(cluster).expect("no other owner is left");
    cluster.nodes[0].kill().await;
    let (phones, cut): (Vec<_>, Vec<_>) = phones.into_iter().unzip();
    drop(cut);
    // Meanwhile the kitchen continues with every tenth order.
    let staff = cluster.at(&cluster.staff, 1);
    for phone in phones.iter().step_by(10) {
        staff.command(&phone.order, "accept", json!({})).await.expect(200);
    }
    cluster.restart(0).await;
    let (cluster, count) = (Arc::new(cluster), phones.len());
    let (most, back) = most_connections(&cluster, tokio::time::timeout(2 * PATIENCE, come_back_at_once(&cluster, phones))).await;
    let back = back.expect("every phone reconnects");
    let documents = cluster.feed().await.documents;
    for (_, shown, _) in &back {
        assert_eq!(shown, &documents[text(&shown["id"])]);
    }
    let (median, worst) = spread(back.iter().map(|(took, ..)| *took).collect());
    println!(
        "{count} clients come back at once to a node that was killed, half of them with their cursors: all live again within \
         {worst:.1?}, {median:.1?} in the median; at most {most} connections to PostgreSQL of two nodes that may have {POOL} each"
    );
    assert!(worst < SERVED, "{worst:?}");
    assert!(most <= 2 * POOL, "{most} connections");
}
